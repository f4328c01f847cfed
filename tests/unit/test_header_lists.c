/* SPDX-License-Identifier: Apache-2.0 */
/* Header lists that go round: what one record had is gone before the next one gets the list. */
#include <criterion/criterion.h>
#include <librdkafka/rdkafka.h>
#include <string.h>

#include "client/header_lists.h"

#define SLICE(text) ((struct slice){text, sizeof(text) - 1})

static struct record record_of(const struct header *headers, uint32_t n)
{
	struct record record = {.n_headers = n};

	memcpy(record.headers, headers, n * sizeof headers[0]);
	return record;
}

/* The list holds exactly these, in this order. */
static void expect_headers(rd_kafka_headers_t *list, const struct header *headers, uint32_t n)
{
	const char *name;
	const void *value;
	size_t size;

	for (uint32_t i = 0; i < n; i++) {
		cr_assert_eq(rd_kafka_header_get_all(list, i, &name, &value, &size), 0, "%u", i);
		cr_expect(slice_eq(slice_of(name), headers[i].name), "%u: %s", i, name);
		cr_expect_eq(size, headers[i].value.len);
		cr_expect_eq(value == NULL, headers[i].value.at == NULL, "%u: null or not", i);
		cr_expect(!value || memcmp(value, headers[i].value.at, size) == 0);
	}
	cr_expect_eq(rd_kafka_header_get_all(list, n, &name, &value, &size),
		     RD_KAFKA_RESP_ERR__NOENT, "more than %u", n);
}

Test(header_lists, a_list_that_came_back_is_the_next_to_go)
{
	const struct header first[] = {{SLICE("a"), SLICE("1")},
				       {SLICE("b"), SLICE("\0\xff")},
				       {SLICE("a"), SLICE("")},
				       {SLICE("c"), SLICE_NONE},
				       {SLICE("a"), SLICE("3")}};
	const struct header second[] = {{SLICE("b"), SLICE("other")}};
	struct record many = record_of(first, 5), one = record_of(second, 1);
	struct header_lists lists;
	rd_kafka_headers_t *list;

	cr_assert_eq(header_lists_init(&lists, 4), 0);
	list = header_lists_fill(&lists, &many);
	expect_headers(list, first, 5);
	header_lists_put(&lists, list);
	cr_expect_eq(lists.n, 1);
	cr_assert_eq(header_lists_fill(&lists, &one), list);
	cr_expect_eq(lists.n, 0);
	expect_headers(list, second, 1);
	header_lists_put(&lists, list);
	cr_assert_eq(header_lists_fill(&lists, &many), list);
	expect_headers(list, first, 5);
	header_lists_put(&lists, list);
	header_lists_deinit(&lists);
}

Test(header_lists, keeps_no_more_than_it_was_told)
{
	const struct header headers[] = {{SLICE("a"), SLICE("1")}};
	struct record record = record_of(headers, 1);
	rd_kafka_headers_t *list[3];
	struct header_lists lists;

	cr_assert_eq(header_lists_init(&lists, 2), 0);
	for (size_t i = 0; i < 3; i++)
		list[i] = header_lists_fill(&lists, &record);
	for (size_t i = 0; i < 3; i++)
		header_lists_put(&lists, list[i]);
	cr_expect_eq(lists.n, 2);
	header_lists_deinit(&lists);
	cr_expect_eq(lists.n, 0);
}

/* Its name does not fit into the copy: the list is freed, with all its headers. */
Test(header_lists, a_very_long_name_costs_the_list)
{
	static char name[300];
	struct header header = {{name, sizeof name}, SLICE("1")};
	struct record record = record_of(&header, 1);
	struct header_lists lists;

	memset(name, 'n', sizeof name);
	cr_assert_eq(header_lists_init(&lists, 2), 0);
	header_lists_put(&lists, header_lists_fill(&lists, &record));
	cr_expect_eq(lists.n, 0);
	header_lists_deinit(&lists);
}
