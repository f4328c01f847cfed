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
	/* candidates_find asks it at each step; true: it is to end. NULL: it goes to its end. */
	bool (*is_over)(void *context);
	void *over_context;
	struct content content; /* what is known of it */
};

/* An open file that was looked at; path and fd are the caller's. */
struct candidate {
	char *path;
	int fd;
	enum packed_kind packing;
	struct identity identity;
	bool agrees; /* as far as can be told it has the same bytes */
};

/*
 * A search in steps. Looked at are its own path, then all names that begin like its lineage's, in
 * its directory, the one of `real`, in `went` and where `rotated` says, the one that began first
 * first: of two copies of the same bytes that is the right one. Compressed ones, too; not files
 * that are known by their inode.
 */
struct hunt {
	struct content content;
	struct lead *leads;
	size_t n, capacity, next;
	struct content now; /* of the file that is looked at */
	struct candidate candidate;
	enum reach_links links;
	bool (*is_known)(void *context, const char *path, const struct stat *st);
	void *context;
};

/* Lists what there is now. *wanted is not needed afterwards, but for its context. 0 or -ENOMEM. */
int hunt_begin(struct hunt *hunt, struct places *places, const struct wanted *wanted) MUSTCHECK;

/* Reads 256 KiB. 0: *ret_candidate is it; the E codes; -ENOMEM. */
enum {
	HUNT_E_MORE = 1, /* another step */
	HUNT_E_SHORT,    /* *ret_candidate ends before what was seen; more */
	HUNT_E_NONE,
};
int hunt_step(struct hunt *hunt, struct candidate *ret_candidate) MUSTCHECK;

void hunt_end(struct hunt *hunt);

/*
 * Of those that end before what was seen, and go beyond what was settled, the longest has the most
 * of it. True: that is *found, which is *best from now on; best->path NULL: there was none.
 */
bool candidate_keep_longest(struct candidate *best, const struct candidate *found,
			    uint64_t committed);

/* Fine on one whose path is NULL, which it is afterwards. */
void candidate_close(struct candidate *candidate);

/*
 * All of it at once. If no other is found, one that ends before what was seen, or else one with
 * nothing behind what was settled, elsewhere than where the file was. 0; the E codes; -ENOMEM.
 */
enum {
	CANDIDATES_E_NONE = 1,
	CANDIDATES_E_OVER, /* it is not known: is_over said so */
};
int candidates_find(struct places *places, const struct wanted *wanted,
		    struct candidate *ret_candidate) MUSTCHECK;

#endif
