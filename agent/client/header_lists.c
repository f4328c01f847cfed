/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Header lists go round: out with a record, back with its report, out with another.
 *
 * A list is two blocks of memory and each header a third, freed by the thousand when a batch is
 * reported; with key and message they were half of all that a line allocates. A report lets us
 * take the list out of the message, so only the headers themselves are made anew. What is kept is
 * empty: 10,000 lists hold 1 MiB, which the heap would hold too, and no byte of a line.
 *
 * The library removes headers by name only, and compares the name with each header while it frees
 * them: so the name is copied first. One that is longer than the copy is rare, its list is freed.
 *
 * The last list that came back is the first to go out: it is the one in the processor's cache.
 */
#include "client/header_lists.h"

#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>

int header_lists_init(struct header_lists *lists, size_t max)
{
	*lists = (struct header_lists){.at = calloc(max ? max : 1, sizeof(void *)), .max = max};
	return lists->at ? 0 : -ENOMEM;
}

void header_lists_deinit(struct header_lists *lists)
{
	while (lists->n > 0)
		rd_kafka_headers_destroy(lists->at[--lists->n]);
	free(lists->at);
	*lists = (struct header_lists){0};
}

rd_kafka_headers_t *header_lists_fill(struct header_lists *lists, const struct record *record)
{
	rd_kafka_headers_t *headers =
		lists->n ? lists->at[--lists->n] : rd_kafka_headers_new(record->n_headers);

	for (uint32_t i = 0; headers && i < record->n_headers; i++) {
		const struct header *h = &record->headers[i];

		if (rd_kafka_header_add(headers, h->name.at, (ssize_t)h->name.len, h->value.at,
					(ssize_t)h->value.len)) {
			rd_kafka_headers_destroy(headers);
			return NULL;
		}
	}
	return headers;
}

/* False when a name is too long to be copied. */
static bool empty(struct header_lists *lists, rd_kafka_headers_t *headers)
{
	const char *name;
	const void *value;
	size_t size;

	/* Removing by name takes all headers of that name with it. */
	while (rd_kafka_header_cnt(headers)) {
		rd_kafka_header_get_all(headers, 0, &name, &value, &size);
		if (!memccpy(lists->name, name, '\0', sizeof lists->name))
			return false;
		rd_kafka_header_remove(headers, lists->name);
	}
	return true;
}

void header_lists_put(struct header_lists *lists, rd_kafka_headers_t *headers)
{
	if (lists->n < lists->max && empty(lists, headers))
		lists->at[lists->n++] = headers;
	else
		rd_kafka_headers_destroy(headers);
}

void header_lists_take(struct header_lists *lists, const rd_kafka_message_t *message)
{
	rd_kafka_headers_t *headers;

	/* The library's own type is not const, although a report is ours to take apart. */
	if (rd_kafka_message_detach_headers((rd_kafka_message_t *)message, &headers) == 0)
		header_lists_put(lists, headers);
}
