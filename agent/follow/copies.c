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
#include "follow/follow_private.h"
#include "search/rotated.h"

#define COPIES_MAX 256

void copies_free(struct files *files, struct copy *copy)
{
	TAILQ_REMOVE(&files->copies, copy, link);
	files->n_copies--;
	packed_free(copy->twin.packed);
	if (copy->content)
		content_end(copy->content);
	free(copy->content);
	if (copy->twin.fd >= 0)
		close(copy->twin.fd);
	free(copy->path);
	free(copy->lineage);
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
		if (identity_same_inode(&copy->identity, identity))
			return copy;
	return NULL;
}

void copies_settle(struct files *files, const struct file *file)
{
	struct copy *copy;

	TAILQ_FOREACH (copy, &files->copies, link)
		if (copy->content_id == file->content_id && copy->whole &&
		    copy->size <= file->account.committed)
			copy->settled = copy->size;
}

bool copies_await(const struct files *files, const struct file *file)
{
	const struct copy *copy;

	TAILQ_FOREACH (copy, &files->copies, link)
		if (identity_same_inode(&copy->of, &file->identity))
			return true;
	return false;
}

/* Whether this file is the other one, or waits behind it. */
static bool is_behind(const struct files *files, const struct identity *of,
		      const struct file *other)
{
	const struct file *file = files_by_identity(files, of);

	while (file && file != other)
		file = file->older;
	return file;
}

bool copies_any_nameless(const struct files *files, const struct file *packed)
{
	const struct copy *copy;
	struct stat st;

	TAILQ_FOREACH (copy, &files->copies, link)
		if (fstat(copy->twin.fd, &st) == 0 && !st.st_nlink &&
		    !is_behind(files, &copy->of, packed))
			return true;
	return false;
}

bool copies_is_nameless(const struct file *file)
{
	return !file->hunted && !file->spoilt && !file->tail.packing &&
	       file->state != FILE_FINISHED && file_is_nameless(file);
}

void copies_follow(struct files *files, const struct identity *from, const struct identity *to)
{
	struct copy *copy;

	TAILQ_FOREACH (copy, &files->copies, link)
		if (identity_same_inode(&copy->of, from))
			copy->of = *to;
}

bool copies_is_claimed(struct files *files, struct file *file)
{
	if (copies_is_nameless(file))
		return true;
	if (file->tail.packing || file->state == FILE_FINISHED || file_is_unread(file))
		return false;
	return file->state == FILE_DRAINING ?
		       file->rewritten :
		       !files_open(files, file) && content_is_gone(&file->tail, &file->identity);
}

static bool is_nameless(struct files *files, struct file *file)
{
	int r = files_open(files, file);

	return r == FILES_E_GONE || (!r && file_is_nameless(file));
}

struct base_search {
	struct files *files;
	const char *path;
	bool compressed;
	struct file *found;
};

static bool see_base(void *context, const char *base, enum rotated kind)
{
	struct base_search *search = context;
	char path[PATH_MAX];
	size_t n = rotated_beside(search->path, base, path);
	struct file *file;

	if (kind < ROTATED_NUMBERED || !n)
		return false;
	file = map_get(search->files->by_lineage, path, n);
	/* What is compressed is a copy of one that is there, or of one with that name. */
	if (file &&
	    (!search->compressed || (!file->left_path && strcmp(file->path, file->lineage) == 0) ||
	     is_nameless(search->files, file)))
		search->found = file;
	return search->found != NULL;
}

/* The file whose rotated or compressed copy has this name. NULL: none. */
static struct file *original_by_name(struct files *files, const struct source *source,
				     const char *path)
{
	char *unpacked = source->compressed ? rotated_unpacked(path) : NULL;
	struct base_search search = {files, path, unpacked != NULL, NULL};
	struct file *file = unpacked ? map_get(files->by_path, unpacked, strlen(unpacked)) : NULL;

	if (!file)
		rotated_originals(unpacked ? unpacked : path, see_base, &search);
	free(unpacked);
	return file ? file : search.found;
}

/* The file that this one may be a copy of, or takes the path of. NULL: none. */
static struct file *original_of(struct files *files, const struct source *source, const char *path,
				bool *ret_replaces)
{
	struct file *file = map_get(files->by_lineage, path, strlen(path));

	*ret_replaces = file && strcmp(file->path, path) == 0;
	if (file) {
		/* Nothing comes behind what was cut off before that is found. */
		*ret_replaces |= copies_is_claimed(files, file) ||
				 rotated_is_backup(file->path, file->lineage);
		if (*ret_replaces)
			return strcmp(file->path, path) != 0 || is_nameless(files, file) ? file :
											   NULL;
		/* Whoever had this name before is renamed: this may be a copy of the next one. */
	}
	return original_by_name(files, source, path);
}

struct coming {
	const struct files *files;
	const struct birth *birth;
	const struct identity *identity;
	int fd;
	struct identity found;
};

