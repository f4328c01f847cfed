/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hints, and looks at everything that patterns lead to. Neither may hold up the loop: a writer that
 * goes from file to file can make hints faster than they are taken, and a look at 20,000 paths
 * lasts longer than the kernel's queue of hints holds out. So both go in pieces, between which
 * files get their turn; a queue that overflowed is answered by one more look, but not before the
 * loop had most of the time since the last one to itself. Meanwhile files that have something to
 * read go on reading, those that are open are asked themselves whether they grew, and what nobody
 * told of waits for that look.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <syslog.h>

#include "agent_private.h"
#include "base/clock.h"
#include "files/doze.h"
#include "files/kept.h"
#include "files/poll.h"
#include "hints/hints.h"

/* Without watches a look is the only way to see anything. */
#define LOOK_POLLED_US US_PER_S
/* Where writes are not told, names and renames are not, either. */
#define LOOK_UNSEEN_US (5 * US_PER_S)
/* Descriptors become free when reports come in. */
#define LOOK_CROWDED_US (2 * US_PER_S)
/* After lost hints, or where something waits for room, a look has a fifth of the time at most. */
#define LOOK_LOST_US US_PER_S
#define LOOK_SHARE 5
/* All other looks: where one takes long they are rare, so that a quiet agent is quiet. */
#define LOOK_QUIET_SHARE 20
/* Something waits for room, and there is some. */
#define LOOK_ROOM_US (2 * US_PER_S)
/* Hints are behind so long before files are asked themselves, and so often, so many of a source. */
#define BEHIND_US (25 * US_PER_MS)
#define BEHIND_FILES 64
/* So long, and a look finds new files of others sooner than hints that lie behind. */
#define BEHIND_LOOK_US US_PER_S
/*
 * What is taken of hints in one go: the kernel may take milliseconds for each, in a directory whose
 * owner renames and makes things there all the time.
 */
#define HINTS_US (5 * US_PER_MS)
/* What the tick takes of hints and looks that nobody else takes. */
#define TICK_HINTS_US (50 * US_PER_MS)

static void end_look(struct agent *agent, uint64_t began_us)
{
	uint64_t now_us, rest_us;

	if (files_forget_gone(&agent->files))
		agent->error = -ENOMEM;
	follow_check_paths(&agent->files);
	doze_end_look(&agent->files);
	quota_end_look(&agent->files.quota);
	quota_end_look(&agent->files.awake);
	agent->looking = false;
	now_us = clock_mono_us();
	agent->look_took_us += clock_cpu_us() - began_us;
	agent->room_at_us = now_us + agent->look_took_us * (LOOK_SHARE - 1);
	agent->rest_to_us = now_us + agent->look_took_us * (LOOK_QUIET_SHARE - 1);
	if (agent->look_at_us < agent->rest_to_us)
		agent->look_at_us = agent->rest_to_us;
	rest_us = (now_us - agent->looked_us) * (LOOK_SHARE - 1);
	agent->relook_at_us = now_us + (rest_us > LOOK_LOST_US ? rest_us : LOOK_LOST_US);
}

static void begin_look(struct agent *agent, uint64_t now_us)
{
	int r;

	doze_begin_look(&agent->files);
	follow_begin_look(&agent->files);
	r = discover_scan(agent->discover);
	if (r)
		agent->error = r;
	agent->looking = true;
	agent->looked_us = now_us;
	agent->look_took_us = 0;
}

/* Those of the source that are open, so many at a time: whether they grew. */
static void ask_files(struct files *files, struct files_share *share)
{
	struct file *file;

	for (size_t i = 0; i < BEHIND_FILES && i < share->n_open; i++) {
		file = TAILQ_FIRST(&share->open);
		TAILQ_REMOVE(&share->open, file, open_link);
		TAILQ_INSERT_TAIL(&share->open, file, open_link);
		if (file->state == FILE_READING && file->queue == FILE_QUEUE_NONE &&
		    tail_has_more(&file->tail))
			files_wake(files, file);
	}
}

/*
 * One source's writers can make hints faster than they are taken: those of another one are far
 * behind them in the queue, or lost, and a look at all paths takes its time.
 */
static void ask_while_behind(struct agent *agent, bool more)
{
	uint64_t now_us = clock_mono_us();

	more |= agent->looking || discover_lost_hints(agent->discover);
	if (!more || !agent->ask_at_us) {
		agent->behind_us = more ? now_us : 0;
		agent->ask_at_us = more ? now_us + BEHIND_US : 0;
		return;
	}
	if (now_us < agent->ask_at_us || agent->files.n_sources < 2)
		return;
	for (size_t i = 0; i <= agent->files.n_sources; i++)
		ask_files(&agent->files, &agent->files.shares[i]);
	agent->ask_at_us = now_us + BEHIND_US;
}

