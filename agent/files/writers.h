/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_WRITERS_H
#define FILES_WRITERS_H

#include "files/files.h"

/* Whether it has no name and no writer any more, and was read to its end. */
bool files_is_abandoned(const struct file *file);

/*
 * Whether the file, settled and quiet, has no name any more and must be kept open because somebody
 * may still write to it. Adds to held_deleted_bytes. now_us: CLOCK_MONOTONIC.
 */
bool files_must_hold(struct files *files, const struct file *file, uint64_t now_us);

#endif
