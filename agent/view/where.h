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

/* The one partition of the topic that has records in flight; -1: none has, or several. */
int32_t where_in_flight(const struct view *view, size_t topic);

#endif
