/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rotation, from where we stand: a path names another inode than before. The file that had the path
 * is still open and is read to its end; the file that has it now waits behind it (A01, A15). After
 * a restart the same picture is put together from the stored rows: an inode that is known goes on
 * where it was, under whatever name it is found (A11).
 *
 * Here a hint becomes a look at its path, and the look an answer to which file that is. A file that
 * nobody knows is taken in by adopt.c.
 *
 * stat comes before open, because opening a FIFO wakes its writer and opening a device may do
 * anything; fstat after open is what counts (C12, C14).
 */
#include "files/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "files/follow_private.h"

/* What kind of thing a path is, when it is not a regular file. */
static const char *kind_of(mode_t mode)
{
	return S_ISFIFO(mode) ? "a FIFO" :
	       S_ISDIR(mode)  ? "a directory" :
	       S_ISSOCK(mode) ? "a socket" :
				"a device";
}

/* A known file under a path: its own, a new name of it, or a second name (A13, A14). */
static int known_under(struct files *files, struct file *file, const char *path,
		       const struct stat *st)
{
	struct stat own;
	int r;

	if (strcmp(file->path, path) == 0) {
		file->looked = files->look;
	} else {
		if (stat(file->path, &own) == 0 && own.st_ino == st->st_ino &&
		    own.st_dev == st->st_dev) {
			log_limited(files->log, LOG_DEBUG, "second-name",
				    "%s is %s: it is read once", path, file->path);
			return 0;
		}
		r = files_move(files, file, path);
		if (r)
			return r;
		if (!file->left_path && strcmp(path, file->lineage) != 0)
			files->counters->rotations++;
		file->left_path = false;
		if (strcmp(path, file->lineage) != 0)
			files_left_path(files, file);
	}
	if ((uint64_t)st->st_size != account_read_position(&file->account))
		files_wake(files, file);
	return 0;
}

/*
 * A symbolic link's target lies in a directory that no pattern leads to: that is watched too. 0;
 * FOLLOW_SHUNNED when the target is our own; -ENOMEM.
 */
enum { FOLLOW_SHUNNED = 1 };

static int follow_link(struct discover *discover, const char *path)
{
	char target[PATH_MAX];

	if (!realpath(path, target))
		return 0;
	if (discover_shuns(discover, target))
		return FOLLOW_SHUNNED;
	return discover_follow(discover, target) == -ENOMEM ? -ENOMEM : 0;
}

/* The inode of a file that is wholly settled and closed may be another's by now. */
static bool is_used_again(const struct file *file, const char *path)
{
	struct identity identity;
	bool again;
	int fd;

	if (file->tail.fd >= 0 || !file_is_settled(file))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return false;
	again = identity_of(fd, &identity) == 0 && !identity_same_inode(&identity, &file->identity);
	close(fd);
	return again;
}

int follow_found(struct files *files, struct discover *discover, int source, const char *path,
		 const char *lineage, int64_t now_ms)
{
	struct birth birth = {&files->sources[source], path, lineage, NULL, 0};
	struct file *file;
	struct stat st;
	bool link;
	int r;

	/* One look at what is no link, which is nearly everything. */
	if (lstat(path, &st) < 0)
		return 0;
	link = S_ISLNK(st.st_mode);
	if (link && stat(path, &st) < 0)
		return 0;
	if (!S_ISREG(st.st_mode)) {
		follow_refuse(files, path, kind_of(st.st_mode));
		return 0;
	}
	if (st.st_dev == files->own_log_device && st.st_ino == files->own_log_inode) {
		follow_refuse(files, path, "waybill's own log");
		return 0;
	}
	r = link ? follow_link(discover, path) : 0;
	if (r)
		return r < 0 ? r : 0;
	file = files_by_inode(files, st.st_dev, st.st_ino);
	if (file && is_used_again(file, path)) {
		files_remove(files, file, true);
		file = NULL;
	}
	if (file)
		return known_under(files, file, path, &st);
	return follow_look_at(files, &birth, now_ms);
}

