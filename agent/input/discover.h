/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INPUT_DISCOVER_H
#define INPUT_DISCOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

/*
 * Which paths exist that a source wants, and which of them something happened to. inotify on
 * directories is a hint, the directory itself is the truth: after an overflow, when a watched
 * directory goes away, and at every reconcile the patterns are walked again.
 */
struct discover;

enum {
	DISCOVER_E_NONE = 1, /* discover_next: no hint waits */
	DISCOVER_E_INVALID,  /* discover_add: a pattern is invalid */
};

enum hint_kind {
	HINT_FOUND,   /* a path of a source's pattern exists: given at the first scan, when it is created
		       * or moved there, and again at each reconcile */
	HINT_CHANGED, /* something was written to, or the attributes changed of, this path */
	HINT_MOVED,   /* a name that no pattern wants was moved to within a watched directory: perhaps a
		       * rotated file under its new name */
	HINT_LEFT,    /* this path was moved away or unlinked */
};

/* path is borrowed until the next call of any discover function. */
struct hint {
	enum hint_kind kind;
	int source; /* HINT_FOUND: the index given to discover_add; else -1 */
	const char *path;
};

/* What the top should tell once: cleared when fetched. */
struct discover_trouble {
	int watch_errno;          /* ENOSPC: fs.inotify.max_user_watches; EMFILE: max_user_instances */
	uint64_t overflows;       /* total of IN_Q_OVERFLOW */
	uint64_t directories;     /* watched now */
	uint64_t unwatched;       /* directories that could not be watched and are only polled */
	char denied[512];         /* a directory that could not be read, "" when none */
};

/* An inotify instance; without one (EMFILE) everything is polled. 0 or negative errno. */
int discover_new(struct discover **ret_discover) MUSTCHECK;
struct discover *discover_free(struct discover *discover);

/*
 * Adds a source: NULL-terminated arrays of patterns and excludes (copied by compiling them). The
 * first source whose pattern wants a path gets it. 0, DISCOVER_E_INVALID (message), -ENOMEM.
 */
int discover_add(struct discover *discover, int source, char *const *paths, char *const *exclude,
		 char *ret_message, size_t len) MUSTCHECK;

/* Paths below this directory are never given (our own state). Copied. 0, -ENOMEM. */
int discover_shun(struct discover *discover, const char *dir) MUSTCHECK;

/*
 * A path that must be watched although it is not in a watched directory: the target of a symbolic
 * link, or a rotated file. Watches its directory; HINT_CHANGED then names this path. 0 or -errno.
 */
int discover_follow(struct discover *discover, const char *path) MUSTCHECK;

/* The inotify descriptor for the loop, or -1. */
int discover_fd(const struct discover *discover);

/*
 * Walks all patterns again and queues HINT_FOUND for every path that exists. O(entries of the
 * watched directories). Call at start and at every reconcile. 0 or -ENOMEM.
 */
int discover_scan(struct discover *discover) MUSTCHECK;

/*
 * The next hint: first what is queued, then what inotify has. At most one read() a call. Hints may
 * repeat and may be out of date: the caller opens and looks. 0, DISCOVER_E_NONE, negative errno.
 */
int discover_next(struct discover *discover, struct hint *ret_hint) MUSTCHECK;

/* How things are, in numbers. Resets watch_errno and denied. */
void discover_trouble(struct discover *discover, struct discover_trouble *ret_trouble);

#endif
