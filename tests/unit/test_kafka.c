/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Kafka output against the library's mock cluster in this process. The mock neither checks
 * sequence numbers nor sizes; what is tested here is how we react, not what Kafka does.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "base/clock.h"
#include "client/library.h"
#include "cmd/check/inspect.h"
#include "cmd/demo/consumer.h"
#include "kafka/kafka.h"

#define PRODUCE 0
#define PARTITIONS 3
#define SLOTS 4096

struct rig {
	rd_kafka_t *rk;
	rd_kafka_mock_cluster_t *cluster;
	struct output *out;
	struct kafka_options options;
	struct prop props[2];
	uint64_t skew_us; /* added to the clock: what waits for minutes need not */
	struct report reports[SLOTS];
	unsigned int n_reports, n_of_kind[3];
	struct output_remark remarks[64];
	unsigned int n_remarks;
	char slots[SLOTS];
	char value[SLOTS];
	size_t threads_before;
};

static const char *const topics[] = {"orders"};

static uint64_t now(const struct rig *rig)
{
	return clock_mono_us() + rig->skew_us;
}

static void start_cluster(struct rig *rig)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char message[256];

	rd_kafka_conf_set(conf, "log_level", "0", message, sizeof message);
	rig->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, message, sizeof message);
	cr_assert(rig->rk);
	rig->cluster = rd_kafka_mock_cluster_new(rig->rk, 1);
	rd_kafka_mock_topic_create(rig->cluster, "orders", PARTITIONS, 1);
	rig->props[0] =
		(struct prop){"bootstrap.servers", rd_kafka_mock_cluster_bootstraps(rig->cluster)};
	memset(rig->value, 'v', sizeof rig->value);
	rig->options = (struct kafka_options){
		.props = rig->props,
		.n_props = 1,
		.topics = topics,
		.n_topics = 1,
		.linger_us = 5000,
		.queue_records = 1000,
		.queue_bytes = 1 << 20,
		.max_line = 4096,
		.stall_us = 60 * US_PER_S,
	};
}

static void start_output(struct rig *rig)
{
	cr_assert_eq(kafka_new(&rig->options, &rig->out), 0);
}

static void stop(struct rig *rig)
{
	rig->out = output_free(rig->out);
	rd_kafka_mock_cluster_destroy(rig->cluster);
	rd_kafka_destroy(rig->rk);
}

/* One turn of a loop like the agent's. */
static void turn(struct rig *rig)
{
	struct pollfd fd = {output_fd(rig->out), POLLIN};
	uint64_t next_us = output_service(rig->out, now(rig));
	uint64_t now_us = now(rig);
	size_t n;

	poll(&fd, 1, next_us <= now_us ? 0 : next_us - now_us < 20000 ? 1 : 20);
	do {
		n = output_reports(rig->out, rig->reports + rig->n_reports,
				   SLOTS - rig->n_reports < 16 ? SLOTS - rig->n_reports : 16,
				   now(rig));
		for (size_t i = 0; i < n; i++)
			rig->n_of_kind[rig->reports[rig->n_reports++].kind]++;
	} while (n == 16);
	while (rig->n_remarks < 64 &&
	       output_next_remark(rig->out, &rig->remarks[rig->n_remarks]) == 0) {
		if (rig->remarks[rig->n_remarks].priority < LOG_DEBUG)
			rig->n_remarks++;
	}
}

static const struct output_remark *find_remark(const struct rig *rig, const char *id)
{
	for (unsigned int i = 0; i < rig->n_remarks; i++) {
		if (strcmp(rig->remarks[i].id, id) == 0)
			return &rig->remarks[i];
	}
	return NULL;
}

