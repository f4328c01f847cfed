/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INPUT_PROOF_H
#define INPUT_PROOF_H

#include "base/result.h"
#include "flow/chain.h"

/*
 * Whether a file, or what is unpacked of one, begins with exactly the bytes of a chain. Goes in
 * steps, so that a large file stops nobody.
 */
struct proof {
	struct chain want;
	struct chain have; /* of what was looked at so far */
};

enum {
	PROOF_E_MORE = 1, /* so far nothing speaks against it: another step */
	PROOF_E_OTHER,    /* it begins with other bytes */
	PROOF_E_SHORT,    /* it ends before: nothing is said of the bytes that it has */
};

/* want must be known. */
struct proof proof_of(const struct chain *want);

/*
 * Looks at the next `bytes` of an open file, rounded up to blocks. 0: it begins with those bytes,
 * all of them; the E codes; negative errno.
 */
int proof_step(struct proof *proof, int fd, size_t bytes) MUSTCHECK;

/*
 * The same for bytes that come from elsewhere: those at proof->have.upto, whole blocks but for the
 * last piece, which ends at proof->want.upto. 0, PROOF_E_MORE, PROOF_E_OTHER.
 */
int proof_take(struct proof *proof, const char *bytes, size_t len) MUSTCHECK;

#endif
