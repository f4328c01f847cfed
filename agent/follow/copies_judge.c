/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file is that is held as a perhaps copy: compared with what the one holds against which it
 * is held. As long as it is the beginning of that it waits: for the other one to be truncated, and
 * then it may be all that is left of it, or to be settled as far, and then nothing is unread in it.
 * Where they differ it is shipped from its start, banner or not: a repeat is better than a loss.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "files/doubt.h"
#include "follow/copies_private.h"
#include "follow/follow_private.h"
#include "search/candidates.h"
#include "search/twins.h"

static bool is_in_place(const struct copy *copy)
{
	struct stat st;

	return stat(copy->path, &st) == 0 && st.st_ino == copy->identity.inode &&
	       st.st_dev == copy->identity.device;
}

/* The path under which it is now; the one that it had when it has none. NULL: no memory. */
static char *path_of(const struct copy *copy)
{
	char *name = is_in_place(copy) ? NULL : files_name_of(copy->twin.fd);

	return name ? name : strdup(copy->path);
}

/*
 * It has no name any more, and is a file of its own: what took its path is held against it instead
 * of the one before, which it was held against itself. 0 or -ENOMEM.
 */
static int release_nameless(struct files *files, const struct copy *copy, const struct birth *birth,
			    int fd)
{
	struct copy *other;
	struct file *file;
	int r;

	TAILQ_FOREACH (other, &files->copies, link)
		if (other != copy && other->replaces && identity_same_inode(&other->of, &copy->of))
			other->of = copy->identity;
	r = follow_adopt(files, birth, fd, &copy->identity);
	file = r ? NULL : files_by_identity(files, &copy->identity);
	if (file)
		files_left_path(files, file);
	return r;
}

/* It is a file of its own, of which so much was shipped from another one. 0 or -ENOMEM. */
static int release(struct files *files, struct copy *copy, uint64_t position, int64_t now_ms)
{
	char *path = path_of(copy);
	bool moved = path && strcmp(path, copy->path) != 0;
	struct birth birth = {
		.source = copy->source,
		.path = path,
		.lineage = copy->lineage,
		.position = position,
		.discover = copy->discover,
		.packing = copy->twin.packing,
		.judged = true,
		.moved = copy->moved || moved,
	};
	int fd = copy->twin.fd, r = path ? 0 : -ENOMEM;
	bool wanted =
		path && (!moved || copy->replaces || discover_wants(copy->discover, path) >= 0);
	/* At its path is another one, or nothing: what it holds is behind the descriptor only. */
	bool nameless = path && !moved && !is_in_place(copy);

	copy->twin.fd = -1;
	if (wanted && moved && strcmp(copy->lineage, copy->path) == 0 && !copy->replaces)
		birth.lineage = path;
	if (wanted && nameless)
		r = release_nameless(files, copy, &birth, fd);
	else if (wanted && (position || moved))
		r = follow_adopt(files, &birth, fd, &copy->identity);
	else
		close(fd);
	if (wanted && !position && !moved && !nameless)
		r = follow_look_at(files, &birth, now_ms);
	copies_free(files, copy);
	free(path);
	return r;
}

int copies_ignore(struct files *files, struct copy *copy, uint64_t size, int64_t now_ms)
{
	files->counters->copies_ignored++;
	log_source(files->log, LOG_INFO, copy->source->name, "copy",
		   "%s: a copy of %s: it is not shipped", copy->path, copy->lineage);
	return release(files, copy, size, now_ms);
}

int copies_become(struct files *files, struct file *file, const char *path, int fd,
		  const struct identity *identity, enum packed_kind packing)
{
	struct inode_key key = {file->identity.device, file->identity.inode};
	struct inode_key other = {identity->device, identity->inode};
	struct file *former = files_by_inode(files, identity->device, identity->inode);
	int r = former && former != file ? files_leave_inode(files, former) : 0;

	if (map_get(files->by_inode, &key, sizeof key) == file)
		map_take(files->by_inode, &key, sizeof key);
	file->identity.device = identity->device;
	file->identity.inode = identity->inode;
	file->identity.born_ns = identity->born_ns;
	if (packing)
		file->identity.head_len = 0;
	files_set_fd(files, file, fd);
	doubt_end(files, file);
	file->tail.packing = packing;
	file->tail.rewritten = false;
	file->found = (struct file_times){0};
	/* What was read of it is there again, of which the first bytes may not be known yet. */
	if (!packing)
		(void)!identity_grow_head(fd, &file->identity, file->account.committed);
	if (!r)
		r = map_put(files->by_inode, &other, sizeof other, file);
	if (!r)
		r = files_move(files, file, path);
	files_dirty(files, file);
	files->counters->generations_by_content++;
	files->counters->packed_rests += packing != PACKED_NOT;
	return r;
}

