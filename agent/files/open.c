/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that was closed is opened again by identity: by its path, by the one to which links led,
 * or, when those name other files, by a look through their directories (D03).
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "files/files.h"
#include "search/places.h"

/* Rotation may rename the file between a look into its directory and the opening. */
#define LOOKS 3

char *files_name_of(int fd)
{
	char link[40], name[PATH_MAX];
	struct stat own, named;
	ssize_t n;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, name, sizeof name - 1);
	if (n <= 0 || name[0] != '/')
		return NULL;
	name[n] = '\0';
	/* "NAME (deleted)", or a name of another mount namespace. */
	if (fstat(fd, &own) < 0 || stat(name, &named) < 0 || own.st_ino != named.st_ino ||
	    own.st_dev != named.st_dev)
		return NULL;
	return strdup(name);
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
	if (stat(path, &st) < 0)
		return errno == ENOTDIR ? -ENOENT : -errno;
	if (!S_ISREG(st.st_mode) || st.st_ino != file->identity.inode ||
	    st.st_dev != file->identity.device)
		return -ENOENT;
	fd = files_open_path(files, path, file->source->links);
	if (fd < 0)
		return fd;
	if (identity_of(fd, &identity) || !identity_same_inode(&identity, &file->identity)) {
		close(fd);
		return -ENOENT;
	}
	return fd;
}

/* Opens what is at path and, if it is the file, calls it so from now on. As open_same. */
static int open_moved(struct files *files, struct file *file, const char *path)
{
	int fd = open_same(files, file, path), r;

	if (fd < 0)
		return fd;
	r = files_move(files, file, path);
	if (r) {
		close(fd);
		return r;
	}
	files_left_path(files, file);
	return fd;
}

/* A path (malloc'ed) that may be the file's now, or NULL. */
static char *find(struct places *places, const struct file *file)
{
	return places_find_file(places, file->path, file->real, file->went, file->source->rotated,
				file->identity.inode);
}

/* Directories are looked into anew. False: no memory. */
static bool seek(struct files *files)
{
	files_unlook(&files->sought);
	files->sought_us = clock_mono_us();
	files->sought.places = places_new();
	return files->sought.places != NULL;
}

/*
 * By a look that is younger than what is known of the file. One that does not find it may have come
 * amid a renaming, so there are several. -EAGAIN: the next one is not due; -ENOENT: it is nowhere.
 */
static int open_astray(struct files *files, struct file *file, bool may_wait)
{
	int fd = -ENOENT;

	while (file->unfound < LOOKS) {
		bool fresh = files->sought.places && files->sought_us > file->astray_us;
		uint64_t began_us;
		char *path;

		if (!fresh && may_wait && clock_mono_us() < files->seek_at_us)
			return -EAGAIN;
		began_us = fresh ? 0 : clock_cpu_us();
		if (!fresh && !seek(files))
			return -ENOMEM;
		path = find(files->sought.places, file);
		if (!fresh)
			files->seek_at_us = clock_mono_us() +
					    (clock_cpu_us() - began_us) * (FILES_LOOK_SHARE - 1);
		if (path)
			fd = open_moved(files, file, path);
		free(path);
		if (fd != -ENOENT)
			break;
		file->astray_us = clock_mono_us();
		file->unfound++;
	}
	return fd;
}

static int open_anywhere(struct files *files, struct file *file, bool may_wait)
{
	int fd = open_same(files, file, file->path);

	if (fd == -ENOENT && file->real)
		fd = open_moved(files, file, file->real);
	if (fd == -ENOENT && !file->astray_us) {
		file->astray_us = clock_mono_us();
		file->unfound = 0;
	}
	if (fd == -ENOENT)
		fd = open_astray(files, file, may_wait);
	if (fd >= 0)
		file->astray_us = 0;
	return fd;
}

static int open_file(struct files *files, struct file *file, bool may_wait)
{
	int fd;

	if (file->tail.fd >= 0)
		return 0;
	if (!files_may_open(files, file->source))
		return FILES_E_CROWDED;
	fd = open_anywhere(files, file, may_wait);
	if (fd < 0)
		return fd == -ENOENT ? FILES_E_GONE :
		       fd == -EMFILE ? FILES_E_CROWDED :
		       fd == -EAGAIN ? FILES_E_LATER :
				       fd;
	files_set_fd(files, file, fd);
	return 0;
}

int files_open(struct files *files, struct file *file)
{
	return open_file(files, file, false);
}

int files_open_soon(struct files *files, struct file *file)
{
	return open_file(files, file, true);
}

uint64_t files_seek_us(const struct files *files)
{
	return TAILQ_EMPTY(&files->held[FILE_WAITS_LOOK]) ? CLOCK_NEVER : files->seek_at_us;
}
