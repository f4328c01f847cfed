/* SPDX-License-Identifier: Apache-2.0 */
/* The counters' text: complete, in order, and cut where there is no more room. */
#include "ops/counters.h"

#include <criterion/criterion.h>
#include <string.h>

Test(counters, prints_all_in_order)
{
	struct counters counters = {.lines_read = 12, .checkpoint_failures = 3};
	char text[COUNTERS_TEXT_MAX];
	size_t pairs = 1;

	counters_print(&counters, text, sizeof text);
	cr_expect_eq(strncmp(text, "lines_read=12 lines_reread=0 ", 29), 0, "%s", text);
	cr_expect_not_null(strstr(text, " checkpoint_failures=3"));
	for (const char *at = text; *at; at++)
		pairs += *at == ' ';
	cr_expect_eq(pairs, offsetof(struct counters, lost) / sizeof(uint64_t));
}

Test(counters, largest_numbers_fit)
{
	struct counters counters;
	char text[COUNTERS_TEXT_MAX];

	memset(&counters, 0xff, sizeof counters);
	counters_print(&counters, text, sizeof text);
	cr_expect_not_null(strstr(text, " reports_without_offset=18446744073709551615"));
}

Test(counters, cuts_at_every_length)
{
	struct counters counters = {.lines_read = 12};
	char whole[COUNTERS_TEXT_MAX], text[COUNTERS_TEXT_MAX];

	counters_print(&counters, whole, sizeof whole);
	for (size_t len = 1; len <= strlen(whole) + 1; len++) {
		memset(text, 'x', sizeof text);
		counters_print(&counters, text, len);
		cr_assert_eq(strlen(text), len - 1);
		cr_assert_eq(memcmp(text, whole, len - 1), 0);
		cr_assert_eq(text[len], 'x');
	}
	memset(text, 'x', sizeof text);
	counters_print(&counters, text, 0);
	cr_assert_eq(text[0], 'x');
}