/* Nothing of it is unread or under way but a last line without its end. */
static bool is_read(const struct file *file)
{
	struct stat st;

	if (file->state != FILE_READING || file->account.in_flight ||
	    file->account.committed != account_read_position(&file->account))
		return false;
	if (file->tail.packing || file->tail.fd < 0)
		return !tail_has_more(&file->tail);
	return fstat(file->tail.fd, &st) == 0 &&
	       (uint64_t)st.st_size <= file->account.committed + file->tail.pending;
}

/* Another one took the same path, and was rotated meanwhile. */
static bool comes_later(const struct files *files, const struct copy *copy)
{
	const struct copy *other;

	TAILQ_FOREACH (other, &files->copies, link)
		if (other->replaces && identity_same_inode(&other->of, &copy->of) &&
		    other->identity.born_ns < copy->identity.born_ns)
			return true;
	return false;
}

/* Whether it begins with all that was read of the file, 256 KiB further: what content_step says. */
static int prove(struct copy *copy, const struct file *file)
{
	int r = 0;

	if (!copy->content) {
		copy->content = malloc(sizeof *copy->content);
		if (!copy->content)
			return -ENOMEM;
		content_of_tail(copy->content, &file->tail, &file->identity, NULL);
		r = content_begin(copy->content, copy->twin.fd);
	}
	if (!r)
		r = content_step(copy->content);
	if (r != CONTENT_E_MORE)
		content_end(copy->content);
	return r;
}

/* It took the path of a file, and is not its continuation. */
static int step_other(struct files *files, struct copy *copy, int64_t now_ms)
{
	return copies_hold_again(files, copy) ? 1 : release(files, copy, 0, now_ms);
}

/* It took the path of a file that has no name any more, or was cut off: its continuation? */
static int step_replaced(struct files *files, struct copy *copy, struct file *file, int64_t now_ms)
{
	int fd = copy->twin.fd, r;

	if (copies_is_claimed(files, file) || comes_later(files, copy) ||
	    (!is_read(file) && !file->hunted)) {
		files_wake(files, file);
		return 0;
	}
	/* It was not found in this one, or was not looked for while it went on growing. */
	if (!is_read(file))
		return step_other(files, copy, now_ms);
	r = prove(copy, file);
	if (r == CONTENT_E_MORE || r == -ENOMEM)
		return r;
	if (r)
		return step_other(files, copy, now_ms);
	log_source(files->log, LOG_INFO, copy->source->name, "file-replaced",
		   "%s: replaced by a file that begins with what was shipped: it "
		   "goes on at %llu",
		   copy->path, (unsigned long long)file->account.committed);
	copy->twin.fd = -1;
	copies_follow(files, &file->identity, &copy->identity);
	r = copies_become(files, file, copy->path, fd, &copy->identity, copy->content->packing);
	file->left_path = false;
	if (strcmp(file->path, file->lineage) != 0)
		files_left_path(files, file);
	copies_free(files, copy);
	files_wake(files, file);
	return r;
}

/* The other one was closed and deleted: what was shipped of it is known still. */
static int step_deleted(struct files *files, struct copy *copy, const struct file *file,
			int64_t now_ms)
{
	int r;

	if (copy->twin.same)
		return release(files, copy, copy->twin.same, now_ms);
	r = prove(copy, file);
	if (r == CONTENT_E_MORE || r == -ENOMEM)
		return r;
	return release(files, copy, r ? 0 : file->account.committed, now_ms);
}

/* The two are not the same: what is it then? */
static int step_differing(struct files *files, struct copy *copy, struct file *file, int64_t now_ms)
{
	/* Nothing of the other one was read: it may have been truncated before that. */
	if (!copy->asked && !file->left_path && file_is_unread(file)) {
		copy->asked = true;
		file->suspect = true;
	}
	if (!file->suspect)
		return release(files, copy, 0, now_ms);
	files_wake(files, file);
	return 0;
}

