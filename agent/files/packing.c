/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An unpacker takes from 0.2 MiB (gzip) to 128 MiB, and thousands of compressed files may be found
 * at once. So few have one at a time. Whoever cannot read on, however long that lasts, loses his to
 * one who can: what he has to unpack again is time, and the others' waiting would be, too.
 */
#include <stdlib.h>

#include "files/files.h"

static bool is_idle(const struct file *file)
{
	return file->state != FILE_READING || file->queue == FILE_QUEUE_NONE ||
	       (file->queue == FILE_QUEUE_HELD && file->waits_for != FILE_WAITS_ROOM);
}

bool files_may_unpack(struct files *files, struct file *file)
{
	struct file **place = NULL;

	for (size_t i = 0; i < FILES_UNPACKING; i++) {
		struct file **other = &files->unpacking[i];

		if (*other == file)
			return true;
		if (!*other || (is_idle(*other) && (!place || *place)))
			place = other;
	}
	if (!place) {
		files_hold(files, file, FILE_WAITS_UNPACKER);
		return false;
	}
	if (*place)
		(*place)->tail.packed = packed_free((*place)->tail.packed);
	*place = file;
	return true;
}

void files_unpacked(struct files *files, struct file *file)
{
	for (size_t i = 0; i < FILES_UNPACKING; i++) {
		if (files->unpacking[i] != file)
			continue;
		if (!file->tail.packed)
			files->unpacking[i] = NULL;
		files_release(files, FILE_WAITS_UNPACKER, 1);
	}
}

struct file *files_judged_by(const struct files *files, const struct pack_judge *judge)
{
	void *cursor = NULL;
	struct file *file;

	while (judge->id && (file = map_next(files->by_inode, &cursor)))
		if (file->id == judge->id)
			return file;
	return NULL;
}

void files_hold_against(struct files *files, struct pack_judge *judge, struct file *known)
{
	struct file *before = files_judged_by(files, judge);

	if (before && before->compared)
		before->compared--;
	content_end(&judge->known);
	judge->by_chain = false;
	judge->same = 0;
	judge->id = known ? known->id : 0;
	if (known)
		known->compared++;
}

void files_end_judge(struct files *files, struct file *file)
{
	files->n_unjudged -= file->unjudged && file->tail.packing;
	file->unjudged = false;
	if (!file->judge)
		return;
	files_hold_against(files, file->judge, NULL);
	free(file->judge);
	file->judge = NULL;
}
