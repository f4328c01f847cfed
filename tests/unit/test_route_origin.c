/* SPDX-License-Identifier: Apache-2.0 */
/* The headers of provenance, byte for byte. */
#include "route/origin.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static void expect(const struct header *header, const char *name, const char *value)
{
	cr_expect(slice_eq(header->name, slice_of(name)), "%s", name);
	cr_expect(slice_eq(header->value, slice_of(value)), "%s: %.*s", name,
		  (int)header->value.len, header->value.at);
}

Test(route_origin, four_headers)
{
	struct route_origin origin = {.agent = slice_of("0123456789abcdef")};
	struct outcome outcome = {0};
	struct record record = {.n_headers = 1};
	struct arena arena = ARENA_NULL;

	route_origin_set_content(&origin, 0x00badc0ffee12345);
	route_origin_set_committed(&origin, UINT64_MAX);
	cr_assert_eq(route_add_origin(&record, &origin, UINT64_MAX - 1, &arena, &outcome), 0);
	cr_assert_eq(record.n_headers, 1 + ROUTE_ORIGIN_HEADERS);
	expect(&record.headers[1], "waybill-agent", "0123456789abcdef");
	expect(&record.headers[2], "waybill-file", "00badc0ffee12345");
	expect(&record.headers[3], "waybill-position", "18446744073709551614");
	expect(&record.headers[4], "waybill-committed", "18446744073709551615");
	route_origin_set_committed(&origin, 0);
	record.n_headers = 0;
	cr_assert_eq(route_add_origin(&record, &origin, 0, &arena, &outcome), 0);
	expect(&record.headers[2], "waybill-position", "0");
	expect(&record.headers[3], "waybill-committed", "0");
	arena_deinit(&arena);
}

Test(route_origin, numbers_of_every_length)
{
	struct route_origin origin;
	char text[24];

	for (uint64_t number = 1; number < UINT64_MAX / 10; number *= 10) {
		for (uint64_t n = number - 1; n <= number; n++) {
			route_origin_set_committed(&origin, n);
			snprintf(text, sizeof text, "%llu", (unsigned long long)n);
			cr_expect_eq(origin.committed_len, strlen(text));
			cr_expect_eq(memcmp(origin.committed, text, strlen(text)), 0, "%s", text);
		}
	}
}
