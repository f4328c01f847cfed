/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What reports and time do to files: committed positions move, files whose records came back are
 * rewound, and files that have left their path end when they are wholly settled and quiet.
 */
#include <sys/stat.h>
#include <syslog.h>

#include "agent_private.h"
#include "base/clock.h"
#include "files/doubt.h"
#include "files/writers.h"
#include "follow/claims.h"
#include "follow/copies.h"

/*
 * In one go they are looked at for so long. The kernel may take a millisecond for each, and of
 * those that were rotated one owner can make thousands a second.
 */
#define AGE_US 2000

/* The file is read from its start now, unless there are contents that came before that. */
static int start_over(struct agent *agent, struct file *file)
{
	log_source(agent->log, LOG_WARNING, file->source->name, "file-rewritten",
		   "%s: it shrank or was rewritten (copytruncate?): it is read from its start "
		   "again; what was not read before is lost",
		   file->path);
	return claims_unseen(&agent->files, agent->discover, file, clock_real_ms());
}

/* What was read of it is not to be read on, here or elsewhere. */
static bool has_other_content(struct agent *agent, struct file *file)
{
	int r;

	if (!file->rewritten || follow_is_spoilt(&agent->files, file))
		return false;
	r = claims_take_packed(&agent->files, agent->discover, file, clock_real_ms());
	if (r < 0)
		agent->error = r;
	return !r;
}

void agent_rewind_file(struct agent *agent, struct file *file, bool claimed, uint64_t now_us)
{
	bool at_once = file->rewritten || claimed || file->back_at_once;
	bool rewritten = has_other_content(agent, file);
	int r = 0;

	if (file->seeks && !file->rewritten) {
		pipeline_seek(agent->pipeline, file);
		at_once = true;
	} else {
		r = pipeline_rewind(agent->pipeline, file);
	}
	/* What comes back goes before the next generation, and is no growth. */
	file->hold = (struct file_hold){0};
	/* Of other content nobody has ordered anything. */
	file->seeks = false;
	if (!r && rewritten)
		r = start_over(agent, file);
	else if (!r && claimed)
		follow_cut(file, file->tail.fd);
	if (r < 0) {
		agent->error = r;
		return;
	}
	files_dirty(&agent->files, file);
	if (at_once) {
		file_set_state(file, FILE_READING);
		if (file->spoilt)
			follow_finish(&agent->files, file);
		else
			files_ready(&agent->files, file);
		return;
	}
	file->wake_us = now_us + file_next_backoff(file) * US_PER_MS;
	file_set_state(file, FILE_BACKOFF);
	files_age(&agent->files, file);
	log_source(agent->log, LOG_WARNING, file->source->name, "records-came-back",
		   "%s: records came back undelivered (%s): it goes on at position %llu in %u s",
		   file->path, pipeline_last_failure(agent->pipeline),
		   (unsigned long long)file->account.committed, file->backoff_ms / 1000);
}

void agent_drain_file(struct agent *agent, struct file *file, uint64_t now_us)
{
	files_rest(&agent->files, file);
	file_set_state(file, FILE_DRAINING);
	agent_settle_file(agent, file, now_us);
}

void agent_settle_file(struct agent *agent, struct file *file, uint64_t now_us)
{
	account_advance(&file->account);
	if (UNLIKELY(file->alone.n))
		ranges_drop_below(&file->alone, file->account.committed);
	if (UNLIKELY(file->state == FILE_WAITING))
		files_dirty_first(&agent->files, file);
	files_dirty(&agent->files, file);
	if (file->state == FILE_DRAINING) {
		files_rest(&agent->files, file);
		if (!file->account.in_flight && !claims_settled(&agent->files, file))
			agent_rewind_file(agent, file, false, now_us);
		return;
	}
	if (file->state != FILE_READING || file->account.in_flight)
		return;
	/* Wholly settled: memory is given up, and a generation behind it may begin. */
	if (file->queue != FILE_QUEUE_READY)
		files_give_back(&agent->files, file);
	if ((file->newer || file->vanished || doubt_due(file, now_us) ||
	     (file->left_path && claims_is_due(file))) &&
	    file->queue == FILE_QUEUE_NONE)
		files_ready(&agent->files, file);
}

