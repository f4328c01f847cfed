/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIEW_SLOW_H
#define VIEW_SLOW_H

#include "view/view.h"

/*
 * What holds up a record in flight: its partition, with its leader and what to look at, in words,
 * if it has acknowledged nothing for long; else "". partition: -1: the worst of the topic; topic:
 * -1: of all.
 */
void slow_partition(const struct view *view, int64_t topic, int32_t partition, char *ret_words,
		    size_t len);

#endif
