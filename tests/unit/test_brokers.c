/* SPDX-License-Identifier: Apache-2.0 */
/* The library's words on a connection find the broker that they are about. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/brokers.h"
#include "client/statistics.h"

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

#define HEAD "{ \"name\": \"waybill#producer-1\", \"ts\":27614, \"brokers\":{ "
#define TAIL "}, \"topics\":{ \"a\": { \"topic\":\"a\", \"x\": "
#define RTT(cnt, sum, p99)                                                                         \
	"\"rtt\": { \"avg\":9, \"sum\":" sum ", \"p50\": 700, \"p99\": " p99 ", \"cnt\":" cnt "}," \
	" "
#define BROKER(name, id, state, rtt)                                                           \
	"\"" name "\": { \"name\":\"" name "\", \"nodeid\":" id ", \"state\":\"" state "\", "  \
	"\"outbuf_cnt\":2, \"outbuf_msg_cnt\":34, " rtt                                        \
	"\"throttle\": { \"sum\":1500, \"cnt\":3}, \"toppars\":{ \"a-0\": { \"topic\":\"a\", " \
	"\"partition\":0} } } "

/* What a library tells, whose rest no reader of JSON has to see. */
static struct statistics *read_text(const char *text)
{
	char *part = statistics_cut(text);
	struct statistics *all = part ? statistics_read(part) : NULL;

	free(part);
	return all;
}

Test(brokers, what_is_counted_goes_to_its_broker_and_adds_up)
{
	static const char first[] =
		HEAD BROKER("b:9092/bootstrap", "-1", "INIT", RTT("9", "9", "9")) ", " BROKER(
			"b:9092/2", "2", "UP", RTT("10", "8000", "3000")) TAIL;
	static const char second[] = HEAD BROKER("b:9092/2", "2", "DOWN", RTT("0", "0", "0")) TAIL;
	struct brokers brokers = {0}, newer = {0};
	struct statistics *all = read_text(first);
	const struct output_load *load;

	cr_assert_eq(brokers_add(&brokers, 1, "a", 9092), 0);
	cr_assert_eq(brokers_add(&brokers, 2, "b", 9092), 0);
	cr_assert_neq(all, NULL);
	cr_expect_eq(all->n, 1);
	brokers_count(&brokers, all);
	free(all);
	cr_expect_not(brokers_find(&brokers, 1)->load.counted);
	load = &brokers_find(&brokers, 2)->load;
	cr_expect(load->counted && load->connected);
	cr_expect_eq(load->requests, 2);
	cr_expect_eq(load->records, 34);
	cr_expect_eq(load->rtt_50_us, 700);
	cr_expect_eq(load->rtt_99_us, 3000);
	all = read_text(second);
	cr_assert_neq(all, NULL);
	brokers_count(&brokers, all);
	free(all);
	cr_expect_not(load->connected);
	cr_expect_eq(load->rtt_99_us, 0);
	cr_expect_eq(load->rtt_n, 10);
	cr_expect_eq(load->rtt_sum_us, 8000);
	cr_expect_eq(load->throttled_ms, 3000);
	/* At another address it is the same broker. */
	cr_assert_eq(brokers_add(&newer, 2, "c", 9092), 0);
	brokers_take(&brokers, &newer);
	cr_expect_eq(brokers_find(&brokers, 2)->load.rtt_n, 10);
	brokers_deinit(&brokers);
}

Test(brokers, what_is_not_understood_is_passed_over)
{
	static const char *const rows[] = {
		"",
		"{}",
		"{ \"brokers\":{ } }",
		"\"topics\":",
		"x, \"topics\":",
		HEAD "x " TAIL,
		"{ \"brokers\": 5, \"topics\":{ } }",
		"[ { }, \"topics\": ] ",
	};
	char *large = malloc(STATISTICS_TEXT_MAX + 64);
	struct statistics *all;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		cr_expect_eq(read_text(rows[i]), NULL, "%s", rows[i]);
	all = read_text(HEAD TAIL);
	cr_assert_neq(all, NULL);
	cr_expect_eq(all->n, 0);
	free(all);
	cr_assert_neq(large, NULL);
	memset(large, ' ', STATISTICS_TEXT_MAX + 64);
	strcpy(large + STATISTICS_TEXT_MAX + 1, ",\"topics\":");
	cr_expect_eq(statistics_cut(large), NULL);
	free(large);
}
