/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_STUCK_H
#define CMD_STUCK_H

#include <stddef.h>

#include "base/object.h"

/*
 * Partitions that need a look, the worst first: those of one topic that have the same trouble are
 * one group. Embedded; zeroed.
 */

/* Beyond that they are only counted. */
#define STUCK_GROUPS 32
/* So many numbers of a group are told. */
#define STUCK_NUMBERS 6

struct stuck_group {
	char *topic, *trouble;          /* ours; topic: behind its cluster, if there are several */
	int64_t numbers[STUCK_NUMBERS]; /* the one that is quiet for longest first */
	int64_t all, records, bytes;    /* of all partitions of the group */
	int64_t quiet_ms;               /* the longest */
};

struct stuck {
	struct stuck_group at[STUCK_GROUPS];
	size_t n;
	int64_t all, records, bytes; /* partitions with a trouble, and what waits in them */
};

/* A line of kind "partition"; without a trouble it is passed over. 0 or -ENOMEM. */
int stuck_add(struct stuck *stuck, const struct object *line) MUSTCHECK;
void stuck_deinit(struct stuck *stuck);

/* Puts the worst first; none may be added then. */
void stuck_sort(struct stuck *stuck);

/* A group in words: what waits, since when, why, and what to do. Returns text. */
#define STUCK_WORDS_MAX 640
const char *stuck_say(const struct stuck_group *group, char text[STUCK_WORDS_MAX]);

/* The topic of a line, behind its cluster if there are several, into room. Returns room. */
#define STUCK_TOPIC_MAX 512
const char *stuck_topic(const struct object *line, char room[STUCK_TOPIC_MAX]);

#endif
