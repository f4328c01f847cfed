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
		TAILQ_REMOVE(&files->held, file, queue_link);
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

void files_hold(struct files *files, struct file *file)
{
	if (file->queue == FILE_QUEUE_HELD)
		return;
	files_rest(files, file);
	TAILQ_INSERT_TAIL(&files->held, file, queue_link);
	file->queue = FILE_QUEUE_HELD;
}

void files_release_held(struct files *files, size_t max)
{
	struct file *file;

	while (max-- && (file = TAILQ_FIRST(&files->held)))
		files_ready(files, file);
}

void files_dirty(struct files *files, struct file *file)
{
	if (file->dirty)
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
	if (file->state == FILE_FINISHED) {
		file_set_state(file, FILE_READING);
		files_age(files, file);
	}
	if (file->state == FILE_READING && file->queue == FILE_QUEUE_NONE)
		files_ready(files, file);
}
