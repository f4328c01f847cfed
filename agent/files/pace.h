/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_PACE_H
#define FILES_PACE_H

#include "files/files.h"

/* How fast lines are read: max_rate of all and of a source, catch_up_rate of files far behind. */

/* More bytes than that behind, or compressed: a file is catching up. */
#define PACE_BEHIND ((uint64_t)16 << 20)

/* What rate_set takes, of all and of those that catch up. Sources have theirs. */
void pace_init(struct files *files, uint64_t all, uint64_t catch_up);

/*
 * What the file may take now, `most` bytes at most. 0 bytes: nothing; it, or its source, has no
 * turns until pace_release gives it some.
 */
struct rate_budget pace_budget(struct files *files, struct file *file, size_t most,
			       uint64_t now_us);

/* It took so much. */
void pace_take(struct files *files, struct file *file, struct rate_budget taken, uint64_t now_us);

/* Who waited long enough has turns again. Returns when to ask again; CLOCK_NEVER: nobody waits. */
uint64_t pace_release(struct files *files, uint64_t now_us);

/* Whether pace_budget left somebody without turns. */
bool pace_waits(const struct files *files);

/* For how long the source had no turns because of a rate, in us. */
uint64_t pace_waited_us(const struct files *files, size_t source, uint64_t now_us);

#endif
