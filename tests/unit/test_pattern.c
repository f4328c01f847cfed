/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns by tables. Every match is made twice, with the JIT and, by "(*NO_JIT)" in front of the
 * pattern, with the interpreter: under MemoryDenyWriteExecute the second is what runs, and the two
 * must not differ.
 */
#include "parsers/pattern.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE(text)                     \
	{                              \
		text, sizeof(text) - 1 \
	}

static struct pattern *compile(const char *text)
{
	struct pattern *pattern = NULL;
	struct pattern_error error = {0};
	int r = pattern_compile(text, strlen(text), &pattern, &error);

	cr_assert_eq(r, 0, "%s: %s", text, error.message);
	return pattern;
}

/* One line: the text of each field, "-" for one that took no part; or how it failed. */
static void describe(const struct pattern *pattern, struct slice line, char *text, size_t size)
{
	struct pattern_scratch *scratch = pattern_scratch_new();
	struct slice fields[PATTERN_FIELDS_MAX];
	int r = pattern_match(pattern, scratch, line, PATTERN_ALL_FIELDS, fields);
	FILE *out = fmemopen(text, size, "w");

	if (r != 0)
		fprintf(out, "%s", r == PATTERN_E_MISS ? "miss" : "limit");
	for (size_t i = 0; r == 0 && i < pattern_n_fields(pattern); i++) {
		fprintf(out, "%s%s=", i ? " " : "", pattern_field(pattern, i));
		if (fields[i].at)
			fwrite(fields[i].at, 1, fields[i].len, out);
		else
			fputs("-", out);
	}
	fclose(out);
	pattern_scratch_free(scratch);
}

static void expect_match(const char *text, struct slice line, const char *expected)
{
	static const char *const PREFIX[] = {"", "(*NO_JIT)"};

	for (size_t i = 0; i < 2; i++) {
		char whole[512], got[512] = "";
		struct pattern *pattern;

		snprintf(whole, sizeof whole, "%s%s", PREFIX[i], text);
		pattern = compile(whole);
		cr_assert_eq(pattern_has_jit(pattern), i == 0 && pattern_jit_works());
		describe(pattern, line, got, sizeof got);
		cr_expect_str_eq(got, expected, "%s: \"%s\", not \"%s\"", whole, got, expected);
		pattern_free(pattern);
	}
}

Test(pattern, matches)
{
	static const struct {
		const char *pattern;
		struct slice line;
		const char *expected;
	} CASES[] = {
		{"^(?<time>\\S+) (?<level>\\w+) cid=(?<cid>\\S+)", LINE("12:00 INFO cid=a-1 rest"),
		 "time=12:00 level=INFO cid=a-1"},
		{"^(?<time>\\S+) cid=", LINE("12:00 INFO"), "miss"},
		{"(?<b>x)|(?<a>y)", LINE("x"), "b=x a=-"},
		{"(?<b>x)|(?<a>y)", LINE("y"), "b=- a=y"},
		{"(?<empty>q*)x", LINE("x"), "empty="},
		{"(\\w)(\\w)(?<third>\\w)(\\w)", LINE("abcd"), "third=c"},
		{"^$", LINE(""), ""},
		{"(?<all>.*)", LINE(""), "all="},
		/* The branch reset gives one number, and so one field, to both. */
		{"(?|x(?<v>1)|y(?<v>2))", LINE("y2"), "v=2"},
	};

	for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++)
		expect_match(CASES[i].pattern, CASES[i].line, CASES[i].expected);
}

/*
 * Found by the fuzzer: the JIT of PCRE2 10.42 sees no match in the first four, and in the others
 * keeps a group of an attempt that failed. All must come out as the interpreter has it.
 */
Test(pattern, is_right_where_the_jit_of_debian_12_is_wrong)
{
	static const struct {
		const char *pattern;
		struct slice line;
		const char *expected;
	} CASES[] = {
		{"(?<a>11|1)b*1", LINE("11"), "a=1"},
		{"(?<a>1|)b*1", LINE("1"), "a="},
		{"(?:bb|b)c*(?<a>bd)", LINE("bbd"), "a=bd"},
		{"(?:4111|411)[ -]*(?<last>1)", LINE("card 4111"), "last=1"},
		{"(?<a>y)*+z|$", LINE("y"), "a=-"},
		{"(?<a>\\w)*+\\n(?<b>.)", LINE("yy\r\nz"), "a=- b=z"},
		{"(?<a>f){0,}+\\S+", LINE("fff\nr"), "a=-"},
		{"(?<a>)*+ab|b|", LINE(""), "a=-"},
	};

	for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
		struct pattern *pattern = compile(CASES[i].pattern);
		char got[512] = "";

		describe(pattern, CASES[i].line, got, sizeof got);
		cr_expect_str_eq(got, CASES[i].expected, "%s: \"%s\", not \"%s\"", CASES[i].pattern,
				 got, CASES[i].expected);
		pattern_free(pattern);
	}
}

