/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_RANDOM_H
#define SUPPORT_RANDOM_H

#include <stdint.h>
#include <stdlib.h>

/*
 * Random tests that can be repeated: every run has a small number as its seed, which each failure
 * prints; WAYBILL_TEST_SEED=N runs that one alone. splitmix64: good enough, and the same anywhere.
 */
struct random {
	uint64_t state;
};

static inline uint64_t random_next(struct random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* 0 .. n - 1 */
static inline size_t random_below(struct random *random, size_t n)
{
	return (size_t)(random_next(random) % n);
}

/* True once in n times. */
static inline int random_once_in(struct random *random, size_t n)
{
	return random_below(random, n) == 0;
}

/* low .. high */
static inline uint32_t random_between(struct random *random, uint32_t low, uint32_t high)
{
	return low + (uint32_t)random_below(random, high - low + 1);
}

/* True in so many of a hundred cases. */
static inline int random_percent(struct random *random, uint32_t percent)
{
	return random_below(random, 100) < percent;
}

static inline uint64_t random_first_seed(void)
{
	const char *one = getenv("WAYBILL_TEST_SEED");

	return one ? strtoull(one, NULL, 10) : 1;
}

/* for (uint64_t seed = ...) over n seeds, or over the one of the environment. */
#define FOR_SEEDS(seed, n)                                                               \
	for (uint64_t seed = random_first_seed(),                                        \
		      past_last_seed = getenv("WAYBILL_TEST_SEED") ? seed + 1 : (n) + 1; \
	     seed < past_last_seed; seed++)

#endif
