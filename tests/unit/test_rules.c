/* SPDX-License-Identifier: Apache-2.0 */
/* Rules: what each action leaves out, and what of it cannot be told; limits in time. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "pipeline/limits.h"
#include "route/rules.h"

static const char *const names[] = {"level", "trace"};

static struct template *template_of(const char *text)
{
	struct template_scope scope = {names, ARRAY_LEN(names), "host", "source"};
	struct template_error error;
	struct template *template = NULL;

	if (text)
		cr_assert_eq(template_compile(text, &scope, &template, &error), 0, "%s",
			     error.message);
	return template;
}

static struct pattern *pattern_of(const char *text)
{
	struct pattern_error error;
	struct pattern *pattern = NULL;

	if (text)
		cr_assert_eq(pattern_compile(text, strlen(text), &pattern, &error), 0, "%s", text);
	return pattern;
}

static void add(struct rules *rules, enum rule_action action, const char *value,
		const char *pattern, const char *by, uint64_t one_in)
{
	struct rule *rule = &rules->of[rules->n];

	*rule = (struct rule){.action = action,
			      .value = template_of(value),
			      .pattern = pattern_of(pattern),
			      .by = template_of(by),
			      .one_in = one_in,
			      .number = (uint32_t)rules->n};
	cr_assert(asprintf(&rule->name, "%zu", rules->n) > 0);
	rules->n++;
}

/* The number of the rule that leaves the line out, or -1. Of limits, *ret_due. */
static int judged(const struct rules *rules, const char *line, const char *level, const char *trace,
		  struct rules_due *ret_due)
{
	struct slice fields[] = {slice_of(level), slice_of(trace)};
	struct template_facts facts = {.fields = fields, .line = slice_of(line)};
	struct rules_work work = {pattern_scratch_new()};
	struct arena arena = ARENA_NULL;
	const struct rule *rule = NULL;
	int r = rules_judge(rules, &work, &facts, &arena, &rule);

	cr_assert(r == 0 || r == RULES_E_LEFT_OUT);
	*ret_due = work.due;
	pattern_scratch_free(work.scratch);
	arena_deinit(&arena);
	return r ? (int)rule->number : -1;
}