/* An ordinary alternation keeps its machine code, and a brace is no repetition by itself. */
Test(pattern, leaves_the_jit_to_what_it_does_right)
{
	static const char *const PATTERNS[] = {"^(a|b)c*d", "(a|b)c*d", "(a)*b",
					       "(a){2}b+",  "\\)*+a",   "(a)+?b"};

	for (size_t i = 0; i < sizeof PATTERNS / sizeof PATTERNS[0]; i++) {
		struct pattern *pattern = compile(PATTERNS[i]);

		cr_expect_eq(pattern_has_jit(pattern), pattern_jit_works(), "%s", PATTERNS[i]);
		pattern_free(pattern);
	}
}

/* Scenario C03. Whatever the bytes, they neither fail the match nor change on the way. */
Test(pattern, takes_any_byte)
{
	static const struct slice LINES[] = {LINE("k=\xff\xfe\x80 rest"), LINE("k=\xc3 rest"),
					     LINE("k=\0a\0 rest"), LINE("k=\xed\xa0\x80 rest")};

	for (size_t i = 0; i < sizeof LINES / sizeof LINES[0]; i++) {
		struct pattern *pattern = compile("^k=(?<k>\\S+) (?<rest>.*)$");
		struct pattern_scratch *scratch = pattern_scratch_new();
		struct slice fields[2];

		cr_assert_eq(pattern_match(pattern, scratch, LINES[i], PATTERN_ALL_FIELDS, fields),
			     0, "line %zu", i);
		cr_expect_eq(fields[0].at, LINES[i].at + 2);
		cr_expect_eq(fields[0].len, LINES[i].len - 7);
		cr_expect(slice_eq(fields[1], slice_of("rest")));
		pattern_scratch_free(scratch);
		pattern_free(pattern);
	}
}

Test(pattern, refuses_utf_mode)
{
	struct pattern *pattern = NULL;
	struct pattern_error error;

	cr_assert_eq(pattern_compile("(*UTF)a", 7, &pattern, &error), PATTERN_E_SYNTAX);
	cr_assert_null(pattern);
}

/*
 * Scenario C04. n a's and a b have some 2^n ways not to match: 20 are beyond our limit of steps but
 * within PCRE2's own, so this shows whose limit is in force.
 */
Test(pattern, gives_up_on_catastrophic_backtracking)
{
	char text[42];

	memset(text, 'a', sizeof text);
	text[40] = 'b';
	expect_match("^(a+)+$", (struct slice){text, 41}, "limit");
	expect_match("^(a+)+$", (struct slice){text + 20, 21}, "limit");
	expect_match("^(a+)+$", (struct slice){text + 30, 11}, "miss");
	expect_match("^(?<a>a+)+$", (struct slice){text, 4}, "a=aaaa");
}

/* Scenario C04 */
Test(pattern, gives_up_on_stack_and_heap)
{
	size_t len = 1 << 20;
	char *text = malloc(len);
	struct slice line = {text, len};

	memset(text, ' ', len);
	expect_match("^(?:(x)|\\s)*$", line, "limit");
	/* The same scratch works on after it gave up: an ordinary long line is no trouble. */
	expect_match("^(?:x|\\s*)(?<end>y?)$", line, "end=");
	free(text);
}

Test(pattern, failure_leaves_fields_untouched)
{
	struct pattern *pattern = compile("(?<a>x)(?<b>y)");
	struct pattern_scratch *scratch = pattern_scratch_new();
	struct slice fields[2] = {LINE("old"), LINE("old")};

	cr_assert_eq(pattern_match(pattern, scratch, slice_of("xx"), PATTERN_ALL_FIELDS, fields),
		     PATTERN_E_MISS);
	cr_expect(slice_eq(fields[0], slice_of("old")));
	cr_expect(slice_eq(fields[1], slice_of("old")));
	pattern_scratch_free(scratch);
	pattern_free(pattern);
}

