/* SPDX-License-Identifier: Apache-2.0 */
#include "base/progress.h"

#include <criterion/criterion.h>

#include "base/clock.h"

#define AT(s) ((uint64_t)((s)*US_PER_S) + 1)

Test(progress, nothing_is_known_at_first)
{
	struct progress p = {0};

	cr_expect_eq(progress_percent(&p), 100);
	cr_expect_eq(progress_seconds(&p), -1);
	progress_look(&p, 1000, 0, AT(5));
	cr_expect_eq(progress_percent(&p), 0);
	cr_expect_eq(progress_seconds(&p), -1);
	/* A clock that stands still divides by nothing. */
	progress_look(&p, 1000, 0, AT(5));
	cr_expect_eq(progress_seconds(&p), -1);
}

Test(progress, a_steady_pace)
{
	struct progress p = {0};

	for (unsigned s = 0; s <= 10; s++)
		progress_look(&p, 1000 - 50 * s, 50 * s, AT(s));
	cr_expect_eq(progress_percent(&p), 50);
	cr_expect_float_eq(p.rate, 50, 1e-6);
	cr_expect_eq(progress_seconds(&p), 10);
	progress_look(&p, 0, 1000, AT(11));
	cr_expect_eq(progress_percent(&p), 100);
	cr_expect_eq(progress_seconds(&p), 0);
}

/* What is written meanwhile is counted: the end comes when all of it is read, or never. */
Test(progress, more_comes_meanwhile)
{
	struct progress p = {0};

	for (unsigned s = 0; s <= 10; s++)
		progress_look(&p, 1000 - 10 * s, 50 * s, AT(s));
	cr_expect_float_eq(p.rate, 50, 1e-6);
	cr_expect_eq(progress_seconds(&p), 90);
	for (unsigned s = 11; s <= 60; s++)
		progress_look(&p, 900 + 10 * s, 50 * s, AT(s));
	cr_expect_eq(progress_seconds(&p), -1);
	cr_expect_eq(p.most, 1500);
	cr_expect_eq(progress_percent(&p), 0);
}

/* Brokers have become slow: some looks later the time left is that of now. */
Test(progress, follows_a_change)
{
	struct progress p = {0};
	uint64_t left = 100000;

	for (unsigned s = 0; s <= 60; s++, left -= 1000)
		progress_look(&p, left, 0, AT(s));
	cr_expect_eq(progress_seconds(&p), 40);
	for (unsigned s = 61; s <= 90; s++, left -= 10)
		progress_look(&p, left, 0, AT(s));
	cr_expect_gt(progress_seconds(&p), 2000);
}
