/* SPDX-License-Identifier: Apache-2.0 */
/* The one line of `waybill top` that says what is wrong. */
#include <criterion/criterion.h>

#include "cmd/top/trouble.h"

static void expect_first(const char *json, const char *words)
{
	struct trouble trouble = {0};
	struct object *line;
	char message[128];
	size_t more;

	cr_assert_eq(object_read(slice_of(json), &line, message, sizeof message), 0);
	cr_assert_eq(trouble_take_agent(&trouble, line), 0);
	cr_expect_str_eq(trouble_first(&trouble, &more), words);
	cr_expect_eq(more, 0);
	object_free(line);
	trouble_deinit(&trouble);
}

/* It was whatever stood on the stack, which ended the command. */
Test(trouble, each_that_an_agent_has_is_said)
{
	expect_first("{\"kafka_configured\": false}",
		     "the configuration has no kafka block: nothing can be shipped");
	expect_first("{\"checkpoint_age_ms\": 7000}", "no checkpoint for 7 s: see the log");
	expect_first("{\"reload_refused\": true}", "the last reload was refused: see the log");
	expect_first("{\"renewal_error\": \"a wrong password\"}",
		     "the kafka block is not in use as it is now: a wrong password");
}