static bool see_coming(void *context, const char *base, enum rotated kind)
{
	struct coming *coming = context;
	char other[PATH_MAX];
	struct identity identity;
	bool is = false;
	int of;

	if (kind < ROTATED_NUMBERED || !rotated_beside(coming->birth->path, base, other) ||
	    discover_wants(coming->birth->discover, other) < 0)
		return false;
	of = reach_open_log(other, coming->birth->source->links);
	if (of < 0)
		return false;
	/* A link to it is no other file. */
	if (identity_of(of, &identity) == 0 &&
	    (identity.inode != coming->identity->inode ||
	     identity.device != coming->identity->device) &&
	    !files_by_identity(coming->files, &identity)) {
		is = identity.born_ns <= coming->identity->born_ns &&
		     twins_is_beginning(coming->fd, of);
		coming->found = identity;
	}
	close(of);
	return is;
}

/* The original may be new, too, and come later, since older generations go first. */
static bool original_to_come(const struct files *files, const struct birth *birth,
			     const struct identity *identity, int fd, struct identity *ret_found)
{
	struct coming coming = {files, birth, identity, fd, {0}};

	if (!rotated_originals(birth->path, see_coming, &coming))
		return false;
	*ret_found = coming.found;
	return true;
}

/*
 * Whether it can be neither a copy of the file nor what that held before it was truncated. A copy
 * is made later; a backup may be the older one, of which the file was made.
 */
static bool is_other(struct files *files, struct file *file, const char *path, int fd,
		     const struct identity *identity)
{
	struct twin twin = {.fd = fd};

	if (identity->born_ns && identity->born_ns < file->began_ns &&
	    !rotated_is_backup(path, file->lineage))
		return true;
	if (packed_kind_of_file(fd))
		return false;
	/* At a first start nothing was cut off unseen that is ours. */
	if (file_is_unread(file) && !file->left_path &&
	    (!files_is_first(files, file->source) || file->suspect))
		return false;
	/* Closed and deleted, or truncated: what was read of it is known still. */
	if (files_open(files, file) || content_is_gone(&file->tail, &file->identity))
		return file->state == FILE_FINISHED &&
		       !content_may_be(&file->tail, &file->identity, fd);
	return twins_step(&twin, file->tail.fd, UINT64_MAX) == TWINS_DIFFER;
}

static bool may_be_copy_of(struct files *files, struct file *file, const char *path, int fd,
			   const struct identity *identity)
{
	return !file->tail.packing &&
	       (copies_is_nameless(file) || !is_other(files, file, path, fd, identity));
}

static int hold(struct files *files, const struct birth *birth, int fd,
		const struct identity *identity, const struct identity *of, bool replaces,
		uint64_t now_us)
{
	struct copy *copy = calloc(1, sizeof *copy);

	if (!copy)
		return -ENOMEM;
	*copy = (struct copy){
		.discover = birth->discover,
		.source = birth->source,
		.path = strdup(birth->path),
		.lineage = strdup(birth->lineage),
		.moved = birth->moved,
		.twin.fd = fd,
		.identity = *identity,
		.of = *of,
		.replaces = replaces,
		.changed_us = now_us,
	};
	TAILQ_INSERT_TAIL(&files->copies, copy, link);
	files->n_copies++;
	files->idle_copies = 0;
	if (copy->path && copy->lineage)
		return COPIES_E_HELD;
	copy->twin.fd = -1;
	copies_free(files, copy);
	return -ENOMEM;
}

/* Of the file and those before it, the last one that it may be a copy of. NULL: none. */
static struct file *copied_of(struct files *files, struct file *file, const char *path, int fd,
			      const struct identity *identity)
{
	while (file && !may_be_copy_of(files, file, path, fd, identity))
		file = file->older;
	return file && !file->tail.packing ? file : NULL;
}

bool copies_hold_again(struct files *files, struct copy *copy)
{
	struct file *file = copied_of(files, original_by_name(files, copy->source, copy->path),
				      copy->path, copy->twin.fd, &copy->identity);

	if (!file || identity_same_inode(&file->identity, &copy->of))
		return false;
	copy->of = file->identity;
	copy->replaces = false;
	copy->twin.same = 0;
	if (copy->content)
		content_end(copy->content);
	free(copy->content);
	copy->content = NULL;
	return true;
}

int copies_hold(struct files *files, const struct birth *birth, int fd,
		const struct identity *identity, uint64_t now_us)
{
	struct identity coming;
	struct file *file;
	bool replaces;

	if (copies_held(files, identity)) {
		close(fd);
		return COPIES_E_HELD;
	}
	if (files->n_copies >= COPIES_MAX)
		return 0;
	if (original_to_come(files, birth, identity, fd, &coming))
		return hold(files, birth, fd, identity, &coming, false, now_us);
	file = birth->moved ? map_get(files->by_lineage, birth->lineage, strlen(birth->lineage)) :
			      NULL;
	replaces = file && (is_nameless(files, file) || copies_is_claimed(files, file));
	if (!replaces)
		file = original_of(files, birth->source, birth->path, &replaces);
	if (!replaces)
		file = copied_of(files, file, birth->path, fd, identity);
	if (!file || file->tail.packing)
		return 0;
	/* Before a line of it is read. */
	if (!replaces && !file->left_path && file_is_unread(file))
		file->suspect = true;
	return hold(files, birth, fd, identity, &file->identity, replaces, now_us);
}
