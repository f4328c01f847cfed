/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIEW_ROLL_H
#define VIEW_ROLL_H

#include "files/files.h"

/*
 * The files that are known, called one after the other while they come and go: who went is passed
 * over, who came may be called. It must stay where it is from roll_init to roll_deinit.
 */
struct roll {
	struct map_walk walk;
};

void roll_init(struct roll *roll, const struct files *files);
void roll_deinit(struct roll *roll); /* of a zeroed one, too */

/* The next of those that are still there; NULL: none is left. */
const struct file *roll_next(struct roll *roll);

#endif
