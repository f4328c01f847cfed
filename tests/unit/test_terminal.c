/* SPDX-License-Identifier: Apache-2.0 */
/* The output that shows: what it owes to the pipeline, and where it says that records would go. */
#include "output/terminal.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/clock.h"
#include "output/partitioner.h"

#define SEEN_MAX 4096

struct seen {
	size_t n;
	uint32_t topics[SEEN_MAX];
	int32_t partitions[SEEN_MAX];
	int64_t offsets[SEEN_MAX];
};

static void see(void *context, const struct record *record, int32_t partition, int64_t offset)
{
	struct seen *seen = context;

	seen->topics[seen->n] = record->topic;
	seen->partitions[seen->n] = partition;
	seen->offsets[seen->n++] = offset;
}

static struct output *make(struct seen *seen, int32_t partitions)
{
	struct terminal_options options = {
		.partitions = partitions,
		.n_topics = 2,
		.sink = see,
		.context = seen,
	};
	struct output *output = NULL;

	memset(seen, 0, sizeof *seen);
	cr_assert_eq(terminal_new(&options, &output), 0);
	return output;
}

static struct record record_of(uint32_t topic, const char *key, const char *value)
{
	return (struct record){
		.topic = topic,
		.partition = -1,
		.key = slice_of(key),
		.value = slice_of(value),
	};
}

Test(terminal, keys_go_where_the_partitioner_says)
{
	static const char *const keys[] = {"a", "", "kafka", "host-17.example.com"};
	struct seen seen;
	struct output *output = make(&seen, 7);

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct record record = record_of(0, keys[i], "v");

		cr_expect_eq(output_submit(output, &record, NULL, 0), 0);
		cr_expect_eq(seen.partitions[i],
			     partitioner_hash(PARTITIONER_MURMUR2, slice_of(keys[i]), 7));
	}
	output_free(output);
}

Test(terminal, a_partition_that_is_named_stays)
{
	struct seen seen;
	struct output *output = make(&seen, 7);
	struct record record = record_of(0, "a", "v");

	record.partition = 6;
	cr_expect_eq(output_submit(output, &record, NULL, 0), 0);
	cr_expect_eq(seen.partitions[0], 6);
	record.partition = 7;
	cr_expect_eq(output_submit(output, &record, NULL, 0), OUTPUT_E_PARTITION);
	cr_expect_eq(seen.n, 1);
	output_free(output);
}

Test(terminal, one_report_each_in_order_with_its_own_offset)
{
	struct seen seen;
	struct output *output = make(&seen, 1);
	struct report reports[TERMINAL_REPORTS];
	char slots[6];
	size_t n;

	for (size_t i = 0; i < sizeof slots; i++) {
		struct record record = record_of(i % 2, NULL, "v");

		cr_expect_eq(output_submit(output, &record, &slots[i], 0), 0);
		cr_expect_eq(seen.offsets[i], (int64_t)(i / 2), "each topic counts for itself");
	}
	/* Some first, then the rest. */
	n = output_reports(output, reports, 4, 0);
	cr_assert_eq(n, 4);
	n += output_reports(output, reports + 4, ARRAY_LEN(reports) - 4, 0);
	cr_assert_eq(n, sizeof slots);
	for (size_t i = 0; i < n; i++) {
		cr_expect_eq(reports[i].slot, &slots[i]);
		cr_expect_eq(reports[i].kind, REPORT_DELIVERED);
		cr_expect_eq(reports[i].topic, i % 2);
		cr_expect_eq(reports[i].partition, 0);
		cr_expect_eq(reports[i].offset, (int64_t)(i / 2));
	}
	cr_expect_eq(output_reports(output, reports, ARRAY_LEN(reports), 0), 0);
	output_free(output);
}

Test(terminal, full_until_reports_are_fetched)
{
	struct seen seen;
	struct output *output = make(&seen, 3);
	struct record record = record_of(0, NULL, "v");
	struct report report;
	struct output_stats stats;

	for (int i = 0; i < TERMINAL_REPORTS; i++) {
		cr_expect(output_has_room(output));
		cr_expect_eq(output_submit(output, &record, NULL, 0), 0);
	}
	cr_expect_not(output_has_room(output));
	cr_expect_eq(output_submit(output, &record, NULL, 0), OUTPUT_E_FULL);
	cr_expect_eq(seen.n, TERMINAL_REPORTS);
	output_stats(output, &stats);
	cr_expect_eq(stats.records_in_flight, TERMINAL_REPORTS);
	cr_expect_eq(output_reports(output, &report, 1, 0), 1);
	cr_expect(output_has_room(output));
	output_free(output);
}

Test(terminal, without_a_key_batches_go_round)
{
	static char value[TERMINAL_BATCH_BYTES / 4];
	struct seen seen;
	struct output *output = make(&seen, 2);
	struct record record = {.partition = -1, .value = {value, sizeof value}};
	struct report reports[16];

	for (int i = 0; i < 12; i++)
		cr_expect_eq(output_submit(output, &record, NULL, 0), 0);
	for (int i = 0; i < 12; i++)
		cr_expect_eq(seen.partitions[i], i / 4 % 2, "record %d", i);
	cr_expect_eq(output_reports(output, reports, 16, 0), 12);
	output_free(output);
}

Test(terminal, has_nothing_to_wait_for)
{
	struct seen seen;
	struct output *output = make(&seen, 2);
	struct output_remark remark;

	cr_expect_eq(output_service(output, 17), CLOCK_NEVER);
	cr_expect_eq(output_next_remark(output, &remark), 1);
	cr_expect_eq(output_fd(output), -1);
	output_kick(output, 17);
	cr_expect_null(output_free(output));
	cr_expect_null(output_free(NULL));
}