void agent_take_reports(struct agent *agent, uint64_t now_us)
{
	struct file *file;
	int n;

	n = pipeline_reports(agent->pipeline, SIZE_MAX, now_us);
	if (n < 0) {
		agent->error = n;
		return;
	}
	while ((file = pipeline_take_touched(agent->pipeline)))
		agent_settle_file(agent, file, now_us);
	if (n)
		agent->progress_us = now_us;
}

/* One file, once a tick. It may be freed here. */
static void age_file(struct agent *agent, struct file *file, uint64_t now_us)
{
	bool quiet;

	if (file->state == FILE_BACKOFF && now_us >= file->wake_us) {
		file_set_state(file, FILE_READING);
		files_ready(&agent->files, file);
		return;
	}
	if (file->state != FILE_READING || file->queue != FILE_QUEUE_NONE)
		return;
	if (file->unreadable ? now_us >= file->retry_us : doubt_due(file, now_us)) {
		files_ready(&agent->files, file);
		return;
	}
	if (file->unreadable || file->proof)
		return;
	if (file->tail.open && file_is_flushed(file, now_us)) {
		files_ready(&agent->files, file);
		return;
	}
	if (!file_is_over(file))
		return;
	quiet = now_us - file->quiet_since_us >= file->source->rotate_wait_ms * US_PER_MS;
	if (!quiet && !(file_is_settled(file) && file->eof_seen && files_is_abandoned(file)))
		return;
	/* A hint may have been lost, so the file itself is asked before it is closed for good. */
	if (claims_is_due(file)) {
		files_ready(&agent->files, file);
	} else if (file_is_settled(file) && file->eof_seen && !tail_has_more(&file->tail)) {
		if (!files_must_hold(&agent->files, file, now_us) &&
		    !copies_await(&agent->files, file))
			follow_finish(&agent->files, file);
	} else if (!file->account.in_flight) {
		files_ready(&agent->files, file);
	}
}

void agent_age_files(struct agent *agent, uint64_t now_us)
{
	struct files *files = &agent->files;

	copies_look(files);
	if (!files->to_age) {
		files->to_age = files->n_aging;
		files->held_deleted_bytes = 0;
	}
	agent_age_some(agent, now_us);
}

void agent_age_some(struct agent *agent, uint64_t now_us)
{
	struct files *files = &agent->files;
	uint64_t end_us = now_us + AGE_US;
	struct file *file;

	while (files->to_age && now_us < end_us && (file = TAILQ_FIRST(&files->aging))) {
		files->to_age--;
		TAILQ_REMOVE(&files->aging, file, aging_link);
		TAILQ_INSERT_TAIL(&files->aging, file, aging_link);
		if (file->state == FILE_FINISHED ||
		    (file->state != FILE_BACKOFF && !file_is_over(file) && !file->unreadable &&
		     !file->doubtful && !file->tail.open))
			files_unage(files, file);
		else
			age_file(agent, file, now_us);
		now_us = clock_mono_us();
	}
	if (TAILQ_EMPTY(&files->aging))
		files->to_age = 0;
	if (!files->to_age)
		agent->counters.held_deleted_bytes = files->held_deleted_bytes;
}

/* Whether the file, or one that has to be shipped before it, cannot be read. */
static bool is_stuck(const struct file *file)
{
	if (file->state != FILE_READING && file->state != FILE_WAITING)
		return false;
	while (file && !file->unreadable)
		file = file->older;
	return file && !file->account.in_flight;
}

bool agent_all_shipped(const struct agent *agent, size_t *ret_stuck)
{
	void *cursor = NULL;
	struct file *file;
	size_t stuck = 0;

	if (!TAILQ_EMPTY(&agent->files.ready) || agent->files.n_paced ||
	    files_any_held(&agent->files) || !TAILQ_EMPTY(&agent->files.to_check) ||
	    agent->files.n_copies)
		return false;
	while ((file = map_next(agent->files.by_inode, &cursor))) {
		if (file->state == FILE_FINISHED)
			continue;
		if (file->proof)
			return false;
		if (is_stuck(file))
			stuck++;
		else if (file->state != FILE_READING || !file->eof_seen || !file_is_settled(file))
			return false;
	}
	*ret_stuck = stuck;
	return true;
}
