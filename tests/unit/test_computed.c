/* SPDX-License-Identifier: Apache-2.0 */
/* Fields that are made of others: letters, a table, a default, and what is missing. */
#include <criterion/criterion.h>
#include <string.h>

#include "route/computed.h"

static const char *const names[] = {"a", "b", "c"};

static struct template *compile(const char *text)
{
	struct template_scope scope = {names, ARRAY_LEN(names), "host", "source"};
	struct template_error error;
	struct template *template = NULL;

	cr_assert_eq(template_compile(text, &scope, &template, &error), 0, "%s", error.message);
	return template;
}

static struct computed_field field(const char *value, enum computed_case letters,
				   const char *fallback)
{
	return (struct computed_field){compile(value), 2, letters,
				       .fallback = fallback ? strdup(fallback) : NULL};
}

static void add_pair(struct computed_field *to, const char *from, const char *what)
{
	to->pairs = realloc(to->pairs, (to->n_pairs + 1) * sizeof *to->pairs);
	to->pairs[to->n_pairs++] = (struct computed_pair){strdup(from), strdup(what)};
}

/* "-" is missing. */
static void expect(struct computed *computed, const char *a, const char *said)
{
	struct slice fields[3] = {slice_of(a), SLICE_NONE, SLICE_NONE};
	struct template_facts facts = {.fields = fields};
	struct arena arena = ARENA_NULL;

	cr_assert_eq(computed_fill(computed, &facts, &arena, fields), 0);
	cr_expect(slice_eq(fields[2].at ? fields[2] : slice_of("-"), slice_of(said)),
		  "%s: %.*s instead of %s", a ? a : "(none)", (int)fields[2].len,
		  fields[2].at ? fields[2].at : "-", said);
	arena_deinit(&arena);
}

Test(computed, letters_then_table_then_default)
{
	struct computed computed = {.n = 1};

	computed.of[0] = field("${a}", COMPUTED_CASE_LOWER, "other");
	add_pair(&computed.of[0], "warn", "warning");
	add_pair(&computed.of[0], "", "empty");
	expect(&computed, "WARN", "warning");
	expect(&computed, "Warn", "warning");
	expect(&computed, "warning", "other");
	expect(&computed, "", "empty");
	expect(&computed, NULL, "other");
	computed_deinit(&computed);
}

Test(computed, without_table_or_default)
{
	struct computed computed = {.n = 1};

	computed.of[0] = field("${a}", COMPUTED_CASE_UPPER, NULL);
	expect(&computed, "abc-\xc3\xa9z[", "ABC-\xc3\xa9Z[");
	expect(&computed, NULL, "-");
	computed_deinit(&computed);
	computed.n = 1;
	computed.of[0] = field("<${a}>", COMPUTED_CASE_KEEP, "none");
	expect(&computed, "Abc", "<Abc>");
	expect(&computed, NULL, "none");
	add_pair(&computed.of[0], "<x>", "y");
	expect(&computed, "x", "y");
	expect(&computed, "z", "none");
	computed_deinit(&computed);
}

Test(computed, made_of_one_before_it)
{
	struct computed computed = {.n = 2};

	computed.of[0] = field("${a}", COMPUTED_CASE_UPPER, NULL);
	computed.of[0].number = 1;
	computed.of[1] = field("${b}${b}", COMPUTED_CASE_KEEP, NULL);
	cr_expect_eq(computed_reads(&computed), 1 | 2);
	cr_expect_eq(computed_numbers(&computed), 2 | 4);
	expect(&computed, "x", "XX");
	computed_deinit(&computed);
}
