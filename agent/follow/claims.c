/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copytruncate: the file keeps its inode and loses its content, which is in a copy, in the pattern
 * or not, and nowhere else. What is known of it at the moment when that is noticed (the chain up to
 * the first chunk, the bytes in memory behind it) chooses the copy; the file then is that copy, an
 * older generation of its lineage, and what is at the path is a new file behind it. Looking takes
 * as long as reading what was read before, so it goes in steps between the turns of others.
 *
 * Several contents may have come and gone between two looks. Of those nothing is known but that
 * their copies were made after we saw the file whole for the last time, and that they are not the
 * beginning of what is in it now: generations.c tells which they are.
 */
#include "follow/claims.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "files/doubt.h"
#include "follow/copies_private.h"
#include "follow/follow_private.h"
#include "search/candidates.h"

struct claim {
	TAILQ_ENTRY(claim) link;
	struct inode_key of;
	uint64_t id; /* of the file: the inode may be used again */
	struct content content;
	struct hunt hunt;
	bool hunting;
	char kept[]; /* room for CONTENT_KEPT_MAX bytes */
};

static void claim_free(struct files *files, struct claim *claim)
{
	TAILQ_REMOVE(&files->claims, claim, link);
	if (claim->hunting)
		hunt_end(&claim->hunt);
	free(claim);
}

void claims_deinit(struct files *files)
{
	while (!TAILQ_EMPTY(&files->claims))
		claim_free(files, TAILQ_FIRST(&files->claims));
}

/* The file that it is of, while that waits for it. */
static struct file *file_of(const struct files *files, const struct claim *claim)
{
	struct file *file = files_by_inode(files, claim->of.device, claim->of.inode);

	return file && file->id == claim->id && file->state == FILE_DRAINING ? file : NULL;
}

bool claims_has(const struct files *files, const struct file *file)
{
	const struct claim *claim;

	TAILQ_FOREACH (claim, &files->claims, link)
		if (claim->id == file->id)
			return true;
	return false;
}

bool claims_busy(const struct files *files)
{
	const struct claim *claim;

	TAILQ_FOREACH (claim, &files->claims, link) {
		const struct file *file = file_of(files, claim);

		if (!file || !file->account.in_flight)
			return true;
	}
	return false;
}

int claims_begin(struct files *files, struct file *file)
{
	struct claim *claim;

	/* Of a compressed file there is no copy. */
	if (file->tail.packing || claims_has(files, file))
		return 0;
	claim = calloc(1, sizeof *claim + CONTENT_KEPT_MAX);
	if (!claim)
		return -ENOMEM;
	claim->of = (struct inode_key){file->identity.device, file->identity.inode};
	claim->id = file->id;
	content_of_tail(&claim->content, &file->tail, &file->identity, claim->kept);
	TAILQ_INSERT_TAIL(&files->claims, claim, link);
	return 0;
}

static int begin_hunt(struct files *files, struct claim *claim, const struct file *file)
{
	struct wanted wanted = {
		.path = file->path,
		.lineage = file->lineage,
		.real = file->real,
		.went = file->went,
		.rotated = file->source->rotated,
		.links = file->source->links,
		.is_known = follow_is_known,
		.context = files,
		.content = claim->content,
	};
	struct places *places = places_new();
	int r = places ? hunt_begin(&claim->hunt, places, &wanted) : -ENOMEM;

	claim->hunting = places != NULL;
	places_free(places);
	return r;
}

/* What a file was before it became another one. */
struct former {
	int fd;
	struct identity identity;
	char *path;
	char *lineage;
};

static int former_of(const struct file *file, struct former *former)
{
	*former = (struct former){
		.fd = fcntl(file->tail.fd, F_DUPFD_CLOEXEC, 0),
		.identity = file->identity,
		.path = strdup(file->path),
		.lineage = strdup(file->lineage),
	};
	former->identity.head_len = 0;
	return former->path && former->lineage ? 0 : -ENOMEM;
}

static void former_deinit(struct former *former)
{
	if (former->fd >= 0)
		close(former->fd);
	free(former->path);
	free(former->lineage);
}

