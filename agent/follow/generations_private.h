/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FOLLOW_GENERATIONS_PRIVATE_H
#define FOLLOW_GENERATIONS_PRIVATE_H

#include <string.h>
#include <sys/stat.h>

#include "follow/follow_private.h"

/* A search for the generations of a lineage that nobody saw. */

struct generation {
	char *path;
	int64_t began_ns;
};

struct generations {
	struct files *files;
	struct discover *discover;
	struct places *places;
	const struct missed *missed;
	struct stat now;    /* the file that has the path; st_ino 0: none has */
	bool in_the_making; /* a copy of what is at the path now was found */
	int64_t made_ns;    /* when the file that has the path now was made; INT64_MAX: unknown */
	int64_t before_ns;  /* that, if generations are renamed */
	int live;           /* that file, or -1 */
	struct generation *found;
	size_t n;
	size_t capacity;
	bool more; /* than GENERATIONS_MAX */
};

/* The last component of an absolute path. */
static inline const char *generations_name_of(const char *path)
{
	return strrchr(path, '/') + 1;
}

/* All of them, in their order, into search->found. 0 or -ENOMEM; the search is to be ended. */
int generations_find(struct generations *search) MUSTCHECK;
void generations_end(struct generations *search);

#endif
