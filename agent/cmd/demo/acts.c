/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens in the demo, one function an act: what is announced, what is done, what is waited
 * for, and what is said of it. Each waits for what it shows (a rotation without an agent, the last
 * line that was written before) and not for a time alone, so a slow machine sees the same.
 *
 * Freezing is SIGSTOP: connections stay and nothing answers, which is what a broker in a long pause
 * or behind a dead switch looks like. That cannot be done to a broker of somebody else's.
 *
 * The times are for the reader: each act stays for long enough to be read.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "cmd/demo/demo.h"

#define WRITE_US (7 * US_PER_S)
#define QUICK_US (3 * US_PER_S)
#define DEAD_US (4 * US_PER_S)
#define AGAIN_US (4 * US_PER_S)
#define FREEZE_S 5
#define THAWED_US (3 * US_PER_S)
#define CATCH_UP_US (15 * US_PER_S)
#define AGENT_STOP_MS 5000

static void announce(struct demo *demo, const char *format, ...) PRINTF_LIKE(2, 3);
static void tell(struct demo *demo, const char *format, ...) PRINTF_LIKE(2, 3);

/* The line that begins an act. */
static void announce(struct demo *demo, const char *format, ...)
{
	va_list args;

	paper_clear(&demo->paper);
	fprintf(demo->paper.to, "%s%u ", demo->paper.bold, ++demo->act);
	va_start(args, format);
	vfprintf(demo->paper.to, format, args);
	va_end(args);
	fprintf(demo->paper.to, "%s\n", demo->paper.plain);
	fflush(demo->paper.to);
}

/* A line of what came of it. */
static void tell(struct demo *demo, const char *format, ...)
{
	va_list args;

	paper_clear(&demo->paper);
	fputs("  ", demo->paper.to);
	va_start(args, format);
	vfprintf(demo->paper.to, format, args);
	va_end(args);
	fputc('\n', demo->paper.to);
}

static const char *plural(unsigned n)
{
	return n == 1 ? "" : "s";
}

static bool at_once(const struct demo *demo)
{
	(void)demo;
	return true;
}

/* The files are through, and the sample has begun to come. */
static bool is_under_way(const struct demo *demo)
{
	for (size_t i = 0; i < demo->n_files; i++) {
		if (!demo_file_complete(&demo->files[i]))
			return false;
	}
	return demo->tally.seen > 0 && demo->app.rotations > 0;
}

static bool rotated_without_agent(const struct demo *demo)
{
	return demo->app.rotations > demo->faults.rotations_dead;
}

static bool has_caught_up(const struct demo *demo)
{
	return demo->tally.whole >= demo->goal;
}

static bool sample_has_ended(const struct demo *demo)
{
	return demo->sample_child.pid == 0;
}

/* Waits until what was written by now is delivered. */
static int catch_up(struct demo *demo, uint64_t at_least_us, uint64_t *ret_took)
{
	const struct demo_wait wait = {has_caught_up, at_least_us, CATCH_UP_US,
				       "not all lines have arrived"};

	demo_ask_sample(demo);
	demo->goal = demo->app.written;
	return demo_run_until(demo, &wait, ret_took);
}

static int start_sample(struct demo *demo)
{
	char *argv[] = {"waybill", "sample", demo->sample, NULL};
	int r = demo_child_start(&demo->sample_child, argv, demo->sample_log, true);

	if (r == 0 && fcntl(demo->sample_child.out, F_SETFL, O_NONBLOCK))
		r = -errno;
	return r;
}

static int write_and_ship(struct demo *demo)
{
	const struct demo_wait wait = {is_under_way, demo->quick ? QUICK_US : WRITE_US, CATCH_UP_US,
				       "not all lines have arrived"};
	uint64_t took;
	int r;

	announce(demo, "the application writes %d lines/s and rotates; the agent ships its log",
		 SAMPLE_RATE);
	r = start_sample(demo);
	if (r == 0)
		r = demo_start_agent(demo);
	if (r == 0)
		r = demo_run_until(demo, &wait, &took);
	if (r == 0)
		tell(demo, "%u lines written, %u rotation%s", demo->app.written,
		     demo->app.rotations, plural(demo->app.rotations));
	return r;
}

