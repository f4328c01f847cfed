/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FOLLOW_COPIES_PRIVATE_H
#define FOLLOW_COPIES_PRIVATE_H

#include "follow/copies.h"
#include "search/content.h"
#include "search/twins.h"

/* Shared by copies.c (what is held) and copies_judge.c (what it is). Calls go from that to this. */

struct copy {
	TAILQ_ENTRY(copy) link;
	struct discover *discover;
	const struct source *source;
	char *path;
	struct twin twin;
	struct identity identity;
	struct inode_key of; /* the file that it may be a copy of */
	bool replaces;       /* it has that one's path, which has no name any more */
	uint64_t size;
	int64_t mtime_ns;
	uint64_t changed_us; /* when it was seen to change */
};

/* Takes it out and closes it. */
void copies_free(struct files *files, struct copy *copy);

/* NULL: none with this inode is held. */
struct copy *copies_held(const struct files *files, const struct identity *identity);

#endif
