/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is told of records that wait for long, and of brokers that do not answer: when, how often,
 * and for which reason; and what is done about it.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/clock.h"
#include "kafka/helper_private.h"
#include "kafka/kafka_private.h"

#define N 3
#define S US_PER_S

static const char *const names[] = {"orders"};
static const struct prop props[] = {{"bootstrap.servers", "one:9092"}};
static struct kafka_options options = {
	.topics = names, .n_topics = 1, .props = props, .n_props = 1, .stall_us = 60 * S};
static struct helper helper;
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

	helper = (struct helper){.mutex = PTHREAD_MUTEX_INITIALIZER,
				 .cond = PTHREAD_COND_INITIALIZER};
	k = (struct kafka){
		.options = &options, .state = RUNNING, .reachable = true, .helper = &helper};
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

/* All records, at 20 s. */
static void come_back(bool delivered)
{
	for (int32_t i = 0; i < N; i++) {
		ledger_reported(&k.ledger, 0, i, 1, 10, 20 * S);
		kafka_note_wait(&k, 0, i, delivered);
	}
	kafka_end_waits(&k, 20 * S);
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
	come_back(true);
	cr_assert_eq(k.waits_since_us, 0);
	assert_says(told_at(20 * S), "were acknowledged, after 19 s");
	ledger_submitted(&k.ledger, 0, 0, 10, 0, 30 * S);
	cr_assert_str_eq(told_at(39 * S), "");
	assert_says(told_at(40 * S), "partition 0: 1 record waits for 10 s");
}

/* Scenario E18. It said that they were acknowledged. */
Test(waits, what_came_back_as_failed_was_not_acknowledged)
{
	cr_assert_str_neq(told_at(11 * S), "");
	come_back(false);
	cr_assert_neq(k.waits_since_us, 0);
	cr_assert_str_eq(told_at(20 * S), "");
	for (int32_t i = 0; i < N; i++)
		ledger_submitted(&k.ledger, 0, i, 10, 0, 21 * S);
	come_back(true);
	assert_says(told_at(22 * S), "no records wait any more; what came back was sent again");
}

/* Scenario E18. Nobody may read the settings of the topic. */
Test(waits, replicas_that_may_be_too_few_are_told)
{
	k.ledger.topics[0].replicas = 3;
	k.ledger.topics[0].partitions[0].in_sync = 2;
	assert_says(told_at(11 * S), "2 of its 3 replicas are in sync; if min.insync.replicas of");
}

/* The answer of the helper to what stands still: the leader of a partition is there. */
static enum state probed_at(int32_t partition, uint64_t now_us)
{
	struct helper_answer answer = {.leader_answers = true, .probe_partition = partition};

	kafka_take_probe(&k, &answer, now_us);
	return k.state;
}

/* Scenario E18 */
Test(waits, a_producer_is_not_replaced_for_replicas_that_may_be_too_few)
{
	k.ledger.topics[0].replicas = 3;
	for (int32_t i = 0; i < N; i++)
		k.ledger.topics[0].partitions[i].in_sync = i ? 3 : 2;
	cr_expect_eq(probed_at(0, 70 * S), RUNNING);
	cr_expect_eq(probed_at(1, 70 * S), DRAINING);
}

/* Scenario E20. What is in flight to a frozen broker comes back in its time. */
Test(waits, a_producer_is_not_replaced_soon_after_a_leader_has_moved)
{
	int32_t leaders[N] = {2, 2, 2};
	uint32_t in_sync[N] = {1, 1, 1};
	struct topic_facts facts = {
		.state = TOPIC_READY, .n_partitions = N, .leaders = leaders, .in_sync = in_sync};

	kafka_take_facts(&k, 0, &facts, 30 * S);
	cr_expect_eq(probed_at(0, 70 * S), RUNNING);
	cr_expect_eq(probed_at(0, 90 * S), DRAINING);
}

/* Scenario E18. What lacked a replica is sent again when the library tries next. */
Test(waits, a_producer_is_not_replaced_soon_after_a_replica_is_back)
{
	int32_t leaders[N] = {1, 2, 2};
	uint32_t in_sync[N] = {2, 1, 1};
	struct topic_facts facts = {
		.state = TOPIC_READY, .n_partitions = N, .leaders = leaders, .in_sync = in_sync};

	kafka_take_facts(&k, 0, &facts, 30 * S);
	cr_expect_eq(probed_at(0, 70 * S), RUNNING);
	cr_expect_eq(probed_at(0, 90 * S), DRAINING);
}

/* Scenario E20. It was, when stall_timeout was shorter than socket_timeout_ms. */
Test(waits, a_producer_is_not_replaced_while_the_library_waits_for_an_answer)
{
	k.answer_us = 40 * S;
	cr_expect_eq(probed_at(0, 80 * S), RUNNING);
	cr_expect_eq(probed_at(0, 81 * S), DRAINING);
}

/*
 * Scenario E19. All brokers were away for longer than stall_timeout, and what waited was not sent
 * yet when the first of them answered again.
 */
Test(waits, a_producer_is_not_replaced_as_soon_as_brokers_are_back)
{
	k.reachable = false;
	kafka_reachable(&k, 70 * S);
	cr_expect_eq(probed_at(0, 71 * S), RUNNING);
	cr_expect_eq(probed_at(0, 129 * S), RUNNING);
	cr_expect_eq(probed_at(0, 130 * S), DRAINING);
}

/* What is said at that time of a question that nobody answered, "" for nothing. */
static const char *silent_at(uint64_t now_us)
{
	static struct output_remark remark;

	kafka_unreachable(&k, TROUBLE_NETWORK, "timed out", now_us);
	return remarks_next(&k.remarks, &remark) ? "" : remark.text;
}

