/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A copy is a new file with a new inode, and all its lines were shipped, or will be, from the file
 * that it was made of. Only its bytes tell it from a generation that nobody saw: while both files
 * are there they are compared directly, no hash is needed; when the first one was truncated, the
 * content chain of what was read of it stands for it.
 *
 * Rejected: to ignore names like app.log.1 beside a live app.log. What copytruncate cut off is in
 * there and nowhere else.
 */
#include "follow/copies.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "follow/copies_private.h"
#include "search/rotated.h"

#define COPIES_MAX 256

void copies_free(struct files *files, struct copy *copy)
{
	TAILQ_REMOVE(&files->copies, copy, link);
	files->n_copies--;
	packed_free(copy->twin.packed);
	if (copy->twin.fd >= 0)
		close(copy->twin.fd);
	free(copy->path);
	free(copy);
}

void copies_deinit(struct files *files)
{
	while (!TAILQ_EMPTY(&files->copies))
		copies_free(files, TAILQ_FIRST(&files->copies));
}

struct copy *copies_held(const struct files *files, const struct identity *identity)
{
	struct copy *copy;

	TAILQ_FOREACH (copy, &files->copies, link)
		if (copy->identity.device == identity->device &&
		    copy->identity.inode == identity->inode)
			return copy;
	return NULL;
}

static bool is_nameless(struct files *files, struct file *file)
{
	struct stat st;
	int r = files_open(files, file);

	return r == FILES_E_GONE || (!r && fstat(file->tail.fd, &st) == 0 && st.st_nlink == 0);
}

struct base_search {
	struct files *files;
	const char *path;
	struct file *found;
};

static bool see_base(void *context, const char *base, enum rotated kind)
{
	struct base_search *search = context;
	int dir_len = (int)(strrchr(search->path, '/') + 1 - search->path);
	char path[PATH_MAX];
	int n = snprintf(path, sizeof path, "%.*s%s", dir_len, search->path, base);
	struct file *file;

	if (kind < ROTATED_NUMBERED || n >= (int)sizeof path)
		return false;
	file = map_get(search->files->by_lineage, path, (size_t)n);
	/* Alive at its path, or without any: a generation's name is its own. */
	if (file && ((!file->left_path && strcmp(file->path, file->lineage) == 0) ||
		     is_nameless(search->files, file)))
		search->found = file;
	return search->found != NULL;
}

/* The file that this one may be a copy of, by its name. NULL: none. */
static struct file *original_of(struct files *files, const struct source *source, const char *path,
				bool *ret_replaces)
{
	struct base_search search = {files, path, NULL};
	struct file *file = map_get(files->by_lineage, path, strlen(path));
	char *unpacked;

	*ret_replaces = file && strcmp(file->path, path) == 0;
	if (*ret_replaces)
		return is_nameless(files, file) ? file : NULL;
	if (file)
		return NULL;
	unpacked = source->compressed ? rotated_unpacked(path) : NULL;
	file = unpacked ? map_get(files->by_path, unpacked, strlen(unpacked)) : NULL;
	if (!file)
		rotated_bases(strrchr(unpacked ? unpacked : path, '/') + 1, see_base, &search);
	free(unpacked);
	return file ? file : search.found;
}

/*
 * A look at the beginning of both says that they are two files; most often it does, also before
 * anything of the other one is settled: that may take as long as Kafka is away.
 */
static bool is_other(struct files *files, struct file *file, int fd)
{
	struct twin twin = {.fd = fd};
	struct stat st;

	return !packed_kind_of_file(fd) && !files_open(files, file) &&
	       !content_is_gone(&file->tail, &file->identity) && !fstat(file->tail.fd, &st) &&
	       twins_step(&twin, file->tail.fd, (uint64_t)st.st_size) == TWINS_DIFFER;
}

int copies_hold(struct files *files, struct discover *discover, const struct source *source,
		const char *path, int fd, const struct identity *identity, uint64_t now_us)
{
	bool replaces;
	struct file *file;
	struct copy *copy;

	if (copies_held(files, identity)) {
		close(fd);
		return COPIES_E_HELD;
	}
	file = files->n_copies < COPIES_MAX ? original_of(files, source, path, &replaces) : NULL;
	/* What was replaced is judged by what was settled of it. */
	if (!file || ((replaces || file->left_path) && !file->account.committed) ||
	    file->tail.packing || is_other(files, file, fd))
		return 0;
	copy = calloc(1, sizeof *copy);
	if (!copy)
		return -ENOMEM;
	*copy = (struct copy){
		.discover = discover,
		.source = source,
		.path = strdup(path),
		.twin.fd = fd,
		.identity = *identity,
		.of = {file->identity.device, file->identity.inode},
		.replaces = replaces,
		.changed_us = now_us,
	};
	TAILQ_INSERT_TAIL(&files->copies, copy, link);
	files->n_copies++;
	files->idle_copies = 0;
	if (!copy->path) {
		copy->twin.fd = -1;
		copies_free(files, copy);
		return -ENOMEM;
	}
	return COPIES_E_HELD;
}
