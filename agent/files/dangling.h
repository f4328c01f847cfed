/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_DANGLING_H
#define FILES_DANGLING_H

#include "base/map.h"

/* Links that lead nowhere yet, by the first path on their way that is not there. */
struct dangling {
	struct dangling *next; /* that waits for the same path */
	int source;
	char link[];
};

/* All of them. */
struct danglings {
	struct map *by_missing; /* path → the first that waits for it */
	size_t n;
};

/* 0 or -ENOMEM. */
int dangling_init(struct danglings *all) MUSTCHECK;
void dangling_deinit(struct danglings *all);

/*
 * The link is to be looked at again once something is at `missing`. More than 4,096 are not
 * remembered: a look at all paths finds those. 0 or -ENOMEM.
 */
int dangling_add(struct danglings *all, const char *missing, int source, const char *link)
	MUSTCHECK;

/* Those that wait for this path, taken out: each is the caller's to free. NULL: none. */
struct dangling *dangling_take(struct danglings *all, const char *path);

#endif
