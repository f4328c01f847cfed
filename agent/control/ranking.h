/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTROL_RANKING_H
#define CONTROL_RANKING_H

#include "protocol/request.h"
#include "view/condition.h"

/* Of any number of files those that come first, by what is asked for. Embedded; zeroed. */

struct ranking_entry {
	struct inode_key key;
	uint64_t first, second; /* what it is sorted by: the greatest first */
};

struct ranking {
	struct ranking_entry *at;
	size_t n, max, next;
};

/* The first `max` of them. 0 or -ENOMEM: for ranking_deinit all the same. */
int ranking_init(struct ranking *ranking, size_t max) MUSTCHECK;
void ranking_deinit(struct ranking *ranking);

/* Mostly one comparison: against the last one that is in. Not behind ranking_end. */
void ranking_add(struct ranking *ranking, enum request_sort sort, const struct file *file,
		 const struct condition *condition);

/* All were added: puts them into their order, for ranking_next. */
void ranking_end(struct ranking *ranking);

/*
 * The files of the ranking one after the other, but those that are gone; NULL: that was the last.
 */
const struct file *ranking_next(struct ranking *ranking, const struct files *files);

#endif
