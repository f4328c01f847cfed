/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_PACE_H
#define FILES_PACE_H

#include "files/files.h"

/* How fast lines are read: max_rate of all and of a source, catch_up_rate of files far behind. */

/* More bytes than that behind, or compressed: a file is catching up. */
#define PACE_BEHIND ((uint64_t)16 << 20)

/* So many bytes a second of all, and of those that catch up; 0: no limit. Sources have theirs. */
void pace_init(struct files *files, uint64_t all, uint64_t catch_up);

/*
 * How many bytes the file may take now, `most` at most. 0: none; it, or its source, has no turns
 * until pace_release gives it some.
 */
size_t pace_budget(struct files *files, struct file *file, size_t most, uint64_t now_us);

/* It took so many. */
void pace_take(struct files *files, struct file *file, uint64_t bytes, uint64_t now_us);

/* Who waited long enough has turns again. Returns when to ask again; CLOCK_NEVER: nobody waits. */
uint64_t pace_release(struct files *files, uint64_t now_us);

/* Whether pace_budget left somebody without turns. */
bool pace_waits(const struct files *files);

/* For how long the source had no turns because of a rate, in us. */
uint64_t pace_waited_us(const struct files *files, size_t source, uint64_t now_us);

#endif