#define EXPECT(rules, line, level, trace, rule)                                             \
	do {                                                                                \
		struct rules_due due_;                                                      \
		cr_expect_eq(judged(rules, line, level, trace, &due_), rule, "%s %s", line, \
			     #rule);                                                        \
	} while (0)

Test(rules, the_first_that_leaves_it_out)
{
	struct rules rules = {0};

	add(&rules, RULE_DROP, NULL, "^GET /health", NULL, 0);
	add(&rules, RULE_KEEP, "${level}", "^(WARN|ERROR)$", NULL, 0);
	EXPECT(&rules, "GET /health", "ERROR", NULL, 0);
	EXPECT(&rules, "GET /health", "INFO", NULL, 0);
	EXPECT(&rules, "GET /", "INFO", NULL, 1);
	EXPECT(&rules, "GET /", "", NULL, 1);
	EXPECT(&rules, "GET /", "ERROR", NULL, -1);
	EXPECT(&rules, "", "ERROR", NULL, -1);
	rules_deinit(&rules);
}

Test(rules, what_is_missing_judges_nothing)
{
	struct rules rules = {0};

	add(&rules, RULE_KEEP, "${level}", "^ERROR$", NULL, 0);
	add(&rules, RULE_DROP, "${trace}", ".*", NULL, 0);
	add(&rules, RULE_SAMPLE, NULL, NULL, "${trace}", 1000000000);
	EXPECT(&rules, "x", NULL, NULL, -1);
	rules.n = 0;
	rules_deinit(&(struct rules){.n = 3, .of = {rules.of[0], rules.of[1], rules.of[2]}});
	add(&rules, RULE_KEEP, "${level:-none}", "^ERROR$", NULL, 0);
	EXPECT(&rules, "x", NULL, NULL, 0);
	rules_deinit(&rules);
}

Test(rules, a_pattern_that_gives_up_judges_nothing)
{
	struct rules rules = {0};
	char line[64];

	memset(line, 'a', sizeof line);
	line[sizeof line - 1] = '\0';
	add(&rules, RULE_KEEP, NULL, "^(?:a+)+[yz]", NULL, 0);
	EXPECT(&rules, line, NULL, NULL, -1);
	EXPECT(&rules, "b", NULL, NULL, 0);
	rules_deinit(&rules);
}

Test(rules, a_sample_is_of_what_belongs_together)
{
	struct rules rules = {0};
	size_t sent = 0;

	add(&rules, RULE_SAMPLE, "${level}", "^DEBUG$", "${trace}", 10);
	for (int i = 0; i < 10000; i++) {
		struct rules_due due;
		char trace[16], line[16];
		int first;

		snprintf(trace, sizeof trace, "t%d", i);
		snprintf(line, sizeof line, "%d", i);
		first = judged(&rules, line, "DEBUG", trace, &due);
		cr_assert_eq(judged(&rules, "other", "DEBUG", trace, &due), first);
		cr_assert_eq(judged(&rules, line, "INFO", trace, &due), -1);
		sent += first < 0;
	}
	/* Binomial, n = 10000, p = 0.1: the standard deviation is 30. */
	cr_expect(sent > 800 && sent < 1200, "%zu", sent);
	rules_deinit(&rules);
}

/* How many of `n` lines at that time go. */
static int goes(struct limits *limits, const struct rules *rules, const char *trace, int n,
		uint64_t now_us)
{
	struct rules_due due;
	int sent = 0;

	cr_assert_eq(judged(rules, "x", NULL, trace, &due), -1);
	for (int i = 0; i < n; i++) {
		if (limits_full(limits, &due, now_us))
			continue;
		limits_take(limits, &due, now_us);
		sent++;
	}
	return sent;
}

Test(rules, a_limit_of_each_and_its_burst)
{
	struct limits *limits = limits_new();
	struct rules rules = {0};

	add(&rules, RULE_LIMIT, NULL, NULL, "${trace}", 0);
	rules.of[0].per_second = 10;
	rules.of[0].burst = 30;
	cr_expect_eq(goes(limits, &rules, "a", 100, US_PER_S), 30);
	cr_expect_eq(goes(limits, &rules, "b", 100, US_PER_S), 30);
	cr_expect_eq(goes(limits, &rules, "a", 100, US_PER_S + 99999), 0);
	cr_expect_eq(goes(limits, &rules, "a", 100, US_PER_S + 100000), 1);
	cr_expect_eq(goes(limits, &rules, "a", 100, 2 * US_PER_S + 100000), 10);
	cr_expect_eq(goes(limits, &rules, "a", 100, 3600 * US_PER_S), 30);
	cr_expect_eq(goes(limits, &rules, NULL, 100, 3600 * US_PER_S), 100);
	limits_free(limits);
	rules_deinit(&rules);
}

Test(rules, of_two_limits_the_smaller)
{
	struct limits *limits = limits_new();
	struct rules rules = {0};

	add(&rules, RULE_LIMIT, NULL, NULL, "${trace}", 0);
	add(&rules, RULE_LIMIT, NULL, NULL, NULL, 0);
	rules.of[0].per_second = rules.of[0].burst = 20;
	rules.of[1].per_second = rules.of[1].burst = 30;
	cr_expect_eq(goes(limits, &rules, "a", 100, US_PER_S), 20);
	cr_expect_eq(goes(limits, &rules, "b", 100, US_PER_S), 10);
	limits_free(limits);
	rules_deinit(&rules);
}

/* More keys than places: none of the others goes less often than it may. */
Test(rules, many_keys)
{
	struct limits *limits = limits_new();
	struct rules rules = {0};
	char trace[16];

	add(&rules, RULE_LIMIT, NULL, NULL, "${trace}", 0);
	rules.of[0].per_second = rules.of[0].burst = 2;
	for (int i = 0; i < 100000; i++) {
		snprintf(trace, sizeof trace, "%d", i);
		cr_assert_eq(goes(limits, &rules, trace, 3, US_PER_S), 2, "%d", i);
	}
	limits_free(limits);
	rules_deinit(&rules);
}
