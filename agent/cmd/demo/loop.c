/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop of the demo: one thread that reads from Kafka, counts, shows, and looks now and then at
 * what the application says, at signals and at the children. What happens meanwhile is written in
 * acts.c, as a sequence of things to do and to wait for.
 *
 * A backlog comes partition by partition, in batches. To show more than one of them, the records
 * shown are shared out among the partitions; lines without a key, which go to one partition for as
 * long as a batch lasts, would otherwise be all that is seen of it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/demo/demo.h"

#define TICK_US (50 * US_PER_MS) /* how often children, signals and deadlines are looked at */
#define DRAW_US (100 * US_PER_MS)
#define LINE_US (2 * US_PER_S) /* of counters, where none can be written over */

/* All of it ends within 60 s: so much for the acts, and for the summary; the rest for the end. */
#define ACTS_US (46 * US_PER_S)
#define SUMMARY_US (54 * US_PER_S)

int demo_signalled(struct demo *demo)
{
	struct signalfd_siginfo info;

	if (read(demo->signals, &info, sizeof info) != sizeof info)
		return 0;
	demo->signal = (int)info.ssi_signo;
	return DEMO_E_SIGNAL;
}

bool demo_is_late(const struct demo *demo)
{
	return clock_mono_us() > demo->begun + SUMMARY_US;
}

int demo_fail(struct demo *demo, const char *format, ...)
{
	va_list args;

	paper_clear(&demo->paper);
	fflush(demo->paper.to);
	fputs("waybill: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return DEMO_E_FAILED;
}

static struct slice header(const struct consumed *record, const char *name)
{
	for (uint32_t i = 0; i < record->n_headers; i++) {
		if (slice_eq(record->headers[i].name, slice_of(name)))
			return record->headers[i].value;
	}
	return SLICE_NONE;
}

/* Which of the shipped paths the record tells to be from; n_files: the sample. False: none. */
static bool find_shipped(const struct demo *demo, const struct consumed *record, size_t *ret_i)
{
	size_t len = strlen(demo->prefix);
	struct slice path = header(record, "file");

	if (strncmp(record->topic, demo->prefix, len) != 0)
		return false;
	for (size_t i = 0; i <= demo->n_files; i++) {
		const struct demo_shipped *shipped = &demo->shipped[i];

		if (strcmp(record->topic + len, shipped->kind->name) == 0 &&
		    (i == demo->n_files || slice_eq(path, slice_of(shipped->path)))) {
			*ret_i = i;
			return true;
		}
	}
	return false;
}

static uint64_t position_of(const struct consumed *record)
{
	struct slice text = header(record, "position");
	char digits[24] = "";

	if (text.len == 0 || text.len >= sizeof digits)
		return UINT64_MAX;
	memcpy(digits, text.at, text.len);
	return strtoull(digits, NULL, 10);
}

static void show_some(struct demo *demo, struct demo_view *view, const struct consumed *record)
{
	unsigned max = demo->shown_max;

	if (view->shown >= max || view->shown_of[record->partition] > max / DEMO_PARTITIONS ||
	    (!record->key.at && view->shown_keyless > max / 5))
		return;
	paper_clear(&demo->paper);
	demo_print_record(&demo->paper, record);
	view->shown++;
	view->shown_of[record->partition]++;
	view->shown_keyless += !record->key.at;
}

void demo_take(struct demo *demo, struct demo_tally *tally, const struct consumed *record,
	       bool show)
{
	size_t i;

	if (!find_shipped(demo, record, &i) || (uint32_t)record->partition >= DEMO_PARTITIONS)
		return;
	if (i < demo->n_files)
		demo_file_arrived(&demo->files[i], position_of(record));
	else
		demo_tally_arrived(tally, record->key, record->value, record->partition,
				   record->offset);
	if (show)
		show_some(demo, &demo->views[i], record);
}

/* Once a file that is shown in part is through. */
static void tell_rest(struct demo *demo, size_t i)
{
	const struct demo_file *file = &demo->files[i];
	struct demo_view *view = &demo->views[i];

	if (view->rest_told || !demo_file_complete(file))
		return;
	view->rest_told = true;
	if (file->seen <= view->shown)
		return;
	paper_clear(&demo->paper);
	fprintf(demo->paper.to, "%s... and %" PRIu64 " more of ", demo->paper.dim,
		file->seen - view->shown);
	paper_print_path(&demo->paper, file->path);
	fprintf(demo->paper.to, "%s\n", demo->paper.plain);
}

void demo_ask_sample(struct demo *demo)
{
	struct demo_app *app = &demo->app;
	char bytes[4096];
	int fd = demo->sample_child.out;
	ssize_t n;

	while (fd > 0 && (n = read(fd, bytes, sizeof bytes)) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (bytes[i] != '\n') {
				app->text[app->len] = bytes[i];
				app->len += app->len + 1 < sizeof app->text;
				continue;
			}
			app->text[app->len] = '\0';
			app->len = 0;
			sscanf(app->text, "%u %u", &app->written, &app->rotations);
		}
	}
}

