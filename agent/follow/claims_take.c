/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was found of a file whose bytes are not in it any more, or which has no name any more: the
 * file becomes that, and what else came to its path comes behind it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "follow/claims_private.h"
#include "follow/copies_private.h"
#include "follow/follow_private.h"

/* What claims_take_packed unpacks at most. */
#define UNPACKED_MAX ((uint64_t)16 << 20)

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

bool claims_is_at(const char *path, const struct identity *identity)
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
	struct file *rest = NULL;
	struct stat st;
	int r;

	/* It is none of them. */
	if (former->identity.born_ns >= file->known_ns)
		file->known_ns = former->identity.born_ns + 1;
	r = follow_missed_before(files, discover, file, former->fd);
	if (!r && (name || (fstat(former->fd, &st) == 0 && st.st_size))) {
		r = follow_adopt(files, &birth, former->fd, &former->identity);
		former->fd = -1;
		rest = files_by_inode(files, former->identity.device, former->identity.inode);
		if (rest && !name)
			files_left_path(files, rest);
	}
	/* What came to the path since then comes behind that. */
	files_unlook(&files->looked);
	if (!r)
		r = follow_missed_now(files, discover, rest ? rest : file);
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
	files_unlook(&files->looked);
	if (former->fd >= 0 && !claims_is_at(former->lineage, &former->identity))
		r = take_former(files, discover, file, former);
	if (!r)
		r = follow_found(files, discover, (int)(file->source - files->sources),
				 former->lineage, former->lineage, now_ms);
	/* The next copy may be under way, and was told of. */
	live = map_get(files->by_lineage, former->lineage, strlen(former->lineage));
	if (live && live != file && file_is_unread(live))
		live->suspect = true;
	files_unlook(&files->looked);
	return r;
}

/* Of what was found nobody knew what it is. */
static void make_room(struct files *files, const struct identity *identity)
{
	struct copy *copy = copies_held(files, identity);
	struct file *unjudged = files_by_identity(files, identity);

	if (copy)
		copies_free(files, copy);
	if (unjudged)
		files_remove(files, unjudged, true);
}

int claims_take_place(struct files *files, struct discover *discover, struct file *file,
		      struct candidate *found, int64_t now_ms)
{
	struct former former;
	int r = former_of(file, &former);

	make_room(files, &found->identity);
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

int claims_take_copy(struct files *files, struct discover *discover, struct file *file,
		     struct candidate *found, int64_t now_ms)
{
	int r;

	log_source(files->log, LOG_INFO, file->source->name, "copy-claimed",
		   "%s: a copy of %s from before it was truncated: it goes on at %llu", found->path,
		   file->path, (unsigned long long)file->account.committed);
	r = claims_take_place(files, discover, file, found, now_ms);
	free(found->path);
	return r;
}

static bool has_it(struct file *packed, const struct file *file, enum packed_kind *ret_packing)
{
	struct content content;

	if (!packed->unjudged || !packed->tail.packing || !file_is_nameless(packed))
		return false;
	content_of_tail(&content, &file->tail, &file->identity, NULL);
	return content_is(&content, packed->tail.fd, ret_packing) == 0;
}

int claims_take_packed(struct files *files, struct discover *discover, struct file *file,
		       int64_t now_ms)
{
	struct candidate found = {.packing = PACKED_NOT};
	struct file *packed;
	void *cursor = NULL;
	int r;

	if (!files->n_unjudged || !file->account.committed ||
	    file->account.committed > UNPACKED_MAX)
		return 0;
	do
		packed = map_next(files->by_inode, &cursor);
	while (packed && !has_it(packed, file, &found.packing));
	if (!packed)
		return 0;
	found.identity = packed->identity;
	found.fd = fcntl(packed->tail.fd, F_DUPFD_CLOEXEC, 0);
	found.path = strdup(packed->path);
	if (found.fd < 0 || !found.path) {
		if (found.fd >= 0)
			close(found.fd);
		free(found.path);
		return -ENOMEM;
	}
	r = claims_take_copy(files, discover, file, &found, now_ms);
	return r ? r : CLAIMS_E_TAKEN;
}

int claims_pass_copy(struct files *files, struct discover *discover, struct file *file,
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
		struct copy *copy = copies_held(files, &found->identity);

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

bool claims_has_no_more(const struct file *file, const struct candidate *found)
{
	struct stat st;

	return strcmp(found->path, file->lineage) != 0 && !found->packing &&
	       fstat(found->fd, &st) == 0 &&
	       (uint64_t)st.st_size <= account_read_position(&file->account);
}

int claims_take_name(struct files *files, struct discover *discover, struct file *file,
		     struct candidate *found)
{
	struct identity from = file->identity;
	bool moved = strcmp(found->path, file->lineage) != 0;
	int r;

	log_source(files->log, LOG_INFO, file->source->name, "file-replaced",
		   "%s: what was shipped as %s, which has no name any more, by its bytes: it goes "
		   "on at %llu",
		   found->path, file->path, (unsigned long long)file->account.committed);
	make_room(files, &found->identity);
	copies_follow(files, &from, &found->identity);
	r = copies_become(files, file, found->path, found->fd, &found->identity, found->packing);
	file->left_path = false;
	if (moved)
		files_left_path(files, file);
	if (!r && moved && discover_follow(discover, found->path) == -ENOMEM)
		r = -ENOMEM;
	free(found->path);
	return r;
}
