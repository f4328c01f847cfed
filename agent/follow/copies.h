/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FOLLOW_COPIES_H
#define FOLLOW_COPIES_H

#include "files/files.h"
#include "input/discover.h"

/*
 * New files that begin like a known one are held until it is known what they are: a copy of which
 * nothing is unread (it is never shipped), what a truncated or replaced file held, or another file.
 * Held are, at most 256 of them: a name that rotation gives to the name of a file that is alive
 * (app.log.1), or to one that is compressed (app.log.1.gz), a backup (app.log~), and what took the
 * path of a file that has no name any more. Not for longer than they are equal byte by byte to what
 * that one holds, and written to or ahead of what was settled of it.
 */

struct birth;

/*
 * Whether the new file is held: fd is consumed then. 0: it is not; COPIES_E_HELD; -ENOMEM.
 */
enum { COPIES_E_HELD = 1 };
int copies_hold(struct files *files, const struct birth *birth, int fd,
		const struct identity *identity, uint64_t now_us) MUSTCHECK;

/*
 * One step with one of those held: 256 KiB are compared at most. 0: nothing is to do now; 1: more
 * is; -ENOMEM.
 */
int copies_step(struct files *files, uint64_t now_us, int64_t now_ms) MUSTCHECK;

/* Whether one of those held may be a copy of the file: without it nobody knew what was shipped. */
bool copies_await(const struct files *files, const struct file *file);

/*
 * Whether one of those held has no name any more: it may have been compressed. Not one that waits
 * for the compressed file itself.
 */
bool copies_any_nameless(const struct files *files, const struct file *packed);

/* Whether copies_step has something to do now, as far as is known. */
static inline bool copies_busy(const struct files *files)
{
	return files->idle_copies < files->n_copies;
}

/* Something happened, or time went by: all that are held are looked at again. */
static inline void copies_look(struct files *files)
{
	files->idle_copies = 0;
}

void copies_deinit(struct files *files);

#endif