static void show_counters(struct demo *demo)
{
	const struct demo_tally *tally = &demo->tally;
	uint64_t written = demo->app.written > tally->seen ? demo->app.written : tally->seen;
	char text[80];

	if (demo->now < demo->next_status)
		return;
	demo->next_status = demo->now + (demo->paper.redraws ? DRAW_US : LINE_US);
	if (demo->now >= demo->rate_at + US_PER_S) {
		demo->rate =
			(tally->seen - demo->rate_seen) * US_PER_S / (demo->now - demo->rate_at);
		demo->rate_at = demo->now;
		demo->rate_seen = tally->seen;
	}
	snprintf(text, sizeof text,
		 "  %2u s  written %" PRIu64 "  delivered %" PRIu64 "  behind %" PRIu64
		 "  repeated %" PRIu64 "  %" PRIu64 " lines/s",
		 (unsigned)((demo->now - demo->begun) / US_PER_S), written, tally->seen,
		 written - tally->seen, tally->repeated, demo->rate);
	if (demo->paper.redraws)
		paper_draw(&demo->paper, text);
	else
		fprintf(demo->paper.to, "%s\n", text);
}

/* 0 when it runs, or was not started or is no more by our own doing. */
static int watch_child(struct demo *demo, struct demo_child *child, const char *whose)
{
	int status = child->pid ? demo_child_status(child, 0) : DEMO_CHILD_RUNS;

	if (status == DEMO_CHILD_RUNS)
		return 0;
	demo_ask_sample(demo);
	if (child == &demo->sample_child && demo->sample_ends && status == EX_OK)
		return 0;
	if (status > 128)
		return demo_fail(demo, "the %s has ended, by signal %d (%s)", whose, status - 128,
				 strsignal(status - 128));
	return demo_fail(demo, "the %s has ended, with status %d", whose, status);
}

static int watch_children(struct demo *demo)
{
	int r = watch_child(demo, &demo->agent, "agent");

	if (r == 0)
		r = watch_child(demo, &demo->broker, "embedded broker");
	if (r == 0)
		r = watch_child(demo, &demo->sample_child, "sample application");
	return r;
}

/* What is looked at now and then only. */
static int tick(struct demo *demo)
{
	demo->next_tick = demo->now + TICK_US;
	demo_ask_sample(demo);
	for (size_t i = 0; i < demo->n_files; i++)
		tell_rest(demo, i);
	show_counters(demo);
	if (demo_signalled(demo))
		return DEMO_E_SIGNAL;
	if (fflush(demo->paper.to) || ferror(demo->paper.to))
		return DEMO_E_FAILED; /* as when `head` has read enough: no message */
	if (demo->now > demo->begun + ACTS_US)
		return demo_fail(demo, "not finished after %d s", (int)(ACTS_US / US_PER_S));
	return watch_children(demo);
}

int demo_run_until(struct demo *demo, const struct demo_wait *wait, uint64_t *ret_took)
{
	uint64_t begun = clock_mono_us(), took = CLOCK_NEVER;
	struct consumed record;
	int r = 0;

	demo->now = begun;
	demo->next_tick = begun;
	while (r == 0) {
		if (demo->now >= demo->next_tick)
			r = tick(demo);
		if (took == CLOCK_NEVER && wait->met(demo))
			took = demo->now - begun;
		if (r == 0 && took != CLOCK_NEVER && demo->now >= begun + wait->at_least_us)
			break;
		if (r == 0 && demo->now > begun + wait->at_most_us)
			r = demo_fail(demo, "%s within %d s", wait->failure,
				      (int)(wait->at_most_us / US_PER_S));
		if (r == 0 &&
		    consumer_read(demo->consumer, (int)(TICK_US / US_PER_MS) / 2, &record) == 0)
			demo_take(demo, &demo->tally, &record, true);
		demo->now = clock_mono_us();
	}
	if (r == 0)
		*ret_took = took;
	return r;
}
