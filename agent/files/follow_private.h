/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_FOLLOW_PRIVATE_H
#define FILES_FOLLOW_PRIVATE_H

#include "files/follow.h"

/*
 * Shared by follow.c (hints), look.c (a path nobody knows), adopt.c (a file is taken in), first.c
 * and stored.c (the start). Calls go in this order: follow, look, stored, adopt.
 */

/* What a file begins with: known from the store, or new. All borrowed. */
struct birth {
	const struct source *source;
	const char *path;
	const char *lineage;
	const struct store_file *row; /* NULL: new */
	uint64_t position;
};

/* Opens a path whose inode is not in the table, and takes it in if it is a log file. 0, -ENOMEM. */
int follow_look_at(struct files *files, const struct birth *birth, int64_t now_ms) MUSTCHECK;

/* Warns, once a path, that it cannot be followed: it is `what`. */
void follow_refuse(struct files *files, const char *path, const char *what);

/* Puts a file into the table and into the queue. Consumes fd. 0 or -ENOMEM. */
int follow_adopt(struct files *files, const struct birth *birth, int fd,
		 const struct identity *identity) MUSTCHECK;

/*
 * The stored row of an open file that was not met by its path (its pattern or directory is another
 * now, B11), taken out of files->stored; NULL when there is none. Borrowed from files.
 */
const struct store_file *follow_take_row(struct files *files, int fd,
					 const struct identity *identity);

/*
 * A path that a source wants exists: looks at it, and takes it in when it is a log file that is not
 * known yet. lineage: the path whose generation it is, usually its own. 0 or -ENOMEM.
 */
int follow_found(struct files *files, struct discover *discover, int source, const char *path,
		 const char *lineage, int64_t now_ms) MUSTCHECK;

/*
 * Takes in, in order, the generations that came after `newest`, the last one known of its lineage,
 * and were rotated before anybody looked. 0 or -ENOMEM.
 */
int follow_missed(struct files *files, const struct file *newest) MUSTCHECK;

/* Whether name is base with what rotation appends: ".1", "-20261121", ".2026-11-21-10". */
bool follow_is_rotated(const char *name, const char *base);

/* What a gzip, zstd or other compressed file holds is no log line (A12). */
bool follow_is_compressed(int fd);

#endif
