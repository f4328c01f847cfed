/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FOLLOW_PACKS_H
#define FOLLOW_PACKS_H

#include "files/files.h"

/*
 * Before each turn of a file that is open: as soon as its first bytes are there they say whether it
 * is compressed. False: it is, and its source does not want that; the file was taken out.
 */
bool packs_look(struct files *files, struct file *file);

/* The turn has read the file to its end: tells, once, what could not be unpacked. */
void packs_dry(struct files *files, struct file *file);

#endif
