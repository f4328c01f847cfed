/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FOLLOW_FOLLOW_H
#define FOLLOW_FOLLOW_H

#include "files/files.h"
#include "input/discover.h"

/*
 * What a hint means for the table of files: a path that appeared, changed, moved or left. Every
 * hint is only a reason to look; what counts is what stat and fstat say.
 */

/* Does what one hint calls for. 0 or -ENOMEM. */
int follow_hint(struct files *files, struct discover *discover, const struct hint *hint,
		int64_t now_ms) MUSTCHECK;

/*
 * A path that a source wants exists: looks at it, and takes it in when it is a log file that is
 * not known yet. lineage: the path whose generation it is, usually its own. 0 or -ENOMEM.
 */
int follow_found(struct files *files, struct discover *discover, int source, const char *path,
		 const char *lineage, int64_t now_ms) MUSTCHECK;

/* Call before the scan of each reconcile: what it finds at its path need not be looked at twice. */
void follow_begin_look(struct files *files);

/*
 * The path of every file that was not found there since follow_begin_look is to be looked at: of a
 * rename or an unlink whose hint was lost, nothing else would tell. Call after the scan of each
 * reconcile. O(all files).
 */
void follow_check_paths(struct files *files);

/*
 * Looks at paths that are to be looked at, files->to_check, until that time (CLOCK_MONOTONIC), and
 * at one at least. 0 or -ENOMEM.
 */
int follow_check_some(struct files *files, struct discover *discover, uint64_t end_us) MUSTCHECK;

/*
 * Whether it was not told before that the path, which the source wants, is not followed: once,
 * until it leaves, and of so many paths of a source at most.
 */
bool follow_is_news(struct files *files, const struct source *source, const char *path);

/*
 * The file goes on in the one behind fd, which may end before what was seen of it: what was known
 * of the bytes behind that end is of no use. Nothing of the file may be in memory.
 */
void follow_cut(struct file *file, int fd);

/*
 * The file was truncated or overwritten, and no copy has what was in it: if it was read to its end
 * since it left its path, nobody logs to it (shred), and it is not read any more but goes back to
 * its committed position (file->rewritten is false then) and is to be finished. What was unread is
 * counted and told.
 */
bool follow_is_spoilt(struct files *files, struct file *file);

/*
 * The file has left its path, is read to its end, settled and quiet: closes it, and forgets it when
 * it has no name any more: then it is freed.
 */
void follow_finish(struct files *files, struct file *file);

#endif
