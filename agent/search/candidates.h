/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEARCH_CANDIDATES_H
#define SEARCH_CANDIDATES_H

#include <sys/stat.h>

#include "input/identity.h"
#include "input/reach.h"
#include "search/content.h"
#include "search/places.h"

/* Where a known file may be whose inode is nowhere: a file that begins with its bytes. */
struct wanted {
	const char *path; /* where it was last; all borrowed */
	const char *lineage;
	const char *real;
	const char *went;
	char *const *rotated; /* patterns, or NULL */
	enum reach_links links;
	/* Whether what is at the path is a file that is known by its inode. */
	bool (*is_known)(void *context, const char *path, const struct stat *st);
	void *context;
	struct content content; /* what is known of it */
};

/* An open file that was proved; path and fd are the caller's. */
struct candidate {
	char *path;
	int fd;
	enum packed_kind packing;
	struct identity identity;
};

/*
 * Looks at its own path and at all names that begin like its lineage's, in its directory, the one
 * of `real`, in `went` and where `rotated` says; compressed ones, too; not at files that are known
 * by their inode. Reads the files that begin alike as far as was settled, at once. 0;
 * CANDIDATES_E_NONE; -ENOMEM.
 */
enum { CANDIDATES_E_NONE = 1 };
int candidates_find(struct places *places, const struct wanted *wanted,
		    struct candidate *ret_candidate) MUSTCHECK;

#endif
