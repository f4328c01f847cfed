/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of records that wait for long: when, how often, and for which reason. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/clock.h"
#include "kafka/kafka_private.h"

#define N 3
#define S US_PER_S

static const char *const names[] = {"orders"};
static struct kafka_options options = {.topics = names, .n_topics = 1, .stall_us = 60 * S};
static struct kafka k;

static void add_broker(int32_t id, const char *host)
{
	cr_assert_eq(brokers_add(&k.brokers, id, host, 9092), 0);
}

/* Three partitions with a record each, in flight since 1 s. */
static void begin(void)
{
	int32_t leaders[N] = {1, 2, 2};
	uint32_t in_sync[N] = {1, 1, 1};
	struct topic_facts facts = {
		.state = TOPIC_READY, .n_partitions = N, .leaders = leaders, .in_sync = in_sync};

	k = (struct kafka){.options = &options, .state = RUNNING};
	cr_assert_eq(ledger_init(&k.ledger, 1, NULL, 100, 1 << 20, 5000, 1), 0);
	cr_assert_eq(ledger_learn(&k.ledger, 0, &facts), 0);
	add_broker(1, "one");
	add_broker(2, "two");
	for (int32_t i = 0; i < N; i++)
		ledger_submitted(&k.ledger, 0, i, 10, 0, S);
}

static void end(void)
{
	ledger_deinit(&k.ledger);
	brokers_deinit(&k.brokers);
}

TestSuite(waits, .init = begin, .fini = end);

/* What is said at that time, "" for nothing. */
static const char *told_at(uint64_t now_us)
{
	static struct output_remark remark;

	kafka_tell_waits(&k, now_us);
	if (remarks_next(&k.remarks, &remark))
		return "";
	cr_assert_neq(remarks_next(&k.remarks, &(struct output_remark){0}), 0, "one message");
	return remark.text;
}

static void assert_says(const char *text, const char *words)
{
	cr_assert(strstr(text, words), "\"%s\" in \"%s\"", words, text);
}

Test(waits, all_of_a_topic_are_told_in_one_message)
{
	cr_assert_str_eq(told_at(10 * S), "");
	assert_says(told_at(11 * S),
		    "topic orders: partition 0 and 2 others: 3 records wait for 10 s now; brokers "
		    "answer other questions");
}

Test(waits, the_leader_that_is_not_reached_is_named)
{
	brokers_note(&k.brokers, "two:9092/2: Failed to resolve 'two:9092'", 9 * S);
	assert_says(told_at(11 * S), "partition 1 and 2 others");
	k.ledger.topics[0].waits_gap_us = 0;
	assert_says(told_at(12 * S), "its leader, broker 2, advertises the address two:9092 and is "
				     "not reached there: Failed to resolve 'two:9092' (");
	/* The library repeats what lasts; this was long ago. */
	assert_says(told_at(73 * S), "brokers answer other questions");
}

Test(waits, it_is_told_again_while_it_lasts_less_and_less_often)
{
	static const unsigned at[] = {11, 71, 191, 431, 911, 1511, 2111};
	size_t n = 0;

	for (unsigned s = 1; s <= 2300; s++) {
		if (!*told_at(s * S))
			continue;
		cr_assert_lt(n, ARRAY_LEN(at));
		cr_assert_eq(s, at[n++], "%u", s);
	}
	cr_assert_eq(n, ARRAY_LEN(at));
}

Test(waits, what_was_over_begins_anew)
{
	cr_assert_str_neq(told_at(11 * S), "");
	cr_assert_neq(k.waits_since_us, 0);
	for (int32_t i = 0; i < N; i++)
		ledger_reported(&k.ledger, 0, i, 1, 10, 20 * S);
	kafka_end_waits(&k, 20 * S);
	cr_assert_eq(k.waits_since_us, 0);
	assert_says(told_at(20 * S), "were acknowledged, after 19 s");
	ledger_submitted(&k.ledger, 0, 0, 10, 0, 30 * S);
	cr_assert_str_eq(told_at(39 * S), "");
	assert_says(told_at(40 * S), "partition 0: 1 records wait for 10 s");
}
