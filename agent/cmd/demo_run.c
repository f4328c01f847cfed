/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop of the demo: one thread that reads from the embedded Kafka, counts, shows, and now and
 * then writes a line of the sample. The sample begins when the other files are through, so that
 * one sees first what a backlog looks like and then how a growing log is followed.
 *
 * A backlog comes partition by partition, in batches. To show more than one of them, the records
 * shown are shared out among the partitions; lines without a key, which go to one partition for as
 * long as a batch lasts, would otherwise be all that is seen of it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/demo_private.h"
#include "cmd/demo_sample.h"

/* Of each file but the sample. */
#define SHOWN_MAX 10
#define SHOWN_OF_PARTITION 4
#define SHOWN_KEYLESS 2

#define TICK_MS 50 /* how often children, signals and deadlines are looked at */

/* The sample takes no longer than this, and is no faster than this for few lines. */
#define SAMPLE_US (8 * US_PER_S)
#define SAMPLE_LINE_US (250 * US_PER_MS)

#define BACKLOG_US (4 * US_PER_S) /* the sample waits no longer for the other files */
#define PATIENCE_US (20 * US_PER_S)

struct loop {
	uint64_t now, begun, last_arrival;
	uint64_t next_tick;
	uint64_t next_line; /* CLOCK_NEVER: not begun, or all are written */
	bool sample_begun;
};

int demo_signalled(struct demo *demo)
{
	struct signalfd_siginfo info;

	if (read(demo->signals, &info, sizeof info) != sizeof info)
		return 0;
	demo->signal = (int)info.ssi_signo;
	return DEMO_E_SIGNAL;
}

static struct slice header(const struct embedded_record *record, const char *name)
{
	for (uint32_t i = 0; i < record->n_headers; i++) {
		if (slice_eq(record->headers[i].name, slice_of(name)))
			return record->headers[i].value;
	}
	return SLICE_NONE;
}

/* Which file the record tells to be from; n_files when none of ours. */
static size_t file_of(const struct demo *demo, const struct embedded_record *record)
{
	struct slice path = header(record, "file");
	size_t i;

	for (i = 0; i < demo->n_files; i++) {
		const struct demo_file *file = &demo->files[i];

		if (strcmp(record->topic, file->kind->name) == 0 &&
		    (file == demo->sample || slice_eq(path, slice_of(file->path))))
			break;
	}
	return i;
}

static uint64_t position_of(const struct embedded_record *record)
{
	struct slice text = header(record, "position");
	char digits[24] = "";

	if (text.len == 0 || text.len >= sizeof digits)
		return UINT64_MAX;
	memcpy(digits, text.at, text.len);
	return strtoull(digits, NULL, 10);
}

static bool to_show(const struct demo *demo, size_t i, const struct embedded_record *record)
{
	const struct demo_view *view = &demo->views[i];

	if (&demo->files[i] == demo->sample)
		return true;
	return view->shown < SHOWN_MAX && view->shown_of[record->partition] < SHOWN_OF_PARTITION &&
	       (record->key.at || view->shown_keyless < SHOWN_KEYLESS);
}

static void take(struct demo *demo, const struct embedded_record *record)
{
	size_t i = file_of(demo, record);
	struct demo_view *view = &demo->views[i];

	if (i == demo->n_files || (uint32_t)record->partition >= DEMO_PARTITIONS)
		return;
	demo_file_arrived(&demo->files[i], position_of(record));
	view->records[record->partition]++;
	if (!to_show(demo, i, record))
		return;
	demo_print_record(&demo->paper, record);
	view->shown++;
	view->shown_of[record->partition]++;
	view->shown_keyless += !record->key.at;
}

/* Once a file that is shown in part is through. */
static void tell_rest(struct demo *demo, size_t i)
{
	const struct demo_file *file = &demo->files[i];
	struct demo_view *view = &demo->views[i];

	if (file == demo->sample || view->rest_told || !demo_file_complete(file))
		return;
	view->rest_told = true;
	if (file->seen <= view->shown)
		return;
	fprintf(demo->paper.to, "%s... and %" PRIu64 " more of ", demo->paper.dim,
		file->seen - view->shown);
	demo_print_path(&demo->paper, file->path);
	fprintf(demo->paper.to, ", counted below%s\n", demo->paper.plain);
}

/* All files but the sample. */
static bool backlog_complete(const struct demo *demo)
{
	for (size_t i = 0; i < demo->n_files; i++) {
		if (&demo->files[i] != demo->sample && !demo_file_complete(&demo->files[i]))
			return false;
	}
	return true;
}

static bool all_complete(const struct demo *demo)
{
	return backlog_complete(demo) && (!demo->sample || demo->sample->seen == demo->lines);
}

static void begin_sample(struct demo *demo, struct loop *loop)
{
	if (!demo->sample || loop->sample_begun ||
	    (!backlog_complete(demo) && loop->now < loop->begun + BACKLOG_US))
		return;
	loop->sample_begun = true;
	loop->next_line = loop->now;
}

