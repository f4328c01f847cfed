/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIEW_WHERE_H
#define VIEW_WHERE_H

#include "view/view.h"

/* Where one record is in Kafka, as far as memory tells. */

/*
 * Of a slot that is delivered: " to topic orders partition 2 offset 17", without a topic that
 * cannot be told; of any other "".
 */
void where_delivered(const struct view *view, struct slot *slot, char *ret_words, size_t len);

/* The slot of an event that covers the position, settled ones included; NULL: none in memory. */
struct slot *where_slot(const struct file *file, uint64_t position);

/*
 * The partition that the first line of the file is in flight to that is not settled, if it was read
 * min_ms ago: its record is made anew, which takes some microseconds. False: there is none, it is
 * very long, or not known. *ret_partition: -1: only the topic is known.
 */
bool where_first(const struct view *view, const struct file *file, uint64_t min_ms,
		 uint32_t *ret_topic, int32_t *ret_partition);

/* The one partition of the topic that has records in flight; -1: none has, or several. */
int32_t where_in_flight(const struct view *view, size_t topic);

#endif
