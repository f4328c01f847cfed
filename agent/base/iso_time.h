/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ISO_TIME_H
#define BASE_ISO_TIME_H

#include <stdint.h>

#include "base/slice.h"

/* "2026-01-02T02:04:05.678Z" */
#define ISO_TIME_LEN 24

/*
 * A time (ms since 1970) as ISO 8601 has it: in UTC, with milliseconds, ISO_TIME_LEN bytes of the
 * caller's room without a NUL behind them. Before the year 0 and after 9999, which that form does
 * not know, it is the first or the last millisecond of them.
 */
struct slice iso_time_print(int64_t ms, char text[ISO_TIME_LEN]);

#endif
