/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FOLLOW_CLAIMS_H
#define FOLLOW_CLAIMS_H

#include "files/files.h"
#include "input/discover.h"

/*
 * A file was truncated or rewritten: what was unread of it may be in a copy (copytruncate), and so
 * may be contents that came and were cut off again before anybody looked. First goes the rest of
 * what was read, then those contents in their order, then what is in the file now.
 */

/*
 * What was read of the file is known now, and not for long. Call when the tail says that it is
 * rewritten. The file drains then, and keeps still until claims_step gives it. 0 or -ENOMEM.
 */
int claims_begin(struct files *files, struct file *file) MUSTCHECK;

/* Whether the file is whole, has no name any more and was not looked for yet. */
bool claims_is_due(const struct file *file);

/*
 * The same when a file was read to its end: if it has no name any more, and was not looked for. 0:
 * nothing is to do; CLAIMS_E_BEGUN: it drains, until claims_step gives it; -ENOMEM.
 */
enum { CLAIMS_E_BEGUN = 1 };
int claims_begin_nameless(struct files *files, struct file *file) MUSTCHECK;

/*
 * The same of a file that was closed and cannot be opened any more: if it was written to since, it
 * may have been compressed before anybody looked at that.
 */
int claims_begin_gone(struct files *files, struct file *file) MUSTCHECK;

/* Whether something of the file is looked for. */
bool claims_has(const struct files *files, const struct file *file);

/*
 * Nothing is in flight of the file any more. True: it waits for claims_step from now on. False:
 * nothing of it is looked for.
 */
bool claims_settled(struct files *files, const struct file *file);

/*
 * One step for one of them of which nothing is in flight: 256 KiB are read at most. 0: nothing is
 * to do now; CLAIMS_E_MORE; CLAIMS_E_DONE: *ret_file is to be rewound; if it is `rewritten` still,
 * to its start, and then claims_unseen is to be called. -ENOMEM.
 */
enum { CLAIMS_E_MORE = 1, CLAIMS_E_DONE };
int claims_step(struct files *files, struct discover *discover, int64_t now_ms,
		struct file **ret_file) MUSTCHECK;

/* When claims_step has something to do next (CLOCK_MONOTONIC); CLOCK_NEVER: nothing. */
uint64_t claims_due_us(const struct files *files);

/*
 * Nothing was read of what is in the file now: a content that came before it, was copied, cut off
 * and not seen takes its place, and it comes behind. 0: there is none; CLAIMS_E_TAKEN; -ENOMEM.
 */
enum { CLAIMS_E_TAKEN = 1 };
int claims_unseen(struct files *files, struct discover *discover, struct file *file, int64_t now_ms)
	MUSTCHECK;

/*
 * The same before a turn, after doubt_look, of a file of which that is to be feared: something was
 * written and is not there, or such a copy is.
 */
int claims_look(struct files *files, struct discover *discover, struct file *file, int64_t now_ms)
	MUSTCHECK;

/*
 * The file is to be read from its start, and no name leads to what was read of it: that may be
 * behind the descriptor of a new compressed file that lost its name before it was known what it is.
 * The file is that, then, and what is at its path comes behind it. Of a few MiB: more is shipped
 * again rather than unpacked here at once. 0: there is none; CLAIMS_E_TAKEN; -ENOMEM.
 */
int claims_take_packed(struct files *files, struct discover *discover, struct file *file,
		       int64_t now_ms) MUSTCHECK;

void claims_deinit(struct files *files);

#endif
