/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_DEMO_USER_FILE_H
#define CMD_DEMO_USER_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

/* More of one file is not shipped by the demo, but a copy of its end. */
#define DEMO_FILE_MAX (1u << 20)

/* So many files at most. */
#define DEMO_FILES_MAX 7

struct demo_kind; /* config.h */

/* A file that the demo ships, and which of its lines came out at the other end. */
struct demo_file {
	char path[PATH_MAX];          /* absolute: what is shipped */
	char origin[PATH_MAX];        /* of which path is a copy; "": it is the file itself */
	size_t number;                /* among all files, from 1 */
	const struct demo_kind *kind; /* static */
	uint8_t *marks;               /* one a byte below `end`: MARK_x, by the line's position */
	uint64_t end;                 /* end of the last whole line that is counted */
	uint64_t cut;                 /* bytes after it: a last line without LF */
	uint64_t lines;               /* whole lines below `end` */
	uint64_t seen;                /* of them came out */
	uint64_t repeated;            /* came out again */
	uint64_t later;               /* records of lines above `end`: written meanwhile */
};

enum {
	DEMO_FILE_E_REFUSED = 1, /* cannot be shipped; the message says why */
};

/*
 * Looks at a file of the user's, counts its lines, and copies the end of a large one into dir, as
 * "NUMBER-NAME". 0; DEMO_FILE_E_REFUSED with a message without the name; negative errno.
 */
int demo_file_open(struct demo_file *file, const char *name, const char *dir, const char **ret_why)
	MUSTCHECK;

/* The record of the line at this position came out. */
void demo_file_arrived(struct demo_file *file, uint64_t position);

/* Every counted line came out. */
static inline bool demo_file_complete(const struct demo_file *file)
{
	return file->seen == file->lines;
}

void demo_file_deinit(struct demo_file *file);

#endif