/* Scenario E19. It was said whenever one of three brokers was killed. */
Test(waits, one_question_without_an_answer_is_no_silence)
{
	cr_assert_str_eq(silent_at(10 * S), "");
	cr_assert(k.reachable);
	cr_assert(helper.orders.ask, "asked again");
	k.reported_us = 12 * S;
	cr_assert_str_eq(silent_at(20 * S), "", "a report is an answer");
	assert_says(silent_at(30 * S), "no broker of kafka.bootstrap_servers (one:9092) answers");
	cr_assert_not(k.reachable);
	kafka_reachable(&k, 30 * S);
	k.all_down = true;
	cr_assert_str_neq(silent_at(40 * S), "");
}

/* Scenario E34. It was said when the library had given up a connection that was throttled. */
Test(waits, a_question_behind_a_quota_is_no_silence)
{
	k.all_down = true;
	brokers_hold(&k.brokers, 40 * S);
	cr_assert_str_eq(silent_at(30 * S), "");
	cr_assert(k.reachable);
	cr_assert(helper.orders.ask, "asked again");
	brokers_hold(&k.brokers, 35 * S);
	cr_assert_str_eq(silent_at(39 * S), "", "another quota does not end it");
	assert_says(silent_at(40 * S), "no broker of kafka.bootstrap_servers (one:9092) answers");
}

/* Scenario E34. A wrong address was the reason that was told, and Kafka was not up. */
Test(waits, records_behind_a_quota_are_told_with_it)
{
	struct output_stats stats;

	k.ledger.topics[0].state = TOPIC_READY;
	brokers_note(&k.brokers, "one:9092/1: 1 request(s) timed out: disconnect", 9 * S);
	brokers_hold(&k.brokers, 40 * S);
	assert_says(told_at(11 * S), "brokers slow this client down by a quota");
	kafka_stats(&k.base, &stats);
	cr_expect(stats.up, "its records are taken");
	cr_expect_eq(probed_at(0, 39 * S), RUNNING);
	k.ledger.topics[0].waits_gap_us = 0;
	brokers_note(&k.brokers, "one:9092/1: Connect failed: Connection refused", 12 * S);
	assert_says(told_at(13 * S), "is not reached there: Connect failed");
	kafka_stats(&k.base, &stats);
	cr_expect_not(stats.up);
}

/* It was dropped, and a topic that had become unknown stayed so until the next look at all. */
Test(waits, a_question_soon_after_another_is_asked_later)
{
	kafka_ask(&k, 10 * S, 5 * S);
	cr_assert(helper.orders.ask);
	cr_assert_eq(helper.orders.ask_us, 0);
	helper.orders = (struct helper_orders){0};
	kafka_ask(&k, 11 * S, 5 * S);
	cr_assert(helper.orders.ask);
	cr_assert_eq(k.ask_at_us, 15 * S);
	helper.orders = (struct helper_orders){0};
	kafka_ask(&k, 12 * S, 5 * S);
	cr_assert_not(helper.orders.ask, "one is ordered for then");
	kafka_ask(&k, 12 * S, 0);
	cr_assert(helper.orders.ask, "at once");
	cr_assert_eq(helper.orders.ask_us, 0);
}

/* ---- topics that are not ready ---- */

static bool asks_again(enum topic_state state, int32_t n_leaderless)
{
	static int32_t leaders[N] = {-1, -1, -1};
	static uint32_t in_sync[N];
	struct topic_facts facts = {.state = state, .reason = "a reason"};

	if (state == TOPIC_READY)
		facts = (struct topic_facts){TOPIC_READY, .n_partitions = N, .leaders = leaders,
					     .in_sync = in_sync, .n_leaderless = n_leaderless};
	helper.orders = (struct helper_orders){0};
	kafka_take_facts(&k, 0, &facts, 30 * S);
	return helper.orders.ask;
}

/* It was asked for each second, though nobody waited for it any more. */
Test(waits, a_topic_that_is_unused_is_not_asked_for_again)
{
	struct topic_settings settings = {.unused = true};
	struct kafka_options unused = options;

	cr_expect(asks_again(TOPIC_MISSING, 0));
	cr_expect(asks_again(TOPIC_DENIED, 0));
	cr_expect(asks_again(TOPIC_READY, 1));
	cr_expect_not(asks_again(TOPIC_READY, 0));
	unused.topic_settings = &settings;
	k.options = &unused;
	cr_expect_not(asks_again(TOPIC_MISSING, 0));
	cr_expect_not(asks_again(TOPIC_READY, 1));
	settings.unused = false;
	cr_expect(asks_again(TOPIC_MISSING, 0));
}

static bool is_up(void)
{
	struct output_stats stats;

	kafka_stats(&k.base, &stats);
	return stats.up;
}

/* /readyz said for a quarter of a second that a topic is not ready, which nobody had asked for. */
Test(waits, a_topic_that_came_is_no_failure_before_brokers_were_asked)
{
	k.ledger.topics[0].state = TOPIC_READY;
	cr_assert_eq(ledger_take_topics(&k.ledger, 2, NULL), 0);
	cr_expect(is_up());
	k.told_props = true;
	cr_expect_not(is_up(), "the library refuses it: it will not be asked for");
	k.told_props = false;
	k.ledger.topics[1].heard = true;
	cr_expect_not(is_up(), "the answer was none");
	k.ledger.topics[1].state = TOPIC_READY;
	cr_expect(is_up());
}

Test(waits, a_topic_that_came_and_is_missing_is_told)
{
	k.ledger.topics[0].state = TOPIC_READY;
	cr_expect(asks_again(TOPIC_UNKNOWN, 0));
	cr_expect(is_up(), "later takes nothing away from what is known");
	cr_expect(asks_again(TOPIC_MISSING, 0));
	cr_expect_not(is_up());
}
