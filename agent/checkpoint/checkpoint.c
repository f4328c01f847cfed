/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row says where a file is settled to (committed), what is settled ahead of that, and enough of
 * its bytes to know it again. All of it is taken from memory at one moment: the bytes before the
 * committed position are those that were read, not those that the file holds now, so a file
 * rewritten behind our back does not get a fingerprint of its new content.
 *
 * A dead letter and the position that passes it go in the same batch: a slot is settled as dead
 * only after its letter was queued, and a batch takes all letters that are queued when its rows
 * are taken.
 */
#include "checkpoint/checkpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "search/content.h"
#include "state/seal.h"

/* Half the producer's queue as it is by default; what lies beyond is repeated after a crash. */
#define AHEAD_RANGES_MAX 5000

void checkpoint_init(struct checkpoint *checkpoint, struct writer *writer, struct files *files,
		     struct letters *letters, struct counters *counters)
{
	*checkpoint = (struct checkpoint){
		.writer = writer,
		.files = files,
		.letters = letters,
		.counters = counters,
	};
}

void checkpoint_deinit(struct checkpoint *checkpoint)
{
	free(checkpoint->batch);
	kept_topics_deinit(&checkpoint->topics);
	*checkpoint = (struct checkpoint){0};
}

uint64_t checkpoint_settled(const struct counters *counters)
{
	return counters->lines_delivered + counters->lines_filtered + counters->lines_dead;
}

bool checkpoint_due(const struct checkpoint *checkpoint)
{
	return checkpoint->under_way || !TAILQ_EMPTY(&checkpoint->files->dirty) ||
	       checkpoint->letters->n || checkpoint->letters->n_gone ||
	       checkpoint->files->n_removed || !checkpoint->sources_written ||
	       kept_topics_due(&checkpoint->topics);
}

/*
 * The fingerprint grows with what was read, until it covers its whole length. With provenance it
 * takes all there is, since it must be stored before the first line is sent.
 */
static void grow_head(struct file *file)
{
	uint64_t upto = file->source->provenance ? IDENTITY_HEAD_MAX :
						   account_read_position(&file->account);
	struct identity grown = file->identity;

	/* Other bytes are there by now than were read. */
	if (file->rewritten || file->tail.rewritten)
		return;
	if (file->identity.head_len >= IDENTITY_HEAD_MAX || upto <= file->identity.head_len ||
	    file->tail.fd < 0)
		return;
	/*
	 * A failure leaves the shorter fingerprint, which is still right; so does a file that was
	 * truncated behind our back, whose first bytes are others.
	 */
	if (!identity_grow_head(file->tail.fd, &grown, upto) &&
	    !content_is_gone(&file->tail, &grown))
		file->identity = grown;
}

/*
 * The ranges that fit, as they are stored, and whether reading that gets to their end is
 * discarding.
 */
static int fill_ahead(const struct file *file, struct store_file *row)
{
	struct ranges ahead;
	char *bytes;
	size_t len, n;
	int r;

	r = account_settled_ahead(&file->account, &ahead);
	if (r)
		return r;
	r = ranges_encode(&ahead, row->committed, AHEAD_RANGES_MAX, &bytes, &len);
	if (!r) {
		row->ahead = (struct slice){bytes, len};
		n = ahead.n < AHEAD_RANGES_MAX ? ahead.n : AHEAD_RANGES_MAX;
		row->discarding = tail_discards_at(
			&file->tail, n ? ahead.at[ahead.first + n - 1].end : row->committed);
	}
	ranges_deinit(&ahead);
	return r;
}

/* What is settled of some branches, as it is stored. */
static int fill_branches(const struct file *file, struct store_file *row)
{
	struct branches *branches;
	int r = account_settled_branches(&file->account, &branches);

	if (r)
		return r;
	r = branches_encode(branches, file->source->branch_ids, file->account.n_branches,
			    row->committed, AHEAD_RANGES_MAX, &row->branches);
	branches_free(branches);
	return r;
}

/*
 * The size and times by which a file that nobody wrote to is known at the next start; of one that
 * is in doubt a time that it cannot have.
 */
static void fill_times(const struct file *file, struct store_file *row)
{
	if (!file->seen.known || (file->tail.packing && row->committed != file->tail.dry.at))
		return;
	row->size = file->seen.size;
	row->mtime_ns = file->doubtful ? -1 : file->seen.mtime_ns;
	row->ctime_ns = file->seen.ctime_ns;
}

