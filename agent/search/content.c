/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file by its bytes, whatever its inode, birth time, device and name are: a copy, a compressed
 * generation, a file that an editor wrote anew, a volume that came back under another number. First
 * bytes choose who is looked at further; they prove nothing, since two files often begin with the
 * same banner.
 */
#include "search/content.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

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

void content_of_row(struct content *content, const struct store_file *row)
{
	struct chain chain = {row->chain_at, row->committed, row->chain, row->rest_hash};
	uint64_t rest = row->committed - row->chain_at;

	if (!row->proven || row->chain_at % CHAIN_BLOCK != 0 || rest >= CHAIN_BLOCK)
		chain = chain_of_nothing();
	*content = (struct content){
		.proof = proof_of(&chain),
		.committed = row->committed,
		.head_len = row->head_len,
		.head_hash = row->head_hash,
		.tail_len = row->tail_len,
		.tail_hash = row->tail_hash,
		.inode = row->inode,
	};
}

void content_of_tail(struct content *content, struct tail *tail, const struct identity *identity)
{
	const struct account *account = tail->account;
	char before[CHUNK_LOOK_BACK];
	struct chain chain;

	/* Up to where it is known: the file itself may hold other bytes by now. */
	if (!tail_chain(tail, &chain) && (tail->packing || chain.upto > account->committed))
		chain = chain_of_nothing();
	*content = (struct content){
		.proof = proof_of(&chain),
		.committed = account->committed,
		.head_len = identity->head_len,
		.head_hash = identity->head_hash,
		.tail_len = account_tail(account, before),
		.inode = identity->inode,
	};
	content->tail_hash = hash_bytes(before, content->tail_len);
	if (!content->tail_len) {
		content->tail_len = tail->stored_tail_len;
		content->tail_hash = tail->stored_tail_hash;
	}
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

int content_begin(struct content *content, int fd)
{
	int r = 0;

	content->fd = fd;
	/* Of a file of which nothing was settled, or kept, nothing is known. */
	if (!content->committed || !(content->head_len || content->proof.want.upto))
		return CONTENT_E_OTHER;
	content->packing = packed_kind_of_file(fd);
	if (content->packing)
		r = packed_new(content->packing, &content->packed);
	return r ? r : compare(content, content->head_len, content->head_len, content->head_hash);
}

static int compare_tail(struct content *content)
{
	/* Nothing but first bytes. */
	if (!content->proof.want.upto && !content->tail_len)
		return CONTENT_E_OTHER;
	return compare(content, content->committed, content->tail_len, content->tail_hash);
}

int content_step(struct content *content)
{
	struct proof *proof = &content->proof;
	uint64_t end = proof->have.upto + STEP_BYTES;
	char bytes[READ_BYTES];

	while (proof->have.upto < proof->want.upto && proof->have.upto < end) {
		uint64_t left = proof->want.upto - proof->have.upto;
		size_t len = left < sizeof bytes ? left : sizeof bytes, n;
		int r = read_at(content, proof->have.upto, bytes, len, &n);

		if (r)
			return r;
		if (n < len)
			return CONTENT_E_SHORT;
		if (proof_take(proof, bytes, len) == PROOF_E_OTHER)
			return CONTENT_E_OTHER;
	}
	return proof->have.upto < proof->want.upto ? CONTENT_E_MORE : compare_tail(content);
}

void content_end(struct content *content)
{
	content->packed = packed_free(content->packed);
}

int content_is(struct content *content, int fd, enum packed_kind *ret_packing)
{
	struct chain nothing = chain_of_nothing();
	struct stat st;
	int r = content_begin(content, fd);

	if (!r && content->tail_len && fstat(fd, &st) == 0 && st.st_ino == content->inode)
		content->proof = proof_of(&nothing);
	if (!r)
		do
			r = content_step(content);
		while (r == CONTENT_E_MORE);
	*ret_packing = content->packing;
	content_end(content);
	return r;
}

bool content_is_gone(const struct tail *tail, const struct identity *identity)
{
	struct stat st;

	return tail->rewritten || fstat(tail->fd, &st) < 0 ||
	       (uint64_t)st.st_size < account_read_position(tail->account) ||
	       identity_head_matches(tail->fd, identity) == 0;
}
