/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rate is kept where bytes are taken from files, not where records are sent: what is not read
 * stays in its file, and so nothing is dropped and no memory held for it. What counts are lines, or
 * their bytes, read again ones too; what is only passed over costs nobody anything.
 *
 *   max_rate         a source whose bucket, or that of all, is empty has no turns until there is a
 *                    twentieth of a second's worth in it again
 *   catch_up_rate    a file that is far behind is held, its source goes on with the others
 *
 * Of the bucket of all the first one to come may take the most: so the sources get their turns back
 * in a circle that begins behind the one that took last.
 */
#include "files/pace.h"

#include "base/clock.h"

/* Files that catch up and are tried at a time: each of them takes what there is for a turn. */
#define TRIES_MAX 16

void pace_init(struct files *files, uint64_t all, uint64_t catch_up)
{
	rate_set(&files->rate, all);
	rate_set(&files->catch_up, catch_up);
	for (size_t i = 0; i < files->n_sources; i++)
		rate_set(&files->shares[i].rate, files->sources[i].max_rate);
}

static bool is_behind(const struct file *file)
{
	return file->tail.packing ||
	       file_reach(file) > account_read_position(&file->account) + PACE_BEHIND;
}

static void pause_source(struct files *files, struct files_share *share, enum files_pace pace,
			 uint64_t now_us)
{
	files->n_paced += share->paced == FILES_PACE_NONE;
	share->paced = pace;
	share->paced_us = now_us;
	files_turn(files, share);
}

struct rate_budget pace_budget(struct files *files, struct file *file, size_t most, uint64_t now_us)
{
	struct files_share *share = files_share_of(files, file->source);
	struct rate_budget budget = {most, UINT64_MAX};
	uint64_t of_source = rate_left(&share->rate, now_us), of_late;
	uint64_t of_all = rate_left(&files->rate, now_us);

	if (!of_source || !of_all) {
		pause_source(files, share, of_source ? FILES_PACE_OF_ALL : FILES_PACE_OF_SOURCE,
			     now_us);
		return (struct rate_budget){0};
	}
	if (files->catch_up.per_second && is_behind(file)) {
		of_late = rate_left(&files->catch_up, now_us);
		rate_bound(&budget, &files->catch_up, of_late);
		if (!of_late) {
			files_give_back(files, file);
			files_hold(files, file, FILE_WAITS_CATCH_UP);
			return (struct rate_budget){0};
		}
	}
	rate_bound(&budget, &share->rate, of_source);
	rate_bound(&budget, &files->rate, of_all);
	return budget;
}

static void take(struct rate *rate, struct rate_budget taken, uint64_t now_us)
{
	rate_take(rate, rate->of_lines ? taken.lines : taken.bytes, now_us);
}

void pace_take(struct files *files, struct file *file, struct rate_budget taken, uint64_t now_us)
{
	struct files_share *share = files_share_of(files, file->source);

	take(&share->rate, taken, now_us);
	take(&files->rate, taken, now_us);
	if (files->catch_up.per_second && is_behind(file))
		take(&files->catch_up, taken, now_us);
	if (files->rate.per_second && taken.bytes)
		files->pace_from = (size_t)(share - files->shares) + 1;
}

/* Returns in how many us it may have turns again; 0: it has. */
static uint64_t release_source(struct files *files, struct files_share *share, uint64_t now_us)
{
	uint64_t source_us = rate_wait_us(&share->rate, now_us);
	uint64_t all_us = rate_wait_us(&files->rate, now_us);

	if (source_us || all_us)
		return source_us > all_us ? source_us : all_us;
	files->n_paced--;
	share->waited_us += now_us - share->paced_us;
	share->paced = FILES_PACE_NONE;
	files_turn(files, share);
	return 0;
}

static uint64_t sooner(uint64_t next_us, uint64_t now_us, uint64_t wait_us)
{
	return wait_us && now_us + wait_us < next_us ? now_us + wait_us : next_us;
}

uint64_t pace_release(struct files *files, uint64_t now_us)
{
	uint64_t next_us = CLOCK_NEVER, wait_us;

	for (size_t i = 0; files->n_paced && i <= files->n_sources; i++) {
		struct files_share *share =
			&files->shares[(files->pace_from + i) % (files->n_sources + 1)];

		if (share->paced != FILES_PACE_NONE)
			next_us = sooner(next_us, now_us, release_source(files, share, now_us));
	}
	if (TAILQ_EMPTY(&files->held[FILE_WAITS_CATCH_UP]))
		return next_us;
	wait_us = rate_wait_us(&files->catch_up, now_us);
	if (!wait_us)
		files_release(files, FILE_WAITS_CATCH_UP, TRIES_MAX);
	/* Those that were not tried yet come when these have had their turns. */
	return sooner(next_us, now_us, wait_us ? wait_us : US_PER_MS);
}

bool pace_waits(const struct files *files)
{
	return files->n_paced || !TAILQ_EMPTY(&files->held[FILE_WAITS_CATCH_UP]);
}

uint64_t pace_waited_us(const struct files *files, size_t source, uint64_t now_us)
{
	const struct files_share *share = &files->shares[source];

	return share->waited_us + (share->paced != FILES_PACE_NONE ? now_us - share->paced_us : 0);
}
