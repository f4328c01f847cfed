/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Token buckets (RFC 2697's committed burst, counted in lines): one fills by per_second and holds
 * at most `burst`, a line takes one. Times are kept instead of tokens: `full_ns` is when the bucket
 * would be full again, so that filling it costs nothing; in nanoseconds, since
 * 300,000 lines a second are no whole number of microseconds.
 *
 * They lie in a table of fixed size, four places for each hash. A log with more keys than places
 * gives up the one of the four that is the fullest, whose lines then begin with a full bucket: too
 * many go rather than too few. Kept in memory only: a restart begins with full buckets.
 */
#include "pipeline/limits.h"

#include <stdlib.h>

#include "base/clock.h"

#define WAYS 4
#define SETS 4096
#define NS_PER_US UINT64_C(1000)
#define NS_PER_S (NS_PER_US * US_PER_S)

struct bucket {
	uint64_t key;
	uint64_t full_ns; /* 0: nobody's */
};

struct limits {
	struct bucket of[SETS][WAYS];
};

struct limits *limits_new(void)
{
	return calloc(1, sizeof(struct limits));
}

struct limits *limits_free(struct limits *limits)
{
	free(limits);
	return NULL;
}

/* What one line takes, in time. */
static uint64_t line_ns(const struct rule *rule)
{
	return NS_PER_S / rule->per_second;
}

/* The bucket of that key, or a full one in place of another. */
static struct bucket *find(struct limits *limits, uint64_t key)
{
	struct bucket *set = limits->of[key % SETS], *fullest = set;

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].key == key)
			return &set[i];
		if (set[i].full_ns < fullest->full_ns)
			fullest = &set[i];
	}
	*fullest = (struct bucket){key, 0};
	return fullest;
}

const struct rule *limits_full(struct limits *limits, const struct rules_due *due, uint64_t now_us)
{
	for (uint32_t i = 0; i < due->n; i++) {
		const struct rule *rule = due->of[i].rule;
		const struct bucket *bucket = find(limits, due->of[i].bucket);
		uint64_t now_ns = now_us * NS_PER_US;
		uint64_t taken_ns = bucket->full_ns > now_ns ? bucket->full_ns - now_ns : 0;

		if (taken_ns + line_ns(rule) > rule->burst * line_ns(rule))
			return rule;
	}
	return NULL;
}

void limits_take(struct limits *limits, const struct rules_due *due, uint64_t now_us)
{
	for (uint32_t i = 0; i < due->n; i++) {
		struct bucket *bucket = find(limits, due->of[i].bucket);
		uint64_t now_ns = now_us * NS_PER_US;
		uint64_t from_ns = bucket->full_ns > now_ns ? bucket->full_ns : now_ns;

		bucket->full_ns = from_ns + line_ns(due->of[i].rule);
	}
}
