/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file by its bytes, whatever its inode, birth time, device and name are: a copy, a compressed
 * generation, a file that an editor wrote anew, a volume that came back under another number. First
 * bytes choose who is looked at further; they prove nothing, since two files often begin with the
 * same banner.
 */
#include "search/content.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/filesystem.h"
#include "base/hash.h"

#define STEP_BYTES ((size_t)256 << 10)
#define READ_BYTES (4 * CHAIN_BLOCK)

int content_has_numbers(int fd, const struct store_file *row, struct identity *ret_identity)
{
	struct identity then = {row->device, row->inode, row->born_ns, row->head_len,
				row->head_hash};
	bool same_birth;
	int r;

	r = identity_of(fd, ret_identity);
	if (r)
		return r < 0 ? r : CONTENT_E_OTHER;
	same_birth = row->born_ns && row->born_ns == ret_identity->born_ns;
	if (same_birth && row->head_len)
		then.device = ret_identity->device;
	if (!identity_same_inode(&then, ret_identity))
		return CONTENT_E_OTHER;
	r = identity_head_matches(fd, &then);
	if (r < 0)
		return r;
	return r || (same_birth && row->device == ret_identity->device) ? 0 : CONTENT_E_OTHER;
}

/* Damaged ranges are none: who takes the row over tells of them. */
static uint64_t ahead_end_of(const struct store_file *row)
{
	struct ranges ahead = RANGES_NULL;
	uint64_t end = 0;

	if (row->ahead.len && !ranges_decode(row->ahead, row->committed, &ahead) && ahead.n)
		end = ahead.at[ahead.first + ahead.n - 1].end;
	ranges_deinit(&ahead);
	return end;
}

void content_of_row(struct content *content, const struct store_file *row)
{
	struct chain chain = {row->chain_at, row->committed, row->chain, row->rest_hash};
	uint64_t rest = row->committed - row->chain_at;

	if (!row->proven || row->chain_at % CHAIN_BLOCK != 0 || rest >= CHAIN_BLOCK)
		chain = chain_of_nothing();
	*content = (struct content){
		.proof = proof_of(&chain),
		.committed = row->committed,
		.ahead_end = ahead_end_of(row),
		.head_len = row->head_len,
		.head_hash = row->head_hash,
		.tail_len = row->tail_len,
		.tail_hash = row->tail_hash,
		.device = row->device,
		.inode = row->inode,
		.born_ns = row->born_ns,
	};
}

/* The bytes at the end of what was read in one piece from `at` on, as far as there is room. */
static void keep_bytes(struct content *content, const struct account *account, uint64_t at,
		       char *kept)
{
	const struct chunk *chunk;
	uint64_t end = at, low;

	TAILQ_FOREACH (chunk, &account->chunks, link) {
		/* Settled before, and not read. */
		if (chunk->cursor > chunk->filled || end < chunk->start)
			break;
		end = chunk->start + chunk->cursor;
	}
	low = end - at > CONTENT_KEPT_MAX ? end - CONTENT_KEPT_MAX : at;
	content->kept = kept;
	content->kept_at = low;
	TAILQ_FOREACH (chunk, &account->chunks, link) {
		uint64_t from = chunk->start > low ? chunk->start : low;
		uint64_t to = chunk->start + chunk->cursor;

		if (from >= end || to <= from)
			continue;
		memcpy(kept + content->kept_len, chunk->bytes + (from - chunk->start), to - from);
		content->kept_len += to - from;
	}
}

void content_of_tail(struct content *content, const struct tail *tail,
		     const struct identity *identity, char *kept)
{
	const struct account *account = tail->account;
	const struct chunk *chunk = TAILQ_FIRST(&account->chunks);
	/* A chunk that nothing was read into may know bytes that took the place of those known. */
	struct chain chain = chunk && chunk->filled ? chunk->chain : account->chain;
	char before[CHUNK_LOOK_BACK];

	if (tail->packing || chain.upto == CHAIN_UNKNOWN)
		chain = chain_of_nothing();
	*content = (struct content){
		.proof = proof_of(&chain),
		.committed = account->committed,
		.ahead_end = account_ahead_end(account),
		.head_len = identity->head_len,
		.head_hash = identity->head_hash,
		.tail_len = account_tail(account, before),
		.device = identity->device,
		.inode = identity->inode,
	};
	content->tail_hash = hash_bytes(before, content->tail_len);
	if (!content->tail_len) {
		content->tail_len = tail->stored_tail_len;
		content->tail_hash = tail->stored_tail_hash;
	}
	if (kept && chunk)
		keep_bytes(content, account, chain.upto > chunk->start ? chain.upto : chunk->start,
			   kept);
}

