/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FOLLOW_PACKS_H
#define FOLLOW_PACKS_H

#include "files/files.h"

/*
 * Before each turn of a file that is open: as soon as its first bytes are there they say whether it
 * is compressed. False: there is no turn now. It is compressed and its source does not want that,
 * and it was taken out; others are being unpacked, and it is held; it is not known yet whether it
 * is a known file, compressed; or what is in it now is not wanted (leave_out), and it is not passed
 * yet. now_us: CLOCK_MONOTONIC.
 */
bool packs_look(struct files *files, struct file *file, uint64_t now_us);

/*
 * The turn has read the file to its end: tells, once, what could not be unpacked. Comes before
 * doubt_dry. now_us: CLOCK_MONOTONIC.
 */
void packs_dry(struct files *files, struct file *file, uint64_t now_us);

/* The file is quiet and is to be closed: if it ends amid its content now, that is told, once. */
void packs_finish(struct files *files, struct file *file);

#endif
