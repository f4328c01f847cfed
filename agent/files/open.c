/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that was closed is opened again by identity: by its path or, when that names another file,
 * by a look through its directory (D03).
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/files.h"

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
