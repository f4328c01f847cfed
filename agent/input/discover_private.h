/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INPUT_DISCOVER_PRIVATE_H
#define INPUT_DISCOVER_PRIVATE_H

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/glob.h"
#include "input/discover.h"
#include "input/discover_tree.h"

/* The patterns on their way down the directories. For discover*.c only. */

struct wanted {
	int id;      /* as given to discover_add, and its index */
	size_t rank; /* who comes first gets what several want */
	struct glob **patterns;
	size_t n_patterns;
	struct exclude **excludes;
	size_t n_excludes;
	enum reach_links links;
	size_t max_directories; /* 0: as many as all */
};

struct discover {
	struct watch *watch; /* NULL: no inotify instance, all is polled */
	struct tree tree;
	struct node *root;
	struct wanted *sources;
	size_t n_sources;
	size_t *order; /* of their indexes, by rank */
	char **shunned;
	size_t n_shunned;
	struct node *scanning;    /* NULL: none */
	DIR *dir;                 /* of scanning, while it is listed */
	uint32_t literal;         /* else: its next state */
	unsigned cost;            /* of this call: names that were looked at in vain */
	int poll_fd;              /* epoll: inotify and more_fd; -1 without a watch */
	int more_fd;              /* eventfd, readable while `more` */
	bool more;                /* hints may wait of which inotify does not tell */
	bool lost;                /* IN_Q_OVERFLOW since the last scan began */
	uint32_t departed_cookie; /* of the last name that was moved away */
	char departed[PATH_MAX];
	struct map
		*waiting; /* path → directory with a link that leads there: queued when it comes */
	struct discover_trouble trouble;
	struct {
		char *path; /* of a link */
		int source;
	} refused[DISCOVER_REFUSED_MAX];
	size_t n_refused;
	char path[PATH_MAX]; /* of the hint given last */
};

/* Adds a state with all that follows from it ("**" is also nothing). 0 or -ENOMEM. */
int walk_add_state(struct discover *discover, struct node *node, struct state state) MUSTCHECK;

/* Puts node's path, a slash and the name into discover->path. False when that is too long. */
bool walk_join(struct discover *discover, const struct node *node, const char *name);

/* The first source that wants the name in this directory, NULL when none. Also joins. */
const struct wanted *walk_wanted(struct discover *discover, const struct node *node,
				 const char *name);

/*
 * A name was seen in the directory: a directory where patterns go on is queued, a file that is
 * wanted gives a hint. type: DT_x; with DT_UNKNOWN it is looked at where that matters.
 * 0: HINT_FOUND in *ret_hint. DISCOVER_E_NONE, -ENOMEM.
 */
int walk_look(struct discover *discover, struct node *node, const char *name, unsigned char type,
	      struct hint *ret_hint) MUSTCHECK;

/* The directory that is being read is done with. */
void walk_end_scan(struct discover *discover);

/* The directory could not be read or searched; error: errno. */
void walk_deny(struct discover *discover, struct node *node, int error);

/* Watches the directory of path; link: every name that comes there matters. As discover_follow. */
int walk_follow(struct discover *discover, const char *path, bool link) MUSTCHECK;

/*
 * discover->path, in the directory of node, is a link that leads nowhere yet: that directory is
 * read again when the first thing is there that is missing. 0 or -ENOMEM.
 */
int walk_wait_for(struct discover *discover, const struct node *node) MUSTCHECK;

/* Something came to discover->path: links to directories may lead there. */
void walk_came(struct discover *discover);

/* Goes on with the queue of directories up to the next hint. 0, DISCOVER_E_NONE: done, -ENOMEM. */
int walk_next(struct discover *discover, struct hint *ret_hint) MUSTCHECK;

/* Queues all that begins a walk: the root, and what is only followed. */
void walk_scan(struct discover *discover);

/* Hints may wait of which inotify's descriptor does not tell, or no more. */
void walk_tell_more(struct discover *discover, bool more);

/* Watches the node, or looks again. Not there: its directory is gone, and so is the node. */
int walk_watch(struct discover *discover, struct node *node, bool *ret_there) MUSTCHECK;

/* Drops the node and all below. */
void walk_drop(struct discover *discover, struct node *node);

/* The hint that a change gives: 0. DISCOVER_E_NONE, -ENOMEM. */
int walk_change(struct discover *discover, const struct watch_change *change, struct hint *ret_hint)
	MUSTCHECK;

/* discover_add without the walk: joins discover->sources. */
int wanted_add(struct discover *discover, int source, char *const *paths, char *const *exclude,
	       char *ret_message, size_t len) MUSTCHECK;

/* The same in the place of a source that is there, whose patterns no node may have. */
int wanted_set(struct discover *discover, int source, char *const *paths, char *const *exclude,
	       char *ret_message, size_t len) MUSTCHECK;

/* Puts the start of every pattern of the source at the root directory. 0 or -ENOMEM. */
int walk_begin_at_root(struct discover *discover, size_t source) MUSTCHECK;

/* Frees what the source holds. */
void wanted_deinit(struct wanted *source);

/* Whether the source excludes the path, as a file or as a directory with all below. */
bool wanted_excludes(const struct wanted *source, const char *path, bool directory);

/* Whether the path is a shunned one or below it. */
bool walk_shuns(const struct discover *discover, const char *path);

#endif