/* What proves the bytes below the committed position. */
static void fill_proof(struct file *file, struct store_file *row)
{
	struct chain chain;

	row->proven = tail_chain(&file->tail, &chain);
	if (!row->proven)
		return;
	row->chain_at = chain.at;
	row->chain = chain.hash;
	row->rest_hash = chain.rest;
}

static int fill_row(struct file *file, struct store_file *row)
{
	char tail[CHUNK_LOOK_BACK];
	int r;

	account_advance(&file->account);
	grow_head(file);
	*row = (struct store_file){
		.id = file->id,
		.content_id = file->content_id,
		.device = file->identity.device,
		.inode = file->identity.inode,
		.born_ns = file->identity.born_ns,
		.path = file->path,
		.lineage = file->lineage,
		.real = file->real,
		.went = file->went,
		.packed = file->tail.packing,
		.flags = (file->leave_out ? STORE_FILE_LEAVE_OUT : 0) |
			 (file->seen_left ? STORE_FILE_SEEN_LEFT : 0),
		.head_len = file->identity.head_len,
		.head_hash = file->identity.head_hash,
		.committed = file->account.committed,
		.reach = file->tail.packing ? 0 : file_reach(file),
		.tail_len = account_tail(&file->account, tail),
	};
	fill_proof(file, row);
	fill_times(file, row);
	row->tail_hash = hash_bytes(tail, row->tail_len);
	if (!row->tail_len && file->tail.stored_tail_len) {
		row->tail_len = file->tail.stored_tail_len;
		row->tail_hash = file->tail.stored_tail_hash;
	}
	r = fill_ahead(file, row);
	return r ? r : fill_branches(file, row);
}

static size_t count_dirty(const struct files *files, size_t max)
{
	const struct file *file;
	size_t n = 0;

	TAILQ_FOREACH (file, &files->dirty, dirty_link)
		if (++n == max)
			break;
	return n;
}

/* The rows of the first n_dirty files, then those to delete. */
static int fill_batch(struct checkpoint *checkpoint, struct store_file *rows, size_t n_dirty)
{
	struct files *files = checkpoint->files;
	struct file *file = TAILQ_FIRST(&files->dirty);

	for (size_t i = 0; i < n_dirty; i++, file = TAILQ_NEXT(file, dirty_link)) {
		int r = fill_row(file, &rows[i]);

		if (r)
			return r;
		if (UNLIKELY(file->tail.rewritten))
			files_wake(files, file);
		checkpoint->batch[i] = (struct checkpoint_file){
			.key = {file->identity.device, file->identity.inode},
			.content_id = file->content_id,
			.committed = rows[i].committed,
			.row_seal = seal_file(&rows[i]),
			.fingerprinted = rows[i].head_len > 0,
		};
		/* Most rows only move: what does not change is not written each time. */
		rows[i].moved_only = checkpoint->batch[i].row_seal == file->row_seal;
	}
	for (size_t i = 0; i < files->n_removed; i++)
		rows[n_dirty + i] = (struct store_file){.id = files->removed[i], .removed = true};
	return 0;
}

/* The rows are with the writer: their files are clean until something changes again. */
static void mark_clean(struct checkpoint *checkpoint, size_t n_dirty)
{
	struct files *files = checkpoint->files;

	for (size_t i = 0; i < n_dirty; i++) {
		struct file *file = TAILQ_FIRST(&files->dirty);

		TAILQ_REMOVE(&files->dirty, file, dirty_link);
		file->dirty = false;
		file->row_seal = checkpoint->batch[i].row_seal;
	}
	checkpoint->n_files = n_dirty;
	if (TAILQ_EMPTY(&files->dirty))
		checkpoint->settled_submitted = checkpoint_settled(checkpoint->counters);
	checkpoint->n_removed = files->n_removed;
	checkpoint->n_letters = checkpoint->letters->n;
	checkpoint->n_gone = checkpoint->letters->n_gone;
	checkpoint->under_way = true;
}

/*
 * last: no file is left to be written. Before that a source is not one that is known: at the next
 * start its other files would be new ones.
 */
