/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checkpoints: one after the other while the agent runs, and a last one without which a reload does
 * not take place and a stop says what it costs.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <syslog.h>

#include "agent_private.h"
#include "base/clock.h"
#include "ops/notify.h"

/* How long the end waits for the disk. */
#define LAST_CHECKPOINT_US (10 * US_PER_S)
/* Where new files are rotated all the time, their rows wait so long for each other. */
#define ROWS_US (US_PER_S / 10)
/* A checkpoint is a few fsyncs, at most a second of a busy disk; one of so long is told. */
#define SLOW_CHECKPOINT_US (5 * US_PER_S)

/* 0 or -ENOMEM. */
static int start(struct agent *agent, size_t max_rows)
{
	bool goes_on = agent->checkpoint.under_way;
	int r;

	agent_prepare_letters(agent);
	r = checkpoint_start(&agent->checkpoint, max_rows);
	if (!goes_on)
		agent->checkpoint_begun_us = clock_mono_us();
	return r;
}

void agent_start_checkpoint(struct agent *agent)
{
	int r = start(agent, CHECKPOINT_ROWS_MAX);

	if (r)
		agent->error = r;
	agent->checkpoint_wanted = false;
	agent->files.row_wanted = false;
	if (agent->checkpoint.under_way && !agent->unsaved_since_us)
		agent->unsaved_since_us = clock_mono_us();
}

void agent_start_wanted(struct agent *agent, uint64_t now_us)
{
	bool row = agent->files.row_wanted && now_us >= agent->rows_at_us;

	/* One that fails is tried again by the tick. */
	if (LIKELY(!agent->checkpoint_wanted && !row) || agent->checkpoint.under_way ||
	    agent->checkpoint_failing)
		return;
	if (row)
		agent->rows_at_us = now_us + ROWS_US;
	agent_start_checkpoint(agent);
}

void agent_tick_checkpoint(struct agent *agent, uint64_t now_us)
{
	/* Letters hold memory and files until they are stored; what failed is not put off. */
	if (now_us < agent->checkpoint_at_us && !agent->letters.n && !agent->checkpoint_failing)
		return;
	agent_start_checkpoint(agent);
	/* Where more files moved than a batch may have, the next tick takes the rest. */
	if (TAILQ_EMPTY(&agent->checkpoint.files->dirty))
		agent->checkpoint_at_us = now_us + agent->conf->checkpoint_interval_ms * US_PER_MS;
}

uint64_t agent_unsaved_us(const struct agent *agent, uint64_t now_us)
{
	/* It may have begun after now_us was taken. */
	return agent->unsaved_since_us && now_us > agent->unsaved_since_us ?
		       now_us - agent->unsaved_since_us :
		       0;
}

void agent_tell_slow_checkpoint(struct agent *agent, uint64_t now_us)
{
	if (agent->checkpoint_failing || agent_unsaved_us(agent, now_us) < SLOW_CHECKPOINT_US)
		return;
	agent->checkpoint_failing = true;
	log_limited(agent->log, LOG_WARNING, "checkpoint-slow",
		    "state_dir: the disk has not finished a checkpoint for %llu s: shipping goes "
		    "on; a crash now would repeat lines",
		    agent_unsaved_us(agent, now_us) / US_PER_S);
}

void agent_finish_checkpoint(struct agent *agent, int wait_ms)
{
	char message[256] = "";
	uint64_t now_us, unsaved_s;
	int r;

	if (!agent->checkpoint.under_way)
		return;
	r = checkpoint_finish(&agent->checkpoint, wait_ms, message, sizeof message);
	if (r == CHECKPOINT_E_PENDING)
		return;
	now_us = clock_mono_us();
	unsaved_s = agent_unsaved_us(agent, now_us) / US_PER_S;
	agent->counters.checkpoint_time_ms +=
		(now_us - agent->checkpoint_begun_us + US_PER_MS / 2) / US_PER_MS;
	if (r == CHECKPOINT_E_FAILED) {
		agent->checkpoint_failing = true;
		log_limited(agent->log, LOG_ERR, "checkpoint-failed",
			    "state_dir: the checkpoint could not be written for %" PRIu64
			    " s (%s): %s",
			    unsaved_s, message,
			    agent->state == AGENT_RUNNING ?
				    "make room, or mount it writable, or where it was removed put "
				    "it back or restart; shipping goes on, it is tried again; a "
				    "crash now would repeat lines" :
				    "it is tried once more");
		return;
	}
	agent->unsaved_since_us = 0;
	if (agent->checkpoint_failing)
		log_say(agent->log, LOG_NOTICE, "checkpoint-written",
			"state_dir: checkpoints are written again, after %" PRIu64 " s", unsaved_s);
	agent->checkpoint_failing = false;
}

bool agent_last_checkpoint(struct agent *agent)
{
	uint64_t now_us = clock_mono_us(), end_us = now_us + LAST_CHECKPOINT_US;
	int r = 0;

	/*
	 * Of the batch under way only what it says counts; what it fails to store goes once more.
	 */
	notify_watchdog(&agent->notify);
	for (int tries = 0; tries < 3 && !r && now_us < end_us; tries++) {
		if (!checkpoint_due(&agent->checkpoint))
			return true;
		r = start(agent, SIZE_MAX);
		agent_finish_checkpoint(agent, (int)((end_us - now_us) / US_PER_MS));
		now_us = clock_mono_us();
	}
	return !checkpoint_due(&agent->checkpoint);
}

void agent_tell_unsaved(struct agent *agent)
{
	const struct checkpoint *checkpoint = &agent->checkpoint;
	uint64_t done = checkpoint_settled(checkpoint->counters) - checkpoint->settled_stored;

	log_say(agent->log, LOG_ERR, "checkpoint-last-failed",
		"state_dir: the last checkpoint could not be written%s: up to %" PRIu64
		" lines that were settled since the one before are shipped once more by the next "
		"start",
		checkpoint->under_way ? " (the disk does not answer)" : "", done);
}

uint32_t *agent_kept_of(const struct agent *agent, const struct cluster *cluster)
{
	uint32_t *kept = calloc(cluster->n_topics + 1, sizeof *kept);

	for (size_t i = 0; kept && i < cluster->n_topics; i++)
		kept[i] = agent->checkpoint.topics.stored[cluster->numbers[i]];
	return kept;
}
