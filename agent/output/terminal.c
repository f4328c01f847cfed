/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preview runs the pipeline as it is, so this keeps every rule of an output, also those that it
 * has no need of: a report for each record, fetched and never called back with; a bound; "full" as
 * a value. What comes out of preview is then what comes out of run, but for two things that only
 * brokers know: the number of partitions, which the user names, and for records without a key when
 * a batch ends, which is guessed by its size.
 */
#include "output/terminal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

struct terminal {
	struct output output;
	struct terminal_options options;
	struct partitioner_topic *placing; /* of each topic */
	int64_t *offsets;                  /* the next one of each partition of each topic */
	size_t n_reports;
	struct report reports[TERMINAL_REPORTS];
};

static struct terminal *terminal_of(struct output *output)
{
	return (struct terminal *)output;
}

static bool has_room(const struct output *output)
{
	return ((const struct terminal *)output)->n_reports < TERMINAL_REPORTS;
}

static bool never_held(UNUSED const void *context, UNUSED int32_t partition)
{
	return false;
}

/* As the Kafka output picks it. */
static int32_t pick(struct terminal *t, const struct record *record)
{
	if (record->partition >= 0)
		return record->partition;
	if (record->key.at)
		return partitioner_of_key(&t->placing[record->topic], record->key);
	return partitioner_of_null(&t->placing[record->topic], record->value.len,
				   TERMINAL_BATCH_BYTES, never_held, NULL);
}

static int submit(struct output *output, const struct record *record, void *slot,
		  UNUSED uint64_t now_us)
{
	struct terminal *t = terminal_of(output);
	int32_t partition;
	int64_t none = 0, *offset = &none;

	if (!has_room(output))
		return OUTPUT_E_FULL;
	partition = pick(t, record);
	if (partition >= t->options.partitions)
		return OUTPUT_E_PARTITION;
	if (partition >= 0)
		offset = &t->offsets[record->topic * (size_t)t->options.partitions +
				     (size_t)partition];
	t->options.sink(t->options.context, record, partition, *offset);
	t->reports[t->n_reports++] = (struct report){
		.slot = slot,
		.kind = REPORT_DELIVERED,
		.topic = record->topic,
		.partition = partition,
		.offset = (*offset)++,
	};
	return 0;
}

/* Nothing is ever held. */
static uint64_t moved(UNUSED const struct output *output, UNUSED uint32_t topic)
{
	return 0;
}

/* Oldest first; what is left moves up, which callers that take all of them never pay for. */
static size_t reports(struct output *output, struct report *ret_reports, size_t max,
		      UNUSED uint64_t now_us)
{
	struct terminal *t = terminal_of(output);
	size_t n = t->n_reports < max ? t->n_reports : max;

	memcpy(ret_reports, t->reports, n * sizeof ret_reports[0]);
	t->n_reports -= n;
	memmove(t->reports, t->reports + n, t->n_reports * sizeof t->reports[0]);
	return n;
}

static uint64_t service(UNUSED struct output *output, UNUSED uint64_t now_us)
{
	return CLOCK_NEVER;
}

static void kick(UNUSED struct output *output, UNUSED uint64_t now_us)
{
}

static int next_remark(UNUSED struct output *output, UNUSED struct output_remark *ret_remark)
{
	return 1;
}

static int fd(UNUSED const struct output *output)
{
	return -1;
}

static void stats(const struct output *output, struct output_stats *ret_stats)
{
	const struct terminal *t = (const struct terminal *)output;

	*ret_stats = (struct output_stats){
		.records_in_flight = t->n_reports,
		.producers_made = 1,
		.up = true,
	};
}

static struct output *terminal_free(struct output *output)
{
	struct terminal *t = terminal_of(output);

	for (size_t i = 0; t->placing && i < t->options.n_topics; i++)
		partitioner_topic_deinit(&t->placing[i]);
	free(t->placing);
	free(t->offsets);
	free(t);
	return NULL;
}

/* Every topic has its partitions from the start. 0, -ENOMEM. */
static int place_topics(struct terminal *t)
{
	const struct partitioner *const *partitioners = t->options.partitioners;
	int r = 0;

	for (size_t i = 0; i < t->options.n_topics && !r; i++) {
		r = partitioner_topic_init(
			&t->placing[i], partitioners ? partitioners[i] : partitioner_default(), 0);
		if (!r)
			r = partitioner_topic_resize(&t->placing[i], t->options.partitions);
	}
	return r;
}

int terminal_new(const struct terminal_options *options, struct output **ret_output)
{
	static const struct output_ops ops = {
		.has_room = has_room,
		.submit = submit,
		.moved = moved,
		.reports = reports,
		.service = service,
		.kick = kick,
		.next_remark = next_remark,
		.fd = fd,
		.stats = stats,
		.free = terminal_free,
	};
	struct terminal *t = calloc(1, sizeof *t);

	if (!t)
		return -ENOMEM;
	t->output.ops = &ops;
	t->options = *options;
	/*
	 * Pages that nothing goes to are never touched, so many topics with many partitions are
	 * fine.
	 */
	t->placing = calloc(options->n_topics + 1, sizeof t->placing[0]);
	t->offsets =
		calloc(options->n_topics + 1, (size_t)options->partitions * sizeof t->offsets[0]);
	if (!t->placing || !t->offsets || place_topics(t)) {
		terminal_free(&t->output);
		return -ENOMEM;
	}
	*ret_output = &t->output;
	return 0;
}