/* Turns until the condition holds; fails the test when it does not within seconds. */
#define UNTIL(rig, condition)                                                \
	do {                                                                 \
		uint64_t until_us_ = clock_mono_us() + 30 * US_PER_S;        \
		bool met_;                                                   \
		while (!(met_ = (condition)) && clock_mono_us() < until_us_) \
			turn(rig);                                           \
		cr_assert(met_, "in vain: " #condition);                     \
	} while (0)

static struct output_stats stats(const struct rig *rig)
{
	struct output_stats s;

	output_stats(rig->out, &s);
	return s;
}

static struct record a_record(const struct rig *rig)
{
	return (struct record){
		.partition = -1,
		.value = {rig->value, 100},
		.value_stays = true,
		.timestamp_ms = 1700000000123,
	};
}

static int submit_to(struct rig *rig, unsigned int slot, int32_t partition)
{
	struct record record = a_record(rig);

	record.partition = partition;
	return output_submit(rig->out, &record, &rig->slots[slot], now(rig));
}

/* Submits n records to a partition that must all be taken. */
static void fill(struct rig *rig, unsigned int first, unsigned int n, int32_t partition)
{
	for (unsigned int i = 0; i < n; i++)
		cr_assert_eq(submit_to(rig, first + i, partition), 0, "record %u", i);
}

static void push_errors(struct rig *rig, rd_kafka_resp_err_t err, size_t n)
{
	while (n--)
		rd_kafka_mock_push_request_errors(rig->cluster, PRODUCE, 1, err);
}

static size_t count_threads(void)
{
	DIR *tasks = opendir("/proc/self/task");
	size_t n = 0;

	while (tasks && readdir(tasks))
		n++;
	if (tasks)
		closedir(tasks);
	return n;
}

static struct rig *new_rig(void)
{
	struct rig *rig = calloc(1, sizeof *rig);

	cr_assert(rig);
	rig->threads_before = count_threads();
	start_cluster(rig);
	return rig;
}

static struct rig *new_running_rig(void)
{
	struct rig *rig = new_rig();

	start_output(rig);
	UNTIL(rig, stats(rig).up);
	return rig;
}

/* The helper is still taking the last producer down; what it would free is no leak. */
static void end_rig(struct rig *rig)
{
	uint64_t until_us = clock_mono_us() + 20 * US_PER_S;

	stop(rig);
	while (count_threads() > rig->threads_before && clock_mono_us() < until_us)
		poll(NULL, 0, 1);
	free(rig);
}

TestSuite(kafka, .timeout = 120);

static struct consumer *new_reader(struct rig *rig)
{
	struct consumer *reader;

	cr_assert_eq(consumer_new(rig->props[0].value, topics, 1, PARTITIONS, &reader), 0);
	cr_assert_eq(consumer_begin(reader, 10000), 0);
	return reader;
}

static void read_one(struct rig *rig, struct consumer *reader, struct consumed *ret)
{
	uint64_t until_us = clock_mono_us() + 20 * US_PER_S;
	int r;

	(void)rig;
	do {
		r = consumer_read(reader, 100, ret);
	} while (r != 0 && clock_mono_us() < until_us);
	cr_assert_eq(r, 0);
}

Test(kafka, a_record_arrives_as_it_was_given)
{
	struct rig *rig = new_running_rig();
	struct record record = a_record(rig);
	struct consumer *reader;
	struct consumed got;

	record.key = slice_of("kafka");
	record.headers[0] = (struct header){slice_of("hostname"), slice_of("h1")};
	record.headers[1] = (struct header){slice_of("empty"), {"", 0}};
	record.headers[2] = (struct header){slice_of("null"), SLICE_NONE};
	record.n_headers = 3;
	cr_assert_eq(output_submit(rig->out, &record, &rig->slots[0], now(rig)), 0);
	UNTIL(rig, rig->n_reports == 1);
	cr_expect_eq(rig->reports[0].kind, REPORT_DELIVERED);
	cr_expect_eq(rig->reports[0].slot, &rig->slots[0]);
	cr_expect_eq(rig->reports[0].partition, 1); /* murmur2("kafka") mod 3 */
	cr_expect_eq(rig->reports[0].offset, 0);
	cr_expect_null(rig->reports[0].reason);
	reader = new_reader(rig);
	read_one(rig, reader, &got);
	cr_expect(slice_eq(got.key, slice_of("kafka")));
	cr_expect(slice_eq(got.value, record.value));
	cr_expect_eq(got.timestamp_ms, 1700000000123);
	cr_expect_eq(got.partition, 1);
	cr_assert_eq(got.n_headers, 3);
	cr_expect(slice_eq(got.headers[0].value, slice_of("h1")));
	cr_expect(slice_eq(got.headers[1].value, slice_of("")));
	cr_expect_null(got.headers[2].value.at);
	consumer_free(reader);
	end_rig(rig);
}

/* Scenario C08 */
Test(kafka, an_empty_value_is_not_a_null_value_and_a_null_key_stays_null)
{
	struct rig *rig = new_running_rig();
	struct consumer *reader;
	struct consumed got;

	for (int copy = 0; copy < 2; copy++) {
		struct record record = a_record(rig);

		record.value = (struct slice){copy ? NULL : rig->value, 0};
		record.value_stays = !copy;
		cr_assert_eq(output_submit(rig->out, &record, &rig->slots[copy], now(rig)), 0);
	}
	UNTIL(rig, rig->n_of_kind[REPORT_DELIVERED] == 2);
	reader = new_reader(rig);
	for (int i = 0; i < 2; i++) {
		read_one(rig, reader, &got);
		cr_expect_not_null(got.value.at);
		cr_expect_eq(got.value.len, 0);
		cr_expect_null(got.key.at);
	}
	consumer_free(reader);
	end_rig(rig);
}

Test(kafka, what_was_counted_is_given_back)
{
	struct rig *rig = new_running_rig();

	for (unsigned int i = 0; i < 900; i++) {
		struct record record = a_record(rig);

		record.n_headers = i % 4;
		for (unsigned int h = 0; h < record.n_headers; h++)
			record.headers[h] = (struct header){slice_of("name"), {rig->value, i % 7}};
		record.value.len = i % 50;
		record.value_stays = i % 2;
		cr_assert_eq(output_submit(rig->out, &record, &rig->slots[i], now(rig)), 0);
	}
	cr_expect_eq(stats(rig).records_in_flight, 900);
	UNTIL(rig, rig->n_of_kind[REPORT_DELIVERED] == 900);
	cr_expect_eq(stats(rig).records_in_flight, 0);
	cr_expect_eq(stats(rig).bytes_in_flight, 0);
	cr_expect_eq(stats(rig).queue_full_surprises, 0);
	end_rig(rig);
}

/* Scenario E35 */
Test(kafka, a_refusal_by_the_broker_makes_the_batch_suspect)
{
	struct rig *rig = new_running_rig();

	push_errors(rig, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 1);
	fill(rig, 0, 10, 0);
	UNTIL(rig, rig->n_reports == 10);
	cr_expect_eq(rig->n_of_kind[REPORT_REFUSED], 10);
	cr_expect_str_eq(rig->reports[0].reason, "MSG_SIZE_TOO_LARGE");
	UNTIL(rig, find_remark(rig, "batch-refused"));
	cr_expect(strstr(find_remark(rig, "batch-refused")->text, "topic orders: brokers refuse"));
	cr_expect_eq(rig->reports[0].offset, -1);
	end_rig(rig);
}

Test(kafka, a_record_that_is_too_large_alone_is_refused_at_once)
{
	struct rig *rig = new_running_rig();
	static char large[2 << 20];
	struct record record = a_record(rig);

	record.value = (struct slice){large, sizeof large};
	cr_expect_eq(output_submit(rig->out, &record, &rig->slots[0], now(rig)), OUTPUT_E_REFUSED);
	record.n_headers = 1;
	record.headers[0] = (struct header){slice_of("a"), slice_of("b")};
	cr_expect_eq(output_submit(rig->out, &record, &rig->slots[0], now(rig)), OUTPUT_E_REFUSED);
	cr_expect_eq(stats(rig).records_in_flight, 0);
	end_rig(rig);
}

/* Scenario E10 */
Test(kafka, a_moved_leader_is_the_librarys_business)
{
	struct rig *rig = new_running_rig();

	push_errors(rig, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, 2);
	fill(rig, 0, 10, 0);
	UNTIL(rig, rig->n_of_kind[REPORT_DELIVERED] == 10);
	cr_expect_eq(rig->n_reports, 10);
	end_rig(rig);
}

/* Scenario E05: the library counts on from the offset that is missing. */
Test(kafka, no_record_of_a_batch_that_kafka_had_has_an_offset)
{
	struct rig *rig = new_running_rig();

	push_errors(rig, RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER, 1);
	fill(rig, 0, 100, 0);
	UNTIL(rig, rig->n_of_kind[REPORT_DELIVERED] == 100);
	for (unsigned int i = 0; i < 100; i++)
		cr_expect_eq(rig->reports[i].offset, -1, "record %u", i);
	cr_expect_eq(stats(rig).reports_without_offset, 100);
	fill(rig, 100, 10, 0);
	UNTIL(rig, rig->n_of_kind[REPORT_DELIVERED] == 110);
	cr_expect_eq(stats(rig).reports_without_offset, 100);
	end_rig(rig);
}

/* Scenario E17 */
Test(kafka, an_acl_failure_fails_the_record_and_is_told)
{
	struct rig *rig = new_running_rig();

	push_errors(rig, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, 1);
	fill(rig, 0, 5, 0);
	UNTIL(rig, rig->n_reports == 5);
	cr_expect_eq(rig->n_of_kind[REPORT_FAILED], 5);
	cr_expect_not(rig->reports[0].producer_gone);
	UNTIL(rig, find_remark(rig, "topic-denied"));
	cr_expect(strstr(find_remark(rig, "topic-denied")->text, "orders"));
	/* It recovers alone. */
	UNTIL(rig, submit_to(rig, 10, 0) == 0);
	UNTIL(rig, rig->n_of_kind[REPORT_DELIVERED] == 1);
	end_rig(rig);
}

/*
 * Scenario E04. The refusal of partition 0 comes when the library has emptied its queue: it would
 * wait there.
 */
Test(kafka, what_is_queued_after_a_fatal_error_is_given_up_at_once)
{
	struct rig *rig = new_running_rig();

	rd_kafka_mock_broker_push_request_error_rtts(
		rig->cluster, 1, PRODUCE, 2, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, 0,
		RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, 1000);
	fill(rig, 0, 1, 1);
	fill(rig, 1, 1, 0);
	UNTIL(rig, find_remark(rig, "producer-fatal"));
	cr_expect_eq(stats(rig).producers_made, 1);
	UNTIL(rig, rig->n_of_kind[REPORT_FAILED] == 2);
	cr_expect_not(find_remark(rig, "producer-purged"));
	UNTIL(rig, stats(rig).up && stats(rig).producers_made == 2);
	end_rig(rig);
}

/* Scenario E04 */
Test(kafka, a_fatal_error_replaces_the_producer)
{
	struct rig *rig = new_running_rig();
	unsigned int submitted = 5;

	push_errors(rig, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, 1);
	fill(rig, 0, submitted, 0);
	UNTIL(rig, find_remark(rig, "producer-fatal"));
	cr_expect_eq(submit_to(rig, 100, 1), OUTPUT_E_HOLD);
	UNTIL(rig, stats(rig).up && stats(rig).producers_made == 2);
	cr_expect_eq(stats(rig).producers_failed, 1);
	cr_expect_eq(rig->n_reports, submitted);
	for (unsigned int i = 0; i < rig->n_reports; i++) {
		cr_expect_eq(rig->reports[i].kind, REPORT_FAILED);
		cr_expect(rig->reports[i].producer_gone);
	}
	cr_expect_eq(stats(rig).records_in_flight, 0);
	fill(rig, 0, 5, 0);
	UNTIL(rig, rig->n_of_kind[REPORT_DELIVERED] == 5);
	cr_expect(find_remark(rig, "producer-replaced"));
	end_rig(rig);
}

/* Scenario E12 */
Test(kafka, files_of_a_missing_topic_wait_until_it_is_there)
{
	struct rig *rig = new_rig();

	rd_kafka_mock_topic_set_error(rig->cluster, "orders",
				      RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
	start_output(rig);
	UNTIL(rig, find_remark(rig, "topic-missing"));
	cr_expect(strstr(find_remark(rig, "topic-missing")->text, "orders"));
	cr_expect_eq(submit_to(rig, 0, -1), OUTPUT_E_HOLD);
	cr_expect_not(stats(rig).up);
	rd_kafka_mock_topic_set_error(rig->cluster, "orders", RD_KAFKA_RESP_ERR_NO_ERROR);
	UNTIL(rig, find_remark(rig, "topic-found"));
	fill(rig, 0, 1, -1);
	UNTIL(rig, rig->n_of_kind[REPORT_DELIVERED] == 1);
	cr_expect_eq(stats(rig).producers_made, 1);
	end_rig(rig);
}

/* Scenario E14 */
Test(kafka, a_partition_that_is_not_there_is_told)
{
	struct rig *rig = new_running_rig();

	cr_expect_eq(submit_to(rig, 0, PARTITIONS), OUTPUT_E_PARTITION);
	cr_expect_eq(submit_to(rig, 0, PARTITIONS - 1), 0);
	end_rig(rig);
}

/* Scenario E01 */
Test(kafka, a_full_queue_says_so_and_is_kicked)
{
	struct rig *rig = new_rig();

	rig->options.queue_records = 10;
	rig->options.linger_us = 600 * US_PER_S;
	start_output(rig);
	UNTIL(rig, stats(rig).up);
	fill(rig, 0, 10, -1);
	cr_expect_not(output_has_room(rig->out));
	cr_expect_eq(submit_to(rig, 10, -1), OUTPUT_E_FULL);
	UNTIL(rig, rig->n_of_kind[REPORT_DELIVERED] == 10);
	cr_expect(output_has_room(rig->out));
	cr_expect_eq(submit_to(rig, 10, -1), 0);
	end_rig(rig);
}

/* Scenario E01, E27 */
Test(kafka, bytes_fill_the_queue_too)
{
	struct rig *rig = new_rig();
	unsigned int n = 0;

	rig->options.queue_bytes = 20000;
	rig->options.linger_us = 600 * US_PER_S;
	start_output(rig);
	UNTIL(rig, stats(rig).up);
	while (submit_to(rig, n, -1) == 0)
		n++;
	cr_expect_eq(n, 75, "20000 / (168 + 100), rounded up: %u", n);
	UNTIL(rig, rig->n_of_kind[REPORT_DELIVERED] == n);
	end_rig(rig);
}

Test(kafka, a_kick_sends_one_record_at_once)
{
	struct rig *rig = new_rig();

	rig->options.linger_us = 600 * US_PER_S;
	start_output(rig);
	UNTIL(rig, stats(rig).up);
	for (unsigned int i = 0; i < 20; i++) {
		fill(rig, i, 1, 0);
		output_kick(rig->out, now(rig));
		UNTIL(rig, rig->n_of_kind[REPORT_DELIVERED] == i + 1);
	}
	end_rig(rig);
}

Test(kafka, the_librarys_own_linger_needs_no_kick)
{
	struct rig *rig = new_rig();

	rig->options.library_linger = true;
	start_output(rig);
	UNTIL(rig, stats(rig).up);
	fill(rig, 0, 100, -1);
	UNTIL(rig, rig->n_of_kind[REPORT_DELIVERED] == 100);
	cr_expect_eq(stats(rig).kicks, 0);
	end_rig(rig);
}

/* Scenario E19 */
Test(kafka, brokers_that_are_down_at_the_start_are_waited_for)
{
	struct rig *rig = new_rig();

	rd_kafka_mock_broker_set_down(rig->cluster, 1);
	start_output(rig);
	UNTIL(rig, find_remark(rig, "brokers-unreachable"));
	cr_expect(strstr(find_remark(rig, "brokers-unreachable")->text, rig->props[0].value));
	cr_expect_eq(submit_to(rig, 0, 0), OUTPUT_E_HOLD);
	rd_kafka_mock_broker_set_up(rig->cluster, 1);
	UNTIL(rig, stats(rig).up);
	cr_expect(find_remark(rig, "brokers-reachable"));
	end_rig(rig);
}

/* Scenario E30 */
Test(kafka, an_outage_is_told_once_and_costs_nothing)
{
	struct rig *rig = new_running_rig();
	unsigned int told = 0;

	rd_kafka_mock_broker_set_down(rig->cluster, 1);
	fill(rig, 0, 50, -1);
	UNTIL(rig, find_remark(rig, "brokers-unreachable"));
	cr_expect_not(stats(rig).up);
	/* However long it takes, nothing is given up while no broker answers. */
	rig->skew_us += 600 * US_PER_S;
	for (int i = 0; i < 50; i++)
		turn(rig);
	cr_expect_eq(rig->n_reports, 0);
	rd_kafka_mock_broker_set_up(rig->cluster, 1);
	UNTIL(rig, rig->n_of_kind[REPORT_DELIVERED] == 50);
	UNTIL(rig, find_remark(rig, "brokers-reachable"));
	for (unsigned int i = 0; i < rig->n_remarks; i++)
		told += strcmp(rig->remarks[i].id, "brokers-unreachable") == 0;
	cr_expect_eq(told, 1);
	cr_expect_eq(stats(rig).producers_made, 1);
	end_rig(rig);
}

/* Scenario E22 */
Test(kafka, a_dead_partition_is_held_and_the_others_go_on)
{
	struct rig *rig = new_running_rig();

	push_errors(rig, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, 1000);
	fill(rig, 0, 410, 0);
	cr_expect_eq(submit_to(rig, 999, 0), 0);
	rig->skew_us += 3 * US_PER_S;
	cr_expect_eq(submit_to(rig, 1000, 0), OUTPUT_E_HOLD);
	cr_expect_eq(submit_to(rig, 1000, 1), 0);
	for (unsigned int i = 0; i < 100; i++)
		cr_assert_eq(submit_to(rig, 1001 + i, -1), 0);
	rd_kafka_mock_clear_request_errors(rig->cluster, PRODUCE);
	UNTIL(rig, rig->n_of_kind[REPORT_DELIVERED] == 512);
	for (unsigned int i = 0; i < rig->n_reports; i++) {
		if (rig->reports[i].slot >= (void *)&rig->slots[1001])
			cr_expect_neq(rig->reports[i].partition, 0);
	}
	cr_expect_eq(submit_to(rig, 2000, 0), 0);
	end_rig(rig);
}

/* Scenario E10 */
Test(kafka, a_stall_although_brokers_answer_replaces_the_producer)
{
	struct rig *rig = new_running_rig();

	push_errors(rig, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, 2000);
	fill(rig, 0, 5, 0);
	rig->skew_us += 61 * US_PER_S;
	UNTIL(rig, find_remark(rig, "producer-stalled"));
	cr_expect_eq(submit_to(rig, 100, 1), OUTPUT_E_HOLD);
	cr_expect_eq(rig->n_reports, 0);
	cr_expect_not(find_remark(rig, "producer-purged"));
	rig->skew_us += 31 * US_PER_S;
	UNTIL(rig, rig->n_of_kind[REPORT_FAILED] == 5);
	cr_expect(find_remark(rig, "producer-purged"));
	cr_expect(rig->reports[0].producer_gone);
	rd_kafka_mock_clear_request_errors(rig->cluster, PRODUCE);
	UNTIL(rig, stats(rig).up && stats(rig).producers_made == 2);
	fill(rig, 0, 5, 0);
	UNTIL(rig, rig->n_of_kind[REPORT_DELIVERED] == 5);
	end_rig(rig);
}

/* The mock does not know the question with which it is asked whether it is there. */
Test(kafka, a_leader_that_is_reached_is_told_from_one_that_is_not)
{
	struct rig *rig = new_rig();
	struct topics *found;
	char message[256];

	cr_assert_eq(inspect_topics(&rig->options, message, sizeof message, &found), 0, "%s",
		     message);
	cr_expect_eq(found->n_ready, 1);
	cr_expect_neq(found->leaders.n, 0);
	for (size_t i = 0; i < found->leaders.n; i++)
		cr_expect_not(found->leaders.at[i].silent, "%s", found->leaders.at[i].address);
	topics_free(found);
	/* The producer that asked is left behind. */
	stop(rig);
	free(rig);
}

/* OpenSSL says "system lib" of it. */
Test(kafka, a_certificate_or_key_that_is_refused_is_told_with_its_path_and_why)
{
	struct rig *rig = new_rig();
	struct topics *found;
	char message[256];

	rig->props[0] = (struct prop){"security.protocol", "ssl"};
	rig->props[1] = (struct prop){"ssl.ca.location", "/nowhere/ca.pem"};
	rig->options.n_props = 2;
	cr_assert_eq(inspect_topics(&rig->options, message, sizeof message, &found),
		     INSPECT_E_PROPS);
	cr_expect_str_eq(message, "ssl.ca.location: /nowhere/ca.pem cannot be read: "
				  "No such file or directory");
	rig->props[1].value = "Makefile";
	cr_assert_eq(inspect_topics(&rig->options, message, sizeof message, &found),
		     INSPECT_E_PROPS);
	cr_expect_str_eq(message, "ssl.ca.location: Makefile holds no certificate (PEM)");
	rig->props[1] = (struct prop){"ssl.key.location", "Makefile"};
	cr_assert_eq(inspect_topics(&rig->options, message, sizeof message, &found),
		     INSPECT_E_PROPS);
	cr_expect(strstr(message, "Makefile is no key (PEM), or is encrypted"), "%s", message);
	stop(rig);
	free(rig);
}

/* From the first connection on, before there is a producer; each line, however many they are. */
Test(kafka, the_librarys_debug_log_is_handed_up)
{
	struct rig *rig = new_rig();
	struct output_remark remark;
	unsigned made = 0, later = 0;
	uint64_t until_us;

	rig->props[1] = (struct prop){"debug", "broker,msg"};
	rig->options.n_props = 2;
	start_output(rig);
	for (until_us = clock_mono_us() + 20 * US_PER_S;
	     (!made || !later) && clock_mono_us() < until_us;) {
		(void)output_reports(rig->out, rig->reports, 16, now(rig));
		output_service(rig->out, now(rig));
		while (output_next_remark(rig->out, &remark) == 0) {
			if (!remark.every)
				continue;
			cr_assert_eq(remark.priority, LOG_DEBUG);
			cr_assert(strstr(remark.text, "librdkafka: "), "%s", remark.text);
			made += strstr(remark.text, "initialized") != NULL;
			later += strstr(remark.text, "-> UP") != NULL;
		}
	}
	cr_expect_eq(made, 1);
	cr_expect_neq(later, 0);
	end_rig(rig);
}

/* Scenario E16 */
Test(kafka, wrong_properties_are_told)
{
	struct rig *rig = new_rig();

	rig->props[1] = (struct prop){"compression.type", "lzma"};
	rig->options.n_props = 2;
	start_output(rig);
	UNTIL(rig, find_remark(rig, "kafka-properties"));
	cr_expect(strstr(find_remark(rig, "kafka-properties")->text, "compression"));
	cr_expect_eq(submit_to(rig, 0, 0), OUTPUT_E_HOLD);
	end_rig(rig);
}

Test(kafka, freeing_does_not_wait)
{
	struct rig *rig = new_running_rig();
	uint64_t before_us;

	rd_kafka_mock_broker_set_down(rig->cluster, 1);
	fill(rig, 0, 50, -1);
	before_us = clock_mono_us();
	rig->out = output_free(rig->out);
	cr_expect_lt(clock_mono_us() - before_us, US_PER_S / 2);
	end_rig(rig);
}

Test(kafka, the_library_is_asked_about_properties)
{
	char message[256];

	cr_expect_eq(kafka_try_prop("acks", "all", message, sizeof message), 0);
	cr_expect_eq(kafka_try_prop("no.such", "x", message, sizeof message), 1);
	cr_expect(strstr(message, "no.such"));
	cr_expect_eq(kafka_try_prop("socket.timeout.ms", "x", message, sizeof message), 1);
	cr_expect(kafka_library_is_safe());
	cr_expect_neq(kafka_library_version()[0], '\0');
}

/* ---- topics that come: scenario F03 ---- */

static const char *const more_topics[] = {"orders", "audit", "late"};

static void take_topics(struct rig *rig, size_t n, struct topic_settings *settings)
{
	rig->options.topics = more_topics;
	rig->options.n_topics = n;
	rig->options.topic_settings = settings;
	cr_assert_eq(kafka_take_topics(rig->out, &rig->options), 0);
}

static struct rig *new_rig_with_room(void)
{
	struct rig *rig = new_rig();

	rig->options.max_topics = ARRAY_LEN(more_topics);
	start_output(rig);
	UNTIL(rig, stats(rig).up);
	return rig;
}

static int submit_more(struct rig *rig, unsigned int slot, uint32_t topic, bool alone)
{
	struct record record = a_record(rig);

	record.topic = topic;
	record.alone = alone;
	return output_submit(rig->out, &record, &rig->slots[slot], now(rig));
}

Test(kafka, a_topic_comes_while_records_go_to_another)
{
	struct rig *rig = new_rig_with_room();

	rd_kafka_mock_topic_create(rig->cluster, "audit", 2, 1);
	fill(rig, 0, 500, 0);
	take_topics(rig, 2, NULL);
	cr_expect(stats(rig).up, "it is not asked for yet, and nobody waits for it");
	cr_expect_eq(submit_more(rig, 500, 1, false), OUTPUT_E_HOLD);
	fill(rig, 501, 100, 1);
	UNTIL(rig, output_moved(rig->out, 1));
	cr_assert_eq(submit_more(rig, 500, 1, false), 0);
	UNTIL(rig, rig->n_of_kind[REPORT_DELIVERED] == 601);
	for (unsigned int i = 0; i < rig->n_reports; i++)
		cr_expect_eq(rig->reports[i].topic, rig->reports[i].slot == &rig->slots[500]);
	cr_expect_eq(stats(rig).producers_made, 1);
	end_rig(rig);
}

/* Those that were made before it came do not know it, and those that are made later do. */
Test(kafka, each_producer_has_a_topic_that_came)
{
	struct rig *rig = new_rig_with_room();

	UNTIL(rig, submit_more(rig, 0, 0, true) == 0);
	UNTIL(rig, rig->n_of_kind[REPORT_DELIVERED] == 1);
	rd_kafka_mock_topic_create(rig->cluster, "audit", 2, 1);
	take_topics(rig, 2, NULL);
	UNTIL(rig, output_moved(rig->out, 1));
	UNTIL(rig, submit_more(rig, 1, 1, true) == 0);
	UNTIL(rig, rig->n_of_kind[REPORT_DELIVERED] == 2);
	push_errors(rig, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, 1);
	fill(rig, 2, 1, 0);
	UNTIL(rig, stats(rig).producers_made == 2 && stats(rig).up);
	cr_assert_eq(submit_more(rig, 3, 1, false), 0);
	UNTIL(rig, rig->n_of_kind[REPORT_DELIVERED] == 3);
	end_rig(rig);
}

/* Its absence keeps nobody from being well, and is told when it is used again. */
Test(kafka, a_topic_that_is_unused_is_nobodys_matter)
{
	struct rig *rig = new_rig_with_room();
	struct topic_settings settings[3] = {{.unused = false}};

	rd_kafka_mock_topic_create(rig->cluster, "late", 1, 1);
	rd_kafka_mock_topic_set_error(rig->cluster, "late",
				      RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
	settings[2].unused = true;
	take_topics(rig, 3, settings);
	UNTIL(rig, output_moved(rig->out, 1));
	cr_expect(stats(rig).up);
	cr_expect_null(find_remark(rig, "topic-missing"));
	settings[2].unused = false;
	take_topics(rig, 3, settings);
	UNTIL(rig, find_remark(rig, "topic-missing"));
	cr_expect_not(stats(rig).up);
	end_rig(rig);
}

/* ---- properties that are replaced: scenario E29 ---- */

static void renew(struct rig *rig, const char *name, const char *value)
{
	rig->props[1] = (struct prop){name, value};
	cr_assert_eq(kafka_renew(rig->out, rig->props, 2, NULL), 0);
}

/* What is under way is ended by the producer that began it. */
Test(kafka, renewed_without_a_failure)
{
	struct rig *rig = new_running_rig();

	for (unsigned i = 0; i < 3; i++) {
		fill(rig, i * 50, 50, 0);
		renew(rig, "client.id", i % 2 ? "one" : "other");
		UNTIL(rig, stats(rig).producers_made == i + 2 && stats(rig).up);
	}
	fill(rig, 150, 50, 0);
	UNTIL(rig, rig->n_reports == 200);
	cr_expect_eq(rig->n_of_kind[REPORT_DELIVERED], 200);
	cr_expect(find_remark(rig, "renewed"));
	cr_expect_null(find_remark(rig, "producer-replaced"));
	end_rig(rig);
}

Test(kafka, what_the_library_refuses_changes_nothing)
{
	struct rig *rig = new_running_rig();

	renew(rig, "compression.type", "lzma");
	UNTIL(rig, find_remark(rig, "renewal-invalid"));
	cr_expect(stats(rig).renewal_waits && strstr(stats(rig).renewal_error, "lzma"));
	fill(rig, 0, 50, 0);
	UNTIL(rig, rig->n_of_kind[REPORT_DELIVERED] == 50);
	cr_expect_eq(stats(rig).producers_made, 1);
	end_rig(rig);
}

/* What nobody answers is told, when the other producer is answered, and tried until the next. */
Test(kafka, a_renewal_that_nobody_answers)
{
	struct rig *rig = new_running_rig();

	cr_assert_eq(
		kafka_renew(rig->out, &(struct prop){"bootstrap.servers", "127.0.0.1:1"}, 1, NULL),
		0);
	cr_expect(stats(rig).renewal_waits);
	cr_expect_str_empty(stats(rig).renewal_error, "it is only tried, by now");
	UNTIL(rig, find_remark(rig, "renewal-unreached"));
	cr_expect(stats(rig).renewal_waits);
	cr_expect(strstr(stats(rig).renewal_error, "127.0.0.1:1"));
	fill(rig, 0, 50, 0);
	UNTIL(rig, rig->n_of_kind[REPORT_DELIVERED] == 50);
	cr_expect_eq(stats(rig).producers_made, 1);
	cr_expect_null(find_remark(rig, "renewal-refused"));
	renew(rig, "client.id", "other");
	UNTIL(rig, stats(rig).producers_made == 2);
	cr_expect_not(stats(rig).renewal_waits);
	cr_expect_str_empty(stats(rig).renewal_error);
	end_rig(rig);
}

static void end_other_cluster(struct rig *other)
{
	rd_kafka_mock_cluster_destroy(other->cluster);
	rd_kafka_destroy(other->rk);
	free(other);
}

static void go_to(struct rig *rig, const struct rig *other)
{
	cr_assert_eq(kafka_renew(rig->out, other->props, 1, NULL), 0);
}

/* What was handed over goes where it was to go, and what comes behind it to the other one. */
Test(kafka, a_producer_moves_to_another_cluster)
{
	struct rig *other = new_rig(), *rig = new_running_rig();

	fill(rig, 0, 50, 0);
	go_to(rig, other);
	UNTIL(rig, stats(rig).producers_made == 2 && stats(rig).up);
	cr_expect_eq(stats(rig).producers_failed, 0, "it was asked for");
	cr_expect_eq(rig->n_of_kind[REPORT_DELIVERED], 50);
	fill(rig, 50, 30, 0);
	UNTIL(rig, rig->n_of_kind[REPORT_DELIVERED] == 80);
	cr_expect_eq(rig->reports[79].offset, 29, "%" PRId64, rig->reports[79].offset);
	cr_expect(find_remark(rig, "renewed"));
	end_rig(rig);
	end_other_cluster(other);
}

/* The one that it comes from is gone for good: what it has is given up, and sent again. */
Test(kafka, a_producer_moves_away_from_a_dead_cluster)
{
	struct rig *other = new_rig(), *rig = new_running_rig();

	rd_kafka_mock_broker_set_down(rig->cluster, 1);
	fill(rig, 0, 50, 0);
	UNTIL(rig, find_remark(rig, "brokers-unreachable"));
	go_to(rig, other);
	UNTIL(rig, find_remark(rig, "brokers-reachable"));
	rig->skew_us += 31 * US_PER_S;
	UNTIL(rig, rig->n_of_kind[REPORT_FAILED] == 50);
	UNTIL(rig, stats(rig).producers_made == 2 && stats(rig).up);
	fill(rig, 50, 30, 0);
	UNTIL(rig, rig->n_of_kind[REPORT_DELIVERED] == 30);
	end_rig(rig);
	end_other_cluster(other);
}

/* The library waits so long for an answer, and what it had could be there twice. */
Test(kafka, what_the_old_one_waits_for_is_not_given_up_before_its_time)
{
	struct rig *other = new_rig(), *rig = new_rig();

	rig->props[1] = (struct prop){"socket.timeout.ms", "60000"};
	rig->options.n_props = 2;
	start_output(rig);
	UNTIL(rig, stats(rig).up);
	rd_kafka_mock_broker_set_down(rig->cluster, 1);
	fill(rig, 0, 50, 0);
	UNTIL(rig, find_remark(rig, "brokers-unreachable"));
	go_to(rig, other);
	UNTIL(rig, find_remark(rig, "brokers-reachable"));
	cr_expect(stats(rig).renewal_waits, "it is not in use yet");
	rig->skew_us += 100 * US_PER_S;
	rig->n_remarks = 0;
	output_kick(rig->out, now(rig));
	for (unsigned i = 0; i < 10; i++)
		turn(rig);
	cr_expect_null(find_remark(rig, "producer-purged"));
	rig->skew_us += 21 * US_PER_S;
	UNTIL(rig, stats(rig).producers_made == 2 && stats(rig).up);
	cr_expect(find_remark(rig, "producer-purged"));
	cr_expect_not(stats(rig).renewal_waits);
	end_rig(rig);
	end_other_cluster(other);
}

/* From a cluster that is gone to an address that is wrong: that no broker answers is not all. */
Test(kafka, a_renewal_that_nobody_answers_beside_a_dead_cluster)
{
	struct rig *rig = new_running_rig();

	rd_kafka_mock_broker_set_down(rig->cluster, 1);
	fill(rig, 0, 50, 0);
	UNTIL(rig, find_remark(rig, "brokers-unreachable"));
	cr_assert_eq(
		kafka_renew(rig->out, &(struct prop){"bootstrap.servers", "127.0.0.1:1"}, 1, NULL),
		0);
	UNTIL(rig, find_remark(rig, "renewal-unreached"));
	cr_expect(strstr(find_remark(rig, "renewal-unreached")->text, "nor do they answer"));
	cr_expect(strstr(stats(rig).renewal_error, "127.0.0.1:1"));
	rd_kafka_mock_broker_set_up(rig->cluster, 1);
	UNTIL(rig, rig->n_of_kind[REPORT_DELIVERED] == 50);
	end_rig(rig);
}

/* One that was never let in is made with what is new at once. */
Test(kafka, a_wrong_address_is_mended)
{
	struct rig *other = new_rig(), *rig = new_rig();

	rd_kafka_mock_broker_set_down(rig->cluster, 1);
	start_output(rig);
	UNTIL(rig, find_remark(rig, "brokers-unreachable"));
	go_to(rig, other);
	UNTIL(rig, stats(rig).up);
	cr_expect_eq(stats(rig).producers_made, 1);
	cr_expect_not(stats(rig).renewal_waits);
	fill(rig, 0, 30, 0);
	UNTIL(rig, rig->n_of_kind[REPORT_DELIVERED] == 30);
	end_rig(rig);
	end_other_cluster(other);
}

Test(kafka, freed_while_a_renewal_is_tried)
{
	struct rig *rig = new_running_rig();

	renew(rig, "client.id", "other");
	turn(rig);
	cr_assert_eq(
		kafka_renew(rig->out, &(struct prop){"bootstrap.servers", "127.0.0.1:1"}, 1, NULL),
		0);
	turn(rig);
	end_rig(rig);
}
