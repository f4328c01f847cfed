/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FOLLOW_PACKS_PRIVATE_H
#define FOLLOW_PACKS_PRIVATE_H

#include "follow/packs.h"

/*
 * One step with a new compressed file that is wanted: whether it is a known one, packed. True: that
 * is over, and it is read from where the known one ends, or from its start. now_us:
 * CLOCK_MONOTONIC.
 */
bool packs_judge(struct files *files, struct file *file, uint64_t now_us);

#endif