Test(pattern, only_the_wanted_fields_are_cut_out)
{
	struct pattern *pattern = compile("(?<a>.)(?<b>.)(?<c>.)");
	struct pattern_scratch *scratch = pattern_scratch_new();
	struct slice fields[4] = {LINE("old"), LINE("old"), LINE("old"), LINE("old")};

	cr_assert_eq(pattern_match(pattern, scratch, slice_of("xyz"), PATTERN_NO_FIELDS, NULL), 0);
	cr_assert_eq(pattern_match(pattern, scratch, slice_of("xyz"), 1 << 1 | 1 << 2, fields), 0);
	cr_expect(slice_eq(fields[0], slice_of("old")));
	cr_expect(slice_eq(fields[1], slice_of("y")));
	cr_expect(slice_eq(fields[2], slice_of("z")));
	/* Those that it does not have are not touched, whatever is wanted. */
	cr_assert_eq(pattern_match(pattern, scratch, slice_of("xyz"), PATTERN_ALL_FIELDS, fields),
		     0);
	cr_expect(slice_eq(fields[0], slice_of("x")));
	cr_expect(slice_eq(fields[3], slice_of("old")));
	pattern_scratch_free(scratch);
	pattern_free(pattern);
}

Test(pattern, one_scratch_serves_many_patterns)
{
	struct pattern *wide = compile("(?<a>.)(?<b>.)(?<c>.)(?<d>.)");
	struct pattern *narrow = compile("(?<a>y)|(?<b>z)");
	struct pattern_scratch *scratch = pattern_scratch_new();
	struct slice fields[4];

	for (int i = 0; i < 3; i++) {
		cr_assert_eq(
			pattern_match(wide, scratch, slice_of("1234"), PATTERN_ALL_FIELDS, fields),
			0);
		cr_expect(slice_eq(fields[3], slice_of("4")));
		cr_assert_eq(
			pattern_match(narrow, scratch, slice_of("y"), PATTERN_ALL_FIELDS, fields),
			0);
		cr_expect(slice_eq(fields[0], slice_of("y")));
		cr_expect_null(fields[1].at);
	}
	pattern_scratch_free(scratch);
	pattern_free(wide);
	pattern_free(narrow);
}

/* Scenario C05 */
Test(pattern, says_where_it_went_wrong)
{
	static const struct {
		const char *pattern;
		size_t at;
		const char *message; /* a part of it */
	} CASES[] = {
		{"ab(cd", 5, "missing closing parenthesis"},
		{"a[z-b]", 4, "range out of order"},
		{"(?<x>a)(?<x>b)", 12, "two named subpatterns have the same name"},
		{"(?J)(?<x>a)(?<x>b)", 0, "two groups have the same name"},
		{"(?<1x>a)", 3, "subpattern name"},
	};

	for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
		struct pattern *pattern = NULL;
		struct pattern_error error = {0};
		const char *text = CASES[i].pattern;

		cr_assert_eq(pattern_compile(text, strlen(text), &pattern, &error),
			     PATTERN_E_SYNTAX, "%s", text);
		cr_expect_null(pattern);
		cr_expect_eq(error.at, CASES[i].at, "%s: at %zu", text, error.at);
		cr_expect_not_null(strstr(error.message, CASES[i].message), "%s: %s", text,
				   error.message);
	}
}

/* n groups, named g0, g1, ... or without names. */
static int compile_groups(int n, bool named, struct pattern **ret_pattern)
{
	struct pattern_error error;
	char text[8192];
	size_t used = 0;

	for (int i = 0; i < n; i++)
		used += (size_t)(named ? sprintf(text + used, "(?<g%d>.)", i) :
					 sprintf(text + used, "(.)"));
	return pattern_compile(text, used, ret_pattern, &error);
}

Test(pattern, bounds_the_groups)
{
	struct pattern *pattern = NULL;

	cr_assert_eq(compile_groups(PATTERN_FIELDS_MAX, true, &pattern), 0);
	cr_expect_eq(pattern_n_fields(pattern), PATTERN_FIELDS_MAX);
	cr_expect_str_eq(pattern_field(pattern, 10), "g10");
	pattern = pattern_free(pattern);
	cr_assert_eq(compile_groups(PATTERN_FIELDS_MAX + 1, true, &pattern), PATTERN_E_SYNTAX);
	cr_assert_eq(compile_groups(256, false, &pattern), PATTERN_E_SYNTAX);
	cr_assert_eq(compile_groups(255, false, &pattern), 0);
	pattern_free(pattern);
}

