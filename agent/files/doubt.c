/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fstat tells, before each turn, the size and time of a file. What a turn then reads to the end is
 * at least as new. So a file that has the same size and time later was not written to; one that
 * grew is believed to have grown (the tail and the first bytes say when not); one that has another
 * time and did not grow was touched, or rewritten in place. Which of the two only its bytes can
 * say.
 *
 * A start is no different: size and time of the last turn are in the row.
 *
 * Reading a file again costs. It goes in steps between the turns of others; up to 16 MiB the file
 * waits for the outcome, a larger one is read on meanwhile. One that was the same is not asked
 * again at once: after 1 s, doubling to 60 s, and never at more than 10 MB/s. So a writer that
 * touches a large file all day (a mapping, utime) costs no more than that.
 *
 * Two writes within one tick of the kernel's clock leave the same time (before Linux 6.13). So a
 * small file whose time was just made when it was looked at is in doubt at the next hint, too.
 */
#include "files/doubt.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#define STEP_BYTES ((size_t)256 << 10)
#define HOLD_BYTES ((uint64_t)16 << 20)
/* So much of a file that grew while nobody looked is read again at a start. */
#define START_BYTES ((uint64_t)64 << 10)
#define FRESH_MS 20
#define HEAD_US 100000
#define WAIT_MIN_MS 1000
#define WAIT_MAX_MS 60000
#define BYTES_PER_US 10

static int64_t mtime_of(const struct stat *st)
{
	return st->st_mtim.tv_sec * 1000000000LL + st->st_mtim.tv_nsec;
}

static int64_t ctime_of(const struct stat *st)
{
	return st->st_ctim.tv_sec * 1000000000LL + st->st_ctim.tv_nsec;
}

static bool look(struct files *files, struct file *file, int64_t real_ms)
{
	struct stat st;

	if (fstat(file->tail.fd, &st) < 0)
		return false;
	/*
	 * The turn that followed read on in the same content. What is written late, elsewhere, is
	 * younger than what came behind it.
	 */
	if (file->found.known && !file->seen_left && !file->doubtful && !file->tail.rewritten &&
	    account_read_position(&file->account) && file->found.mtime_ns > file->whole_ns)
		file->whole_ns = file->found.mtime_ns;
	/* The turn that followed the look before found the same content. */
	file->tail.reach = file_reach(file);
	if ((uint64_t)st.st_size > file->tail.reach)
		files_dirty(files, file);
	file->found = (struct file_times){
		.known = true,
		.size = (uint64_t)st.st_size,
		.mtime_ns = mtime_of(&st),
		.ctime_ns = ctime_of(&st),
	};
	file->found.fresh = real_ms - file->found.mtime_ns / 1000000 < FRESH_MS;
	return true;
}

/* Behind the last byte that was seen, a last line without LF included. */
static uint64_t seen_to(const struct file *file)
{
	return account_read_position(&file->account) + file->tail.pending;
}

/*
 * The time of its last write can be set back (touch -r, rsync -t), that of its last change cannot.
 * A rename changes it, too, and a file that was rotated is not read again for that.
 */
static bool was_touched(const struct file *file)
{
	const struct file_times *seen = &file->seen, *now = &file->found;

	return now->mtime_ns != seen->mtime_ns ||
	       (now->ctime_ns != seen->ctime_ns && seen->ctime_ns && !file->left_path);
}

static bool may_be_rewritten(const struct file *file, bool at_start)
{
	const struct file_times *seen = &file->seen, *now = &file->found;

	/* Nothing of it was read, or it shrank, which the tail sees, or grew while it was read. */
	if (!seen->known || !account_read_position(&file->account) || now->size < seen_to(file) ||
	    seen->size < seen_to(file))
		return false;
	if (now->size > seen->size)
		return at_start && file->account.committed <= START_BYTES;
	if (was_touched(file))
		return true;
	return seen->fresh && file->account.committed <= STEP_BYTES;
}

/* It shrank; or, after a while without a look, it grew and may be another one. */
static bool changed_size(const struct file *file, uint64_t now_us)
{
	if (file->found.size < file->seen.size)
		return true;
	return now_us - file->found_us > HEAD_US && file->found.size > file->seen.size;
}

/* It is read again where its first bytes, which are known, were not settled. */
static bool is_back_in_head(const struct file *file)
{
	return account_read_position(&file->account) < file->identity.head_len;
}

/*
 * Its size, since after a rewind the tail does not see that a file shrank; its first bytes, which
 * may go beyond what is settled and so beyond what its chain proves; those in memory; and what is
 * settled ahead, which must not be cut out of other bytes.
 */
static void check_start(struct file *file)
{
	if (file->found.size < file->seen.size)
		file->tail.rewritten = true;
	else if (file->found.size < account_ahead_end(&file->account))
		file->tail.rewritten = true;
	else if (identity_head_matches(file->tail.fd, &file->identity) == 0 ||
		 !content_has_its_chunk(&file->tail))
		file->tail.rewritten = true;
}

