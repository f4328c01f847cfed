/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_DOZE_H
#define FILES_DOZE_H

#include "files/files.h"

/*
 * Files in which nothing happens become dormant (dormant.h), and files again when something does:
 * whoever looks one up in the table finds a file.
 */

/* From now on the table's maps know dormant files, too. After files_init. */
void doze_begin(struct files *files);

/*
 * At a start with more rows than files can be open: whether the file of this one, which a source
 * wants, is as it was and dormant from now on. Its place is the row's.
 */
bool doze_row(struct files *files, const struct source *source, const struct store_file *row);

/* Before a look, so that it finds room: files that may are dormant from now on. */
void doze_begin_look(struct files *files);

/*
 * At the end of a look: files that may are dormant from now on, and dormant ones that were not
 * found are looked at where they were: what is gone is forgotten, what is another file now is a
 * file again.
 */
void doze_end_look(struct files *files);

/*
 * Whether there is nothing to do about what a hint says of this path, because it is that of a
 * dormant file: a look found it as it is, or there is no room now for one more file that is not
 * dormant; it waits for a later look.
 */
bool doze_passes(struct files *files, const char *path);

#endif
