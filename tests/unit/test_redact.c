/* SPDX-License-Identifier: Apache-2.0 */
/* Redaction: what rules replace, what they leave alone, and lines on which one gives up. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "parsers/redact.h"

#define RULES(...) ((const struct rule[]){__VA_ARGS__, {0}})

struct rule {
	const char *pattern, *replacement;
};

static struct pattern *compile(const char *text)
{
	struct pattern *pattern = NULL;
	struct pattern_error error;

	cr_assert_eq(pattern_compile(text, strlen(text), &pattern, &error), 0, "%s", text);
	return pattern;
}

static struct redact make(const struct rule *rules, const struct redact *shared)
{
	struct redact redact;
	size_t n = 0;

	while (rules[n].pattern)
		n++;
	cr_assert_eq(redact_init(&redact, shared, n), 0);
	for (size_t i = 0; i < n; i++)
		cr_assert_eq(redact_add(&redact, compile(rules[i].pattern), rules[i].replacement),
			     0);
	return redact;
}

/* The line's bytes in memory of exactly their size, so that a sanitizer sees what lies outside. */
static struct slice exactly(struct slice text)
{
	char *at = malloc(text.len ? text.len : 1);

	memcpy(at, text.at, text.len);
	return (struct slice){at, text.len};
}

/* Applies the rules; the result, NUL-terminated, static. */
static const char *apply(const struct redact *redact, struct slice text, int wanted_r)
{
	static char copy[1 << 16];
	struct pattern_scratch *scratch = pattern_scratch_new();
	struct arena arena = ARENA_NULL;
	struct slice line = exactly(text), before = line;

	cr_assert_eq(redact_line(redact, scratch, &arena, &line), wanted_r, "%.*s", (int)text.len,
		     text.at);
	if (wanted_r == 0)
		cr_assert(line.at == before.at && line.len == before.len && !arena.first,
			  "not copied");
	cr_assert_lt(line.len, sizeof copy);
	memcpy(copy, line.at, line.len);
	copy[line.len] = '\0';
	free((char *)before.at);
	arena_deinit(&arena);
	pattern_scratch_free(scratch);
	return copy;
}

static void expect(const struct rule *rules, const char *line, const char *wanted)
{
	struct redact redact = make(rules, NULL);
	bool same = strcmp(line, wanted) == 0;

	cr_expect_str_eq(apply(&redact, slice_of(line), same ? 0 : REDACT_E_CHANGED), wanted);
	redact_deinit(&redact);
}

#define CARD "(?<!\\d)\\d{12}(\\d{4})(?!\\d)"

/* The rule of README.md and waybill.conf(5): \b sees no boundary between "_" and a digit. */
Test(redact, a_card_number_behind_an_underscore)
{
	expect(RULES({CARD, "****$1"}), "x_4111111111111111 id4111111111111112x",
	       "x_****1111 id****1112x");
}

Test(redact, every_match_is_replaced)
{
	expect(RULES({CARD, "****$1"}), "a 1234567812345678 b 8765432187654321.",
	       "a ****5678 b ****4321.");
	expect(RULES({CARD, "****$1"}), "12345678123456789 123456781234567",
	       "12345678123456789 123456781234567");
	expect(RULES({"x", ""}), "xxx", "");
	expect(RULES({"x", "yxy"}), "axb", "ayxyb");
	expect(RULES({"^x", "-"}), "xx", "-x");
	expect(RULES({"(?<a>\\w)=(?<b>\\w)", "${b}$a$$$0"}), "1=2 3=4", "21$1=2 43$3=4");
	expect(RULES({"(a)|b", "<$1>"}), "ab", "<a><>");
	expect(RULES({"\\bq\\b|(?=z)", "_"}), "q z", "_ _z");
}

Test(redact, rules_see_what_those_before_them_left)
{
	expect(RULES({"secret", "public"}, {"public", "x"}), "secret public", "x x");
	expect(RULES({"a", "b"}, {"z", "-"}, {"b", "c"}), "a", "c");
	expect(RULES({"1", "a"}, {"2", "b"}, {"3", "c"}), "none of it", "none of it");
}

Test(redact, bytes_are_bytes)
{
	struct redact redact = make(RULES({"\\d+", "#"}), NULL);

	cr_expect_str_eq(apply(&redact, slice_of("\xff\xfe 42 \xc3"), REDACT_E_CHANGED),
			 "\xff\xfe # \xc3");
	cr_expect_eq(memcmp(apply(&redact,
				  (struct slice){"a\0"
						 "1",
						 3},
				  REDACT_E_CHANGED),
			    "a\0#", 4),
		     0);
	cr_expect_str_eq(apply(&redact, slice_of(""), 0), "");
	redact_deinit(&redact);
}

