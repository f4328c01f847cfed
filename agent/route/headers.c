/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers are said in a list and sent in that list's order; a name that stands there twice is sent
 * twice, as Kafka allows. Values are bytes: nothing is decoded, so nothing can be invalid but a
 * traceparent.
 *
 * A header that does not fit within max_bytes is left out, whole. Rejected: cutting it, because
 * half an id is another id; and refusing the record, because a line is worth more than what was
 * copied out of it. Smaller ones behind it still go, so a huge field in front cannot push out the
 * rest.
 */
#include "route/headers.h"

#include <stdlib.h>

#include "parsers/traceparent.h"

/* A header without a value. False: it is left out. */
static bool fill_missing(const struct route_header *header, struct slice *ret_value)
{
	*ret_value = header->on_missing == ROUTE_MISSING_EMPTY ? slice_of("") : SLICE_NONE;
	return header->on_missing != ROUTE_MISSING_OMIT;
}

/* The value of one header. 0; 1: it is left out, and counted; -ENOMEM. */
static int find_value(const struct route_header *header, const struct template_facts *facts,
		      struct arena *arena, struct slice *ret_value, struct outcome *outcome)
{
	int r;

	if (UNLIKELY(!header->value))
		return fill_missing(header, ret_value) ? 0 : 1;
	r = template_render(header->value, facts, arena, ret_value);
	if (r < 0)
		return r;
	if (UNLIKELY(r == TEMPLATE_E_MISSING)) {
		outcome_note(outcome, OUTCOME_HEADER_MISSING);
		return fill_missing(header, ret_value) ? 0 : 1;
	}
	if (UNLIKELY(header->traceparent) && !traceparent_is_valid(*ret_value)) {
		outcome_note(outcome, OUTCOME_HEADER_INVALID);
		return 1;
	}
	return 0;
}

int route_set_headers(const struct route_headers *headers, const struct template_facts *facts,
		      struct arena *arena, struct record *record, struct outcome *outcome)
{
	const struct route_header *item = headers->items, *end = item + headers->n;
	struct header *header = record->headers;
	size_t room = headers->max_bytes;

	for (; item < end; item++) {
		size_t bytes;
		int r = find_value(item, facts, arena, &header->value, outcome);

		if (r < 0)
			return r;
		if (r)
			continue;
		header->name = item->name;
		bytes = header->name.len + header->value.len;
		if (UNLIKELY(bytes > room)) {
			outcome_note(outcome, OUTCOME_HEADER_TOO_LARGE);
			continue;
		}
		room -= bytes;
		header++;
	}
	record->n_headers = (uint32_t)(header - record->headers);
	return 0;
}

void route_add_header(struct record *record, struct slice name, struct slice value,
		      struct outcome *outcome)
{
	if (UNLIKELY(record->n_headers == RECORD_HEADERS_MAX)) {
		record->n_headers--;
		outcome_note(outcome, OUTCOME_HEADER_TOO_LARGE);
	}
	record->headers[record->n_headers++] = (struct header){name, value};
}

void route_headers_deinit(struct route_headers *headers)
{
	for (uint32_t i = 0; i < headers->n; i++) {
		free((char *)headers->items[i].name.at);
		template_free(headers->items[i].value);
	}
	*headers = (struct route_headers){0};
}
