/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of a file into a chunk. Every read starts before the first new byte and compares what is
 * there with what was read before: 64 bytes, or up to 4 KiB where the file was not looked at since
 * its chunk was given up. A file that was truncated and rewritten behind our back is seen at no
 * extra system call: fewer bytes than the look-back means it shrank, other bytes mean it was
 * rewritten (scenarios A07, A08). A rewrite that these bytes hide is found by the content chain
 * (tail_chain.c), if nothing grew.
 *
 * Of a compressed file the content is read, by the same positions. It is not asked again before it
 * changed: that would be another unpacking of all of it.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/hash.h"
#include "input/tail.h"
#include "input/tail_private.h"

/* The bytes before the chunk's next unread one: what is known of them, and what the file has. */
struct look_back {
	char known[CHUNK_LOOK_BACK];
	uint32_t known_len;
	uint32_t stored_len; /* bytes under tail->stored_tail_hash */
	uint32_t rest_len;   /* bytes under the rest of the chunk's chain */
	uint32_t len;        /* bytes to read before the new ones: the largest of these */
	char read[CHAIN_BLOCK];
};

/*
 * Where nothing was read yet, what comes from before may be old: then the whole half block behind
 * the chain is looked at, and not 64 bytes only.
 */
static void look_far_back(const struct tail *tail, const struct chunk *chunk,
			  struct look_back *back)
{
	back->known_len = chunk->look_back_len;
	memcpy(back->known, chunk->look_back + CHUNK_LOOK_BACK - back->known_len, back->known_len);
	if (!back->known_len)
		back->stored_len = tail->stored_tail_len;
	if (chunk == TAILQ_FIRST(&tail->account->chunks) && chunk->chain.upto == chunk->start)
		back->rest_len = (uint32_t)(chunk->start - chunk->chain.at);
	back->len = back->known_len + back->stored_len;
	if (!back->len)
		back->len =
			chunk->start < CHUNK_LOOK_BACK ? (uint32_t)chunk->start : CHUNK_LOOK_BACK;
	if (back->len < back->rest_len)
		back->len = back->rest_len;
}

static void prepare_look_back(const struct tail *tail, const struct chunk *chunk,
			      struct look_back *back)
{
	back->known_len = back->stored_len = back->rest_len = 0;
	if (!chunk->filled) {
		look_far_back(tail, chunk, back);
		return;
	}
	back->known_len = chunk->filled < CHUNK_LOOK_BACK ? chunk->filled : CHUNK_LOOK_BACK;
	memcpy(back->known, chunk->bytes + chunk->filled - back->known_len, back->known_len);
	back->len = back->known_len;
}

static bool look_back_matches(const struct tail *tail, const struct chunk *chunk,
			      const struct look_back *back)
{
	const char *end = back->read + back->len;

	if (memcmp(back->known, end - back->known_len, back->known_len) != 0)
		return false;
	if (back->stored_len &&
	    hash_bytes(end - back->stored_len, back->stored_len) != tail->stored_tail_hash)
		return false;
	return !back->rest_len || chain_rest_is(&chunk->chain, end - back->rest_len);
}

/* A chunk that did not know the bytes before it does now. */
static void keep_look_back(struct chunk *chunk, const struct look_back *back)
{
	uint32_t len = back->len < CHUNK_LOOK_BACK ? back->len : CHUNK_LOOK_BACK;

	if (chunk->filled || chunk->look_back_len)
		return;
	chunk->look_back_len = (uint8_t)len;
	memcpy(chunk->look_back + CHUNK_LOOK_BACK - len, back->read + back->len - len, len);
}

/*
 * One preadv into the room of the chunk. 0 and the bytes read, look-back included; negative errno.
 */
static int read_plain(const struct tail *tail, struct chunk *chunk, struct look_back *back,
		      size_t *ret_n)
{
	uint64_t next = chunk->start + chunk->filled;
	struct iovec parts[] = {{back->read, back->len},
				{chunk->bytes + chunk->filled, chunk->capacity - chunk->filled}};
	ssize_t n;

	do
		n = preadv(tail->fd, parts, 2, (off_t)(next - back->len));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	*ret_n = (size_t)n;
	return 0;
}

