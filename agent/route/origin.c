/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Four headers rather than one that a consumer would have to take apart. What differs from record
 * to record is the position alone, so the rest is kept as the text that is sent.
 */
#include "route/origin.h"

#include <errno.h>
#include <string.h>

void route_origin_set_content(struct route_origin *origin, uint64_t content_id)
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 15; i >= 0; i--, content_id >>= 4)
		origin->content[i] = digits[content_id & 15];
}

void route_origin_set_committed(struct route_origin *origin, uint64_t committed)
{
	char digits[DECIMAL_MAX];
	struct slice text = decimal_print(committed, digits);

	memcpy(origin->committed, text.at, text.len);
	origin->committed_len = (uint8_t)text.len;
}

int route_add_origin(struct record *record, const struct route_origin *origin, uint64_t position,
		     struct arena *arena, struct outcome *outcome)
{
	char *digits = arena_alloc(arena, DECIMAL_MAX);

	if (!digits)
		return -ENOMEM;
	route_add_header(record, slice_of("waybill-agent"), origin->agent, outcome);
	route_add_header(record, slice_of("waybill-file"),
			 (struct slice){origin->content, sizeof origin->content}, outcome);
	route_add_header(record, slice_of("waybill-position"), decimal_print(position, digits),
			 outcome);
	route_add_header(record, slice_of("waybill-committed"),
			 (struct slice){origin->committed, origin->committed_len}, outcome);
	return 0;
}
