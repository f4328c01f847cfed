/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A new compressed file that is wanted may be one of ours, packed: then what was shipped of that
 * is not shipped again. Names tell little: app.log.1 is packed as app.log.1.gz, which is
 * app.log.2.gz at once. So all known files that begin with the same bytes are asked, as long as
 * they can be read byte by byte, after that by the content chain of what was settled of them.
 *
 * Until that is over the new file has no row: after a crash the known one's row finds it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "follow/copies.h"
#include "follow/follow_private.h"
#include "follow/packs_private.h"
#include "search/rotated.h"

/* Compared in one turn. */
#define STEP_BYTES ((size_t)256 << 10)
#define READ_BYTES ((size_t)16 << 10)
/* Equal bytes that are no common banner. */
#define BANNER_MAX 1024
/* How a step ends. */
enum { GO_ON, WAIT, IS_OTHER, IS_SAME };

static bool is_asked(const struct pack_judge *judge, const struct file *known)
{
	for (size_t i = 0; i < judge->n_others; i++)
		if (judge->others[i] == known->id)
			return false;
	return judge->n_others < PACK_OTHERS_MAX;
}

/* Nothing of it is known yet: what both have. */
static bool begins_alike_unread(const struct pack_judge *judge, const struct file *known)
{
	char bytes[IDENTITY_HEAD_MAX];
	ssize_t n = pread(known->tail.fd, bytes, judge->head_len, 0);

	return n > 0 && memcmp(bytes, judge->head, (size_t)n) == 0;
}

/* What was read of it since the last checkpoint counts, too. */
static bool begins_alike(const struct pack_judge *judge, struct file *known)
{
	struct identity *identity = &known->identity;
	uint64_t read = account_read_position(&known->account);

	/* Unless it came back, and is known by what it was. */
	if (known->tail.fd >= 0 && !read && !identity->head_len)
		return begins_alike_unread(judge, known);
	if (known->tail.fd >= 0 && identity->head_len < IDENTITY_HEAD_MAX &&
	    identity->head_len < read && !content_is_gone(&known->tail, identity))
		(void)!identity_grow_head(known->tail.fd, identity, read);
	/* They are not there any more: the chain tells. */
	if (read && !identity->head_len && known->state != FILE_FINISHED)
		return known->account.committed && known->account.chain.upto != CHAIN_UNKNOWN;
	return identity->head_len && identity->head_len <= judge->head_len &&
	       identity_hash(judge->head, identity->head_len) == identity->head_hash;
}

/* The one that by its name is this one unpacked was not read yet. */
static bool is_too_early(const struct files *files, const struct file *file)
{
	char *path = rotated_unpacked(file->path);
	struct file *known = path ? map_get(files->by_path, path, strlen(path)) : NULL;

	free(path);
	return known && known != file && known->state != FILE_FINISHED &&
	       !account_read_position(&known->account) && !known->eof_seen;
}

/* A known file that begins alike, that with the longest beginning. */
static struct file *find(const struct files *files, const struct file *file)
{
	const struct pack_judge *judge = file->judge;
	struct file *known, *best = NULL;
	void *cursor = NULL;

	while ((known = map_next(files->by_inode, &cursor))) {
		if (known == file || known->tail.packing || !is_asked(judge, known) ||
		    !begins_alike(judge, known))
			continue;
		if (!best || known->account.committed > best->account.committed)
			best = known;
	}
	return best;
}

/* As packed_read: of the first bytes. */
static int read_head(struct file *file)
{
	struct pack_judge *judge = file->judge;

	return packed_read(file->tail.packed, file->tail.fd, 0, judge->head, sizeof judge->head,
			   &judge->head_len);
}

static bool can_be_read(struct files *files, struct file *known)
{
	return known->state != FILE_DRAINING && !files_open(files, known) &&
	       !content_is_gone(&known->tail, &known->identity);
}

static bool is_quiet(const struct file *file, uint64_t now_us)
{
	return now_us - file->judge->size_us >= file->source->rotate_wait_ms * US_PER_MS;
}

/* It has more than was settled of the other: does that have more, too? */
static bool is_read(const struct file *known)
{
	return known->state == FILE_FINISHED ||
	       (file_is_settled(known) && !tail_has_more(&known->tail));
}

static int step_bytes(struct file *file, struct file *known, uint64_t now_us)
{
	struct pack_judge *judge = file->judge;
	char ours[READ_BYTES], theirs[READ_BYTES];
	uint64_t end = judge->same + STEP_BYTES;

	while (judge->same < end) {
		uint64_t left = known->account.committed - judge->same;
		size_t len = left < sizeof ours ? left : sizeof ours, n;
		int r = packed_read(file->tail.packed, file->tail.fd, judge->same, ours,
				    len ? len : 1, &n);

		if (r == PACKED_E_MORE)
			return GO_ON;
		if (!n)
			return r && !is_quiet(file, now_us) ? WAIT : IS_SAME;
		if (!len && !is_read(known))
			return WAIT;
		if (!len)
			return judge->same < BANNER_MAX ? IS_OTHER : IS_SAME;
		if (pread(known->tail.fd, theirs, n, (off_t)judge->same) != (ssize_t)n ||
		    memcmp(ours, theirs, n) != 0)
			return IS_OTHER;
		judge->same += n;
	}
	return GO_ON;
}