static bool is_at_path(const char *path, const struct identity *identity)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_ino == identity->inode &&
	       st.st_dev == identity->device;
}

/*
 * It is not at the path of its lineage any more: what was written behind the cut comes behind the
 * contents that nobody saw. 0 or -ENOMEM.
 */
static int take_former(struct files *files, struct discover *discover, struct file *file,
		       struct former *former)
{
	char *name = files_name_of(former->fd);
	struct birth birth = {
		.source = file->source,
		.path = name ? name : former->path,
		.lineage = former->lineage,
		.real = file->real,
		.discover = discover,
		.moved = true,
	};
	struct stat st;
	int r;

	/* It is none of them. */
	if (former->identity.born_ns >= file->known_ns)
		file->known_ns = former->identity.born_ns + 1;
	r = follow_missed_now(files, discover, file);
	if (!r && (name || (fstat(former->fd, &st) == 0 && st.st_size))) {
		r = follow_adopt(files, &birth, former->fd, &former->identity);
		former->fd = -1;
	}
	free(name);
	return r;
}

/* What is at the path now, or was, comes behind the file. 0 or -ENOMEM. */
static int take_rest(struct files *files, struct discover *discover, struct file *file,
		     struct former *former, int64_t now_ms)
{
	struct file *live;
	int r = 0;

	/* What a look at the directories found before may be old. */
	files->places = places_free(files->places);
	if (former->fd >= 0 && !is_at_path(former->lineage, &former->identity))
		r = take_former(files, discover, file, former);
	if (!r)
		r = follow_found(files, discover, (int)(file->source - files->sources),
				 former->lineage, former->lineage, now_ms);
	/* The next copy may be under way, and was told of. */
	live = map_get(files->by_lineage, former->lineage, strlen(former->lineage));
	if (live && live != file && file_is_unread(live))
		live->suspect = true;
	files->places = places_free(files->places);
	return r;
}

/* The file is the candidate from now on, and what is at its path comes behind it. 0 or -ENOMEM. */
static int take_place(struct files *files, struct discover *discover, struct file *file,
		      struct candidate *found, int64_t now_ms)
{
	struct copy *copy = copies_held(files, inode_key_of(&found->identity));
	struct former former;
	int r = former_of(file, &former);

	if (copy)
		copies_free(files, copy);
	if (!r)
		r = copies_become(files, file, found->path, found->fd, &found->identity,
				  found->packing);
	else
		close(found->fd);
	if (!r) {
		files->counters->rotations++;
		file->rewritten = false;
		file->suspect = false;
		files_left_path(files, file);
		r = discover_follow(discover, found->path) == -ENOMEM ? -ENOMEM : 0;
	}
	if (!r)
		r = take_rest(files, discover, file, &former, now_ms);
	former_deinit(&former);
	return r;
}

static int take_copy(struct files *files, struct discover *discover, struct file *file,
		     struct candidate *found, int64_t now_ms)
{
	int r;

	log_source(files->log, LOG_INFO, file->source->name, "copy-claimed",
		   "%s: a copy of %s from before it was truncated: it goes on at %llu", found->path,
		   file->path, (unsigned long long)file->account.committed);
	r = take_place(files, discover, file, found, now_ms);
	free(found->path);
	return r;
}

/*
 * A copy that was made before the last lines were written, which were read: nothing in it is
 * unread. Where a pattern wants it, it is known from now on. 0 or -ENOMEM.
 */
static int pass_copy(struct files *files, struct discover *discover, struct file *file,
		     struct candidate *found, int64_t now_ms)
{
	int source = discover_wants(discover, found->path), r = 0;
	struct birth birth = {
		.path = found->path,
		.lineage = found->path,
		.discover = discover,
	};
	struct stat st;