/* A result longer than the first guess, and one that is more than a line may become. */
Test(redact, a_line_may_grow_up_to_a_limit)
{
	static char replacement[1025], text[PATTERN_REPLACED_MAX / 1024];
	struct redact redact;
	struct pattern_scratch *scratch = pattern_scratch_new();
	struct arena arena = ARENA_NULL;
	struct slice line = {text, 10};

	memset(text, 'a', sizeof text);
	memset(replacement, 'b', sizeof replacement - 1);
	replacement[1023] = '.';
	redact = make(RULES({"a", replacement}), NULL);
	cr_assert_eq(redact_line(&redact, scratch, &arena, &line), REDACT_E_CHANGED);
	cr_expect_eq(line.len, 10240);
	cr_expect_eq(memcmp(line.at + 10237, "bb.", 3), 0);
	line = (struct slice){text, sizeof text - 1};
	cr_assert_eq(redact_line(&redact, scratch, &arena, &line), REDACT_E_CHANGED);
	cr_expect_eq(line.len, PATTERN_REPLACED_MAX - 1024);
	line = (struct slice){text, sizeof text};
	cr_assert_eq(redact_line(&redact, scratch, &arena, &line), REDACT_E_WITHHELD);
	cr_expect_lt(line.len, 100);
	arena_deinit(&arena);
	pattern_scratch_free(scratch);
	redact_deinit(&redact);
}

#define HARD "(?:x+)+[yz]"

/* Nothing of the line is left, also not what the rules before it made of it. */
Test(redact, a_rule_that_gives_up_withholds_the_line)
{
	static const char wanted[] = "[withheld by waybill: redaction rule 2 reached its limit]";
	struct redact redact = make(RULES({"4", "#"}, {HARD, "-"}, {"withheld", "sent"}), NULL);
	char line[128] = "4711 ";

	cr_expect_str_eq(apply(&redact, slice_of("4711 xy x"), REDACT_E_CHANGED), "#711 - x");
	memset(line + 5, 'x', 60);
	cr_expect_str_eq(apply(&redact, slice_of(line), REDACT_E_WITHHELD), wanted);
	/* A match before the place where it gives up does not help. */
	memcpy(line, "xy xx", 5);
	cr_expect_str_eq(apply(&redact, slice_of(line), REDACT_E_WITHHELD), wanted);
	redact_deinit(&redact);
}

Test(redact, shared_rules_come_first_and_are_numbered_through)
{
	struct redact all = make(RULES({"a", "b"}, {"secret", "-"}), NULL);
	struct redact own = make(RULES({"b", "c"}, {HARD, "-"}), &all);
	struct redact none = make((const struct rule[]){{0}}, &all), empty;
	char line[64];

	cr_expect_str_eq(apply(&own, slice_of("a secret"), REDACT_E_CHANGED), "c -");
	memset(line, 'x', sizeof line);
	cr_expect(strstr(apply(&own, (struct slice){line, sizeof line}, REDACT_E_WITHHELD),
			 "rule 4 "));
	cr_expect_str_eq(apply(&none, slice_of("a"), REDACT_E_CHANGED), "b");
	cr_assert_eq(redact_init(&empty, NULL, 0), 0);
	cr_expect_str_eq(apply(&empty, slice_of("a"), 0), "a");
	redact_deinit(&empty);
	redact_deinit(&none);
	redact_deinit(&own);
	/* What was borrowed is still there. */
	cr_expect_str_eq(apply(&all, slice_of("a"), REDACT_E_CHANGED), "b");
	redact_deinit(&all);
}

Test(redact, replacements_are_checked_before_there_is_a_match)
{
	static const struct {
		const char *text;
		int at; /* -1: it is right */
	} rows[] = {
		{"", -1},   {"plain", -1}, {"$0$1${1}$2", -1}, {"$a${a}", -1}, {"$$ 5", -1},
		{"x$3", 3}, {"${c}", 4},   {"$b", 2},          {"x$", 2},      {"${", 2},
		{"${a", 3}, {"$-", 1},     {"$999999999", 2},
	};
	struct pattern *pattern = compile("(?<a>x)(y)");
	struct pattern_error error;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int r = pattern_check_replacement(pattern, rows[i].text, strlen(rows[i].text),
						  &error);

		cr_expect_eq(r, rows[i].at < 0 ? 0 : PATTERN_E_SYNTAX, "row %zu", i);
		if (r == PATTERN_E_SYNTAX) {
			cr_expect(error.at <= strlen(rows[i].text), "row %zu", i);
			cr_expect_neq(error.message[0], '\0', "row %zu", i);
		}
	}
	pattern_free(pattern);
}

/* (*NO_JIT): the same by the interpreter. */
Test(redact, without_jit)
{
	struct redact redact = make(RULES({"(*NO_JIT)\\d+", "#"}, {"(*NO_JIT)" HARD, "-"}), NULL);
	char line[64];

	cr_expect_str_eq(apply(&redact, slice_of("a 12 b 3"), REDACT_E_CHANGED), "a # b #");
	memset(line, 'x', sizeof line);
	apply(&redact, (struct slice){line, sizeof line}, REDACT_E_WITHHELD);
	redact_deinit(&redact);
}
