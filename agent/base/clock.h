/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define US_PER_MS 1000ull
#define US_PER_S 1000000ull

/* "Never" as a deadline in microseconds. */
#define CLOCK_NEVER UINT64_MAX

/*
 * Time is passed as a parameter to everything below agent.c, so that tests own it. These are
 * called by the top only.
 */

/* Microseconds of CLOCK_MONOTONIC: all deadlines and ages (a wall clock may jump, scenario F07). */
uint64_t clock_mono_us(void);

/* The same in nanoseconds, for what takes less: how long a pattern takes. */
uint64_t clock_mono_ns(void);

/* Milliseconds since 1970 of CLOCK_REALTIME: record timestamps and rows of the store only. */
int64_t clock_real_ms(void);

/* Microseconds that this thread has had a processor: what a part of the loop's work costs. */
uint64_t clock_cpu_us(void);

#endif