static int step_copy(struct files *files, struct copy *copy, struct file *file, bool quiet,
		     int64_t now_ms)
{
	enum twins compared;

	if (files_open(files, file))
		return quiet ? step_deleted(files, copy, file, now_ms) : 0;
	/* Its own turn notices, and what follows from that. */
	if (file->state == FILE_DRAINING || copies_is_nameless(file) ||
	    content_is_gone(&file->tail, &file->identity)) {
		files_wake(files, file);
		return 0;
	}
	if (copy->content_id != file->content_id) {
		/* It was a copy of what the other one held before. */
		if (copy->settled && copy->settled == copy->size)
			return copies_ignore(files, copy, copy->size, now_ms);
		copy->content_id = file->content_id;
		copy->twin.same = 0;
	}
	compared = twins_step(&copy->twin, file->tail.fd, UINT64_MAX);
	if (compared == TWINS_EQUAL_SO_FAR)
		return 1;
	if (compared == TWINS_DIFFER)
		return step_differing(files, copy, file, now_ms);
	copy->whole = compared == TWINS_EQUAL_TO_ITS_END && copy->twin.same == copy->size;
	if (copy->twin.same > file->account.committed)
		return 0;
	copy->settled = copy->size == copy->twin.same ? copy->size : 0;
	if (!quiet)
		return 0;
	return copy->twin.same ? copies_ignore(files, copy, copy->twin.same, now_ms) :
				 release(files, copy, 0, now_ms);
}

/* What it is, as soon as it has bytes. False: it is not wanted; it was given up. */
static bool learn_packing(struct files *files, struct copy *copy)
{
	if (copy->twin.same || copy->twin.packing || !follow_is_compressed(copy->twin.fd))
		return true;
	copy->twin.packing =
		copy->source->compressed ? packed_kind_of_file(copy->twin.fd) : PACKED_NOT;
	if (copy->twin.packing)
		return true;
	follow_refuse(files, copy->source, copy->path, "file-compressed", "a compressed file");
	copies_free(files, copy);
	return false;
}

/* It has no name, and what came behind it to its path is known already, and read. */
static bool is_passed_over(const struct files *files, const struct copy *copy)
{
	const struct file *file = map_get(files->by_path, copy->path, strlen(copy->path));
	struct stat st;

	return file && stat(copy->path, &st) == 0 && st.st_ino == file->identity.inode &&
	       st.st_dev == file->identity.device;
}

static int step(struct files *files, struct copy *copy, uint64_t now_us, int64_t now_ms)
{
	struct file *file = files_by_identity(files, &copy->of);
	struct stat st;
	int64_t mtime_ns;
	bool quiet;

	if (fstat(copy->twin.fd, &st) < 0 ||
	    (st.st_nlink == 0 && (!copy->replaces || is_passed_over(files, copy)))) {
		copies_free(files, copy);
		return 0;
	}
	mtime_ns = st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec;
	if (copy->size != (uint64_t)st.st_size || copy->mtime_ns != mtime_ns)
		copy->changed_us = now_us;
	copy->size = (uint64_t)st.st_size;
	copy->mtime_ns = mtime_ns;
	if (!learn_packing(files, copy))
		return 0;
	/* It is held itself. */
	if (!file && copies_held(files, &copy->of))
		return 0;
	if (!file)
		return release(files, copy, copy->twin.same, now_ms);
	if (copy->replaces && file->state == FILE_FINISHED)
		return step_deleted(files, copy, file, now_ms);
	if (copy->replaces)
		return step_replaced(files, copy, file, now_ms);
	quiet = now_us - copy->changed_us >= copy->source->rotate_wait_ms * 1000;
	return step_copy(files, copy, file, quiet, now_ms);
}

int copies_step(struct files *files, uint64_t now_us, int64_t now_ms)
{
	struct copy *copy = TAILQ_FIRST(&files->copies);
	int r;

	if (LIKELY(!copy))
		return 0;
	TAILQ_REMOVE(&files->copies, copy, link);
	TAILQ_INSERT_TAIL(&files->copies, copy, link);
	r = step(files, copy, now_us, now_ms);
	files->idle_copies = r ? 0 : files->idle_copies + 1;
	return r;
}
