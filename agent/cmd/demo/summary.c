/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What came of it. Of the sample nothing that was counted while the demo ran is used for that: the
 * files of the application are read, the topic is read once more by a consumer that has just been
 * made, and the two are compared, line by line. Of other files, which may be larger than what the
 * mock keeps of a partition, there are the counts of the consumer that was there all the time.
 *
 * That records are repeated after a kill is how waybill works, and the summary has to say which and
 * why, lest it look like a mistake, or be taken for one of the mock.
 */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/demo/demo.h"

#define RUNS_SHOWN 3
#define READ_MS 100
#define SILENCE_US (5 * US_PER_S)

/* Reads until each partition has told its end. */
static int read_all(struct demo *demo, struct demo_tally *tally)
{
	size_t ends = DEMO_PARTITIONS;
	uint64_t last = clock_mono_us();
	struct consumed record;

	while (ends > 0) {
		int r = consumer_read(demo->consumer, READ_MS, &record);

		if (r == 0)
			demo_take(demo, tally, &record, false);
		ends -= r == CONSUMER_E_END;
		if (r != CONSUMER_E_NONE)
			last = clock_mono_us();
		else if (last + SILENCE_US < clock_mono_us() || demo_is_late(demo))
			return demo_fail(demo, "the topics cannot be read to their end");
		if (r != 0 && demo_signalled(demo))
			return DEMO_E_SIGNAL;
	}
	return 0;
}

static int look_again(struct demo *demo, struct demo_tally *tally, unsigned *ret_files)
{
	const char *topic =
		demo->topic_names[demo->n_topics - 1]; /* no other kind is the sample's */
	int r = demo_tally_read(tally, demo->sample, ret_files);

	if (r)
		return r;
	demo->consumer = consumer_free(demo->consumer);
	r = demo_new_consumer(demo, &topic, 1);
	return r ? r : read_all(demo, tally);
}

static void print_lost(struct demo *demo, const struct demo_tally *tally)
{
	unsigned end, n = 0;

	for (unsigned at = 0; n < RUNS_SHOWN && demo_tally_next_lost(tally, &at, &end);
	     at = end, n++) {
		const struct demo_place *place = &tally->lines[at].place;

		fprintf(demo->paper.to,
			"    %u to %u: from generation %u of the log, position %" PRIu64 " on\n",
			at, end - 1, place->generation, place->position);
	}
}

static void print_repeated(struct demo *demo, const struct demo_tally *tally)
{
	unsigned end, n = 0;

	for (unsigned at = 0; n < RUNS_SHOWN && demo_tally_next_repeated(tally, &at, &end);
	     at = end, n++) {
		const struct demo_line *line = &tally->lines[at];

		fprintf(demo->paper.to,
			"    %u to %u: %u at partition %d offset %" PRId64
			", again partition %d offset %" PRId64 "\n",
			at, end - 1, at, (int)line->partition, line->offset,
			(int)line->again_partition, line->again_offset);
	}
}

static void print_late(struct demo *demo, const struct demo_tally *tally)
{
	const struct demo_line *line = &tally->lines[tally->first_late];

	if (tally->late > 0)
		fprintf(demo->paper.to,
			"    the first is line %u, partition %d offset %" PRId64 "\n",
			tally->first_late, (int)line->partition, line->offset);
}

/* "  name           number  more" */
static void print_count(struct demo *demo, const char *name, uint64_t n)
{
	fprintf(demo->paper.to, "  %-13s %s%6" PRIu64 "%s", name, demo->paper.bold, n,
		demo->paper.plain);
}

static void print_sample(struct demo *demo, const struct demo_tally *tally, unsigned files)
{
	FILE *to = demo->paper.to;

	print_count(demo, "lines written", tally->written);
	fprintf(to, "  in %u files, %u of them rotated\n", files, files - 1);
	print_count(demo, "delivered", tally->seen);
	fputs("\n", to);
	print_count(demo, "lost", demo_tally_lost(tally));
	fputs("\n", to);
	print_lost(demo, tally);
	print_count(demo, "repeated", tally->repeated);
	fputs("\n", to);
	print_repeated(demo, tally);
	print_count(demo, "out of order", tally->late);
	fprintf(to, "  within one of %" PRIu64 " keys\n", tally->n_keys);
	print_late(demo, tally);
	if (tally->strange)
		fprintf(to, "  records of no line that was written: %" PRIu64 "\n", tally->strange);
}

static void print_file(struct demo *demo, const struct demo_file *file)
{
	FILE *to = demo->paper.to;

	fputs("  ", to);
	paper_print_path(&demo->paper, file->path);
	fprintf(to,
		"\n    lines %" PRIu64 ", delivered %" PRIu64 ", lost %" PRIu64
		", repeated %" PRIu64,
		file->lines, file->seen, file->lines - file->seen, file->repeated);
	if (file->later)
		fprintf(to, "; and %" PRIu64 " of lines written meanwhile", file->later);
	fputc('\n', to);
}

static void print_why(struct demo *demo, const struct demo_tally *tally)
{
	FILE *to = demo->paper.to;

	fputc('\n', to);
	if (demo->faults.killed && tally->repeated > 0)
		fprintf(to,
			"  Repeats come from the kill at line %u: what Kafka had confirmed but no\n"
			"  checkpoint (one a second) had stored yet was sent again, in its "
			"order.\n",
			demo->faults.killed_at);
	if (demo->brokers)
		return;
	fputs("  The embedded broker is librdkafka's mock: it does not deduplicate, so that\n"
	      "  with it a retry may repeat too, and it keeps nothing on disk. It shows the way\n"
	      "  of a line. A real Kafka (--brokers HOST:PORT) drops what a retry repeats:\n"
	      "  there a kill may repeat lines, and what was in doubt when a producer ended,\n"
	      "  which is counted (maybe_persisted).\n",
	      to);
}

int demo_summary(struct demo *demo, bool *ret_good)
{
	struct demo_tally tally;
	unsigned files;
	bool good;
	int r = demo_tally_init(&tally);

	if (r)
		return r;
	r = look_again(demo, &tally, &files);
	if (r == 0) {
		demo_print_title(
			&demo->paper,
			"Summary: the log of the application, and what a new consumer reads");
		print_sample(demo, &tally, files);
		good = tally.written > 0 && demo_tally_lost(&tally) == 0 && tally.late == 0 &&
		       tally.strange == 0;
		if (demo->n_files > 0)
			fputc('\n', demo->paper.to);
		for (size_t i = 0; i < demo->n_files; i++) {
			print_file(demo, &demo->files[i]);
			good = good && demo_file_complete(&demo->files[i]);
		}
		print_why(demo, &tally);
		*ret_good = good;
	}
	demo_tally_deinit(&tally);
	return r;
}
