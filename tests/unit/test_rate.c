/* SPDX-License-Identifier: Apache-2.0 */
/* A bucket of bytes, at times that the test says. */
#include "flow/rate.h"

#include <criterion/criterion.h>

#include "base/clock.h"

/* What can be taken in so many us, by who looks every `step` us and takes all. */
static uint64_t taken(struct rate *rate, uint64_t from_us, uint64_t span_us, uint64_t step_us)
{
	uint64_t sum = 0;

	for (uint64_t at = from_us; at <= from_us + span_us; at += step_us) {
		uint64_t left = rate_left(rate, at);

		rate_take(rate, left, at);
		sum += left;
	}
	return sum;
}

Test(rate, without_a_limit)
{
	struct rate rate = {0};

	rate_take(&rate, UINT64_C(1) << 40, 1);
	cr_expect_eq(rate_left(&rate, 1), UINT64_MAX);
}

/* A second's worth at once, then the rate: however often it is looked at, to the byte. */
Test(rate, is_kept_whoever_looks_how_often)
{
	static const uint64_t rates[] = {1024, 1000003, 10 << 20, 3000000000};
	static const uint64_t steps[] = {1, 7, 1000, 333333};

	for (size_t i = 0; i < 16; i++) {
		struct rate rate = {.per_second = rates[i / 4]};
		uint64_t span_us = 2 * US_PER_S, step_us = steps[i % 4];
		uint64_t sum = taken(&rate, 5, span_us, step_us), due = 3 * rate.per_second;
		uint64_t step = rate.per_second * step_us / US_PER_S + 1;

		cr_expect_leq(sum, due, "%zu: %zu, not %zu", i, (size_t)sum, (size_t)due);
		cr_expect_geq(sum + step, due, "%zu: %zu, not %zu", i, (size_t)sum, (size_t)due);
	}
}

/* A line is not cut: what was taken too much is paid back before anything is taken again. */
Test(rate, what_is_owed_is_paid)
{
	struct rate rate = {.per_second = 1000};

	rate_take(&rate, 3000, 10);
	cr_expect_eq(rate_left(&rate, 10), 0);
	cr_expect_eq(rate_left(&rate, 10 + 2 * US_PER_S), 0);
	cr_expect_eq(rate_left(&rate, 10 + 2 * US_PER_S + 1000), 1);
	/* A twentieth of a second's worth, from there. */
	cr_expect_eq(rate_wait_us(&rate, 10 + 2 * US_PER_S + 1000), 49000);
	cr_expect_eq(rate_wait_us(&rate, 10 + 2 * US_PER_S + 50000), 0);
}

/* Nothing is saved for later, and nothing runs over. */
Test(rate, holds_a_second)
{
	struct rate rate = {.per_second = UINT64_C(1) << 40};

	rate_take(&rate, 1, 1);
	cr_expect_eq(rate_left(&rate, UINT64_MAX / 2), UINT64_C(1) << 40);
	rate = (struct rate){.per_second = 1000};
	rate_take(&rate, UINT64_C(1) << 40, 1);
	cr_expect_eq(rate_left(&rate, 1 + 3600 * US_PER_S), 0);
	cr_expect_eq(rate_left(&rate, UINT64_MAX / 2), 1000);
}

/* By a reload: what was saved under the higher rate would be a burst of many seconds' worth. */
Test(rate, one_that_is_lowered_holds_a_second_of_what_it_is_now)
{
	struct rate rate = {.per_second = 1 << 20};

	rate_take(&rate, 1, 1);
	cr_expect_eq(rate_left(&rate, 5 * US_PER_S), 1 << 20);
	rate_set(&rate, 1000);
	cr_expect_eq(rate_left(&rate, 5 * US_PER_S), 1000);
	cr_expect_eq(rate_left(&rate, 9 * US_PER_S), 1000);
	/* What is owed stays owed, and none is. */
	rate_take(&rate, 3000, 9 * US_PER_S);
	rate_set(&rate, 2000);
	cr_expect_eq(rate_left(&rate, 10 * US_PER_S), 0);
	cr_expect_eq(rate_left(&rate, 11 * US_PER_S), 2000);
	rate_set(&rate, 0);
	cr_expect_eq(rate_left(&rate, 11 * US_PER_S), UINT64_MAX);
}
