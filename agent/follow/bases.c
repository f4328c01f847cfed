/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose generation or copy a file may be that nobody knows: rotation makes its name of that of a
 * known one. A name is no proof, so this says only who is asked, and who has to wait until it is
 * known where that one went.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "follow/copies_private.h"
#include "follow/follow_private.h"
#include "search/age.h"
#include "search/rotated.h"

struct base_search {
	const struct files *files;
	const char *path;
	struct file *newest;
};

/* A base that the path's name may be made of: whether a lineage is there. */
static bool see_base(void *context, const char *base, enum rotated kind)
{
	struct base_search *search = context;
	char path[PATH_MAX];
	size_t n = rotated_beside(search->path, base, path);

	(void)kind;
	if (n)
		search->newest = map_get(search->files->by_lineage, path, n);
	return search->newest != NULL;
}

struct file *follow_newest_of(const struct files *files, const char *path)
{
	struct base_search search = {files, path, NULL};
	struct file *newest;
	struct stat st;

	if (!rotated_bases(strrchr(path, '/') + 1, see_base, &search))
		return NULL;
	newest = search.newest;
	/* It has no rotated name, or nobody knows its path: the first scan put it there. */
	if (!newest->left_path && strcmp(newest->path, newest->lineage) != 0)
		return NULL;
	/* Copies of a file that keeps its name (copytruncate) are no generations. */
	if (stat(newest->lineage, &st) == 0 && st.st_ino == newest->identity.inode &&
	    st.st_dev == newest->identity.device)
		return NULL;
	return newest;
}

bool follow_must_wait(struct files *files, const struct birth *birth)
{
	char *plain = birth->source->compressed ? rotated_unpacked(birth->path) : NULL;
	struct file *file = plain ? follow_newest_of(files, plain) : NULL;

	free(plain);
	if (!file || !copies_is_claimed(files, file))
		return false;
	files_wake(files, file);
	files->crowded = true;
	return true;
}

static bool see_original(void *context, const char *base, enum rotated kind)
{
	struct base_search *search = context;

	return kind >= ROTATED_NUMBERED && see_base(context, base, kind) &&
	       !search->newest->left_path;
}

void follow_copied(struct files *files, const char *path)
{
	struct base_search search = {files, path, NULL};
	struct statx stx;

	if (!rotated_bases(strrchr(path, '/') + 1, see_original, &search) ||
	    !file_is_unread(search.newest))
		return;
	/* What was written last before the file was made is no copy of it, but was restored. */
	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &stx) < 0 ||
	    age_ns(&stx.stx_mtime) < search.newest->identity.born_ns)
		return;
	search.newest->suspect = true;
	files_wake(files, search.newest);
}
