/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What files wait for: their turn, room, the next checkpoint, or time. A file is in one of the
 * first two at most; the others are apart from that.
 */
#include "files/files.h"

void files_rest(struct files *files, struct file *file)
{
	if (file->queue == FILE_QUEUE_READY)
		TAILQ_REMOVE(&files->ready, file, queue_link);
	else if (file->queue == FILE_QUEUE_HELD)
		TAILQ_REMOVE(&files->held[file->waits_for], file, queue_link);
	file->queue = FILE_QUEUE_NONE;
}

void files_ready(struct files *files, struct file *file)
{
	if (file->queue == FILE_QUEUE_READY)
		return;
	files_rest(files, file);
	TAILQ_INSERT_TAIL(&files->ready, file, queue_link);
	file->queue = FILE_QUEUE_READY;
}

void files_hold(struct files *files, struct file *file, enum file_wait wait)
{
	files_rest(files, file);
	TAILQ_INSERT_TAIL(&files->held[wait], file, queue_link);
	file->queue = FILE_QUEUE_HELD;
	file->waits_for = wait;
}

void files_release(struct files *files, enum file_wait wait, size_t max)
{
	struct file *file;

	while (max-- && (file = TAILQ_FIRST(&files->held[wait])))
		files_ready(files, file);
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

void files_release_all(struct files *files)
{
	for (int wait = 0; wait < FILE_WAITS; wait++)
		files_release(files, wait, SIZE_MAX);
}

bool files_any_held(const struct files *files)
{
	for (int wait = 0; wait < FILE_WAITS; wait++) {
		if (!TAILQ_EMPTY(&files->held[wait]))
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

void files_age(struct files *files, struct file *file)
{
	if (file->aging)
		return;
	file->aging = true;
	TAILQ_INSERT_TAIL(&files->aging, file, aging_link);
}

void files_unage(struct files *files, struct file *file)
{
	if (!file->aging)
		return;
	file->aging = false;
	TAILQ_REMOVE(&files->aging, file, aging_link);
}

void files_left_path(struct files *files, struct file *file)
{
	file->left_path = true;
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
