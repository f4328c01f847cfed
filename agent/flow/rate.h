/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_RATE_H
#define FLOW_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In a limit as it is configured: so many lines a second, not bytes. */
#define RATE_LINES (UINT64_C(1) << 63)

/*
 * So many bytes or lines a second, as a token bucket that holds a second's worth. What is taken is
 * not cut to what is in it: it may owe, and then nothing may be taken until it has paid. Zeroed: no
 * limit.
 */
struct rate {
	uint64_t per_second; /* bytes or lines, 2^40 at most; 0: no limit */
	int64_t credit;      /* millionths of them that may be taken; negative: owed */
	uint64_t since_us;   /* that was so then; 0: nothing was taken yet */
	bool of_lines;
};

/* What may be taken at a time, to the end of the line with which one of them is used up. */
struct rate_budget {
	size_t bytes;
	uint64_t lines;
};

/*
 * From now on it is `limit` a second: bytes, or with RATE_LINES lines; 0: there is none. It never
 * holds more than a second's worth of that.
 */
void rate_set(struct rate *rate, uint64_t limit);

/* Bytes or lines that may be taken at that time; 0: none. UINT64_MAX: there is no limit. */
uint64_t rate_left(struct rate *rate, uint64_t now_us);

/* The budget has no more of what the rate counts than `left`. */
void rate_bound(struct rate_budget *budget, const struct rate *rate, uint64_t left);

/* So many were taken then, 2^40 at most. */
void rate_take(struct rate *rate, uint64_t amount, uint64_t now_us);

/* Until a twentieth of a second's worth may be taken, in us; 0: it may now. */
uint64_t rate_wait_us(struct rate *rate, uint64_t now_us);

#endif