static int write_line(struct demo *demo, struct loop *loop)
{
	uint64_t interval = SAMPLE_US / demo->lines;
	char line[DEMO_SAMPLE_LINE_MAX];
	size_t len = demo_sample_line(line, (unsigned)demo->sample->lines, clock_real_ms());
	int r = demo_sample_append(demo->sample_fd, line, len);

	if (r) {
		fprintf(stderr, "waybill: %s: %s\n", demo->sample->path, strerror(-r));
		return DEMO_E_FAILED;
	}
	demo_file_appended(demo->sample, len);
	loop->last_arrival = loop->now;
	loop->next_line += interval < SAMPLE_LINE_US ? interval : SAMPLE_LINE_US;
	if (demo->sample->lines == demo->lines)
		loop->next_line = CLOCK_NEVER;
	return 0;
}

static uint64_t missing(const struct demo *demo)
{
	uint64_t n = 0;

	for (size_t i = 0; i < demo->n_files; i++)
		n += demo->files[i].lines - demo->files[i].seen;
	return n;
}

static int failed(const char *what)
{
	fprintf(stderr, "waybill: %s before all lines have arrived\n", what);
	return DEMO_E_FAILED;
}

/* What is looked at now and then only. 0, DEMO_E_SIGNAL, DEMO_E_FAILED. */
static int tick(struct demo *demo, struct loop *loop)
{
	loop->next_tick = loop->now + TICK_MS * US_PER_MS;
	for (size_t i = 0; i < demo->n_files; i++)
		tell_rest(demo, i);
	begin_sample(demo, loop);
	if (demo_signalled(demo))
		return DEMO_E_SIGNAL;
	if (fflush(demo->paper.to) || ferror(demo->paper.to))
		return DEMO_E_FAILED; /* as when `head` has read enough: no message */
	if (demo_child_status(&demo->agent, 0) != DEMO_CHILD_RUNS)
		return failed("the agent has ended");
	if (demo_child_status(&demo->broker, 0) != DEMO_CHILD_RUNS)
		return failed("the embedded broker has ended");
	if (loop->now > loop->last_arrival + PATIENCE_US)
		return failed("nothing has come for 20 s");
	return 0;
}

/* How long a read may wait. */
static int timeout(const struct loop *loop)
{
	uint64_t next = loop->next_line < loop->next_tick ? loop->next_line : loop->next_tick;

	return next <= loop->now ? 0 : (int)((next - loop->now) / US_PER_MS) + 1;
}

int demo_run(struct demo *demo)
{
	struct embedded_record record;
	struct loop loop = {.begun = clock_mono_us(), .next_line = CLOCK_NEVER};
	int r = 0;

	loop.now = loop.last_arrival = loop.begun;
	while (r == 0 && !all_complete(demo)) {
		if (embedded_read(demo->reader, timeout(&loop), &record) == 0) {
			loop.last_arrival = loop.now;
			take(demo, &record);
		}
		loop.now = clock_mono_us();
		if (loop.now >= loop.next_line)
			r = write_line(demo, &loop);
		if (r == 0 && loop.now >= loop.next_tick)
			r = tick(demo, &loop);
	}
	for (size_t i = 0; i < demo->n_files; i++)
		tell_rest(demo, i);
	return r;
}

void demo_run_rest(struct demo *demo)
{
	struct embedded_record record;

	while (embedded_read(demo->reader, 4 * TICK_MS, &record) == 0)
		take(demo, &record);
}

static void print_partitions(const struct demo *demo, size_t i)
{
	fprintf(demo->paper.to, "    records by partition:");
	for (int p = 0; p < DEMO_PARTITIONS; p++)
		fprintf(demo->paper.to, "  %d: %" PRIu64, p, demo->views[i].records[p]);
	fputc('\n', demo->paper.to);
}

bool demo_summary(const struct demo *demo)
{
	uint64_t shipped = 0, consumed = 0, repeated = 0, lost = missing(demo);
	FILE *to = demo->paper.to;

	demo_print_title(&demo->paper, "Summary");
	for (size_t i = 0; i < demo->n_files; i++) {
		const struct demo_file *file = &demo->files[i];

		shipped += file->lines;
		repeated += file->repeated;
		consumed += file->seen + file->repeated;
		fprintf(to, "  %s: %" PRIu64 " lines of ", file->kind->name, file->lines);
		demo_print_path(&demo->paper, file->path);
		fputc('\n', to);
		print_partitions(demo, i);
		if (file->later)
			fprintf(to, "    and %" PRIu64 " of lines written meanwhile, not counted\n",
				file->later);
	}
	fprintf(to,
		"\n  %slines shipped %" PRIu64 ", records consumed %" PRIu64 ", lost %" PRIu64
		", repeated %" PRIu64 "%s\n",
		demo->paper.bold, shipped, consumed, lost, repeated, demo->paper.plain);
	return lost == 0;
}
