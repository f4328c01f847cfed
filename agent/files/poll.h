/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_POLL_H
#define FILES_POLL_H

#include "files/files.h"

/* Files of whose writes nobody tells: they are asked. */

/* A file was taken in: from now on it is asked if its file system is known not to tell. */
void poll_adopted(struct files *files, struct file *file);

/* A hint told of a write to it. */
void poll_told(struct file *file);

/*
 * A look at all paths finds the file with so many bytes: those that nobody told of, twice in a row,
 * are the experience that it has to be asked.
 */
void poll_found(struct files *files, struct file *file, uint64_t size);

/*
 * Once a tick: wakes those that have grown; one that has not is asked less often, up to each 5 s.
 */
void poll_files(struct files *files, uint64_t now_us);

#endif
