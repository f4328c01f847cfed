/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INPUT_TAIL_PRIVATE_H
#define INPUT_TAIL_PRIVATE_H

#include "input/tail.h"

/*
 * Shared by tail.c (events), tail_join.c (those of several lines), tail_read.c (bytes) and
 * tail_chain.c (their hash). Calls go in this
 * order.
 */

/*
 * Cuts the event at the cursor from the bytes behind it, of which it has position and first_time.
 * 0 or LINES_E_MORE. tail_join.c
 */
int tail_cut_joined(struct tail *tail, struct slice bytes, bool ended, struct event *event)
	MUSTCHECK;

/*
 * Behind the cursor, where nothing more is expected: all of it, or the whole lines of it. 0 or
 * TAIL_E_DRY.
 */
int tail_peek_joined(struct tail *tail, bool whole, struct event *ret_event) MUSTCHECK;

/* The event of a slot of several lines, as it was shown: its line, or what that is made of. */
void tail_show_again(const struct tail *tail, const struct slot *slot, struct event *event);

/* Whether a limit ended the slot's event, where lines are joined: the next one goes on with it. */
bool tail_was_cut(const struct tail *tail, const struct slot *slot);

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