/* Bytes of the content at a position, fewer where it ends. 0, CONTENT_E_MORE, negative errno. */
static int read_at(struct content *content, uint64_t at, char *bytes, size_t len, size_t *ret_len)
{
	int r;

	*ret_len = 0;
	if (content->packed) {
		r = packed_read(content->packed, content->fd, at, bytes, len, ret_len);
		return r == PACKED_E_MORE ? CONTENT_E_MORE : r < 0 ? r : 0;
	}
	while (*ret_len < len) {
		ssize_t n = pread(content->fd, bytes + *ret_len, len - *ret_len,
				  (off_t)(at + *ret_len));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		*ret_len += (size_t)n;
	}
	return 0;
}

void content_keep_rest(struct content *content, const struct tail *tail, char *kept)
{
	size_t len = content->kept_len;
	ssize_t n;

	/* Read by now, but for a last line without its end. */
	if (!len)
		content->kept_at = content->committed;
	n = pread(tail->fd, kept + len, CONTENT_KEPT_MAX - len, (off_t)(content->kept_at + len));
	content->kept = kept;
	content->kept_len += n > 0 ? (size_t)n : 0;
}

/* The len bytes before a position have this hash. 0, the E codes, negative errno. */
static int compare(struct content *content, uint64_t end, uint32_t len, uint64_t hash)
{
	char bytes[IDENTITY_HEAD_MAX];
	size_t n;
	int r;

	if (len > sizeof bytes || len > end)
		return CONTENT_E_OTHER;
	if (!len)
		return 0;
	r = read_at(content, end - len, bytes, len, &n);
	if (r)
		return r;
	if (n < len)
		return CONTENT_E_SHORT;
	return hash_bytes(bytes, len) == hash ? 0 : CONTENT_E_OTHER;
}

/*
 * A file with the number of the known one and another birth time was made when that was gone, or
 * is it, on an overlay that was copied up. So few bytes may be those that all begin with.
 */
static bool is_used_again(const struct content *content, int fd)
{
	struct identity now;

	return content->committed < IDENTITY_HEAD_MAX && content->head_len < IDENTITY_HEAD_MAX &&
	       content->born_ns && identity_of(fd, &now) == 0 && now.inode == content->inode &&
	       now.device == content->device && now.born_ns && now.born_ns != content->born_ns &&
	       !filesystem_copies_up(fd);
}

int content_begin(struct content *content, int fd)
{
	struct chain nothing = chain_of_nothing();
	struct stat st;
	int r = 0;

	content->fd = fd;
	/* Nothing is known of it. */
	if (!content->kept_len && (!(content->committed || content->ahead_end) ||
				   !(content->head_len || content->proof.want.upto)))
		return CONTENT_E_OTHER;
	if (is_used_again(content, fd))
		return CONTENT_E_OTHER;
	content->packing = packed_kind_of_file(fd);
	if (content->packing)
		r = packed_new(content->packing, &content->packed);
	if (!r)
		r = compare(content, content->head_len, content->head_len, content->head_hash);
	/* Other evidence tells what it is as far as it goes. */
	if (r == CONTENT_E_SHORT &&
	    ((content->kept_len && !content->kept_at) || content->proof.want.upto))
		r = 0;
	/* It is the same file but for other numbers: not read again from its start. */
	if (!r && content->tail_len && fstat(fd, &st) == 0 && st.st_ino == content->inode)
		content->proof = proof_of(&nothing);
	return r;
}

/* Bytes behind its end were seen, as far as that is known: of a compressed file it is not. */
static bool is_cut(const struct content *content)
{
	uint64_t end = content->head_len;
	struct stat st;

	if (end < content->ahead_end)
		end = content->ahead_end;
	return !content->packing && (fstat(content->fd, &st) < 0 || (uint64_t)st.st_size < end);
}

static int compare_tail(struct content *content)
{
	int r;

	/* Nothing but first bytes that are not all of it, unless lines behind them are settled. */
	if (content->head_len < content->committed && !content->proof.want.upto &&
	    !content->tail_len && !content->kept_len && !content->ahead_end)
		return CONTENT_E_OTHER;
	r = compare(content, content->committed, content->tail_len, content->tail_hash);
	content->agrees = !r && is_cut(content);
	return content->agrees ? CONTENT_E_SHORT : r;
}