/* n groups that take one byte each, the last of which is a field. */
static void expect_last_group(const char *prefix, size_t n)
{
	char text[2048], line[255];
	size_t used = (size_t)sprintf(text, "%s", prefix);
	struct pattern_scratch *scratch = pattern_scratch_new();
	struct pattern *pattern;
	struct slice field;

	for (size_t i = 0; i < n - 1; i++)
		used += (size_t)sprintf(text + used, "(.)");
	sprintf(text + used, "(?<last>.)");
	memset(line, 'a', sizeof line);
	pattern = compile(text);
	cr_assert_eq(pattern_match(pattern, scratch, (struct slice){line, n}, PATTERN_ALL_FIELDS,
				   &field),
		     0);
	cr_expect_eq(field.at, line + n - 1);
	cr_expect_eq(field.len, 1);
	pattern_scratch_free(scratch);
	pattern_free(pattern);
}

/*
 * The pair of group 255 is the last that the scratch has room for. The interpreter needs some 4 KB
 * of its heap for each of so many groups, and comes to its limit earlier.
 */
Test(pattern, reaches_the_last_group)
{
	expect_last_group("", 255);
	expect_last_group("(*NO_JIT)", 200);
}

/* Scenario C05 */
Test(pattern, bounds_its_text)
{
	size_t len = 65536 + 1;
	char *text = malloc(len);
	struct pattern *pattern = NULL;
	struct pattern_error error;

	memset(text, ' ', len);
	memcpy(text, "(?x)", 4);
	cr_assert_eq(pattern_compile(text, len, &pattern, &error), PATTERN_E_SYNTAX);
	cr_assert_eq(pattern_compile(text, len - 1, &pattern, &error), 0, "%s", error.message);
	pattern_free(pattern);
	free(text);
}

Test(pattern, free_forgives)
{
	cr_assert_null(pattern_free(NULL));
	cr_assert_null(pattern_scratch_free(NULL));
}

Test(pattern, tells_its_version)
{
	unsigned major, minor;
	char version[64];

	pattern_library_version(version, sizeof version);
	cr_assert_eq(sscanf(version, "%u.%u", &major, &minor), 2);
	cr_assert_geq(major, 10u);
}

struct furthest {
	char pattern[64];
	char line[64];
	size_t start;
	size_t end;
};

ParameterizedTestParameters(pattern, furthest)
{
	static struct furthest cases[] = {
		{"^(?<a>\\S+) b=(?<b>\\d+)", "x c=1", 0, 2},
		{"^(?<a>\\S+) b=(?<b>\\d+)", "x b=y", 0, 4},
		{"^(?<a>\\S+) b=(?<b>\\d+)", "x b=", 0, 4},
		{"^(?<a>\\S+) b=(?<b>\\d+)", " ", 0, 0},
		{"^(?<a>\\S+) b=(?<b>\\d+)", "", 0, 0},
		/* Without an anchor: the longest piece, the first of equals. */
		{"abcd", "ab abc abx abc", 3, 6},
		{"abcd", "xyz", 0, 0},
		{"(*NO_JIT)abcd", "xabc", 1, 4},
		/* What matched, but must not stand there. */
		{"^ab$", "abc", 0, 2},
		{"^a(?!b)", "ab", 0, 1},
		/* A greedy start reaches the end, though what follows is missing. */
		{"^.* end", "one two", 0, 7},
		{"^(a|bc) d", "bc x", 0, 3},
	};

	return cr_make_param_array(struct furthest, cases, ARRAY_LEN(cases));
}

ParameterizedTest(struct furthest *c, pattern, furthest)
{
	struct pattern_scratch *scratch = pattern_scratch_new();
	struct pattern *pattern = compile(c->pattern);
	struct slice fields[PATTERN_FIELDS_MAX];
	struct slice line = slice_of(c->line);
	size_t start = 99, end = 99;

	cr_assert_eq(pattern_match(pattern, scratch, line, PATTERN_ALL_FIELDS, fields),
		     PATTERN_E_MISS);
	pattern_furthest(pattern, scratch, line, &start, &end);
	cr_expect(start == c->start && end == c->end, "%s on \"%s\": %zu..%zu", c->pattern, c->line,
		  start, end);
	pattern_free(pattern);
	pattern_scratch_free(scratch);
}

Test(pattern, furthest_is_bounded)
{
	struct pattern_scratch *scratch = pattern_scratch_new();
	struct pattern *pattern = compile("(a+)+[bc]$");
	static char text[100000];
	size_t start, end;

	/* Far more than the limit of steps at each of many starts: it ends, whatever it finds. */
	memset(text, 'a', sizeof text);
	text[sizeof text - 1] = '!';
	pattern_furthest(pattern, scratch, (struct slice){text, sizeof text}, &start, &end);
	cr_expect_leq(end, sizeof text);
	pattern_free(pattern);
	pattern_scratch_free(scratch);
}