bool agent_take_hints(struct agent *agent)
{
	int64_t now_ms = clock_real_ms();
	uint64_t began_us = clock_cpu_us(), end_us = clock_mono_us() + HINTS_US;
	struct hint hint;
	int r = 0;

	for (int i = 0; i < AGENT_HINTS_AT_ONCE && !r && clock_mono_us() < end_us; i++) {
		r = discover_next(agent->discover, &hint);
		if (!r)
			r = hints_follow(&agent->files, agent->discover, &hint, now_ms);
		/* A scan that finds nothing takes as long as hints do. */
		if (!r && hint.kind == HINT_NONE)
			break;
	}
	if (r == DISCOVER_E_NONE && hints_caught_up(&agent->files, agent->discover, now_ms))
		r = -ENOMEM;
	if (r < 0)
		agent->error = r;
	if (agent->looking && !discover_is_scanning(agent->discover))
		end_look(agent, began_us);
	else if (agent->looking)
		agent->look_took_us += clock_cpu_us() - began_us;
	ask_while_behind(agent, !r);
	return !r;
}

/* What one owner does makes hints faster than they can be followed; those of others lie behind. */
static bool is_behind(const struct agent *agent, uint64_t now_us)
{
	return agent->behind_us && now_us - agent->behind_us > BEHIND_LOOK_US &&
	       now_us >= agent->relook_at_us && agent->files.n_sources > 1;
}

void agent_look(struct agent *agent, uint64_t now_us)
{
	bool lost = discover_lost_hints(agent->discover);

	if (agent->looking || agent->error)
		return;
	if (lost && now_us >= agent->relook_at_us)
		log_limited(agent->log, LOG_NOTICE, "changes-lost",
			    "inotify: more was written than its queue holds: all paths are looked "
			    "at instead; a larger fs.inotify.max_queued_events makes that rare");
	else if (now_us < agent->look_at_us && !is_behind(agent, now_us))
		return;
	agent->look_at_us = now_us + AGENT_LOOK_US;
	begin_look(agent, now_us);
}

/* So long after the last one began, but not before the loop had its rest. */
static void look_within(struct agent *agent, uint64_t us, uint64_t rest_to_us)
{
	uint64_t at_us = agent->looked_us + us;

	if (at_us < rest_to_us)
		at_us = rest_to_us;
	if (at_us < agent->look_at_us)
		agent->look_at_us = at_us;
}

static void tell_trouble(struct agent *agent, const struct discover_trouble *trouble)
{
	if (trouble->watch_errno)
		log_limited(agent->log, LOG_WARNING, "watches-exhausted",
			    "inotify: %s: raise %s; until then %" PRIu64
			    " directories are polled every second, or as often as a twentieth "
			    "of the time allows",
			    strerror(trouble->watch_errno),
			    trouble->watch_errno == ENOSPC ? "fs.inotify.max_user_watches" :
							     "fs.inotify.max_user_instances",
			    trouble->unwatched);
	agent_tell_refused(agent);
	agent_tell_denied(agent);
}

void agent_tick_looks(struct agent *agent, uint64_t now_us)
{
	struct discover_trouble trouble;
	uint64_t end_us = now_us + TICK_HINTS_US;

	discover_trouble(agent->discover, &trouble);
	tell_trouble(agent, &trouble);
	agent->counters.directories_denied = trouble.denied;
	agent->counters.directories_watched = trouble.directories;
	agent->counters.inotify_overflows = trouble.overflows;
	if (trouble.unwatched)
		look_within(agent, LOOK_POLLED_US, agent->rest_to_us);
	poll_files(&agent->files, now_us);
	if (!TAILQ_EMPTY(&agent->files.polled))
		look_within(agent, LOOK_UNSEEN_US, agent->rest_to_us);
	/* A path that could not even be looked at is in no queue: only another look finds it. */
	if (agent->files.crowded)
		look_within(agent, LOOK_CROWDED_US, agent->rest_to_us);
	if (agent_tick_limits(agent))
		look_within(agent, LOOK_ROOM_US, agent->room_at_us);
	agent->files.crowded = false;
	/* Of a directory with a million names it is large. */
	if (files_seek_us(&agent->files) == CLOCK_NEVER)
		files_unlook(&agent->files.sought);
	agent_look(agent, now_us);
	if (agent->hints && agent_has_room(agent, now_us))
		return;
	while (agent_take_hints(agent) && !agent->error && clock_mono_us() < end_us)
		;
	if (follow_check_some(&agent->files, agent->discover, end_us))
		agent->error = -ENOMEM;
}
