/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_QUOTA_H
#define BASE_QUOTA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/result.h"

/* What one source has of something that all of them share. */
struct quota_share {
	size_t max;     /* it may have so many */
	size_t n;       /* it has */
	size_t turn;    /* of what is for all: taken since the last turn of everybody */
	size_t refused; /* found no place in the look under way, */
	size_t waiting; /* and in the last whole one, and since */
	bool told;
};

/*
 * So many files or directories there may be, so that no source has all of them. Half of the places
 * is dealt out beforehand, equal parts; the other half is for whoever wants more, a part each look.
 */
struct quota {
	struct quota_share *shares; /* by source; owned */
	size_t n_shares;
	size_t max;    /* places in all */
	size_t own;    /* of these, each source has so many to itself */
	size_t common; /* of the others, so many are taken */
	size_t turn_max;
	bool looking;
};

/* All may have all of it, for now. 0 or -ENOMEM. */
int quota_init(struct quota *quota, size_t n_sources, size_t max) MUSTCHECK;
void quota_deinit(struct quota *quota);

/* There are more sources by now, or so many places. All may have all of it. 0 or -ENOMEM. */
int quota_resize(struct quota *quota, size_t n_sources, size_t max) MUSTCHECK;

/* What one source may have. */
void quota_limit(struct quota *quota, size_t source, size_t max);

/* Whether one more may be taken for the source. */
bool quota_may_take(const struct quota *quota, size_t source);

/* The same of one that waits when there is no room, and is counted as that. */
bool quota_has_room(struct quota *quota, size_t source);

/* Takes one, be there room or not; gives one back. */
void quota_take(struct quota *quota, size_t source);
void quota_give(struct quota *quota, size_t source);

/* A look at everything begins: everybody has a turn. At its end it is known what waits. */
void quota_begin_look(struct quota *quota);
void quota_end_look(struct quota *quota);

/* So many wait, of all sources. */
size_t quota_waiting(const struct quota *quota);

/* So many of that source; one that has no share has 0. */
size_t quota_waiting_of(const struct quota *quota, size_t source);

/* Whether another look would find a place for something that waits. */
bool quota_wants_look(const struct quota *quota);

/* A source of which something waits and of which it was not told since that began, or NULL. */
const struct quota_share *quota_next_untold(struct quota *quota, size_t *ret_source);

#endif
