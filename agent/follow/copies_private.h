/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FOLLOW_COPIES_PRIVATE_H
#define FOLLOW_COPIES_PRIVATE_H

#include "follow/copies.h"
#include "search/content.h"
#include "search/twins.h"

/*
 * Shared by copies.c (what is held), copies_judge.c (what it is) and claims.c (what a truncated
 * file held). Calls go from the last to the first.
 */

struct copy {
	TAILQ_ENTRY(copy) link;
	struct discover *discover;
	const struct source *source;
	char *path;
	char *lineage;
	bool moved; /* as of a birth */
	struct twin twin;
	struct identity identity;
	struct identity of;      /* the file that it may be a copy of; an inode may be used again */
	uint64_t content_id;     /* what that held when it was compared; 0: it was not yet */
	bool whole;              /* all of it was the same then */
	uint64_t settled;        /* so many of its bytes were settled of the other one */
	bool asked;              /* whether nobody saw it, before anything of that one is read */
	bool replaces;           /* it has that one's path, which has no name any more */
	struct content *content; /* while it is proved to go on where that one ends; NULL */
	uint64_t size;
	int64_t mtime_ns;
	uint64_t changed_us; /* when it was seen to change */
};

/* Takes it out and closes it. */
void copies_free(struct files *files, struct copy *copy);

/*
 * The file was truncated, whether its own turn has seen that or not, or has no name any more:
 * nothing of its lineage is taken in behind it before its claim.
 */
bool copies_is_claimed(struct files *files, struct file *file);

/*
 * It is not what the file without a name goes on in whose path it has: whether it may be a copy of
 * the one that its name tells, too. It is held as that then.
 */
bool copies_hold_again(struct files *files, struct copy *copy);

/* The file is truncated, and nothing of it is under way: what of copies is settled is known. */
void copies_settle(struct files *files, const struct file *file);

/* Whether it has no name any more, and was not looked for yet. */
bool copies_is_nameless(const struct file *file);

/* Those that were held against a file are against the one in which it goes on. */
void copies_follow(struct files *files, const struct identity *from, const struct identity *to);

/* Nothing in it is unread, up to size: it is known from now on, and counted. 0 or -ENOMEM. */
int copies_ignore(struct files *files, struct copy *copy, uint64_t size, int64_t now_ms) MUSTCHECK;

/* The file goes on in another one, whose fd is consumed. 0 or -ENOMEM. */
int copies_become(struct files *files, struct file *file, const char *path, int fd,
		  const struct identity *identity, enum packed_kind packing) MUSTCHECK;

/* NULL: that file is not held. */
struct copy *copies_held(const struct files *files, const struct identity *identity);

#endif
