/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INPUT_REACH_H
#define INPUT_REACH_H

#include <limits.h>

#include "base/result.h"

/* Which symbolic links are followed on the way to a log, whoever made them. */
enum reach_links {
	REACH_OWNED, /* those of root, and those whose owner owns what they lead to */
	REACH_NONE,
	REACH_ANY,
};

/*
 * Opens the file at an absolute path for reading, without blocking, and follows the links on the
 * way that may be followed; an owner that our user namespace does not know (the unit's
 * PrivateUsers=) owns nothing, and no link leads into /proc, /sys, /dev or /run/credentials from
 * outside. The descriptor, which is the caller's; -ELOOP: a link is not to be followed, or they go
 * in a circle; -EMFILE; other negative errno.
 */
int reach_open(const char *path, enum reach_links links) MUSTCHECK;

/* The same of what may be no log: -ENXIO where there is no regular file, which is not opened. */
int reach_open_log(const char *path, enum reach_links links) MUSTCHECK;

/*
 * Walks the same way to a file or directory without opening it. Calls `see` (NULL is fine) with the
 * path of each link, in which no further link is; what it returns other than 0 ends the walk.
 * *ret_real is where the path leads. 0; what `see` returned; -ELOOP as above; -ENOENT: *ret_real is
 * the first on the way that is not there; other negative errno.
 */
typedef int reach_see(void *context, const char *link);
int reach_walk(const char *path, enum reach_links links, reach_see *see, void *context,
	       char ret_real[PATH_MAX]) MUSTCHECK;

#endif
