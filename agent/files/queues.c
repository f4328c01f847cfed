/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What files wait for: their turn, room, the next checkpoint, or time. A file is in one of the
 * first two at most; the others are apart from that.
 */
#include "files/files.h"

/* Those that wait for room are tried in portions: it may do for the first of them only. */
#define TRIES_MAX 256
/* Thousands of files may wait for letters to be dropped, for days. */
#define LETTER_TRIES 16
/* At a tick, of each kind: some 15 ms. Without a broker 100,000 files may wait. */
#define TICK_TRIES 1024

/* Where a file is held that waits for that. */
static struct file_list *held_list(struct files *files, const struct file *file,
				   enum file_wait wait)
{
	struct files_share *share = files_share_of(files, file->source);

	return wait == FILE_WAITS_ROOM     ? &share->room :
	       wait == FILE_WAITS_UNPACKER ? &share->packed :
	       wait == FILE_WAITS_LETTERS  ? &share->letters :
					     &files->held[wait];
}

/* A source without a file that is ready has no turn. */
static void leave_ready(struct files *files, struct file *file)
{
	struct files_share *share = files_share_of(files, file->source);

	TAILQ_REMOVE(&share->ready, file, queue_link);
	files_turn(files, share);
}

void files_rest(struct files *files, struct file *file)
{
	if (file->queue == FILE_QUEUE_READY)
		leave_ready(files, file);
	else if (file->queue == FILE_QUEUE_HELD)
		TAILQ_REMOVE(held_list(files, file, file->waits_for), file, queue_link);
	file->queue = FILE_QUEUE_NONE;
}

void files_ready(struct files *files, struct file *file)
{
	struct files_share *share = files_share_of(files, file->source);

	if (file->queue == FILE_QUEUE_READY)
		return;
	files_rest(files, file);
	TAILQ_INSERT_TAIL(&share->ready, file, queue_link);
	file->queue = FILE_QUEUE_READY;
	files_turn(files, share);
}

void files_hold(struct files *files, struct file *file, enum file_wait wait)
{
	files_rest(files, file);
	TAILQ_INSERT_TAIL(held_list(files, file, wait), file, queue_link);
	file->queue = FILE_QUEUE_HELD;
	file->waits_for = wait;
}

static void release(struct files *files, struct file_list *held, size_t max)
{
	while (max-- && !TAILQ_EMPTY(held))
		files_ready(files, TAILQ_FIRST(held));
}

void files_release(struct files *files, enum file_wait wait, size_t max)
{
	release(files, &files->held[wait], max);
}

/* One is tried whatever the numbers say: slabs may be free that are not given back yet. */
static size_t tries(const struct files *files, const struct files_share *share)
{
	size_t room = chunk_pools_room(files->pools, files->n_sources > 1 ? &share->memory : NULL);

	return room < 1 ? 1 : room < TRIES_MAX ? room : TRIES_MAX;
}

void files_release_room(struct files *files)
{
	for (size_t i = 0; i <= files->n_sources; i++) {
		struct files_share *share = &files->shares[i];
		struct file *file = TAILQ_FIRST(&share->room);

		for (size_t left = file ? tries(files, share) : 0; file && left; left--) {
			files_ready(files, file);
			file = TAILQ_FIRST(&share->room);
		}
	}
}

void files_release_letters(struct files *files, const struct letters *letters)
{
	for (size_t i = 0; i < files->n_sources; i++) {
		struct file_list *list = &files->shares[i].letters;
		size_t left = TAILQ_EMPTY(list)                                   ? 0 :
			      letters_has_wanted(letters, files->sources[i].name) ? SIZE_MAX :
										    LETTER_TRIES;

		release(files, list, left);
	}
}

void files_release_topic(struct files *files, uint32_t topic)
{
	struct file *file = TAILQ_FIRST(&files->held[FILE_WAITS_TOPIC]), *next;

	for (; file; file = next) {
		next = TAILQ_NEXT(file, queue_link);
		if (file->waits_topic == topic)
			files_ready(files, file);
	}
}

void files_release_some(struct files *files)
{
	/* Only the tick tells that a rule lets more lines pass. */
	for (int wait = 0; wait < FILE_WAITS; wait++)
		release(files, &files->held[wait], wait == FILE_WAITS_RATE ? SIZE_MAX : TICK_TRIES);
	for (size_t i = 0; i <= files->n_sources; i++) {
		struct files_share *share = &files->shares[i];

		release(files, &share->room, TICK_TRIES);
		release(files, &share->packed, TICK_TRIES);
		files_resume(files, share);
	}
}

void files_count_lost(struct files *files, const struct source *source, const char *path,
		      const char *lineage, enum counters_lost why, uint64_t bytes)
{
	struct counters *of_source;

	losses_add(&files->losses, path, lineage, why, bytes);
	files->counters->files_lost++;
	files->counters->bytes_lost += bytes;
	if (!source)
		return;
	of_source = &files->source_counters[source - files->sources];
	of_source->files_lost++;
	of_source->bytes_lost += bytes;
	of_source->lost[why] += bytes;
}

bool files_any_held(const struct files *files)
{
	for (int wait = 0; wait < FILE_WAITS; wait++) {
		if (!TAILQ_EMPTY(&files->held[wait]))
			return true;
	}
	for (size_t i = 0; i <= files->n_sources; i++) {
		if (!TAILQ_EMPTY(&files->shares[i].room) ||
		    !TAILQ_EMPTY(&files->shares[i].packed) ||
		    !TAILQ_EMPTY(&files->shares[i].letters))
			return true;
	}
	return false;
}

void files_dirty(struct files *files, struct file *file)
{
	if (file->dirty || file->unjudged)
		return;
	file->dirty = true;
	TAILQ_INSERT_TAIL(&files->dirty, file, dirty_link);
}

void files_dirty_first(struct files *files, struct file *file)
{
	files_dirty(files, file);
	if (!file->dirty)
		return;
	TAILQ_REMOVE(&files->dirty, file, dirty_link);
	TAILQ_INSERT_HEAD(&files->dirty, file, dirty_link);
}

void files_age(struct files *files, struct file *file)
{
	if (file->aging)
		return;
	file->aging = true;
	files->n_aging++;
	TAILQ_INSERT_TAIL(&files->aging, file, aging_link);
}

void files_unage(struct files *files, struct file *file)
{
	if (!file->aging)
		return;
	file->aging = false;
	files->n_aging--;
	TAILQ_REMOVE(&files->aging, file, aging_link);
}

void files_uncheck(struct files *files, struct file *file)
{
	if (file->to_check)
		TAILQ_REMOVE(&files->to_check, file, check_link);
	file->to_check = file->check_behind = false;
}

void files_left_path(struct files *files, struct file *file)
{
	file->left_path = true;
	files->row_wanted |= file->dirty && !file->row_seal && !files->first_scan;
	files_age(files, file);
}

void files_give_back(struct files *files, struct file *file)
{
	tail_give_back(&file->tail);
	if (UNLIKELY(file->tail.rewritten))
		files_wake(files, file);
}

void files_wake(struct files *files, struct file *file)
{
	while (file->older)
		file = file->older;
	if (file->spoilt)
		return;
	if (file->state == FILE_FINISHED) {
		file_set_state(file, FILE_READING);
		files_age(files, file);
	}
	if (file->state == FILE_READING && file->queue == FILE_QUEUE_NONE)
		files_ready(files, file);
}
