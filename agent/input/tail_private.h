/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INPUT_TAIL_PRIVATE_H
#define INPUT_TAIL_PRIVATE_H

#include "input/tail.h"

/* Shared by tail.c (events) and tail_read.c (bytes). Calls go in this order. */

/* One read into the room of the chunk. 0 (new bytes), the E codes, negative errno. */
int tail_fill(struct tail *tail, struct chunk *chunk) MUSTCHECK;

/*
 * The bytes before the stored position, for when what follows it is not read at all: tail_fill
 * compares only what stands before the first byte that it reads. 0, TAIL_E_REWRITTEN, negative
 * errno.
 */
int tail_check_stored(struct tail *tail, uint64_t position) MUSTCHECK;

#endif
