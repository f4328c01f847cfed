/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bucket counts millionths of a byte (or line), of which each microsecond brings a whole
 * number: who looks often gets as much as who looks seldom, to the byte.
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

/* What was saved under a higher rate is given up: it would come as a burst. */
void rate_set(struct rate *rate, uint64_t limit)
{
	bool of_lines = limit & RATE_LINES;

	if (rate->of_lines != of_lines)
		*rate = (struct rate){.of_lines = of_lines};
	rate->per_second = limit & ~RATE_LINES;
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

void rate_bound(struct rate_budget *budget, const struct rate *rate, uint64_t left)
{
	if (rate->of_lines && left < budget->lines)
		budget->lines = left;
	else if (!rate->of_lines && left < budget->bytes)
		budget->bytes = (size_t)left;
}

void rate_take(struct rate *rate, uint64_t amount, uint64_t now_us)
{
	if (!rate->per_second)
		return;
	fill(rate, now_us);
	rate->credit -= (int64_t)(amount * US_PER_S);
}

uint64_t rate_wait_us(struct rate *rate, uint64_t now_us)
{
	int64_t wanted = (int64_t)(rate->per_second * (US_PER_S / 20));

	if (!rate->per_second)
		return 0;
	fill(rate, now_us);
	/* At least a byte, or a line. */
	if (wanted < (int64_t)US_PER_S)
		wanted = (int64_t)US_PER_S;
	if (rate->credit >= wanted)
		return 0;
	return ((uint64_t)(wanted - rate->credit) + rate->per_second - 1) / rate->per_second;
}
