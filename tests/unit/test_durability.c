/* SPDX-License-Identifier: Apache-2.0 */
/* What an acknowledgement is worth, by acks, replicas and min.insync.replicas. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/result.h"
#include "pressure/durability.h"

static const struct {
	const char *acks;
	uint32_t replicas, min_insync;
	bool weak;
	const char *words;
} cases[] = {
	{"all", 3, 2, false, "on 2 brokers at least, and lost only with all of those"},
	{"all", 3, 3, false, "on 3 brokers at least"},
	{"all", 3, 1, true, "on one broker only, and lost with it; 2 prevents that"},
	{"all", 3, 0, true, "min.insync.replicas not known (DescribeConfigs)"},
	{"all", 1, 2, true, "1 replica: an acknowledged line is on one broker"},
	{"all", 2, 3, false, "on 2 brokers at least"},
	{"1", 3, 2, true, "3 replicas: an acknowledged line is on its leader"},
	{"0", 3, 2, true, "nobody confirms a line"},
};

Test(durability, is_said_in_words)
{
	char words[300];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		bool weak = durability_words(cases[i].acks, cases[i].replicas, cases[i].min_insync,
					     words, sizeof words);

		cr_expect_eq(weak, cases[i].weak, "%zu", i);
		cr_expect(strstr(words, cases[i].words), "%zu: %s", i, words);
	}
}

/* What makes no difference is told in one line, and not again when it changes. */
Test(durability, topics_are_alike_by_what_counts)
{
	cr_expect(durability_alike("all", (uint32_t[]){3, 3}, (uint32_t[]){2, 2}));
	cr_expect_not(durability_alike("all", (uint32_t[]){3, 3}, (uint32_t[]){1, 2}));
	cr_expect_not(durability_alike("all", (uint32_t[]){3, 2}, (uint32_t[]){2, 2}));
	cr_expect(durability_alike("all", (uint32_t[]){1, 1}, (uint32_t[]){0, 1}));
	cr_expect(durability_alike("1", (uint32_t[]){3, 3}, (uint32_t[]){1, 2}));
	cr_expect_not(durability_alike("1", (uint32_t[]){1, 3}, (uint32_t[]){1, 1}));
	cr_expect(durability_alike("0", (uint32_t[]){1, 3}, (uint32_t[]){1, 2}));
}
