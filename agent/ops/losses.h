/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPS_LOSSES_H
#define OPS_LOSSES_H

#include <stdint.h>

#include "ops/counters.h"

/* Of so many files that were lost, or a part of them, is it kept which ones they were. */
#define LOSSES_KEPT 64

struct loss {
	char *path;    /* its last one; NULL: none is kept here */
	char *lineage; /* the path at which its generations appear */
	enum counters_lost why;
	uint64_t bytes;
	int64_t time_ms; /* since 1970 */
};

/* The last ones: null at the start. */
struct losses {
	struct loss at[LOSSES_KEPT];
	uint64_t n; /* ever */
};

/*
 * The file is one of them; both names are copied. Without memory it is not: it was counted, and
 * told. losses: NULL is fine.
 */
void losses_add(struct losses *losses, const char *path, const char *lineage,
		enum counters_lost why, uint64_t bytes);

/* The last one that has the name, as its path or its lineage; borrowed. NULL: none. */
const struct loss *losses_find(const struct losses *losses, const char *name);

/* "120 bytes were lost unread (seen at 2026-01-02T02:04:05Z): it was removed while no agent ran" */
void losses_describe(const struct loss *loss, char *ret_words, size_t len);

void losses_deinit(struct losses *losses);

#endif