static bool is_unchanged(const struct tail_dry *dry, const struct stat *st)
{
	return dry->known && dry->size == (uint64_t)st->st_size &&
	       dry->mtime_ns == st->st_mtim.tv_sec * 1000000000LL + st->st_mtim.tv_nsec;
}

/* What packed_read says, without what only means that there is no more (it was cut, or broken). */
static int unpack(struct tail *tail, uint64_t at, char *bytes, size_t len, size_t *ret_n)
{
	int r = packed_read(tail->packed, tail->fd, at, bytes, len, ret_n);

	if (r == PACKED_E_MORE)
		return TAIL_E_AGAIN;
	if (r >= 0)
		tail->broken = r;
	return r < 0 ? r : 0;
}

/*
 * Whether what comes behind what was unpacked is where it was: it ended amid its content and grew.
 * Behind a whole end another member may have come, or the file was written anew: only what stands
 * before the position tells.
 */
static bool goes_on(const struct tail *tail, const struct stat *st)
{
	return !tail->dry.known ||
	       (tail->broken == PACKED_E_SHORT && (uint64_t)st->st_size >= tail->dry.size);
}

/* The same from a compressed file; TAIL_E_AGAIN, TAIL_E_DRY: nobody wrote to it since. */
static int read_packed(struct tail *tail, struct chunk *chunk, struct look_back *back,
		       size_t *ret_n)
{
	uint64_t next = chunk->start + chunk->filled;
	uint32_t room = chunk->capacity - chunk->filled;
	struct stat st;
	size_t n = 0;
	int r = 0;

	if (fstat(tail->fd, &st) < 0)
		return -errno;
	if (tail->dry.at == next && is_unchanged(&tail->dry, &st))
		return TAIL_E_DRY;
	if (!is_unchanged(&tail->dry, &st)) {
		if (!goes_on(tail, &st))
			tail->packed = packed_free(tail->packed);
		tail->dry.known = false;
	}
	if (!tail->packed)
		r = packed_new(tail->packing, &tail->packed);
	if (!r && back->len)
		r = unpack(tail, next - back->len, back->read, back->len, ret_n);
	/* What is broken before the position was read once. */
	if (!r && *ret_n < back->len)
		return tail->broken ? TAIL_E_DRY : 0;
	if (!r)
		r = unpack(tail, next, chunk->bytes + chunk->filled, room, &n);
	if (r)
		return r;
	*ret_n += n;
	if (n < room)
		tail->dry = (struct tail_dry){
			.size = (uint64_t)st.st_size,
			.mtime_ns = st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec,
			.at = next + n,
			.known = true,
		};
	return 0;
}

int tail_fill(struct tail *tail, struct chunk *chunk)
{
	uint32_t room = chunk->capacity - chunk->filled;
	struct look_back back;
	size_t n = 0;
	int r;

	prepare_look_back(tail, chunk, &back);
	r = UNLIKELY(tail->packing) ? read_packed(tail, chunk, &back, &n) :
				      read_plain(tail, chunk, &back, &n);
	if (r)
		return r;
	if (n < back.len || !look_back_matches(tail, chunk, &back))
		return TAIL_E_REWRITTEN;
	tail->stored_tail_len = 0;
	keep_look_back(chunk, &back);
	n -= back.len;
	if (!n)
		return TAIL_E_DRY;
	chunk->filled += (uint32_t)n;
	tail->hungry = n == room;
	if (back.rest_len)
		tail_foresee(chunk, back.read + back.len - back.rest_len);
	return 0;
}

bool tail_has_more(const struct tail *tail)
{
	struct stat st;

	if (tail->fd < 0 || fstat(tail->fd, &st) < 0)
		return false;
	if (tail->packing)
		return !is_unchanged(&tail->dry, &st);
	return (uint64_t)st.st_size > account_read_position(tail->account);
}

int tail_check_stored(struct tail *tail, uint64_t position)
{
	uint32_t len = tail->stored_tail_len;
	char read[CHUNK_LOOK_BACK];
	ssize_t n;

	/* Not of what is packed: there it would cost an unpacking of all that is before. */
	if (tail->packing)
		return 0;
	do
		n = pread(tail->fd, read, len, (off_t)(position - len));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (n < (ssize_t)len || hash_bytes(read, len) != tail->stored_tail_hash)
		return TAIL_E_REWRITTEN;
	tail->stored_tail_len = 0;
	return 0;
}
