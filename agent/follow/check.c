/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that may have left their path. A directory that goes takes thousands with it, and a look
 * may find none of those that were there: their paths are looked at one by one, between the turns
 * of others.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "follow/follow_private.h"

static bool is_file(const struct file *file, const struct stat *st)
{
	return st->st_ino == file->identity.inode && st->st_dev == file->identity.device;
}

int follow_check(struct files *files, struct discover *discover, struct file *file)
{
	struct stat st;
	int r;

	if (stat(file->path, &st) < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			return 0;
	} else if (is_file(file, &st)) {
		return 0;
	}
	/* A link to it is gone, and it was not renamed: another one leads there. */
	if (!file->left_path && file->second && file->real && stat(file->real, &st) == 0 &&
	    is_file(file, &st) && stat(file->second, &st) == 0 && is_file(file, &st))
		return files_settle_at(files, file, file->second);
	r = follow_trace(files, discover, file);
	files_wake(files, file);
	return r;
}

/* No hint told that it left, and so none of what came behind it and left, too. 0 or -ENOMEM. */
static int missed_behind(struct files *files, struct discover *discover, struct file *file)
{
	const struct file *newest =
		map_get(files->by_lineage, file->lineage, strlen(file->lineage));

	if (!file->left_path || newest != file || access(file->lineage, F_OK) == 0)
		return 0;
	return follow_missed_now(files, discover, file);
}

/* Its path is looked at when it comes to its turn; and what came `behind` it, if no hint told. */
static void check_later(struct files *files, struct file *file, bool behind)
{
	if (file->left_path || file->state == FILE_FINISHED)
		return;
	file->check_behind |= behind;
	if (file->to_check)
		return;
	file->to_check = true;
	TAILQ_INSERT_TAIL(&files->to_check, file, check_link);
}

void follow_check_below(struct files *files, const char *dir)
{
	size_t len = strlen(dir);
	void *cursor = NULL;
	struct file *file;

	while ((file = map_next(files->by_inode, &cursor)))
		if (strncmp(file->path, dir, len) == 0 && file->path[len] == '/')
			check_later(files, file, false);
}

void follow_check_paths(struct files *files)
{
	void *cursor = NULL;
	struct file *file;

	while ((file = map_next(files->by_inode, &cursor)))
		if (file->looked != files->look)
			check_later(files, file, true);
}

int follow_check_some(struct files *files, struct discover *discover, uint64_t end_us)
{
	struct file *file;
	int r = 0;

	while (!r && (file = TAILQ_FIRST(&files->to_check))) {
		bool behind = file->check_behind;

		files_uncheck(files, file);
		if (!file->left_path)
			r = follow_check(files, discover, file);
		if (!r && behind)
			r = missed_behind(files, discover, file);
		if (clock_mono_us() >= end_us)
			break;
	}
	/* What directories were like is of no use to the hints that come next. */
	files_unlook(&files->looked);
	return r;
}
