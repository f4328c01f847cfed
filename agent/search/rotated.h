/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEARCH_ROTATED_H
#define SEARCH_ROTATED_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

/* What rotation makes of a name. Names only: whether a file is what its name says, others ask. */

enum rotated {
	ROTATED_NO,
	/* "worker-8081" of "worker", "app.1.log" of "app.log": a number that may be anything */
	ROTATED_PERHAPS,
	/* "app.log.1": nobody's name as a rule, but worker.1 may be one of many workers */
	ROTATED_NUMBERED,
	/* a date ("app-2026-01-01T10-00-00.log"), a word ("app.log.old1") */
	ROTATED_SURELY,
};

/* Whether name, the last component of a path, is one that rotation gives to a file named base. */
enum rotated rotated_judge(const char *name, const char *base);

/* All names that rotation gives to base, but those of svlogd, begin with so many bytes of it. */
size_t rotated_stem(const char *base);

/* Whether both names differ in numbers only: given by the same rule. */
bool rotated_alike(const char *a, const char *b);

/*
 * Of two generations' names, <0 when the first one is the older one by them alone: numbers of up to
 * three digits at the end count down, as logrotate's do, all else goes up.
 */
int rotated_order(const char *a, const char *b);

/* Whether both are named by one rule, which says that the first one is the older one. */
bool rotated_is_before(const char *a, const char *b);

/* The only run of digits behind the first skip bytes. False: there is none, or more than one. */
bool rotated_number(const char *name, size_t skip, uint64_t *ret_number);

/*
 * Calls `see` with each base that `name` may be a rotated name of, the longest first, until it
 * returns true. Whether it did.
 */
typedef bool rotated_see(void *context, const char *base, enum rotated kind);
bool rotated_bases(const char *name, rotated_see *see, void *context);

/*
 * The same with each name of which rotation or an editor may have made that of the path: app.log~
 * is what app.log was before an editor wrote it anew, or a copy of it from then.
 */
bool rotated_originals(const char *path, rotated_see *see, void *context);

/* Whether path is what an editor keeps of the file `of`. */
bool rotated_is_backup(const char *path, const char *of);

/* The i-th ending of a compressed file that can be unpacked, with its dot; NULL: there is none. */
const char *rotated_packed_ending(size_t i);

/* Whether it has such an ending. */
bool rotated_is_packed(const char *name);

/*
 * The path of the name `base` in the directory of an absolute path: its length, 0 when it does not
 * fit.
 */
size_t rotated_beside(const char *path, const char *base, char ret_path[PATH_MAX]);

/* The name (malloc'ed) a compressed file had before; NULL: none that tells it, or no memory. */
char *rotated_unpacked(const char *name);

#endif
