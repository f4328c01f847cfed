/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HINTS_ARRIVALS_H
#define HINTS_ARRIVALS_H

#include "files/files.h"
#include "input/discover.h"

/*
 * What came to the paths that are wanted, since hints were last all taken: each with the path at
 * which it came, wherever hints say that it went since.
 */

/*
 * Learns from a hint, before it is followed. 0; ARRIVALS_E_LATER: its path is looked at by
 * arrivals_look, in its turn; -ENOMEM.
 */
enum { ARRIVALS_E_LATER = 1 };
int arrivals_hint(struct files *files, struct discover *discover, const struct hint *hint)
	MUSTCHECK;

/*
 * Call when the hints that were told together are all followed: takes in what came and is not known
 * yet, in the order in which it came. 0 or -ENOMEM.
 */
int arrivals_look(struct files *files, struct discover *discover, int64_t now_ms) MUSTCHECK;

/* No hint waits: where each is now is known. */
void arrivals_end(struct files *files);

/* Hints were lost: what is known of arrivals may be wrong. */
void arrivals_forget(struct files *files);

#endif