static int step_chain(struct file *file, struct file *known, uint64_t now_us)
{
	struct pack_judge *judge = file->judge;
	int r = 0;

	if (!judge->by_chain) {
		if (known->account.in_flight)
			return WAIT;
		content_of_tail(&judge->known, &known->tail, &known->identity, NULL);
		r = content_begin(&judge->known, file->tail.fd);
		judge->by_chain = true;
	}
	if (!r)
		r = content_step(&judge->known);
	if (r == CONTENT_E_MORE)
		return GO_ON;
	content_end(&judge->known);
	judge->by_chain = false;
	judge->same = known->account.committed;
	if (r == CONTENT_E_SHORT && !is_quiet(file, now_us))
		return WAIT;
	return r ? IS_OTHER : IS_SAME;
}

/* It is known what it is: read from there, and stored. */
static void end(struct files *files, struct file *file, uint64_t position)
{
	files_end_judge(files, file);
	account_reset(&file->account, position);
	file->tail.high_water = position;
	files_dirty(files, file);
}

static void end_as(struct files *files, struct file *file, const struct file *known)
{
	uint64_t same = file->judge->same;

	files->counters->copies_ignored++;
	log_source(files->log, LOG_INFO, file->source->name, "compressed-late",
		   "%s: what was read as %s, compressed: what is before %llu is not shipped again",
		   file->path, known->path, (unsigned long long)same);
	end(files, file, same);
}

/* It was cut off, and its own turn asks for what it held: what came back, between what did not. */
static bool is_claimed(const struct file *known)
{
	return account_ahead_end(&known->account) && known->state != FILE_FINISHED &&
	       known->tail.fd >= 0 && content_is_gone(&known->tail, &known->identity);
}

static int compare(struct files *files, struct file *file, struct file *known, uint64_t now_us)
{
	bool readable = can_be_read(files, known);
	int r = WAIT;

	if (!readable && is_claimed(known)) {
		files_wake(files, known);
		return WAIT;
	}
	/* To open the one may close the other. */
	if (file->tail.fd >= 0 && file->tail.packed)
		r = readable ? step_bytes(file, known, now_us) : step_chain(file, known, now_us);
	if (known->state == FILE_FINISHED)
		files_close(files, known);
	/* It waits for this one, which is no generation then. */
	if (r == WAIT && known->state == FILE_WAITING)
		files_promote_next(files, file);
	return r;
}

/* Which known file it may be. GO_ON; WAIT; IS_SAME: it is over, it is none. */
static int choose(struct files *files, struct file *file, uint64_t now_us)
{
	struct pack_judge *judge = file->judge;
	struct file *known;
	int r;

	if (judge->same >= BANNER_MAX) {
		/* The one it was held against was lost: a repeat of so much would be certain. */
		end(files, file, judge->same);
		return IS_SAME;
	}
	/* They are looked for, perhaps in this one; or it may be what one that is held was. */
	if (map_count(files->claims) || copies_any_nameless(files, file))
		return WAIT;
	if (is_too_early(files, file)) {
		files_promote_next(files, file);
		return WAIT;
	}
	r = read_head(file);
	if (r < 0 || r == PACKED_E_MORE || (r == PACKED_E_SHORT && !is_quiet(file, now_us)))
		return WAIT;
	known = find(files, file);
	files_hold_against(files, judge, known);
	if (known)
		return GO_ON;
	if (file->unseen)
		follow_tell_unseen(files, file->source, file->path, file->lineage);
	end(files, file, 0);
	return IS_SAME;
}

static int step(struct files *files, struct file *file, uint64_t now_us)
{
	struct file *known = files_judged_by(files, file->judge);
	int r;

	if (!file->tail.packed && packed_new(file->tail.packing, &file->tail.packed))
		return WAIT;
	if (!known)
		return choose(files, file, now_us);
	r = compare(files, file, known, now_us);
	if (r == IS_SAME)
		end_as(files, file, known);
	if (r != IS_OTHER)
		return r;
	file->judge->others[file->judge->n_others++] = known->id;
	files_hold_against(files, file->judge, NULL);
	return GO_ON;
}

static void look_at_size(struct file *file, uint64_t now_us)
{
	struct stat st;

	if (fstat(file->tail.fd, &st) == 0 && file->judge->size != (uint64_t)st.st_size) {
		file->judge->size = (uint64_t)st.st_size;
		file->judge->size_us = now_us;
	}
}

bool packs_judge(struct files *files, struct file *file, uint64_t now_us)
{
	int r = WAIT;

	if (!file->judge)
		file->judge = calloc(1, sizeof *file->judge);
	if (file->judge) {
		look_at_size(file, now_us);
		r = step(files, file, now_us);
	}
	if (r == IS_SAME)
		return true;
	files_rest(files, file);
	if (r == GO_ON)
		files_ready(files, file);
	else
		files_hold(files, file, FILE_WAITS_UNPACKER);
	return false;
}
