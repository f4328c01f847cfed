/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_ZONE_H
#define PARSERS_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

/*
 * A time zone as a table of its changes: local time → offset from UTC. Immutable once it is
 * filled. Times are seconds since 1970, those of the local clock as if it were UTC; offsets are
 * seconds, positive east of Greenwich.
 */
struct zone;

/* A zone that begins with this offset; 0 is UTC. NULL when memory is out. */
struct zone *zone_new(int32_t offset);

/* NULL is fine. Returns NULL. */
struct zone *zone_free(struct zone *zone);

/* From utc_s on it is `offset`; later than every change before. 0 or -ENOMEM. */
int zone_add_change(struct zone *zone, int64_t utc_s, int32_t offset) MUSTCHECK;

/* The offset at a moment that is known in UTC. */
int32_t zone_offset_at(const struct zone *zone, int64_t utc_s);

/*
 * The offset of a clock in this zone that shows local_s. A time that the clock skips gets the
 * offset from before the change (02:30 becomes 03:30), as in Java and Python. Of a time that it
 * shows twice the later one is taken when that is not more than a minute after now_s, when the
 * line was read: right for a line that is read within the hour, and for all that are older it is
 * the same choice each time. Otherwise the earlier one.
 */
int32_t zone_offset_of(const struct zone *zone, int64_t local_s, int64_t now_s);

/*
 * Takes "Z", "+hh", "+hhmm" or "+hh:mm" (or "-", up to 23:59) off the front of *at .. end. False,
 * with nothing taken, when there is none.
 */
bool zone_take_offset(const char **at, const char *end, int32_t *ret_offset);

#endif
