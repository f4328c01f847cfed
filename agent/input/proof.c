/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes are read once, from the start: of a chain only its end is known, so nothing can be said
 * before all of it was seen. Who needs to know sooner asks the first bytes (identity) and those
 * before the position (the tail).
 */
#include "input/proof.h"

#include <errno.h>
#include <unistd.h>

#define READ_BYTES (8 * CHAIN_BLOCK)

struct proof proof_of(const struct chain *want)
{
	return (struct proof){*want, chain_of_nothing()};
}

int proof_take(struct proof *proof, const char *bytes, size_t len)
{
	chain_add(&proof->have, NULL, bytes, len);
	if (proof->have.upto < proof->want.upto)
		return PROOF_E_MORE;
	return chain_equal(&proof->have, &proof->want) ? 0 : PROOF_E_OTHER;
}

/* Bytes at a position, fewer only where the file ends; negative errno. */
static ssize_t read_at(int fd, char *bytes, size_t len, uint64_t at)
{
	size_t have = 0;

	while (have < len) {
		ssize_t n = pread(fd, bytes + have, len - have, (off_t)(at + have));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

int proof_step(struct proof *proof, int fd, size_t bytes)
{
	uint64_t end = proof->have.upto + bytes;
	char block[READ_BYTES];
	int r = proof->want.upto ? PROOF_E_MORE : 0;

	while (r == PROOF_E_MORE && proof->have.upto < end) {
		uint64_t left = proof->want.upto - proof->have.upto;
		size_t len = left < sizeof block ? left : sizeof block;
		ssize_t n = read_at(fd, block, len, proof->have.upto);

		if (n < 0)
			return (int)n;
		if ((size_t)n < len)
			return PROOF_E_SHORT;
		r = proof_take(proof, block, len);
	}
	return r;
}
