/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_STATUS_WORST_H
#define CMD_STATUS_WORST_H

#include <stddef.h>

#include "base/object.h"

/* Of any number of files the WORST_FILES that need a look most, in that order. Embedded; zeroed. */

#define WORST_FILES 10

struct worst_file {
	size_t rank;                                          /* of its state: 0 is the worst */
	int64_t lag, lag_ms, position, read, size, in_flight; /* -1: not known */
	char *path, *state, *waits_for; /* waits_for: NULL for nothing; ours, as the others */
};

struct worst {
	struct worst_file at[WORST_FILES];
	size_t n;
};

/* A line of kind "file". 0 or -ENOMEM. */
int worst_add(struct worst *worst, const struct object *file) MUSTCHECK;
void worst_deinit(struct worst *worst);

#endif
