/* SPDX-License-Identifier: Apache-2.0 */
/* The library's words on a connection find the broker that they are about. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "client/brokers.h"

Test(brokers, words_go_to_the_broker_of_the_connection)
{
	static const struct {
		const char *text;
		int32_t id; /* -1: nobody's */
		const char *words;
	} rows[] = {
		{"inner:9092/1: Connect failed: refused", 1, "Connect failed: refused"},
		{"sasl_ssl://[::1]:9092/2: a/3: b", 2, "a/3: b"},
		{"inner:9092/bootstrap: Connect failed", -1, ""},
		{"inner:9092/7: of a broker that leads nothing of ours", -1, ""},
		{"2/3 brokers are down", -1, ""},
		{"inner:9092/99999999999: x", -1, ""},
		{"/1:", -1, ""},
		{"", -1, ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct brokers brokers = {0};

		for (int32_t id = 1; id <= 3; id++)
			cr_assert_eq(brokers_add(&brokers, id, "inner", 9092), 0);
		brokers_note(&brokers, rows[i].text, 5);
		for (int32_t id = 1; id <= 3; id++)
			cr_expect_str_eq(brokers_find(&brokers, id)->error,
					 id == rows[i].id ? rows[i].words : "", "%s", rows[i].text);
		brokers_deinit(&brokers);
	}
}

Test(brokers, words_are_kept_while_the_address_is_the_same)
{
	struct brokers brokers = {0}, newer = {0};

	cr_assert_eq(brokers_add(&brokers, 1, "a", 1), 0);
	cr_assert_eq(brokers_add(&brokers, 2, "b", 1), 0);
	brokers_note(&brokers, "a:1/1: x", 5);
	brokers_note(&brokers, "b:1/2: y", 6);
	cr_assert_eq(brokers_add(&newer, 1, "a", 1), 0);
	cr_assert_eq(brokers_add(&newer, 2, "c", 1), 0);
	brokers_take(&brokers, &newer);
	cr_expect_eq(newer.n, 0);
	cr_expect_eq(brokers_find(&brokers, 1)->error_us, 5);
	cr_expect_eq(brokers_find(&brokers, 2)->error_us, 0);
	cr_expect_str_eq(brokers_find(&brokers, 2)->address, "c:1");
	cr_expect_eq(brokers_find(&brokers, -1), NULL);
	brokers_deinit(&brokers);
}

/* A broker that names thousands of others. */
Test(brokers, so_many_and_no_more)
{
	struct brokers brokers = {0};
	char host[32];

	for (int32_t id = 0; id < 5000; id++) {
		snprintf(host, sizeof host, "host-%d", id);
		cr_assert_eq(brokers_add(&brokers, id, host, 9092), 0);
	}
	cr_expect_eq(brokers.n, BROKERS_MAX);
	brokers_deinit(&brokers);
}