static int submit(struct checkpoint *checkpoint, struct store_file *rows, size_t n_dirty, bool last)
{
	const struct files *files = checkpoint->files;
	const char **names = calloc(files->n_sources + 1, sizeof *names);
	struct store_topic *topics = calloc(checkpoint->topics.n + 1, sizeof *topics);
	struct store_batch batch = {
		.files = rows,
		.n_files = n_dirty + files->n_removed,
		.letters = checkpoint->letters->items,
		.n_letters = checkpoint->letters->n,
		.gone = checkpoint->letters->gone,
		.n_gone = checkpoint->letters->n_gone,
		.sources = names,
		.n_sources = checkpoint->sources_written || !last ? 0 : files->n_sources,
		.topics = topics,
	};
	int r;

	if (!names || !topics) {
		free(names);
		free(topics);
		return -ENOMEM;
	}
	batch.n_topics = kept_topics_fill(&checkpoint->topics, topics);
	for (size_t i = 0; i < files->n_sources; i++)
		names[i] = files->sources[i].name;
	r = writer_submit(checkpoint->writer, &batch);
	free(names);
	free(topics);
	if (!r)
		checkpoint->with_sources = last;
	if (!r)
		mark_clean(checkpoint, n_dirty);
	return r < 0 ? r : 0;
}

int checkpoint_start(struct checkpoint *checkpoint, size_t max_rows)
{
	size_t n_dirty, n_rows;
	struct store_file *rows;
	int r;

	if (checkpoint->under_way || !checkpoint_due(checkpoint))
		return 0;
	n_dirty = count_dirty(checkpoint->files, max_rows);
	n_rows = n_dirty + checkpoint->files->n_removed;
	rows = calloc(n_rows + 1, sizeof *rows);
	free(checkpoint->batch);
	checkpoint->batch = calloc(n_dirty + 1, sizeof checkpoint->batch[0]);
	if (!rows || !checkpoint->batch) {
		free(rows);
		return -ENOMEM;
	}
	r = fill_batch(checkpoint, rows, n_dirty);
	if (!r)
		r = submit(checkpoint, rows, n_dirty, n_dirty < max_rows);
	for (size_t i = 0; i < n_dirty; i++) {
		free((char *)rows[i].ahead.at);
		free((char *)rows[i].branches.at);
	}
	free(rows);
	return r;
}

static struct file *file_of(const struct checkpoint *checkpoint, const struct checkpoint_file *item)
{
	return files_by_inode(checkpoint->files, item->key.device, item->key.inode);
}

/*
 * What provenance may tell from now on. A file that was rewritten meanwhile has another content_id:
 * what became durable is not about that.
 */
static void note_stored(const struct checkpoint *checkpoint)
{
	for (size_t i = 0; i < checkpoint->n_files; i++) {
		const struct checkpoint_file *item = &checkpoint->batch[i];
		struct file *file = file_of(checkpoint, item);

		if (!file || file->content_id != item->content_id)
			continue;
		file->content_stored |= item->fingerprinted;
		route_origin_set_committed(&file->origin, item->committed);
	}
}

static void succeeded(struct checkpoint *checkpoint)
{
	struct files *files = checkpoint->files;

	checkpoint->counters->checkpoints++;
	checkpoint->settled_stored = checkpoint->settled_submitted;
	if (files->provenance)
		note_stored(checkpoint);
	checkpoint->sources_written |= checkpoint->with_sources;
	letters_stored(checkpoint->letters, checkpoint->n_letters);
	letters_removed(checkpoint->letters, checkpoint->n_gone);
	if (!checkpoint->n_removed)
		return;
	files->n_removed -= checkpoint->n_removed;
	memmove(files->removed, files->removed + checkpoint->n_removed,
		files->n_removed * sizeof files->removed[0]);
}

/* Everything of the batch that still exists must be written again. */
static void failed(struct checkpoint *checkpoint)
{
	checkpoint->counters->checkpoint_failures++;
	for (size_t i = 0; i < checkpoint->n_files; i++) {
		struct file *file = file_of(checkpoint, &checkpoint->batch[i]);

		if (!file)
			continue;
		file->row_seal = 0;
		files_dirty(checkpoint->files, file);
	}
}

int checkpoint_finish(struct checkpoint *checkpoint, int wait_ms, char *ret_message, size_t len)
{
	int r;

	if (!checkpoint->under_way)
		return 0;
	r = wait_ms > 0 ? writer_wait(checkpoint->writer, wait_ms, ret_message, len) :
			  writer_result(checkpoint->writer, ret_message, len);
	if (r == WRITER_E_NONE)
		return CHECKPOINT_E_PENDING;
	checkpoint->under_way = false;
	kept_topics_done(&checkpoint->topics, !r);
	if (!r) {
		succeeded(checkpoint);
		return 0;
	}
	failed(checkpoint);
	return CHECKPOINT_E_FAILED;
}
