/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file without a name was may come again: compressed in the background, minutes later, with
 * times of its own. Only the file's record tells that this is no generation that nobody saw. So
 * of a lineage that goes on the last one is kept, without descriptor and inode, for 2 KiB.
 */
#include "files/kept.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "search/rotated.h"

/* The one that took its place, or NULL. */
static const struct file *successor(const struct files *files, const struct file *file)
{
	const struct file *newest =
		map_get(files->by_lineage, file->lineage, strlen(file->lineage));

	return newest != file ? newest : NULL;
}

/* What it was packed into is beside it, and is perhaps found by a look only. */
static bool was_packed(const struct file *file)
{
	char path[PATH_MAX];
	const char *ending;

	for (size_t i = 0; (ending = rotated_packed_ending(i)); i++)
		if (snprintf(path, sizeof path, "%s%s", file->path, ending) < PATH_MAX &&
		    access(path, F_OK) == 0)
			return true;
	return false;
}

/*
 * Instead of the one before, as far as that is of no use now. One that is older, or was packed,
 * goes with the looks, once the lineage goes on.
 */
static void keep_last(struct files *files, struct file *file)
{
	struct file *last = map_get(files->kept, file->lineage, strlen(file->lineage));

	if (last && last->id > file->id)
		return;
	if (last && last != file && !files->n_unjudged && !last->compared &&
	    last->state == FILE_FINISHED) {
		if (was_packed(last))
			last->kept_for = 0;
		else
			files_remove(files, last, true);
	}
	/* Without memory it is not found then, and goes with the looks. */
	(void)!map_put(files->kept, file->lineage, strlen(file->lineage), file);
}

void files_forget(struct files *files, struct file *file)
{
	const struct file *next = successor(files, file);
	bool rotated = next || file->behind || strcmp(file->path, file->lineage) != 0;

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

static bool is_kept(const struct files *files, const struct file *file)
{
	const struct file *next = successor(files, file);

	/* What is compressed late may be a known file's, for which the state must know that one. */
	return files->n_unjudged || (next && next->id == file->kept_for && !next->gone);
}

/*
 * A finished file is closed, so nothing tells when it is deleted. Two looks must find no name of
 * it: what was only renamed is told by a hint before the second.
 */
static bool is_gone(const struct files *files, struct file *file)
{
	bool was_gone = file->gone;

	file->gone = file->state == FILE_FINISHED && file->looked != files->look &&
		     identity_is_gone(&file->identity, file->path) &&
		     identity_is_gone(&file->identity, file->second) &&
		     identity_is_gone(&file->identity, file->real) && !is_kept(files, file);
	return file->gone && was_gone;
}

static bool is_newest(const struct files *files, const struct file *file)
{
	return map_get(files->by_lineage, file->lineage, strlen(file->lineage)) == file;
}

/* By their lineages, the older files of those. NULL: no memory. */
static struct map *older_files(const struct files *files)
{
	struct map *older = map_new();
	void *cursor = NULL;
	struct file *file;

	while (older && (file = map_next(files->by_inode, &cursor)))
		if (!is_newest(files, file) &&
		    map_put(older, file->lineage, strlen(file->lineage), file))
			older = map_free(older);
	return older;
}

/*
 * What came last goes last: to whoever knew only the ones before, what was made of it, compressed,
 * were a generation that nobody saw.
 */
static int forget_newest(struct files *files, struct file **gone, size_t n)
{
	struct map *older = n ? older_files(files) : NULL;

	if (n && !older)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (map_get(older, gone[i]->lineage, strlen(gone[i]->lineage)))
			files_forget(files, gone[i]);
		else
			files_remove(files, gone[i], true);
	}
	map_free(older);
	return 0;
}

int files_forget_gone(struct files *files)
{
	struct file **gone = calloc(map_count(files->by_inode) + 1, sizeof(struct file *)), *file;
	void *cursor = NULL;
	size_t n = 0, left = 0;
	int r;

	if (!gone)
		return -ENOMEM;
	while ((file = map_next(files->by_inode, &cursor)))
		if (is_gone(files, file))
			gone[n++] = file;
	for (size_t i = 0; i < n; i++)
		if (is_newest(files, gone[i]))
			gone[left++] = gone[i];
		else
			files_remove(files, gone[i], true);
	r = forget_newest(files, gone, left);
	free(gone);
	return r;
}