/* A name that no pattern wants, or that was written to: perhaps a file that we know. */
static int changed(struct files *files, const char *path)
{
	struct file *file = map_get(files->by_path, path, strlen(path));
	struct stat st;

	/* The target of a symbolic link is in the table under the link's path. */
	if (!file && stat(path, &st) == 0)
		file = files_by_inode(files, st.st_dev, st.st_ino);
	if (file)
		files_wake(files, file);
	return 0;
}

/*
 * The last known file of the lineage whose rotated file's name this is, once it has left; or
 * NULL.
 */
static struct file *newest_of_rotated(const struct files *files, const char *path)
{
	size_t dir = (size_t)(strrchr(path, '/') - path) + 1, len = strlen(path);
	struct file *newest = NULL;
	struct stat st;

	while (!newest && --len > dir)
		if ((path[len] == '.' || path[len] == '-'))
			newest = map_get(files->by_lineage, path, len);
	if (!newest || !follow_is_rotated(path + dir, strrchr(newest->lineage, '/') + 1))
		return NULL;
	/* Copies of a file that keeps its name (copytruncate) are no generations. */
	if (stat(newest->lineage, &st) == 0 && st.st_ino == newest->identity.inode &&
	    st.st_dev == newest->identity.device)
		return NULL;
	return newest;
}

static int moved(struct files *files, const char *path)
{
	struct file *file;
	struct stat st;

	if (stat(path, &st) < 0)
		return 0;
	file = files_by_inode(files, st.st_dev, st.st_ino);
	if (file)
		return known_under(files, file, path, &st);
	/* Rotated before anybody looked at it under its first name. */
	file = newest_of_rotated(files, path);
	return file ? follow_missed(files, file) : 0;
}

/*
 * If its path names another file now, or nothing: the file is held until it is read, settled and
 * quiet. What cannot be looked at is looked at again by the next reconcile.
 */
static void check_path(struct files *files, struct file *file)
{
	struct stat st;

	if (stat(file->path, &st) < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			return;
	} else if (st.st_ino == file->identity.inode && st.st_dev == file->identity.device) {
		return;
	}
	if (!file->left_path)
		files->counters->rotations++;
	files_left_path(files, file);
	files_wake(files, file);
}

static void left(struct files *files, const char *path)
{
	struct file *file = map_get(files->by_path, path, strlen(path));

	if (file)
		check_path(files, file);
}

/* A directory went, by whatever name; its files' descriptors are still open. O(all files). */
static void tree_left(struct files *files, const char *dir)
{
	size_t len = strlen(dir);
	void *cursor = NULL;
	struct file *file;

	while ((file = map_next(files->by_inode, &cursor)))
		if (!file->left_path && file->state != FILE_FINISHED &&
		    strncmp(file->path, dir, len) == 0 && file->path[len] == '/')
			check_path(files, file);
}

void follow_begin_look(struct files *files)
{
	files->look++;
}

void follow_check_paths(struct files *files)
{
	void *cursor = NULL;
	struct file *file;

	while ((file = map_next(files->by_inode, &cursor)))
		if (!file->left_path && file->state != FILE_FINISHED && file->looked != files->look)
			check_path(files, file);
}

int follow_hint(struct files *files, struct discover *discover, const struct hint *hint,
		int64_t now_ms)
{
	switch (hint->kind) {
	case HINT_FOUND:
		return follow_found(files, discover, hint->source, hint->path, hint->path, now_ms);
	case HINT_CHANGED:
		return changed(files, hint->path);
	case HINT_MOVED:
		return moved(files, hint->path);
	case HINT_LEFT:
		left(files, hint->path);
		return 0;
	case HINT_LEFT_TREE:
		tree_left(files, hint->path);
		return 0;
	}
	return 0;
}

void follow_finish(struct files *files, struct file *file)
{
	struct stat st;
	bool nameless = file->tail.fd >= 0 && fstat(file->tail.fd, &st) == 0 && st.st_nlink == 0;

	files_promote_next(files, file);
	files_give_back(files, file);
	files_rest(files, file);
	file_set_state(file, FILE_FINISHED);
	files_close(files, file);
	if (nameless)
		files_remove(files, file, true);
}
