/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FOLLOW_GENERATIONS_H
#define FOLLOW_GENERATIONS_H

#include "files/files.h"
#include "input/discover.h"
#include "search/places.h"

/* A file that was cut off: copies of what it held come before what is in it, which is the last. */
struct missed_before {
	int fd;             /* open */
	const char *path;   /* where it is; NULL: it has no name */
	int64_t written_ns; /* the last time */
};

/* A lineage of which generations may have come and gone unseen. All borrowed. */
struct missed {
	const struct source *source;
	const char *lineage;
	const char *real;                   /* where links led from the lineage; NULL: nowhere */
	const char *path;                   /* where its last known generation is now; NULL: gone */
	const char *went;                   /* the directory of earlier ones; NULL: their own */
	struct file *newest;                /* that; NULL: gone */
	int64_t after_ns;                   /* when it began */
	int64_t copied_ns;                  /* when what it is now was made, a copy */
	int64_t known_ns;                   /* what was made before is known, or none of ours */
	const struct missed_before *before; /* only those that come before this; NULL: all */
	bool copied; /* they are copies of a file that keeps its path, and is truncated */
};

/*
 * Takes in, in their order, the generations that came after the last known one and were rotated
 * before anybody looked. 0 or -ENOMEM.
 */
int follow_missed(struct files *files, struct discover *discover, struct places *places,
		  const struct missed *missed) MUSTCHECK;

/* The same for a known file, the newest of its lineage. */
int follow_missed_after(struct files *files, struct discover *discover, struct places *places,
			struct file *newest) MUSTCHECK;

#endif
