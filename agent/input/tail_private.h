/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INPUT_TAIL_PRIVATE_H
#define INPUT_TAIL_PRIVATE_H

#include "input/tail.h"

/*
 * Shared by tail.c (events), tail_read.c (bytes) and tail_chain.c (their hash). Calls go in this
 * order.
 */

/* One read into the room of the chunk. 0 (new bytes), the E codes, negative errno. */
int tail_fill(struct tail *tail, struct chunk *chunk) MUSTCHECK;

/*
 * The bytes before the stored position, for when what follows it is not read at all: tail_fill
 * compares only what stands before the first byte that it reads. 0, TAIL_E_REWRITTEN, negative
 * errno.
 */
int tail_check_stored(struct tail *tail, uint64_t position) MUSTCHECK;

/*
 * Bytes were read into an empty chunk. rest: those under the rest of its chain, which were read
 * with them. Now the chain costs no read; if the chunk ends here, it is known.
 */
void tail_foresee(struct chunk *chunk, const char *rest);

#endif
