/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_UNITS_H
#define SETTINGS_UNITS_H

#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

/* Sizes, times and bytes as people write them. Pure. */

enum {
	UNITS_E_SYNTAX = 1, /* not a whole number with a known unit */
	UNITS_E_RANGE,      /* more than 64 bits */
};

/* What a message may say about them. */
#define UNITS_SIZE_HINT "a whole number with B, KB, MB, GB, KiB, MiB or GiB, such as \"16MiB\""
#define UNITS_RATE_HINT "bytes or lines a second, such as \"10MiB/s\" or \"5000lines/s\""
#define UNITS_TIME_HINT "a whole number with ms, s, m, h or d, such as \"5s\""

/* "4096", "64KB" (1,000 each), "16MiB" (1,024 each) -> bytes. UNITS_E_SYNTAX, UNITS_E_RANGE. */
int units_size(const char *text, uint64_t *ret_bytes) MUSTCHECK;

/*
 * "10MiB/s" -> bytes a second, "5000lines/s" -> lines a second with RATE_LINES, the same way. Of
 * UNITS_E_RANGE: the most that there are of its unit.
 */
int units_rate(const char *text, uint64_t *ret_rate) MUSTCHECK;

/* "20ms", "5s", "2m", "1h", "7d", and "0" -> milliseconds. UNITS_E_SYNTAX, UNITS_E_RANGE. */
int units_time(const char *text, uint64_t *ret_ms) MUSTCHECK;

/*
 * Bytes as text, with \n, \r, \t, \0, \\ and \xHH, at most max of them: their number. 0: there are
 * none, too many, or a backslash is before something else.
 */
size_t units_bytes(const char *text, char *ret_bytes, size_t max);

#endif
