/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INPUT_DISCOVER_H
#define INPUT_DISCOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/quota.h"
#include "base/result.h"
#include "input/reach.h"

/*
 * Which paths exist that a source wants, and which of them something happened to. inotify on
 * directories is a hint, the directory itself is the truth: after an overflow and at every
 * reconcile the caller has the patterns walked again; a directory that comes, goes or is replaced
 * is looked at when it does.
 */
struct discover;

enum {
	DISCOVER_E_NONE = 1, /* discover_next: no hint waits */
	DISCOVER_E_INVALID,  /* discover_add: a pattern is invalid */
};

enum hint_kind {
	/*
	 * A path of a source's pattern exists: given at the first scan, when it is created or moved
	 * there, when its mode or owner changes (it may open now, scenario D10), and again at each
	 * reconcile. A directory only where a pattern asks for its name, not by a bare "*".
	 */
	HINT_FOUND,
	/* This path was written to, or, when no pattern wants it, got other attributes. */
	HINT_CHANGED,
	/*
	 * A name that no pattern wants was moved to within a watched directory: perhaps a rotated
	 * file under its new name. Where links lead also one that was made, be it a directory.
	 */
	HINT_MOVED,
	/* This path was moved away or unlinked. */
	HINT_LEFT,
	/* The same of a directory that was watched: all below it left, too, told or not. */
	HINT_LEFT_TREE,
	/* A name that no pattern wants was made in the directory of one that a pattern wants. */
	HINT_MADE,
	/* Of nothing: so many names were looked at in vain that the caller may want its turn. */
	HINT_NONE,
};

/* path and from are borrowed until the next call of any discover function. */
struct hint {
	enum hint_kind kind;
	int source; /* HINT_FOUND: the index given to discover_add; else -1 */
	const char *path;
	const char
		*from; /* HINT_FOUND, HINT_MOVED: it was moved here from there; NULL: not known */
	bool made;     /* HINT_FOUND, HINT_MOVED: by a change that made the name */
	bool moved;    /* by one that moved it, here or, HINT_LEFT, away */
	bool more;     /* the scan goes on, or changes told already follow */
};

/* What the top should tell once: cleared when fetched. */
struct discover_trouble {
	int watch_errno;      /* ENOSPC: fs.inotify.max_user_watches; EMFILE: max_user_instances */
	uint64_t overflows;   /* total of IN_Q_OVERFLOW */
	uint64_t directories; /* watched now, those on the way to a pattern's first star included */
	uint64_t unwatched;   /* directories that are only polled: no watch, or too many of them */
	uint64_t waiting;     /* directories that wait for room: discover_quota */
	uint64_t denied;      /* directories that cannot be read or searched now */
};

/* An inotify instance; without one (EMFILE) everything is polled. 0 or negative errno. */
int discover_new(struct discover **ret_discover) MUSTCHECK;
struct discover *discover_free(struct discover *discover);

/*
 * Adds a source: NULL-terminated arrays of patterns and excludes (copied by compiling them; exclude
 * may be NULL). The first source whose pattern wants a path gets it. Takes effect with the next
 * discover_scan. 0, DISCOVER_E_INVALID (message), -ENOMEM.
 */
int discover_add(struct discover *discover, int source, char *const *paths, char *const *exclude,
		 char *ret_message, size_t len) MUSTCHECK;

/* One that only knows patterns: for discover_wants. 0 or negative errno. */
int discover_new_blind(struct discover **ret_discover) MUSTCHECK;

/*
 * Other patterns of a source that was added, which may be none: what only the old ones led to is
 * not watched any more. It takes effect, and fails, as discover_add does; then the old ones stand.
 */
int discover_change(struct discover *discover, int source, char *const *paths, char *const *exclude,
		    char *ret_message, size_t len) MUSTCHECK;

/* Who comes first from now on: all sources, as given to discover_add from 0 on. */
void discover_set_order(struct discover *discover, const size_t *order);

/*
 * Which links to directories the source, as given to discover_add, goes through; REACH_OWNED when
 * nothing is said.
 */
void discover_set_links(struct discover *discover, int source, enum reach_links links);

