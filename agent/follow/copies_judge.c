/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file is that is held as a perhaps copy: compared with the one that it is held against, as
 * far as that is settled, and at the end of that decided. Where equal bytes may be a common banner
 * (1 KiB) and the two are not otherwise related, it is shipped: a repeat is better than a loss.
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

/* Equal bytes that are no common banner. */
#define BANNER_MAX 1024

/* It is a file of its own, of which so much was shipped from another one. 0 or -ENOMEM. */
static int release(struct files *files, struct copy *copy, uint64_t position, int64_t now_ms)
{
	struct birth birth = {
		.source = copy->source,
		.path = copy->path,
		.lineage = copy->path,
		.position = position,
		.discover = copy->discover,
		.packing = copy->twin.packing,
		.judged = true,
	};
	int fd = copy->twin.fd, r;

	copy->twin.fd = -1;
	if (position) {
		r = follow_adopt(files, &birth, fd, &copy->identity);
	} else {
		close(fd);
		r = follow_look_at(files, &birth, now_ms);
	}
	copies_free(files, copy);
	return r;
}

/* The file goes on in another one: same bytes, other numbers. Consumes fd. 0 or -ENOMEM. */
static int become(struct files *files, struct file *file, const char *path, int fd,
		  const struct identity *identity, enum packed_kind packing)
{
	struct inode_key key = {file->identity.device, file->identity.inode};
	struct inode_key other = {identity->device, identity->inode};
	int r;

	(void)tail_chain(&file->tail, &(struct chain){0}); /* while its bytes are in memory */
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
	return file->state == FILE_READING && !file->account.in_flight &&
	       file->account.committed == account_read_position(&file->account) &&
	       (!tail_has_more(&file->tail) || file->tail.pending);
}

/* It took the path of a file that has no name any more: its continuation? */
static int step_replaced(struct files *files, struct copy *copy, struct file *file, int64_t now_ms)
{
	struct content content;
	enum packed_kind packing;
	int fd = copy->twin.fd, r;

	if (!is_read(file)) {
		files_wake(files, file);
		return 0;
	}
	content_of_tail(&content, &file->tail, &file->identity);
	if (content_is(&content, fd, &packing))
		return release(files, copy, 0, now_ms);
	log_source(files->log, LOG_INFO, copy->source->name, "replaced",
		   "%s: replaced by a file that begins with what was shipped: it "
		   "goes on at %llu",
		   copy->path, (unsigned long long)file->account.committed);
	copy->twin.fd = -1;
	r = become(files, file, copy->path, fd, &copy->identity, packing);
	file->left_path = false;
	copies_free(files, copy);
	files_wake(files, file);
	return r;
}

static int step_copy(struct files *files, struct copy *copy, struct file *file, bool quiet,
		     int64_t now_ms)
{
	enum twins compared;
	bool gone;

	if (files_open(files, file))
		return quiet ? release(files, copy, copy->twin.same, now_ms) : 0;
	gone = file->state == FILE_DRAINING || content_is_gone(&file->tail, &file->identity);
	compared = gone ? TWINS_DIFFER :
			  twins_step(&copy->twin, file->tail.fd, file->account.committed);
	if (compared == TWINS_DIFFER) {
		if (!gone && !content_is_gone(&file->tail, &file->identity))
			return release(files, copy, 0, now_ms);
		files_wake(files, file);
		return 0;
	}
	if (compared == TWINS_EQUAL_SO_FAR)
		return 1;
	if (!quiet || (compared == TWINS_EQUAL_TO_THE_LIMIT && !is_read(file)))
		return 0;
	/* It goes on where the other one ends: both have a banner, or it is the continuation. */
	if (compared == TWINS_EQUAL_TO_THE_LIMIT)
		return release(files, copy, copy->twin.same < BANNER_MAX ? 0 : copy->twin.same,
			       now_ms);
	if (copy->twin.same) {
		files->counters->copies_ignored++;
		log_source(files->log, LOG_INFO, copy->source->name, "copy",
			   "%s: a copy of %s: it is not shipped", copy->path, file->path);
	}
	return release(files, copy, copy->twin.same, now_ms);
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
	follow_refuse(files, copy->source, copy->path, "a compressed file");
	copies_free(files, copy);
	return false;
}

static int step(struct files *files, struct copy *copy, uint64_t now_us, int64_t now_ms)
{
	struct file *file = files_by_inode(files, copy->of.device, copy->of.inode);
	struct stat st;
	int64_t mtime_ns;
	bool quiet;

	if (fstat(copy->twin.fd, &st) < 0 || st.st_nlink == 0) {
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
	if (!file)
		return release(files, copy, copy->twin.same, now_ms);
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

/* Whether the copy that was found is of use: something in it is unread, or a pattern wants it. */
static bool is_needed(const struct file *file, struct discover *discover,
		      const struct candidate *found)
{
	struct stat st;

	return found->packing || discover_wants(discover, found->path) >= 0 ||
	       (fstat(found->fd, &st) == 0 && (uint64_t)st.st_size > file->account.committed);
}

static int claim(struct files *files, struct discover *discover, struct file *file,
		 struct candidate *found, int64_t now_ms)
{
	struct copy *copy = copies_held(files, &found->identity);
	char *lineage = strdup(file->lineage);
	int r = lineage ? 0 : -ENOMEM;

	if (copy)
		copies_free(files, copy);
	log_source(files->log, LOG_INFO, file->source->name, "copy-claimed",
		   "%s: a copy of %s from before it was truncated: it goes on at "
		   "%llu",
		   found->path, file->path, (unsigned long long)file->account.committed);
	if (!r)
		r = become(files, file, found->path, found->fd, &found->identity, found->packing);
	if (!r) {
		files->counters->rotations++;
		file->rewritten = false;
		files_left_path(files, file);
		r = follow_found(files, discover, (int)(file->source - files->sources), lineage,
				 lineage, now_ms);
	}
	free(lineage);
	return r ? r : COPIES_E_CLAIMED;
}

int copies_claim(struct files *files, struct discover *discover, struct file *file, int64_t now_ms)
{
	struct wanted wanted = {
		file->path,          file->lineage,   file->real, file->went, file->source->rotated,
		file->source->links, follow_is_known, files};
	struct places *places;
	struct candidate found;
	int r;

	if (file->tail.packing || !file->account.committed)
		return 0;
	places = places_new();
	if (!places)
		return -ENOMEM;
	content_of_tail(&wanted.content, &file->tail, &file->identity);
	r = candidates_find(places, &wanted, &found);
	places_free(places);
	if (r)
		return r == CANDIDATES_E_NONE ? 0 : r;
	if (is_needed(file, discover, &found))
		r = claim(files, discover, file, &found, now_ms);
	else
		close(found.fd);
	free(found.path);
	return r;
}
