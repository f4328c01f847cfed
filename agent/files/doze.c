/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files may be dormant, and the way there and back. A dormant file is what a restart would
 * make of its row, and no more; so only those may that have nothing which a row does not hold: at
 * their own path, with neither older nor newer generations under way, without links, closed.
 *
 * Files that are open stay as they are: their number is bounded (descriptors.c), and an open
 * descriptor tells more. Nothing is read on the way back: the file is opened when its turn comes.
 */
#include "files/doze.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>

/* ---- to be dormant ---- */

static bool is_whole(const struct account *account)
{
	return !account->in_flight && !account->failed && !account_ahead_end(account) &&
	       TAILQ_EMPTY(&account->chunks);
}

/* All that was there is read, and nothing is known of the file that a row does not hold. */
static bool is_quiet(const struct file *file)
{
	const struct tail *tail = &file->tail;

	return file->state == FILE_READING && file->queue == FILE_QUEUE_NONE && tail->fd < 0 &&
	       is_whole(&file->account) && file->eof_seen && file->seen.known &&
	       file->seen.size == file->account.committed && !file->doubtful && !file->proof &&
	       !tail->pending && !tail->rewritten && !tail->hole_to && !tail->packing &&
	       !tail->truncated && tail->split_at == UINT64_MAX && tail->discard_at == UINT64_MAX &&
	       tail->reach <= file->account.committed;
}

/* It is where it was first seen, and alone. */
static bool is_plain(const struct file *file)
{
	return !file->older && !file->newer && !file->left_path && !file->real && !file->went &&
	       !file->second && strcmp(file->path, file->lineage) == 0 && !file->kept_for &&
	       !file->compared && !file->leave_out;
}

static bool is_unremarkable(const struct file *file)
{
	return !file->dirty && !file->aging && !file->polled && !file->touched && !file->to_check &&
	       !file->rewritten && !file->lines_back && !file->spoilt && !file->unjudged &&
	       !file->judge && !file->vanished && !file->suspect && !file->unreadable &&
	       !file->convict && !file->alone.n && !file->flies_alone && !file->hold.since_us &&
	       !file->gone;
}

static bool may_doze(const struct files *files, const struct file *file)
{
	size_t len = strlen(file->path);

	return is_quiet(file) && is_plain(file) && is_unremarkable(file) && file->row_seal &&
	       (file->content_stored || !files->provenance) && file->path[0] == '/' &&
	       map_get(files->by_path, file->path, len) == file &&
	       map_get(files->by_lineage, file->path, len) == file &&
	       map_get(files->kept, file->path, len) != file;
}

/* Of the bytes before the position: their number and hash, as in a row. */
static void fill_tail(const struct file *file, struct dormant *dormant)
{
	char tail[CHUNK_LOOK_BACK];

	dormant->tail_len = account_tail(&file->account, tail);
	dormant->tail_hash = hash_bytes(tail, dormant->tail_len);
	if (dormant->tail_len || !file->tail.stored_tail_len)
		return;
	dormant->tail_len = (uint8_t)file->tail.stored_tail_len;
	dormant->tail_hash = file->tail.stored_tail_hash;
}

/* Without memory it stays as it is. */
static void doze(struct files *files, struct file *file)
{
	const struct chain *chain = &file->account.chain;
	struct dormant dormant = {
		.id = file->id,
		.content_id = file->content_id,
		.inode = file->identity.inode,
		.born_ns = file->identity.born_ns,
		.committed = file->account.committed,
		.mtime_ns = file->seen.mtime_ns,
		.ctime_ns = file->seen.ctime_ns,
		.head_hash = file->identity.head_hash,
		.chain = chain->hash,
		.rest_hash = chain->rest,
		.look = (uint32_t)file->looked,
		.source = (uint16_t)(file->source - files->sources),
		.head_len = (uint16_t)file->identity.head_len,
		.silent_looks = file->silent_looks,
		.proven = chain->upto == file->account.committed,
		.fresh = file->seen.fresh,
	};

	fill_tail(file, &dormant);
	if (dormants_add(&files->dormants, &dormant, file->path, file->identity.device))
		return;
	files_take_out(files, file);
	file_free(file);
}

/* The same of what a row tells, and nothing else is known of. */
static bool is_plain_row(const struct store_file *row)
{
	return strcmp(row->path, row->lineage) == 0 && !row->real && !row->went && !row->packed &&
	       !row->flags && !row->ahead.len && !row->branches.len && !row->discarding &&
	       row->content_id && row->committed == row->size && row->reach <= row->committed &&
	       row->mtime_ns > 0 && row->ctime_ns > 0 && (row->proven || !row->committed);
}

static bool is_as_row(const struct store_file *row)
{
	struct stat st;

	return lstat(row->path, &st) == 0 && S_ISREG(st.st_mode) && st.st_ino == row->inode &&
	       st.st_dev == row->device && (uint64_t)st.st_size == row->size &&
	       st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec == row->mtime_ns &&
	       st.st_ctim.tv_sec * 1000000000LL + st.st_ctim.tv_nsec == row->ctime_ns;
}

bool doze_row(struct files *files, const struct source *source, const struct store_file *row)
{
	struct dormant dormant = {
		.id = row->id,
		.content_id = row->content_id,
		.inode = row->inode,
		.born_ns = row->born_ns,
		.committed = row->committed,
		.mtime_ns = row->mtime_ns,
		.ctime_ns = row->ctime_ns,
		.head_hash = row->head_hash,
		.tail_hash = row->tail_hash,
		.chain = row->chain,
		.rest_hash = row->rest_hash,
		.source = (uint16_t)(source - files->sources),
		.head_len = (uint16_t)row->head_len,
		.tail_len = (uint8_t)row->tail_len,
		.proven = row->proven,
	};

	if (files->n_rows <= files->max_open || !is_plain_row(row) || !is_as_row(row) ||
	    !quota_may_take(&files->quota, dormant.source) ||
	    dormants_add(&files->dormants, &dormant, row->path, row->device))
		return false;
	quota_take(&files->quota, dormant.source);
	files->counters->generations_by_path++;
	return true;
}