/* The source may have so many directories; 0: as many as all. Before discover_set_max. */
void discover_limit(struct discover *discover, int source, size_t max);

/*
 * All sources together may have so many directories, those on the way to a pattern's first star
 * included. When all are added, before the first scan. 0 or -ENOMEM.
 */
int discover_set_max(struct discover *discover, size_t max) MUSTCHECK;

/* How many directories each source has and waits for, by the order of their discover_add. */
struct quota *discover_quota(struct discover *discover);

/*
 * Calls see with every path that matches one of the patterns (NULL-terminated) now, links to files
 * included, until it returns other than 0. That, 0, or negative errno (-EINVAL: a pattern is
 * invalid).
 */
int discover_list(char *const *patterns, int (*see)(void *context, const char *path), void *context)
	MUSTCHECK;

/*
 * This path and those below it are never given (our own state and log), not through a linked
 * directory either. Copied. Call before the first scan. 0, -ENOMEM.
 */
int discover_shun(struct discover *discover, const char *dir) MUSTCHECK;

/* Whether a path, as realpath(3) gives it, is shunned: for the target of a link to a file. */
bool discover_shuns(const struct discover *discover, const char *path);

/* The source, as given to discover_add, that wants this path, there or not; -1: none. */
int discover_wants(const struct discover *discover, const char *path);

/*
 * The first source, as given to discover_add, that would want this path and excludes it; -1: none.
 */
int discover_excluded(const struct discover *discover, const char *path);

/* Whether a pattern names this directory, with no wildcard on the way to it. */
bool discover_names(const struct discover *discover, const char *dir);

/* Whether the source, as given to discover_add, excludes the path, or it is shunned. */
bool discover_excludes(const struct discover *discover, int source, const char *path);

/*
 * A path that must be watched although it is not in a watched directory: the target of a symbolic
 * link, or a rotated file. Watches its directory before it returns; HINT_CHANGED then names this
 * path. Forgotten when the directory goes away. 0 (also when it cannot be watched: see trouble),
 * -EINVAL when it is no absolute path, -ENOMEM.
 */
int discover_follow(struct discover *discover, const char *path) MUSTCHECK;

/* The same for what links lead to: every name that comes to its directory gives HINT_MOVED, too. */
int discover_follow_link(struct discover *discover, const char *path) MUSTCHECK;

/*
 * A descriptor for the loop, readable whenever discover_next may have a hint, also when the caller
 * stopped before DISCOVER_E_NONE. -1 without an inotify instance.
 */
int discover_fd(const struct discover *discover);

/*
 * Has discover_next walk all patterns again and give HINT_FOUND for every path that exists, one
 * directory at a time: O(entries of the watched directories) over the calls that follow. Call at
 * start and at every reconcile. 0 or -ENOMEM.
 */
int discover_scan(struct discover *discover) MUSTCHECK;

/*
 * Whether the scan has directories before it. Hints of changes may come for ever, those of a scan
 * come to an end: who waits for an end asks for this one.
 */
bool discover_is_scanning(const struct discover *discover);

/*
 * Whether inotify has lost hints since discover_scan was called last: only another scan knows what
 * they said. When that is, is the caller's choice: a scan at once would lose the next ones.
 */
bool discover_lost_hints(const struct discover *discover);

/*
 * The next hint: first what a scan finds, then what inotify has. At most one read() a call. Hints
 * may repeat and may be out of date: the caller opens and looks.
 * 0, DISCOVER_E_NONE, negative errno.
 */
int discover_next(struct discover *discover, struct hint *ret_hint) MUSTCHECK;

/* How things are, in numbers. Resets watch_errno. */
void discover_trouble(struct discover *discover, struct discover_trouble *ret_trouble);

/*
 * A directory that cannot be read or searched, each once for as long as that lasts; NULL: no
 * further one. *ret_source: one that wants what is in it; *ret_error: errno. Borrowed until the
 * next call of any discover function.
 */
const char *discover_next_denied(struct discover *discover, int *ret_source, int *ret_error);

/* The same of a link to a directory that is not followed, at each scan; so many are kept. */
#define DISCOVER_REFUSED_MAX 256
const char *discover_next_refused(struct discover *discover, int *ret_source);

#endif
