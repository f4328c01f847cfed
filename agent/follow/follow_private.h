/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FOLLOW_FOLLOW_PRIVATE_H
#define FOLLOW_FOLLOW_PRIVATE_H

#include <sys/stat.h>

#include "follow/adopt.h"
#include "follow/follow.h"
#include "follow/generations.h"

/*
 * Shared by hints.c and follow.c (a hint), look.c (a path nobody knows), adopt.c (a
 * file is taken in), resume.c (the start), trace.c (where a file went). Calls go in
 * this order: first, hints, arrivals, follow, look, stored, adopt, trace.
 */

/*
 * Opens a path whose inode is not in the table, and takes it in if it is a log file. 0, -ENOMEM.
 */
int follow_look_at(struct files *files, const struct birth *birth, int64_t now_ms) MUSTCHECK;

/* The path is forgotten by one of the two maps of what was told; whether it was in there. */
bool follow_end_news(struct map *told, const char *path);

/* Warns, once a path, that it cannot be followed: it is `what`. */
void follow_refuse(struct files *files, const struct source *source, const char *path,
		   const char *id, const char *what);
/* The same of a path on which links are that are not to be followed. */
void follow_refuse_link(struct files *files, const struct source *source, const char *path);

/* Counts and tells it. */
void follow_tell_unseen(struct files *files, const struct source *source, const char *path,
			const char *lineage);

/* What follow_missed_after does, while the agent runs, with the directories as they are now. */
int follow_missed_now(struct files *files, struct discover *discover, struct file *newest)
	MUSTCHECK;

/* The same, with the directories as they were, unless what is at the path is younger than that. */
int follow_missed_then(struct files *files, struct discover *discover, struct files_looked *looked,
		       struct file *newest) MUSTCHECK;

/* Directories are looked at anew from now on, each when it is asked about. 0 or -ENOMEM. */
int follow_look(struct files_looked *looked) MUSTCHECK;

/* The same, of those that come before what is in the open file, and are no copies of that. */
int follow_missed_before(struct files *files, struct discover *discover, struct file *newest,
			 int former) MUSTCHECK;

/*
 * The generation that nobody saw and that began first, of those that came before what is in the
 * file now: not known, and made since it was seen whole. 0: path (malloc'ed) and fd are the
 * caller's; FOLLOW_E_NONE; -ENOMEM. The file stays suspect while a copy of it is in the making.
 */
enum { FOLLOW_E_NONE = 1 };
int follow_oldest_unseen(struct files *files, struct discover *discover, struct file *file,
			 char **ret_path, int *ret_fd, struct identity *ret_identity) MUSTCHECK;

/*
 * The file has left its path: from now on it goes by the name that it has, whose directory is
 * watched for what is written late. Without a name it keeps the one it had. 0 or -ENOMEM.
 */
int follow_trace(struct files *files, struct discover *discover, struct file *file) MUSTCHECK;

/*
 * If the file's path names another one now, or nothing: it is held until it is read, settled and
 * quiet. What cannot be looked at is looked at again by the next look at all paths. 0 or -ENOMEM.
 */
int follow_check(struct files *files, struct discover *discover, struct file *file) MUSTCHECK;

/* A directory is gone, or is another: files that were below it are checked. O(all files). */
void follow_check_below(struct files *files, const char *dir);

/*
 * Whether a file of the lineage may have this name as its own, given by nobody's rotation: another
 * number, or any other name that a source wants. Then it waits for its turn as a generation does,
 * and is alive.
 */
bool follow_may_be_own(const struct discover *discover, const char *path, const char *lineage);

/* The file has this path now. 0 or -ENOMEM. */
int follow_rename(struct files *files, const struct discover *discover, struct file *file,
		  const char *path) MUSTCHECK;

/* What a gzip, zstd or other compressed file holds is no log line (A12). */
bool follow_is_compressed(int fd);

/*
 * The last known file of the lineage whose rotated file's name this is, once it has left; or
 * NULL.
 */
struct file *follow_newest_of(const struct files *files, const char *path);

/*
 * Whether the birth's path is to be left for now, being compressed where its lineage's last file
 * has no name: it may be what that was, or came behind it, which nobody knows before
 * that is looked for. Then its generations are, and with the next look what is none of them.
 */
bool follow_must_wait(struct files *files, const struct birth *birth);

/*
 * If the path is a name that rotation gives to a file of which nothing was read, it may be a copy,
 * and the file truncated before that is done: looks at the file, which is suspect from now on.
 */
void follow_copied(struct files *files, const char *path);

#endif
