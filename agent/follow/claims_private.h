/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FOLLOW_CLAIMS_PRIVATE_H
#define FOLLOW_CLAIMS_PRIVATE_H

#include "follow/claims.h"
#include "search/candidates.h"

/*
 * Shared by claims.c (what is looked for) and claims_take.c (what becomes of what was found). Each
 * of these consumes the candidate; 0 or -ENOMEM.
 */

bool claims_is_at(const char *path, const struct identity *identity);

/* The file is the candidate from now on, and what is at its path comes behind it. */
int claims_take_place(struct files *files, struct discover *discover, struct file *file,
		      struct candidate *found, int64_t now_ms) MUSTCHECK;

/* The same of a truncated file, told. */
int claims_take_copy(struct files *files, struct discover *discover, struct file *file,
		     struct candidate *found, int64_t now_ms) MUSTCHECK;

/* Whether the candidate, elsewhere than at the file's path, has nothing that was not read. */
bool claims_has_no_more(const struct file *file, const struct candidate *found);

/* A file without a name goes on in the candidate. */
int claims_take_name(struct files *files, struct discover *discover, struct file *file,
		     struct candidate *found) MUSTCHECK;

/*
 * A copy that was made before the last lines were written, which were read: nothing in it is
 * unread. Where a pattern wants it, it is known from now on.
 */
int claims_pass_copy(struct files *files, struct discover *discover, struct file *file,
		     struct candidate *found, int64_t now_ms) MUSTCHECK;

#endif