	if (found->identity.born_ns >= file->known_ns)
		file->known_ns = found->identity.born_ns + 1;
	if (source < 0 || found->packing || fstat(found->fd, &st) < 0 ||
	    (uint64_t)st.st_size > file->account.committed) {
		close(found->fd);
	} else {
		struct copy *copy = copies_held(files, inode_key_of(&found->identity));

		if (copy)
			copies_free(files, copy);
		birth.source = &files->sources[source];
		birth.position = (uint64_t)st.st_size;
		files->counters->copies_ignored++;
		log_source(files->log, LOG_INFO, file->source->name, "copy",
			   "%s: a copy of %s: it is not shipped", found->path, file->path);
		r = follow_adopt(files, &birth, found->fd, &found->identity);
	}
	free(found->path);
	(void)now_ms;
	return r;
}

static int step(struct files *files, struct discover *discover, struct claim *claim,
		struct file *file, int64_t now_ms)
{
	struct candidate found;
	int r = claim->hunting ? 0 : begin_hunt(files, claim, file);

	if (r)
		return r;
	r = hunt_step(&claim->hunt, &found);
	if (r == HUNT_E_MORE || r < 0)
		return r < 0 ? r : CLAIMS_E_MORE;
	if (r == HUNT_E_SHORT) {
		r = pass_copy(files, discover, file, &found, now_ms);
		return r ? r : CLAIMS_E_MORE;
	}
	claim_free(files, claim);
	if (!r)
		r = take_copy(files, discover, file, &found, now_ms);
	return r < 0 ? r : CLAIMS_E_DONE;
}

int claims_step(struct files *files, struct discover *discover, int64_t now_ms,
		struct file **ret_file)
{
	struct claim *claim, *next;

	for (claim = TAILQ_FIRST(&files->claims); claim; claim = next) {
		struct file *file = file_of(files, claim);

		next = TAILQ_NEXT(claim, link);
		if (!file) {
			claim_free(files, claim);
			continue;
		}
		if (file->account.in_flight)
			continue;
		*ret_file = file;
		/* Each in its turn. */
		TAILQ_REMOVE(&files->claims, claim, link);
		TAILQ_INSERT_TAIL(&files->claims, claim, link);
		return step(files, discover, claim, file, now_ms);
	}
	return 0;
}

/* What is in the file was not there when it was another. */
static void forget_content(struct file *file)
{
	account_reset(&file->account, 0);
	tail_reset(&file->tail);
	file->tail.truncated = false;
	file->told_apart = false;
	file->eof_seen = false;
	file->seen_end = 0;
	file->identity.head_len = 0;
}

int claims_unseen(struct files *files, struct discover *discover, struct file *file, int64_t now_ms)
{
	struct candidate found = {.packing = PACKED_NOT};
	int r;

	file->suspect = false;
	/* What is elsewhere than its writer puts it has no copies, and others came behind it. */
	if (!is_at_path(file->lineage, &file->identity)) {
		files->places = places_free(files->places);
		r = follow_missed_now(files, discover, file);
		files->places = places_free(files->places);
		return r;
	}
	if (file->whole_ns > file->known_ns)
		file->known_ns = file->whole_ns;
	r = follow_oldest_unseen(files, discover, file, &found.path, &found.fd, &found.identity);
	if (r)
		return r == FOLLOW_E_NONE ? 0 : r;
	log_source(files->log, LOG_INFO, file->source->name, "copy-unseen",
		   "%s: what was in %s before it was truncated, and was not seen: it goes first",
		   found.path, file->path);
	files->counters->generations_unseen++;
	forget_content(file);
	r = take_place(files, discover, file, &found, now_ms);
	free(found.path);
	return r ? r : CLAIMS_E_TAKEN;
}

/* Something was written to the file when nothing had been read of it, and is not there. */
static bool is_missing_something(const struct file *file)
{
	const struct file_times *seen = &file->seen, *found = &file->found;

	if (!seen->known || !found->known || seen->mtime_ns == found->mtime_ns)
		return false;
	/* Where hints of copies do not come, any first bytes may be the second ones. */
	return !found->size || file->polled;
}

int claims_look(struct files *files, struct discover *discover, struct file *file, int64_t now_ms)
{
	if (LIKELY(!file_is_unread(file) || file->tail.packing)) {
		file->suspect = false;
		return 0;
	}
	if (!file->suspect && !is_missing_something(file))
		return 0;
	return claims_unseen(files, discover, file, now_ms);
}