/* Starts reading a file in doubt again. False: not now, or it cannot be known. */
static bool begin(struct files *files, struct file *file, uint64_t now_us)
{
	struct chain chain;

	if (now_us < file->proof_at_us || file->account.in_flight ||
	    file->account.committed != account_read_position(&file->account)) {
		files_age(files, file);
		return false;
	}
	if (!tail_chain(&file->tail, &chain)) {
		file->doubtful = false;
		return false;
	}
	file->proof = malloc(sizeof *file->proof);
	if (!file->proof)
		return false;
	*file->proof = (struct file_proof){proof_of(&chain), file->found};
	TAILQ_INSERT_TAIL(&files->proofs, file, proof_link);
	return true;
}

/* When it may be read again next. */
static void put_off(struct file *file, uint64_t bytes, uint64_t now_us)
{
	uint32_t wait_ms = 2 * file->proof_wait_ms;
	uint64_t wait_us;

	wait_ms = wait_ms < WAIT_MIN_MS ? WAIT_MIN_MS : wait_ms;
	file->proof_wait_ms = wait_ms < WAIT_MAX_MS ? wait_ms : WAIT_MAX_MS;
	wait_us = file->proof_wait_ms * 1000ull;
	if (wait_us < bytes / BYTES_PER_US)
		wait_us = bytes / BYTES_PER_US;
	file->proof_at_us = now_us + wait_us;
}

static void step(struct files *files, struct file *file, uint64_t now_us)
{
	struct proof *proof = &file->proof->proof;
	int r = proof_step(proof, file->tail.fd, STEP_BYTES);

	if (r == PROOF_E_MORE)
		return;
	files->counters->files_verified++;
	put_off(file, proof->want.upto, now_us);
	if (!r) {
		file->seen = file->proof->times;
		files_dirty(files, file);
	} else if (r > 0) {
		file->tail.rewritten = true;
		file->proof_wait_ms = 0;
		file->proof_at_us = 0;
	}
	/* What cannot be read now is in doubt still. */
	file->doubtful = r < 0;
	file_end_proof(file, &files->proofs);
	if (file->doubtful)
		files_age(files, file);
	files_wake(files, file);
}

bool doubt_look(struct files *files, struct file *file, uint64_t now_us, int64_t real_ms)
{
	bool at_start = !file->found.known;

	if (!look(files, file, real_ms) || file->tail.rewritten || file->tail.packing)
		return true;
	if (!file->doubtful && may_be_rewritten(file, at_start))
		file->doubtful = true;
	if (file->doubtful || changed_size(file, now_us) || account_ahead_end(&file->account) ||
	    is_back_in_head(file))
		check_start(file);
	file->found_us = now_us;
	if (LIKELY(!file->doubtful) || file->tail.rewritten)
		return true;
	if (!file->proof && begin(files, file, now_us))
		step(files, file, now_us);
	return !file->proof || file->proof->proof.want.upto > HOLD_BYTES;
}

/* Of a compressed file size and time are known where all of its content is settled. */
static void packed_dry(struct files *files, struct file *file)
{
	const struct tail_dry *dry = &file->tail.dry;
	bool known = dry->known && dry->at == account_read_position(&file->account);

	if (known != file->seen.known || dry->mtime_ns != file->seen.mtime_ns)
		files_dirty(files, file);
	file->seen = (struct file_times){
		.size = dry->size,
		.mtime_ns = dry->mtime_ns,
		.known = known,
	};
}

void doubt_dry(struct files *files, struct file *file)
{
	const struct file_times *now = &file->found;

	if (file->tail.packing) {
		packed_dry(files, file);
		return;
	}
	if (file->doubtful || !now->known || now->size > seen_to(file))
		return;
	if (file->seen.size != now->size || file->seen.mtime_ns != now->mtime_ns ||
	    file->seen.ctime_ns != now->ctime_ns)
		files_dirty(files, file);
	file->seen = *now;
	file->seen_left = file->left_path;
}

void doubt_step(struct files *files, uint64_t now_us)
{
	struct file *file = TAILQ_FIRST(&files->proofs);

	if (LIKELY(!file))
		return;
	TAILQ_REMOVE(&files->proofs, file, proof_link);
	TAILQ_INSERT_TAIL(&files->proofs, file, proof_link);
	step(files, file, now_us);
}

bool doubt_due(const struct file *file, uint64_t now_us)
{
	return file->doubtful && !file->proof && now_us >= file->proof_at_us;
}

bool doubt_touched(const struct file *file, const struct stat *st)
{
	return file->seen.known &&
	       (file->seen.mtime_ns != mtime_of(st) ||
		(file->seen.ctime_ns && !file->left_path && file->seen.ctime_ns != ctime_of(st)));
}

void doubt_end(struct files *files, struct file *file)
{
	file_end_proof(file, &files->proofs);
	file->doubtful = false;
	file->seen = (struct file_times){0};
}
