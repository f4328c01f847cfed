/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file without a name was may come again: compressed in the background, minutes later, with
 * times of its own. Only the file's record tells that this is no generation that nobody saw. So
 * of a lineage that goes on the last one is kept, without descriptor and inode, for 2 KiB.
 */
#include <string.h>

#include "follow/follow.h"

/* The one that took its place, or NULL. */
static const struct file *successor(const struct files *files, const struct file *file)
{
	const struct file *newest =
		map_get(files->by_lineage, file->lineage, strlen(file->lineage));

	return newest != file ? newest : NULL;
}

/* Instead of the one before, as far as that is of no use now. */
static void keep_last(struct files *files, struct file *file)
{
	struct file *last = map_get(files->kept, file->lineage, strlen(file->lineage));

	if (last && last != file && !files->n_unjudged && !last->compared &&
	    last->state == FILE_FINISHED)
		files_remove(files, last, true);
	/* Without memory it is not found then, and goes with the looks. */
	(void)!map_put(files->kept, file->lineage, strlen(file->lineage), file);
}

void follow_forget(struct files *files, struct file *file)
{
	const struct file *next = successor(files, file);
	bool rotated = next || strcmp(file->path, file->lineage) != 0;

	if ((!rotated && !files->compressed) || files_leave_inode(files, file)) {
		files_remove(files, file, true);
		return;
	}
	file->kept_for = next ? next->id : 0;
	keep_last(files, file);
	files_promote_next(files, file);
	files_rest(files, file);
	files_close(files, file);
	/* Whoever walks along the list may free the one before here, which is in it no more. */
	files_unage(files, file);
	if (file->state == FILE_READING)
		file_set_state(file, FILE_FINISHED);
}

bool follow_is_kept(const struct files *files, const struct file *file)
{
	const struct file *next = successor(files, file);

	/* What is compressed late may be a known file's, for which the state must know that one. */
	return files->n_unjudged || (next && next->id == file->kept_for);
}
