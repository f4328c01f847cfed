/* SPDX-License-Identifier: Apache-2.0 */
/* Headers: their order, what a missing value becomes, what does not fit, any bytes at all. */
#include "route/headers.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/random.h"

static const char *const FIELDS[] = {"id", "cid", "empty", "trace"};

#define TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static struct slice captured[] = {{"17", 2}, {NULL, 0}, {"", 0}, {TRACE, 55}};
static const struct template_facts FACTS = {
	.fields = captured,
	.line = {"a line", 6},
	.path = {"/var/log/a.log", 14},
	.name = {"a.log", 5},
	.position = 42,
};

/* What a header is made of; no value: it never has one. */
struct want {
	const char *name, *value;
	enum route_missing on_missing;
	bool traceparent;
};

static void make(struct route_headers *headers, const struct want *wants, size_t n, uint32_t max)
{
	struct template_scope scope = {.fields = FIELDS, .n_fields = 4, .host = "h", .source = "s"};

	*headers = (struct route_headers){.max_bytes = max};
	for (size_t i = 0; i < n; i++) {
		struct route_header *header = &headers->items[headers->n++];
		struct template_error error;

		header->name = slice_of(strdup(wants[i].name));
		header->on_missing = wants[i].on_missing;
		header->traceparent = wants[i].traceparent;
		if (wants[i].value)
			cr_assert_eq(
				template_compile(wants[i].value, &scope, &header->value, &error), 0,
				"%s", wants[i].value);
	}
}

/* "name=value ...|missing too_large invalid"; a null value is "(null)". */
static void expect(const struct want *wants, size_t n, uint32_t max, const char *expected)
{
	struct route_headers headers;
	struct outcome outcome = {0};
	struct arena arena = ARENA_NULL;
	struct record record;
	char got[512];
	FILE *out = fmemopen(got, sizeof got, "w");

	make(&headers, wants, n, max);
	memset(&record, 0xff, sizeof record);
	cr_assert_eq(route_set_headers(&headers, &FACTS, &arena, &record, &outcome), 0);
	for (uint32_t i = 0; i < record.n_headers; i++) {
		const struct header *h = &record.headers[i];

		fprintf(out, "%.*s=", (int)h->name.len, h->name.at);
		if (h->value.at)
			fwrite(h->value.at, 1, h->value.len, out);
		else
			fputs("(null)", out);
		fputc(' ', out);
	}
	fprintf(out, "|%u %u %u", outcome.times[OUTCOME_HEADER_MISSING],
		outcome.times[OUTCOME_HEADER_TOO_LARGE], outcome.times[OUTCOME_HEADER_INVALID]);
	fclose(out);
	cr_expect_str_eq(got, expected, "%s, not %s", got, expected);
	arena_deinit(&arena);
	route_headers_deinit(&headers);
	cr_expect_eq(headers.n, 0);
}

#define EXPECT(max, expected, ...)                                               \
	do {                                                                     \
		static const struct want wants_[] = {__VA_ARGS__};               \
		expect(wants_, sizeof wants_ / sizeof wants_[0], max, expected); \
	} while (0)

/* Scenario C07 */
Test(route_headers, order_and_repeats)
{
	EXPECT(1000, "a=1 b=17 a=2 a=17 |0 0 0", {"a", "1"}, {"b", "${id}"}, {"a", "2"},
	       {"a", "${id}"});
	expect(NULL, 0, 0, "|0 0 0");
}

Test(route_headers, missing)
{
	EXPECT(1000, "a=17 d= e=x |2 0 0", {"a", "${id}"}, {"b", "${cid}"},
	       {"c", "<${cid}>", ROUTE_MISSING_OMIT}, {"d", "${empty}"}, {"e", "${cid:-x}"});
	EXPECT(1000, "b=(null) c= a=17 |2 0 0", {"b", "${cid}", ROUTE_MISSING_NULL},
	       {"c", "${cid}", ROUTE_MISSING_EMPTY}, {"a", "${id}", ROUTE_MISSING_NULL});
}

