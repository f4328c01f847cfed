/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HINTS_HINTS_H
#define HINTS_HINTS_H

#include "files/files.h"
#include "input/discover.h"

/* Hints in the order in which they are told, and the first of all looks. */

/* Does what the hint calls for. now_ms: CLOCK_REALTIME, for ignore_older. 0 or -ENOMEM. */
int hints_follow(struct files *files, struct discover *discover, const struct hint *hint,
		 int64_t now_ms) MUSTCHECK;

/* No hint waits now. now_ms: CLOCK_REALTIME. 0 or -ENOMEM. */
int hints_caught_up(struct files *files, struct discover *discover, int64_t now_ms) MUSTCHECK;

/*
 * The first scan: takes in every path that exists. Rotated generations that the patterns match too
 * (app.log.1 beside app.log) are put into one lineage, the one written first first. 0 or negative
 * errno.
 */
int hints_first_scan(struct files *files, struct discover *discover, int64_t now_ms) MUSTCHECK;

#endif