static int kill_agent(struct demo *demo)
{
	const struct demo_wait wait = {rotated_without_agent, DEAD_US, CATCH_UP_US,
				       "the application has not rotated"};
	struct demo_faults *faults = &demo->faults;
	unsigned rotations = demo->app.rotations;
	uint64_t took;
	int r;

	announce(demo, "the agent is killed (SIGKILL); the application writes and rotates on");
	demo_child_stop(&demo->agent, SIGKILL, AGENT_STOP_MS);
	demo_ask_sample(demo);
	faults->killed = true;
	faults->killed_at = demo->app.written;
	faults->rotations_dead = rotations;
	r = demo_run_until(demo, &wait, &took);
	if (r)
		return r;
	faults->rotations_dead = demo->app.rotations - rotations;
	tell(demo, "killed at line %u; %u more lines and %u rotation%s without an agent",
	     faults->killed_at, demo->app.written - faults->killed_at, faults->rotations_dead,
	     plural(faults->rotations_dead));
	return 0;
}

static int start_again(struct demo *demo)
{
	uint64_t took;
	int r;

	announce(demo, "the agent is started again: it goes on from its last checkpoint");
	r = demo_start_agent(demo);
	if (r == 0)
		r = catch_up(demo, AGAIN_US, &took);
	if (r == 0)
		tell(demo, "all that was written meanwhile had arrived %.1f s after the start",
		     (double)took / (double)US_PER_S);
	return r;
}

static int freeze_broker(struct demo *demo)
{
	const struct demo_wait wait = {at_once, FREEZE_S * US_PER_S, CATCH_UP_US, ""};
	unsigned written = demo->app.written;
	uint64_t seen = demo->tally.seen, took;
	int r;

	announce(demo, "the broker is frozen (SIGSTOP) for %d s; the application writes on",
		 FREEZE_S);
	if (kill(demo->broker.pid, SIGSTOP))
		return -errno;
	demo->faults.frozen = true;
	r = demo_run_until(demo, &wait, &took);
	if (r == 0)
		tell(demo, "%u lines written, %" PRIu64 " delivered: the rest waits in the log",
		     demo->app.written - written, demo->tally.seen - seen);
	return r;
}

static int thaw_broker(struct demo *demo)
{
	uint64_t took;
	int r;

	announce(demo, "the broker is thawed (SIGCONT)");
	if (kill(demo->broker.pid, SIGCONT))
		return -errno;
	r = catch_up(demo, THAWED_US, &took);
	if (r == 0)
		tell(demo, "all that was written meanwhile had arrived %.1f s later",
		     (double)took / (double)US_PER_S);
	return r;
}

static int end(struct demo *demo)
{
	const struct demo_wait wait = {sample_has_ended, 0, CATCH_UP_US,
				       "the sample application has not ended"};
	uint64_t took;
	int status, r;

	announce(demo, "the application ends; the agent ships the rest and is stopped (SIGTERM)");
	demo->sample_ends = true;
	demo_child_close_input(&demo->sample_child);
	r = demo_run_until(demo, &wait, &took);
	if (r == 0)
		r = catch_up(demo, 0, &took);
	if (r)
		return r;
	status = demo_child_stop(&demo->agent, SIGTERM, AGENT_STOP_MS);
	paper_clear(&demo->paper);
	if (status != EX_OK)
		return demo_fail(demo, "the agent ended with status %d", status);
	tell(demo, "%u lines written, %u rotation%s; the agent has ended", demo->app.written,
	     demo->app.rotations, plural(demo->app.rotations));
	return 0;
}

int demo_acts(struct demo *demo)
{
	int r = write_and_ship(demo);

	if (r == 0 && !demo->quick)
		r = kill_agent(demo);
	if (r == 0 && !demo->quick)
		r = start_again(demo);
	if (r == 0 && !demo->quick && !demo->brokers)
		r = freeze_broker(demo);
	if (r == 0 && !demo->quick && !demo->brokers)
		r = thaw_broker(demo);
	if (r == 0 && !demo->quick && demo->brokers)
		tell(demo, "(no broker is frozen here: they are yours)");
	return r ? r : end(demo);
}
