/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIEW_SLOW_H
#define VIEW_SLOW_H

#include "base/clock.h"
#include "view/view.h"

/* With records in flight and quiet for so long a partition is worth a word. */
#define SLOW_QUIET_US (2 * US_PER_S)

/*
 * What holds up a record in flight: its partition, with its leader and what to look at, in words,
 * if it has acknowledged nothing for long; else "". partition: -1: the worst of the topic; topic:
 * -1: of all.
 */
void slow_partition(const struct view *view, int64_t topic, int32_t partition, char *ret_words,
		    size_t len);

/*
 * What is the matter with a partition of a topic, and what to do about it; "": nothing, or nothing
 * for long.
 */
void slow_say(const struct view *view, size_t topic, const struct output_partition *part,
	      char *ret_words, size_t len);

/* How things are with the cluster of a topic; all of its topics are looked at. */
void slow_stats(const struct view *view, size_t topic, struct output_stats *ret_stats);

#endif
