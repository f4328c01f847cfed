/* SPDX-License-Identifier: Apache-2.0 */
/* What a leader that is none any more says of a batch, in the library's log. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/result.h"
#include "client/denials.h"

#define SAID "broker unavailable: produce: Broker: Not leader for partition"

static struct denials denials;

static void begin(void)
{
	denials_init(&denials);
}

static void end(void)
{
	denials_deinit(&denials);
}

TestSuite(denials, .init = begin, .fini = end);

Test(denials, what_was_there_by_then_is_in_doubt)
{
	cr_expect_not(denials_may_hold(&denials, "t", 3, 100));
	denials_note(&denials, "BROKERUA", "t [3]: " SAID, 100);
	cr_expect(denials_may_hold(&denials, "t", 3, 0));
	cr_expect(denials_may_hold(&denials, "t", 3, 100));
	cr_expect_not(denials_may_hold(&denials, "t", 3, 101));
	denials_note(&denials, "BROKERUA", "t [3]: " SAID, 200);
	cr_expect(denials_may_hold(&denials, "t", 3, 101));
	cr_expect_not(denials_may_hold(&denials, "t", 3, 201));
}

Test(denials, of_one_partition_says_nothing_of_another)
{
	denials_note(&denials, "BROKERUA", "[thrd:[::1]:9092/1]: orders.new-1 [12]: " SAID, 100);
	cr_expect(denials_may_hold(&denials, "orders.new-1", 12, 1));
	cr_expect_not(denials_may_hold(&denials, "orders.new-1", 1, 1));
	cr_expect_not(denials_may_hold(&denials, "orders.new", 12, 1));
	cr_expect_not(denials_may_hold(&denials, "orders.new-12", 12, 1));
}

/* A connection that broke is one whose records the library reports as they are. */
Test(denials, other_lines_are_none)
{
	static const char *const lines[][2] = {
		{"BROKERUA", "t [3]: broker unavailable: produce: Local: Broker transport failure"},
		{"BROKERUA", "t [3]: broker unavailable: fetch: Broker: Not leader for partition"},
		{"METADATA", "t [3]: " SAID},
		{"BROKERUA", "[3]: " SAID},
		{"BROKERUA", "t []: " SAID},
		{"BROKERUA", "t 3]: " SAID},
		{"BROKERUA", "]: " SAID},
		{"BROKERUA", ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		denials_note(&denials, lines[i][0], lines[i][1], 100);
		cr_expect_not(denials_may_hold(&denials, "t", 3, 1), "%s", lines[i][1]);
		cr_expect_not(denials_may_hold(&denials, "", 3, 1), "%s", lines[i][1]);
	}
}

Test(denials, there_may_be_as_many_as_partitions)
{
	char line[128];

	for (int i = 0; i < 300; i++) {
		snprintf(line, sizeof line, "t%d [%d]: " SAID, i / 100, i % 100);
		denials_note(&denials, "BROKERUA", line, (uint64_t)i + 1);
	}
	cr_expect(denials_may_hold(&denials, "t1", 7, 108));
	cr_expect_not(denials_may_hold(&denials, "t1", 7, 109));
}
