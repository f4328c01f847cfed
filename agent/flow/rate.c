/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bucket counts millionths of a byte, of which each microsecond brings a whole number: who
 * looks often gets as much as who looks seldom, to the byte.
 */
#include "flow/rate.h"

#include "base/clock.h"

static int64_t full(const struct rate *rate)
{
	return (int64_t)(rate->per_second * US_PER_S);
}

static void fill(struct rate *rate, uint64_t now_us)
{
	uint64_t span_us = now_us - rate->since_us;
	uint64_t need_us = (uint64_t)(full(rate) - rate->credit) / rate->per_second;

	if (!rate->since_us || span_us > need_us)
		rate->credit = full(rate);
	else
		rate->credit += (int64_t)(span_us * rate->per_second);
	rate->since_us = now_us;
}

/* What was saved under a higher rate is not: else it would be a burst, and nobody would know why. */
void rate_set(struct rate *rate, uint64_t per_second)
{
	rate->per_second = per_second;
	if (rate->credit > full(rate))
		rate->credit = full(rate);
}

uint64_t rate_left(struct rate *rate, uint64_t now_us)
{
	if (!rate->per_second)
		return UINT64_MAX;
	fill(rate, now_us);
	return rate->credit > 0 ? (uint64_t)rate->credit / US_PER_S : 0;
}

void rate_take(struct rate *rate, uint64_t bytes, uint64_t now_us)
{
	if (!rate->per_second)
		return;
	fill(rate, now_us);
	rate->credit -= (int64_t)(bytes * US_PER_S);
}

uint64_t rate_wait_us(struct rate *rate, uint64_t now_us)
{
	int64_t wanted = (int64_t)(rate->per_second * (US_PER_S / 20));

	if (!rate->per_second)
		return 0;
	fill(rate, now_us);
	/* At least a byte. */
	if (wanted < (int64_t)US_PER_S)
		wanted = (int64_t)US_PER_S;
	if (rate->credit >= wanted)
		return 0;
	return ((uint64_t)(wanted - rate->credit) + rate->per_second - 1) / rate->per_second;
}
