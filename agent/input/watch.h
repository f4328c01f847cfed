/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INPUT_WATCH_H
#define INPUT_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"

/*
 * One inotify instance: directories that are watched, and what happened in them. Knows nothing of
 * patterns. Never blocks.
 */
struct watch;

enum {
	WATCH_E_NONE = 1, /* watch_next: nothing decoded waits. watch_read: nothing to read */
	WATCH_E_GONE,     /* watch_add: no such directory */
	WATCH_E_DENIED,   /* watch_add: it may not be read */
	WATCH_E_LIMIT,    /* watch_add: fs.inotify.max_user_watches is reached */
	WATCH_E_REFUSED,  /* watch_add: any other reason, e.g. a file system that cannot */
};

/*
 * One path at which a directory is watched; embedded by its owner, who sets wd to -1 and owner
 * once. Two paths may lead to one directory and share its descriptor; each gets every change.
 */
struct watch_point {
	int wd; /* -1: not watched */
	void *owner;
	struct watch_point *next; /* of the same wd */
};

enum watch_what {
	WATCH_CREATED,
	WATCH_MOVED_IN,
	WATCH_MOVED_OUT,
	WATCH_DELETED,
	WATCH_MODIFIED,
	WATCH_ATTRIBUTES,
	WATCH_LOST,     /* the directory was removed, moved or unmounted: watch_remove is due */
	WATCH_OVERFLOW, /* some were lost; point is NULL */
};

/* name is borrowed until the next watch_read; "" when the directory itself is meant. */
struct watch_change {
	enum watch_what what;
	bool is_directory; /* what name names; false for a symbolic link to a directory */
	uint32_t cookie;   /* the same for both ends of a move; else 0 */
	struct watch_point *point;
	const char *name;
};

/* 0 or negative errno: -EMFILE when fs.inotify.max_user_instances is reached. */
int watch_new(struct watch **ret_watch) MUSTCHECK;

/* Ends all watches; the points are not touched. NULL is fine. Returns NULL. */
struct watch *watch_free(struct watch *watch);

/* Polls readable when watch_read would give something. */
int watch_fd(const struct watch *watch);

/*
 * Watches the directory that path leads to now, instead of the one it led to before, if any: for
 * names that come, go or change attributes; with content also for every write to a file in it. The
 * point must stay where it is until watch_remove. 0; the E codes above, -ENOMEM: not watched now.
 */
int watch_add(struct watch *watch, const char *path, bool content, struct watch_point *point)
	MUSTCHECK;

/* Ends the watch; changes of it that wait are dropped. Fine when it is not watched. */
void watch_remove(struct watch *watch, struct watch_point *point);

/* One read(), when everything before was decoded. 0, WATCH_E_NONE, negative errno. */
int watch_read(struct watch *watch) MUSTCHECK;

/* Whether watch_next may give something: of this watch_fd does not tell. */
bool watch_has_more(const struct watch *watch);

/* The next change, one for each point. 0 or WATCH_E_NONE. */
int watch_next(struct watch *watch, struct watch_change *ret_change) MUSTCHECK;

#endif
