/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Four headers rather than one that a consumer would have to take apart. What differs from record
 * to record is the position alone, so the rest is kept as the text that is sent. Digits are written
 * here because snprintf would cost more than the rest of the header.
 */
#include "route_origin.h"

#include <errno.h>
#include <string.h>

#define DIGITS_MAX 20

/* Writes a number to the front of text; the number of digits. */
static uint8_t print_decimal(uint64_t number, char text[DIGITS_MAX])
{
	char digits[DIGITS_MAX];
	uint8_t n = 0;

	do {
		digits[DIGITS_MAX - ++n] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	memcpy(text, digits + DIGITS_MAX - n, n);
	return n;
}

void route_origin_set_content(struct route_origin *origin, uint64_t content_id)
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 15; i >= 0; i--, content_id >>= 4)
		origin->content[i] = digits[content_id & 15];
}

void route_origin_set_committed(struct route_origin *origin, uint64_t committed)
{
	origin->committed_len = print_decimal(committed, origin->committed);
}

int route_add_origin(struct record *record, const struct route_origin *origin, uint64_t position,
		     struct arena *arena, struct route_headers_outcome *outcome)
{
	char *digits = arena_alloc(arena, DIGITS_MAX);

	if (!digits)
		return -ENOMEM;
	route_add_header(record, slice_of("waybill-agent"), origin->agent, outcome);
	route_add_header(record, slice_of("waybill-file"),
			 (struct slice){origin->content, sizeof origin->content}, outcome);
	route_add_header(record, slice_of("waybill-position"),
			 (struct slice){digits, print_decimal(position, digits)}, outcome);
	route_add_header(record, slice_of("waybill-committed"),
			 (struct slice){origin->committed, origin->committed_len}, outcome);
	return 0;
}
