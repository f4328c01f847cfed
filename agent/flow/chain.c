/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file is known by its bytes, all of them. Their hash must go on where it stopped, after a
 * restart too, and must cost nothing where nothing happens: a hundred thousand idle files cannot
 * each keep the state of a streaming hash (88 bytes of XXH64, 576 of XXH3), nor the bytes of a half
 * block.
 *
 * So the file is cut into blocks of 4 KiB, and the hash is one of hashes:
 *
 *     H(0) = 0        H(n + 1) = XXH128(H(n), XXH128(block n))
 *
 * Two blocks that change places change it. What is behind the last whole block has a hash of its
 * own. To go on in a half block its first bytes are needed again: whoever has them no more reads
 * them from the file, at most one block, and that hash says whether they still are the same. So
 * what is in the chain is what was read, not what the file holds by now.
 */
#include "flow/chain.h"

#include <string.h>

struct chain chain_of_nothing(void)
{
	return (struct chain){.rest = hash_bytes("", 0)};
}

struct chain chain_unknown(void)
{
	return (struct chain){.upto = CHAIN_UNKNOWN};
}

bool chain_rest_is(const struct chain *chain, const char *bytes)
{
	return hash_bytes(bytes, chain->upto - chain->at) == chain->rest;
}

static void add_block(struct chain *chain, const char *block)
{
	chain->hash = hash_pair(chain->hash, hash_bytes128(block, CHAIN_BLOCK));
	chain->at += CHAIN_BLOCK;
}

void chain_add(struct chain *chain, const char *rest, const char *bytes, size_t len)
{
	size_t have = chain->upto - chain->at;
	char block[CHAIN_BLOCK];

	if (!len)
		return;
	chain->upto += len;
	if (have) {
		size_t some = len < CHAIN_BLOCK - have ? len : CHAIN_BLOCK - have;

		memcpy(block, rest, have);
		memcpy(block + have, bytes, some);
		if (have + some < CHAIN_BLOCK) {
			chain->rest = hash_bytes(block, have + some);
			return;
		}
		add_block(chain, block);
		bytes += some;
		len -= some;
	}
	for (; len >= CHAIN_BLOCK; bytes += CHAIN_BLOCK, len -= CHAIN_BLOCK)
		add_block(chain, bytes);
	chain->rest = hash_bytes(bytes, len);
}

bool chain_equal(const struct chain *a, const struct chain *b)
{
	return a->at == b->at && a->upto == b->upto && a->hash.low == b->hash.low &&
	       a->hash.high == b->hash.high && a->rest == b->rest;
}
