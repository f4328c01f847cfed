/* SPDX-License-Identifier: Apache-2.0 */
/* Times as ISO 8601: the corners, and any time as the C library prints it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/iso_time.h"
#include "base/result.h"
#include "tests/support/random.h"

static const char *printed(int64_t ms, char text[ISO_TIME_LEN + 1])
{
	struct slice all = iso_time_print(ms, text);

	cr_assert(all.at == text && all.len == ISO_TIME_LEN);
	text[ISO_TIME_LEN] = '\0';
	return text;
}

Test(iso_time, corners)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
		{0, "1970-01-01T00:00:00.000Z"},
		{-1, "1969-12-31T23:59:59.999Z"},
		{-1000, "1969-12-31T23:59:59.000Z"},
		{1709210096789, "2024-02-29T12:34:56.789Z"},
		{-62167219200000, "0000-01-01T00:00:00.000Z"},
		{253402300799999, "9999-12-31T23:59:59.999Z"},
		{-62167219200001, "0000-01-01T00:00:00.000Z"},
		{253402300800000, "9999-12-31T23:59:59.999Z"},
		{INT64_MIN, "0000-01-01T00:00:00.000Z"},
		{INT64_MAX, "9999-12-31T23:59:59.999Z"},
	};
	char text[ISO_TIME_LEN + 1];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		cr_expect_str_eq(printed(cases[i].ms, text), cases[i].text);
}

Test(iso_time, as_the_library_prints_it)
{
	char text[ISO_TIME_LEN + 1], date[32], wanted[40];
	struct random random = {1};
	struct tm utc;

	for (int i = 0; i < 10000; i++) {
		int64_t ms = (int64_t)(random_next(&random) % 253402300800000);
		time_t second = (time_t)(ms / 1000);

		gmtime_r(&second, &utc);
		strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
		snprintf(wanted, sizeof wanted, "%s.%03dZ", date, (int)(ms % 1000));
		cr_assert_str_eq(printed(ms, text), wanted);
	}
}