/* A null or empty value that is meant so is nothing to be counted. */
Test(route_headers, never_a_value)
{
	EXPECT(1000, "n=(null) e= c= |0 0 0", {"n", NULL, ROUTE_MISSING_NULL},
	       {"e", NULL, ROUTE_MISSING_EMPTY}, {"c", ""});
}

/* Scenario C07. Whole or not at all; smaller ones behind it still go. Names count. */
Test(route_headers, too_large)
{
	EXPECT(6, "a=17 bb=2 |0 0 0", {"a", "${id}"}, {"bb", "2"});
	EXPECT(5, "a=17 |0 1 0", {"a", "${id}"}, {"bb", "2"});
	EXPECT(6, "b=2 c=3 d=4 |0 1 0", {"a", "a long one"}, {"b", "2"}, {"c", "3"}, {"d", "4"});
	EXPECT(1, "n=(null) |0 1 0", {"n", NULL, ROUTE_MISSING_NULL},
	       {"m", NULL, ROUTE_MISSING_EMPTY});
	EXPECT(0, "|0 2 0", {"a", "1"}, {"b", "2"});
}

Test(route_headers, traceparent)
{
	EXPECT(1000, "t=" TRACE " t=17 |0 0 1", {"t", "${trace}", .traceparent = true},
	       {"t", "${id}", .traceparent = true}, {"t", "${id}"});
	/* What is missing is missing, whatever it should have been. */
	EXPECT(1000, "t=(null) |2 0 0", {"t", "${cid}", ROUTE_MISSING_NULL, true},
	       {"t", "${cid}", .traceparent = true});
}

Test(route_headers, own_headers_find_room)
{
	struct outcome outcome = {0};
	struct record record = {.n_headers = RECORD_HEADERS_MAX - 1};

	route_add_header(&record, slice_of("own"), slice_of("1"), &outcome);
	cr_expect_eq(outcome.times[OUTCOME_HEADER_TOO_LARGE], 0);
	route_add_header(&record, slice_of("own"), slice_of("2"), &outcome);
	cr_expect_eq(outcome.times[OUTCOME_HEADER_TOO_LARGE], 1);
	cr_expect_eq(record.n_headers, RECORD_HEADERS_MAX);
	cr_expect(slice_eq(record.headers[RECORD_HEADERS_MAX - 1].value, slice_of("2")));
}

/* Any bytes: what is sent is what was captured, and never more than the limit. */
Test(route_headers, any_bytes)
{
	static const struct want WANTS[] = {{"a", "${id}"},
					    {"b", "${cid}"},
					    {"a", "${empty}"},
					    {"t", "${trace}", .traceparent = true}};
	struct random random = {42};
	struct route_headers headers;
	struct arena arena = ARENA_NULL;
	char bytes[4][64];

	make(&headers, WANTS, 4, 100);
	for (int round = 0; round < 20000; round++) {
		struct slice fields[4];
		struct template_facts facts = {.fields = fields};
		struct outcome outcome = {0};
		struct record record;
		size_t total = 0;

		for (int i = 0; i < 4; i++) {
			size_t len = random_below(&random, 65);

			for (size_t b = 0; b < len; b++)
				bytes[i][b] = (char)random_below(&random, 256);
			fields[i] = (struct slice){len == 64 ? NULL : bytes[i], len % 64};
		}
		cr_assert_eq(route_set_headers(&headers, &facts, &arena, &record, &outcome), 0);
		cr_assert_eq(record.n_headers + outcome.times[OUTCOME_HEADER_MISSING] +
				     outcome.times[OUTCOME_HEADER_TOO_LARGE] +
				     outcome.times[OUTCOME_HEADER_INVALID],
			     4);
		for (uint32_t i = 0; i < record.n_headers; i++) {
			const struct header *h = &record.headers[i];

			total += h->name.len + h->value.len;
			cr_assert(h->value.at >= bytes[0] && h->value.at < bytes[4]);
		}
		cr_assert_leq(total, 100);
	}
	arena_deinit(&arena);
	route_headers_deinit(&headers);
}
