/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_ROWS_H
#define FILES_ROWS_H

#include <sys/stat.h>

#include "files/files.h"

/* Files and the stored rows that tell of them. */

/*
 * The stored row of an open file that was not met by its path (its pattern or directory is another
 * now, B11), taken out of files->stored; NULL when there is none. Borrowed from files.
 */
const struct store_file *rows_take(struct files *files, int fd, const struct identity *identity);

/*
 * The same of a row that was not met and had this path: the file has other numbers (a volume that
 * came late), and the row's bytes.
 */
const struct store_file *rows_take_at(struct files *files, const char *path, int fd,
				      enum packed_kind *ret_packing);

/* The row's file under this path: 0, *ret_fd is the caller's. The E codes. */
enum {
	ROWS_E_OTHER = 1, /* no file there, or another one */
	ROWS_E_LATER,     /* it cannot be looked at now: its row stays */
};
int rows_open(struct files *files, const struct store_file *row, const char *path,
	      enum reach_links links, int *ret_fd, struct identity *ret_identity) MUSTCHECK;

/*
 * Whether a row that was not met yet is that of the file at path; the inode may be one that is
 * used again.
 */
bool rows_has(struct files *files, const char *path, uint64_t device, uint64_t inode);

/* context: the files. Whether this file is one of them, or one of their rows. */
bool rows_is_known(void *context, const char *path, const struct stat *st);

/* The same, but for a compressed file of which it is not known yet whether it is a known one. */
bool rows_is_taken(void *context, const char *path, const struct stat *st);

#endif