/* ---- and back ---- */

static void take_over(const struct files *files, const struct dormant *dormant, struct file *file)
{
	struct account *account = &file->account;

	file_set_content(file, dormant->content_id, dormant->committed);
	file->content_stored = true;
	file->origin.agent = slice_of(files->agent_id);
	if (dormant->proven)
		account->chain =
			(struct chain){dormant->committed / CHAIN_BLOCK * CHAIN_BLOCK,
				       dormant->committed, dormant->chain, dormant->rest_hash};
	tail_resume(&file->tail, dormant->tail_len, dormant->tail_hash, UINT64_MAX);
	file->tail.reach = file->seen_end = dormant->committed;
	file->seen = (struct file_times){dormant->committed, dormant->mtime_ns, dormant->ctime_ns,
					 true, dormant->fresh};
	file->whole_ns = dormant->mtime_ns > 0 ? dormant->mtime_ns : dormant->born_ns;
	file->known_ns = dormant->mtime_ns > 0 ? dormant->mtime_ns : 0;
	file->eof_seen = true;
	file->silent_looks = dormant->silent_looks;
	file->looked = dormant->look == (uint32_t)files->look ? files->look : 0;
	file_set_state(file, FILE_READING);
}

/* NULL: no memory, and it is dormant still. */
static struct file *wake(struct files *files, struct dormant *dormant)
{
	struct identity identity = {dormant->dir->device, dormant->inode, dormant->born_ns,
				    dormant->head_len, dormant->head_hash};
	struct dormant kept = *dormant;
	char path[PATH_MAX];
	struct file *file;

	if (!dormant_path(dormant, path, sizeof path) ||
	    file_new(dormant->id, &files->sources[dormant->source], path, path, &identity,
		     dormant->committed, files->pools, &file))
		return NULL;
	take_over(files, dormant, file);
	/* First, or its names would lead back here. */
	dormants_drop(&files->dormants, dormant);
	if (!files_put_in(files, file))
		return file;
	files_take_out(files, file);
	file_free(file);
	(void)!dormants_add(&files->dormants, &kept, path, identity.device);
	return NULL;
}

static void *wake_by_inode(void *context, const void *key, size_t len)
{
	struct files *files = context;
	const struct inode_key *inode = key;
	struct dormant *dormant = dormants_by_inode(&files->dormants, inode->device, inode->inode);

	(void)len;
	return dormant ? wake(files, dormant) : NULL;
}

/* By its path, which is its lineage's, too. One for which there is no room is not known by that. */
static void *wake_by_path(void *context, const void *key, size_t len)
{
	struct files *files = context;
	struct dormant *dormant = dormants_at(&files->dormants, key, len);

	return dormant && quota_may_take(&files->awake, dormant->source) ? wake(files, dormant) :
									   NULL;
}

void doze_begin(struct files *files)
{
	map_on_miss(files->by_inode, wake_by_inode, files);
	map_on_miss(files->by_path, wake_by_path, files);
	map_on_miss(files->by_lineage, wake_by_path, files);
}

/* ---- looks ---- */

static bool is_as_it_was(const struct dormant *dormant, const char *path, const struct stat *st)
{
	size_t len = dormant->dir->len;

	return (uint64_t)st->st_size == dormant->committed && !dormant->fresh &&
	       st->st_mtim.tv_sec * 1000000000LL + st->st_mtim.tv_nsec == dormant->mtime_ns &&
	       st->st_ctim.tv_sec * 1000000000LL + st->st_ctim.tv_nsec == dormant->ctime_ns &&
	       strncmp(path, dormant->dir->path, len) == 0 && path[len] == '/' &&
	       strcmp(path + len + 1, dormant->name) == 0;
}

bool doze_passes(struct files *files, const char *path)
{
	struct dormant *dormant;
	struct stat st;

	if (!files->dormants.n || lstat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	dormant = dormants_by_inode(&files->dormants, st.st_dev, st.st_ino);
	if (!dormant)
		return false;
	if (!is_as_it_was(dormant, path, &st) && quota_has_room(&files->awake, dormant->source))
		return false;
	dormant->look = (uint32_t)files->look;
	dormant->gone = false;
	return true;
}

/*
 * What a look did not find: it is gone, as two looks say; or its path cannot be looked at now, or
 * is another file's, and what became of it is for others to find out.
 */
static void look_for(void *context, struct dormant *dormant)
{
	struct files *files = context;
	struct identity identity = {.device = dormant->dir->device, .inode = dormant->inode};
	char path[PATH_MAX];
	struct stat st;

	if (dormant->look == (uint32_t)files->look || !dormant_path(dormant, path, sizeof path))
		return;
	if (stat(path, &st) == 0) {
		if (quota_may_take(&files->awake, dormant->source))
			(void)wake(files, dormant);
	} else if (!identity_is_gone(&identity, path)) {
		return;
	} else if (!dormant->gone) {
		dormant->gone = true;
	} else {
		files_forget_row(files, dormant->id);
		quota_give(&files->quota, dormant->source);
		dormants_drop(&files->dormants, dormant);
	}
}

void doze_begin_look(struct files *files)
{
	void *cursor = NULL;
	struct file *file;

	while ((file = map_next(files->by_inode, &cursor)))
		if (may_doze(files, file))
			doze(files, file);
}

void doze_end_look(struct files *files)
{
	dormants_each(&files->dormants, look_for, files);
	doze_begin_look(files);
}
