/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/losses.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

Test(losses, the_last_ones_are_known_by_both_names)
{
	struct losses losses = {0};
	char path[32], words[160];

	losses_add(NULL, "/a", NULL, LOST_REMOVED, 1);
	cr_expect_null(losses_find(&losses, "/a"));
	losses_add(&losses, "/a", NULL, LOST_REMOVED, 1);
	losses_add(&losses, "/a.1", "/a", LOST_STOPPED, 120);
	cr_assert_not_null(losses_find(&losses, "/a"));
	cr_expect_eq(losses_find(&losses, "/a")->bytes, 120, "the newest one");
	cr_expect_eq(losses_find(&losses, "/a.1")->bytes, 120);
	losses_describe(losses_find(&losses, "/a"), words, sizeof words);
	cr_expect(strstr(words, "120 bytes were lost unread (seen at 2"), "%s", words);
	cr_expect(strstr(words, "Z): it was removed while no agent ran"), "%s", words);
	for (unsigned i = 0; i < LOSSES_KEPT; i++) {
		snprintf(path, sizeof path, "/b%u", i);
		losses_add(&losses, path, path, LOST_TRUNCATED, i);
	}
	cr_expect_null(losses_find(&losses, "/a"), "newer ones have its place");
	cr_expect_not_null(losses_find(&losses, "/b0"));
	cr_expect_not_null(losses_find(&losses, "/b63"));
	losses_deinit(&losses);
}