/* The bytes that were in memory. */
static int compare_kept(struct content *content)
{
	char bytes[READ_BYTES];

	while (content->compared < content->kept_len) {
		size_t left = content->kept_len - content->compared, n;
		size_t len = left < sizeof bytes ? left : sizeof bytes;
		int r = read_at(content, content->kept_at + content->compared, bytes, len, &n);

		if (r)
			return r;
		if (memcmp(bytes, content->kept + content->compared, n) != 0)
			return CONTENT_E_OTHER;
		content->compared += n;
		if (n < len) {
			content->agrees = content->compared || content->proof.want.upto;
			return CONTENT_E_SHORT;
		}
	}
	return 0;
}

int content_step(struct content *content)
{
	struct proof *proof = &content->proof;
	uint64_t end = proof->have.upto + STEP_BYTES;
	char bytes[READ_BYTES];
	int r;

	while (proof->have.upto < proof->want.upto && proof->have.upto < end) {
		uint64_t left = proof->want.upto - proof->have.upto;
		size_t len = left < sizeof bytes ? left : sizeof bytes, n;

		r = read_at(content, proof->have.upto, bytes, len, &n);
		if (r)
			return r;
		if (n < len)
			return CONTENT_E_SHORT;
		if (proof_take(proof, bytes, len) == PROOF_E_OTHER)
			return CONTENT_E_OTHER;
	}
	if (proof->have.upto < proof->want.upto)
		return CONTENT_E_MORE;
	r = compare_kept(content);
	return r ? r : compare_tail(content);
}

void content_end(struct content *content)
{
	content->packed = packed_free(content->packed);
}

bool content_may_be(const struct tail *tail, const struct identity *identity, int fd)
{
	struct content content;
	int r;

	content_of_tail(&content, tail, identity, NULL);
	r = content_begin(&content, fd);
	if (!r)
		r = content_step(&content);
	content_end(&content);
	return !r || r == CONTENT_E_MORE;
}

bool content_is_beginning(const struct tail *tail, const struct identity *identity, int fd)
{
	struct content content;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0 || !st.st_size || packed_kind_of_file(fd) ||
	    (uint64_t)st.st_size > tail->account->committed)
		return false;
	content_of_tail(&content, tail, identity, NULL);
	r = content_begin(&content, fd);
	if (!r)
		r = content_step(&content);
	content_end(&content);
	if (r == CONTENT_E_SHORT)
		return content.head_len && (uint64_t)st.st_size >= content.head_len;
	return !r || r == CONTENT_E_MORE;
}

int content_is(struct content *content, int fd, enum packed_kind *ret_packing)
{
	int r = content_begin(content, fd);

	if (!r)
		do
			r = content_step(content);
		while (r == CONTENT_E_MORE);
	*ret_packing = content->packing;
	content_end(content);
	return r;
}

/* So many bytes before a position have this hash, or none is known. */
static bool has_before(const struct tail *tail, uint64_t at, uint32_t len, uint64_t hash)
{
	char bytes[CHUNK_LOOK_BACK];

	return !len || (pread(tail->fd, bytes, len, (off_t)(at - len)) == (ssize_t)len &&
			hash_bytes(bytes, len) == hash);
}

/* The bytes before the committed position are still there, and those that were read last. */
static bool has_its_tail(const struct tail *tail)
{
	const struct account *account = tail->account;
	const struct chunk *last = TAILQ_LAST(&account->chunks, chunk_list);
	uint64_t read = account_read_position(account);
	char known[CHUNK_LOOK_BACK];
	uint32_t len = last && account->committed < read ? chunk_tail(last, read, known) : 0;

	if (!has_before(tail, read, len, hash_bytes(known, len)))
		return false;
	len = account_tail(account, known);
	return len ? has_before(tail, account->committed, len, hash_bytes(known, len)) :
		     has_before(tail, account->committed, tail->stored_tail_len,
				tail->stored_tail_hash);
}

bool content_has_its_chunk(const struct tail *tail)
{
	const struct chunk *chunk = TAILQ_FIRST(&tail->account->chunks);
	char bytes[IDENTITY_HEAD_MAX];
	size_t len = !chunk ? 0 : chunk->filled < sizeof bytes ? chunk->filled : sizeof bytes;

	return !len || (pread(tail->fd, bytes, len, (off_t)chunk->start) == (ssize_t)len &&
			memcmp(bytes, chunk->bytes, len) == 0);
}

bool content_is_gone(const struct tail *tail, const struct identity *identity)
{
	struct stat st;

	if (tail->rewritten || fstat(tail->fd, &st) < 0)
		return true;
	if (tail->packing)
		return false;
	return (uint64_t)st.st_size < account_read_position(tail->account) ||
	       identity_head_matches(tail->fd, identity) == 0 || !has_its_tail(tail) ||
	       !content_has_its_chunk(tail);
}
