/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTROL_SLOW_H
#define CONTROL_SLOW_H

#include "control/view.h"

/*
 * Of the partitions with records in flight the one that has acknowledged nothing for longest, with
 * its leader and what to look at, in words. "": none of them is quiet for long.
 */
void slow_partition(const struct view *view, char *ret_words, size_t len);

#endif
