/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_CHECK_FILES_PRIVATE_H
#define CMD_CHECK_FILES_PRIVATE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/result.h"
#include "cmd/check/check.h"
#include "input/discover.h"

/* The files that run would follow now, and what is said of them. For files.c and files_judge.c. */

/* What a path of a pattern turned out to be. */
enum check_kind {
	CHECK_KIND_LOG,
	CHECK_KIND_PACKED, /* compressed, and its source unpacks it */
	CHECK_KIND_DENIED,
	CHECK_KIND_PACKABLE, /* compressed, and the setting would have it unpacked */
	CHECK_KIND_COMPRESSED,
	CHECK_KIND_SPECIAL,
	CHECK_KIND_OWN_LOG,
	CHECK_KIND_OWN_STATE,
	CHECK_KIND_LINK,
	CHECK_KINDS,
};

/* One path pattern of a source. */
struct check_tally {
	size_t source;
	const char *text; /* borrowed from conf */
	struct glob *glob;
	uint64_t bytes;
	size_t n[CHECK_KINDS];
	size_t n_unseen;            /* logs on a file system of which inotify does not tell */
	const char *unseen;         /* what kind it is; static text */
	size_t taken;               /* paths that match, too, and that another source has */
	size_t taken_by;            /* the last such source */
	char *example[CHECK_KINDS]; /* the first of each kind */
};

/* More such links are not told one by one. */
#define CHECK_LINKS_MAX 50

/* One look at all of them. */
struct check_walk {
	struct check *check;
	struct discover *discover;
	struct check_tally *tallies;
	size_t n_tallies;
	struct map *seen;   /* paths: a scan may give one twice */
	struct map *denied; /* directories, and links to such, of which it was told */
	size_t n_links;     /* such links */
	struct stat own_log;
	struct quota files; /* as run would share them out */
};

/* The directories that discovery met and could not look into. 0, -ENOMEM. */
int check_files_denied(struct check_walk *walk) MUSTCHECK;

/* The same of links to directories that are not followed. */
int check_files_link(struct check_walk *walk) MUSTCHECK;

/* Of each pattern what was found. 0, -ENOMEM. */
int check_files_judge(struct check_walk *walk) MUSTCHECK;

#endif
