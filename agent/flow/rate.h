/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_RATE_H
#define FLOW_RATE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * So many bytes a second, as a token bucket that holds a second's worth. What is taken is not cut
 * to what is in it: it may owe, and then nothing may be taken until it has paid. Zeroed: no limit.
 */
struct rate {
	uint64_t per_second; /* bytes, 2^40 at most; 0: no limit */
	int64_t credit;      /* millionths of bytes that may be taken; negative: owed */
	uint64_t since_us;   /* that was so then; 0: nothing was taken yet */
};

/* From now on it is so many bytes a second. It never holds more than a second's worth of that. */
void rate_set(struct rate *rate, uint64_t per_second);

/* Bytes that may be taken at that time; 0: none. UINT64_MAX: there is no limit. */
uint64_t rate_left(struct rate *rate, uint64_t now_us);

/* So many were taken then, 2^40 at most. */
void rate_take(struct rate *rate, uint64_t bytes, uint64_t now_us);

/* Until a twentieth of a second's worth may be taken, in us; 0: it may now. */
uint64_t rate_wait_us(struct rate *rate, uint64_t now_us);

#endif
