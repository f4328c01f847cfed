/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The descriptors of files. A file keeps its descriptor while there is room, because an open
 * descriptor is what survives an unlink between two looks (A02). Above max_open the least recently
 * used file that is settled is closed; it is opened again by identity, by its path or, when that
 * names another file, by a look through its directory (D03).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/files.h"

/* How many are looked at to find one that can be closed, so that one open costs O(1). */
#define CLOSE_LOOKS 16

size_t files_max_open(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 512;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur > FILES_OPEN_MAX + FILES_KEPT_BACK)
		return FILES_OPEN_MAX;
	return limit.rlim_cur > 2 * FILES_KEPT_BACK ? limit.rlim_cur - FILES_KEPT_BACK :
						      limit.rlim_cur / 2;
}

/*
 * Nothing would be missed if it were closed: all read and settled, and its name is still its own.
 */
static bool may_close(const struct file *file)
{
	return file->state == FILE_READING && !file->left_path && file->queue == FILE_QUEUE_NONE &&
	       file_is_settled(file);
}

/* The same of a file that has its turn still to come: it is opened again for it. */
static bool may_close_waiting(const struct file *file)
{
	return file->state == FILE_READING && !file->left_path && file_is_settled(file);
}

/* Of those not used for the longest time; false when none of them may be closed. */
static bool close_oldest(struct files *files, bool (*may)(const struct file *file))
{
	struct file *file = TAILQ_FIRST(&files->open);

	for (int looks = 0; file && looks < CLOSE_LOOKS; looks++) {
		struct file *next = TAILQ_NEXT(file, open_link);

		if (may(file)) {
			account_give_up_dry(&file->account);
			files_close(files, file);
			return true;
		}
		TAILQ_REMOVE(&files->open, file, open_link);
		TAILQ_INSERT_TAIL(&files->open, file, open_link);
		file = next;
	}
	return false;
}

int files_open_path(struct files *files, const char *path)
{
	int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	int fd = open(path, flags);

	/* Tens of thousands of files with something to read: none of them is idle. */
	if (fd < 0 && errno == EMFILE &&
	    (close_oldest(files, may_close) || close_oldest(files, may_close_waiting)))
		fd = open(path, flags);
	return fd < 0 ? -errno : fd;
}

void files_set_fd(struct files *files, struct file *file, int fd)
{
	files_close(files, file);
	tail_set_fd(&file->tail, fd);
	TAILQ_INSERT_TAIL(&files->open, file, open_link);
	files->n_open++;
	if (files->n_open > files->max_open && !close_oldest(files, may_close))
		(void)close_oldest(files, may_close_waiting);
}

void files_close(struct files *files, struct file *file)
{
	if (file->tail.fd < 0)
		return;
	TAILQ_REMOVE(&files->open, file, open_link);
	files->n_open--;
	tail_close(&file->tail);
}

char *files_find_in(const char *dir, uint64_t device, uint64_t inode)
{
	DIR *stream = opendir(dir);
	char *path = NULL;
	struct dirent *entry;
	struct stat st;

	if (!stream)
		return NULL;
	while ((entry = readdir(stream)))
		if (entry->d_ino == inode && fstatat(dirfd(stream), entry->d_name, &st, 0) == 0 &&
		    st.st_dev == device && S_ISREG(st.st_mode)) {
			if (asprintf(&path, "%s/%s", dir, entry->d_name) < 0)
				path = NULL;
			break;
		}
	closedir(stream);
	return path;
}

/*
 * The file's descriptor by this path; -ENOENT when the path names another file or nothing; other
 * negative errno. Whether the content is still the same is for the tail's look-back to say.
 */
static int open_same(struct files *files, const struct file *file, const char *path)
{
	struct identity identity;
	struct stat st;
	int fd;

	/* stat first: opening a FIFO that took the name would wake its writer. */
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_ino != file->identity.inode ||
	    st.st_dev != file->identity.device)
		return -ENOENT;
	fd = files_open_path(files, path);
	if (fd < 0)
		return fd;
	if (identity_of(fd, &identity) || !identity_same_inode(&identity, &file->identity)) {
		close(fd);
		return -ENOENT;
	}
	return fd;
}

int files_open(struct files *files, struct file *file)
{
	char *dir, *slash, *path;
	int fd, r;

	if (file->tail.fd >= 0)
		return 0;
	fd = open_same(files, file, file->path);
	if (fd >= 0) {
		files_set_fd(files, file, fd);
		return 0;
	}
	if (fd != -ENOENT)
		return fd == -EMFILE ? FILES_E_CROWDED : fd;
	dir = strdup(file->path);
	if (!dir)
		return -ENOMEM;
	slash = strrchr(dir, '/');
	*slash = '\0';
	path = files_find_in(dir, file->identity.device, file->identity.inode);
	free(dir);
	fd = path ? open_same(files, file, path) : -ENOENT;
	if (fd >= 0)
		r = files_move(files, file, path);
	else
		r = fd == -ENOENT ? FILES_E_GONE : fd;
	free(path);
	if (r) {
		if (fd >= 0)
			close(fd);
		return r;
	}
	files_left_path(files, file);
	files_set_fd(files, file, fd);
	return 0;
}
