/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEARCH_PLACES_H
#define SEARCH_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

/*
 * Directories in which files that left their paths may be. Each is read once, when it is first
 * asked about: at a start, tens of thousands of files are looked for in the same one.
 */
struct places;

/* NULL when memory is out. */
struct places *places_new(void);
/* NULL is fine. Returns NULL. */
struct places *places_free(struct places *places);

/*
 * The path (malloc'ed) of a directory entry with this inode; NULL: none, or no memory. What the
 * entry is now is for the caller to see.
 */
char *places_find(struct places *places, const char *dir, uint64_t inode);

/* The same of all paths that these patterns (NULL-terminated, or NULL) match. */
char *places_find_matching(struct places *places, char *const *patterns, uint64_t inode);

/*
 * Where a file with this inode is that was at path: beside that, beside `real`, in the directory
 * `went`, where the patterns say (each of them may be NULL), or in a directory that lies beside
 * path or real. malloc'ed, or NULL.
 */
char *places_find_file(struct places *places, const char *path, const char *real, const char *went,
		       char *const *patterns, uint64_t inode);

/*
 * The same when its directory, or one above that, has another name now: in those that lie beside
 * it, and beside those above it that are not there. malloc'ed, or NULL.
 */
char *places_find_renamed(struct places *places, const char *path, uint64_t inode);

/*
 * The names in a directory that begin with the first len bytes of `prefix`, ascending: their
 * number; borrowed until the places are freed.
 */
size_t places_names(struct places *places, const char *dir, const char *prefix, size_t len,
		    char *const **ret_names);

/*
 * Whether the directory of an absolute path has the same names for the same inodes as when it was
 * read, or was not read. If not, a file may have been renamed behind our back, and what was not
 * found is to be looked for in new places. Asked of each directory once.
 */
bool places_are_still(struct places *places, const char *path);

/* The directory of an absolute path (malloc'ed), or NULL when memory is out. */
char *places_dir_of(const char *path);

#endif
