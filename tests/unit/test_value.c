/* SPDX-License-Identifier: Apache-2.0 */
/* JSON values: members in order, their types, what is missing, and lines that were not cut. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "route/value.h"
#include "tests/support/random.h"

static const char *const FIELDS[] = {"a", "b", "c"};

struct row {
	const char *name, *template;
	enum value_type type;
	bool omitted;
};

/* Rows up to the first that is zero. */
static int compile(const struct row *rows, struct value_json **ret_json, size_t *ret_bad)
{
	struct template_scope scope = {.fields = FIELDS, .n_fields = 3, .host = "h", .source = "s"};
	struct value_fields fields = {0};
	struct template_error error;
	int r;

	for (; rows[fields.n].name || rows[fields.n].type; fields.n++) {
		const struct row *row = &rows[fields.n];
		struct value_field *field = &fields.of[fields.n];

		*field = (struct value_field){row->name ? strdup(row->name) : NULL, NULL, row->type,
					      row->omitted};
		if (!row->template)
			continue;
		cr_assert_eq(template_compile(row->template, &scope, &field->template, &error), 0,
			     "%s", row->template);
	}
	r = value_json_new(&fields, ret_json, ret_bad);
	cr_assert_eq(fields.n == 0, r == 0, "consumed only when it worked");
	value_fields_deinit(&fields);
	return r;
}

/* Renders with these fields (NULL: nothing was cut out of the line), static. */
static const char *render_of(const struct row *rows, struct slice line,
			     const struct slice *captured, struct value_outcome *ret_outcome)
{
	static char text[4096];
	struct template_facts facts = {captured, line, slice_of("/p/n"), slice_of("n"), 42};
	struct value_outcome outcome = {true, true};
	struct arena arena = ARENA_NULL;
	struct value_json *json = NULL;
	struct slice value;
	size_t bad;

	cr_assert_eq(compile(rows, &json, &bad), 0);
	cr_assert_eq(value_json_render(json, &facts, &arena, &value, &outcome), 0);
	cr_assert_lt(value.len, sizeof text);
	memcpy(text, value.at, value.len);
	text[value.len] = '\0';
	if (ret_outcome)
		*ret_outcome = outcome;
	arena_deinit(&arena);
	value_json_free(json);
	return text;
}

static const char *render(const struct row *rows, const struct slice *captured,
			  struct value_outcome *ret_outcome)
{
	return render_of(rows, slice_of("li\"ne"), captured, ret_outcome);
}

#define ROWS(...) ((const struct row[]){__VA_ARGS__, {0}})
#define CAPTURED(...) ((const struct slice[3]){__VA_ARGS__})

Test(value, members_stand_in_their_order_and_constants_among_them)
{
	const struct row *rows =
		ROWS({"first", "k"}, {"b", "${b}"}, {"n", "7", VALUE_NUMBER},
		     {"t", "TRUE", VALUE_BOOL}, {"a", "${a}/${b}"},
		     {"at", "${file.position}", VALUE_NUMBER}, {"z\"", "${host.name}"});
	struct value_outcome outcome;

	cr_assert_str_eq(render(rows, CAPTURED({"A", 1}, {"B\n", 2}, {0}), &outcome),
			 "{\"first\":\"k\",\"b\":\"B\\n\",\"n\":7,\"t\":true,\"a\":\"A/B\\n\","
			 "\"at\":42,\"z\\\"\":\"h\"}");
	cr_assert_not(outcome.repaired || outcome.mistyped);
}

Test(value, types_are_kept_or_told)
{
	static const struct {
		enum value_type type;
		const char *text, *wanted;
	} rows[] = {
		{VALUE_STRING, "12", "\"12\""}, {VALUE_STRING, "", "\"\""},
		{VALUE_NUMBER, "12", "12"},     {VALUE_NUMBER, "-0.5e+3", "-0.5e+3"},
		{VALUE_NUMBER, "007", NULL},    {VALUE_NUMBER, "-", NULL},
		{VALUE_NUMBER, "", NULL},       {VALUE_NUMBER, "1}", NULL},
		{VALUE_BOOL, "true", "true"},   {VALUE_BOOL, "False", "false"},
		{VALUE_BOOL, "1", NULL},        {VALUE_BOOL, "falsey", NULL},
		{VALUE_BOOL, "", NULL},         {VALUE_BOOL, "null", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *null = ROWS({"m", "${a}", rows[i].type});
		const struct row *omit = ROWS({"m", "${a}", rows[i].type, true});
		const struct slice *captured = CAPTURED(slice_of(rows[i].text), {0}, {0});
		struct value_outcome outcome;
		char wanted[64];

		snprintf(wanted, sizeof wanted, "{\"m\":%s}",
			 rows[i].wanted ? rows[i].wanted : "null");
		cr_expect_str_eq(render(null, captured, &outcome), wanted, "row %zu", i);
		cr_expect_eq(outcome.mistyped, !rows[i].wanted, "row %zu", i);
		cr_expect_str_eq(render(omit, captured, &outcome), rows[i].wanted ? wanted : "{}",
				 "row %zu", i);
		cr_expect_eq(outcome.mistyped, !rows[i].wanted, "row %zu", i);
	}
}

Test(value, auto_is_what_it_looks_like)
{
	static const char *const rows[][2] = {
		{"17", "17"},
		{"-1.5e3", "-1.5e3"},
		{"007", "\"007\""},
		{"true", "true"},
		{"True", "\"True\""},
		{"null", "\"null\""},
		{"", "\"\""},
		{"{\"a\": [1]}", "{\"a\": [1]}"},
		{"[", "\"[\""},
		{"[1,]", "\"[1,]\""},
		{"a longer text than sixteen", "\"a longer text than sixteen\""},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char wanted[64];

		snprintf(wanted, sizeof wanted, "{\"m\":%s}", rows[i][1]);
		cr_expect_str_eq(render(ROWS({"m", "${a}", VALUE_AUTO}),
					CAPTURED(slice_of(rows[i][0]), {0}, {0}), NULL),
				 wanted);
	}
}

Test(value, objects_within)
{
	const struct row *rows =
		ROWS({"x", "1"}, {"o", NULL, VALUE_OPEN}, {"k", "c"}, {"p", NULL, VALUE_OPEN, true},
		     {"a", "${a}", 0, true}, {"b", "${b}", 0, true},
		     {NULL, NULL, VALUE_CLOSE, true}, {NULL, NULL, VALUE_CLOSE},
		     {"e", NULL, VALUE_OPEN}, {NULL, NULL, VALUE_CLOSE}, {"c", "${c}"});

	cr_expect_str_eq(
		render(rows, CAPTURED({"A", 1}, {0}, {"C", 1}), NULL),
		"{\"x\":\"1\",\"o\":{\"k\":\"c\",\"p\":{\"a\":\"A\"}},\"e\":{},\"c\":\"C\"}");
	cr_expect_str_eq(
		render(rows, CAPTURED({0}, {"B", 1}, {0}), NULL),
		"{\"x\":\"1\",\"o\":{\"k\":\"c\",\"p\":{\"b\":\"B\"}},\"e\":{},\"c\":null}");
	cr_expect_str_eq(render(rows, CAPTURED({0}, {0}, {0}), NULL),
			 "{\"x\":\"1\",\"o\":{\"k\":\"c\"},\"e\":{},\"c\":null}");
}

/* What the line has is kept as it is written, and a name stands once. */
Test(value, members_of_the_line)
{
	const struct row *rows =
		ROWS({"o", NULL, VALUE_OPEN}, {"k", "in"}, {NULL, NULL, VALUE_CLOSE},
		     {NULL, "${line}", VALUE_MEMBERS}, {"host", "${a}"});
	const struct slice *captured = CAPTURED({"A", 1}, {0}, {0});
	struct value_outcome outcome;
	static const char *const lines[][2] = {
		{"{}", ""},
		{" {\"k\" : 1.50,\"host\":{\"a\":\"}\"} , \"z\":[ {\"q\":\"\\\"]\"}, 2 ] } ",
		 ",\"k\":1.50,\"z\":[ {\"q\":\"\\\"]\"}, 2 ]"},
		{"{\"a\":null,\"b\":true,\"o\":3,\"\":-0}", ",\"a\":null,\"b\":true,\"\":-0"},
	};

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		char wanted[256];

		snprintf(wanted, sizeof wanted, "{\"o\":{\"k\":\"in\"}%s,\"host\":\"A\"}",
			 lines[i][1]);
		cr_expect_str_eq(render_of(rows, slice_of(lines[i][0]), captured, &outcome),
				 wanted);
		cr_expect_not(outcome.mistyped);
		cr_expect_not(
			strstr(render_of(rows, slice_of(lines[i][0]), NULL, NULL), "waybill_line"));
	}
	cr_expect_str_eq(
		render_of(rows, slice_of("{\"a\":1}x"), captured, &outcome),
		"{\"o\":{\"k\":\"in\"},\"host\":\"A\",\"waybill_line\":\"{\\\"a\\\":1}x\"}");
	cr_expect(outcome.mistyped);
}

Test(value, bytes_in_members_become_utf8)
{
	struct value_outcome outcome;

	cr_expect_str_eq(render_of(ROWS({NULL, "${line}", VALUE_MEMBERS}),
				   slice_of("{\"a\xff\":\"\xc3\xa4\xc3\"}"), NULL, &outcome),
			 "{\"a\xef\xbf\xbd\":\"\xc3\xa4\xef\xbf\xbd\"}");
	cr_expect(outcome.repaired);
}

Test(value, pairs_of_the_line)
{
	const struct row *rows = ROWS({"n", "${a}"}, {NULL, "${line}", VALUE_PAIRS});
	const struct slice *captured = CAPTURED({"A", 1}, {0}, {0});
	struct value_outcome outcome;

	cr_expect_str_eq(
		render_of(rows, slice_of("x=1 n=2 y=\"a\\tb\" z=true"), captured, &outcome),
		"{\"n\":\"A\",\"x\":1,\"y\":\"a\\tb\",\"z\":true}");
	cr_expect_not(outcome.mistyped);
	cr_expect_str_eq(render_of(rows, slice_of("x=1 lost"), captured, &outcome),
			 "{\"n\":\"A\",\"waybill_line\":\"x=1 lost\"}");
	cr_expect(outcome.mistyped);
}

/* The comma and the brace are right whichever members are left out. */
Test(value, any_members_may_be_left_out)
{
	const struct row *rows =
		ROWS({"a", "${a}", VALUE_STRING, true}, {"k", "K"},
		     {"b", "${b}", VALUE_STRING, true}, {"c", "${c}", VALUE_STRING, true});
	const struct row *bare =
		ROWS({"a", "${a}", VALUE_STRING, true}, {"b", "${b}", VALUE_STRING, true},
		     {"c", "${c}", VALUE_STRING, true});

	for (unsigned there = 0; there < 8; there++) {
		struct slice captured[3];
		char wanted[128] = "", wanted_bare[128] = "";

		for (unsigned i = 0; i < 3; i++) {
			bool is = there >> i & 1;

			captured[i] = is ? slice_of("x") : SLICE_NONE;
			if (is) {
				sprintf(strchr(wanted, '\0'), ",\"%s\":\"x\"", FIELDS[i]);
				sprintf(strchr(wanted_bare, '\0'), ",\"%s\":\"x\"", FIELDS[i]);
			}
			if (i == 0)
				strcat(wanted, ",\"k\":\"K\"");
		}
		strcat(wanted, "}");
		strcpy(strchr(wanted_bare, '\0'), there ? "}" : "{}");
		wanted[0] = wanted_bare[0] = '{';
		cr_expect_str_eq(render(rows, captured, NULL), wanted);
		cr_expect_str_eq(render(bare, captured, NULL), wanted_bare);
	}
}

Test(value, a_line_that_was_not_cut_is_not_lost)
{
	struct value_outcome outcome;

	cr_expect_str_eq(render(ROWS({"a", "${a}"}, {"b", "${b:-none}"}), NULL, &outcome),
			 "{\"a\":null,\"b\":\"none\",\"waybill_line\":\"li\\\"ne\"}");
	cr_expect_not(outcome.mistyped, "missing is not mistyped");
	cr_expect_str_eq(render(ROWS({"a", "${a}", VALUE_STRING, true}), NULL, NULL),
			 "{\"waybill_line\":\"li\\\"ne\"}");
	cr_expect_str_eq(render(ROWS({"a", "${a}"}, {"l", "=${line}"}), NULL, NULL),
			 "{\"a\":null,\"l\":\"=li\\\"ne\"}");
	cr_expect_str_eq(render(ROWS({"a", "${a}"}), CAPTURED({0}, {0}, {0}), NULL), "{\"a\":null}",
			 "it was cut, and the field took no part");
}

Test(value, bytes_that_are_no_utf8_are_told)
{
	struct value_outcome outcome;

	cr_expect_str_eq(render(ROWS({"a", "${a}"}), CAPTURED({"\xffz", 2}, {0}, {0}), &outcome),
			 "{\"a\":\"\xef\xbf\xbdz\"}");
	cr_expect(outcome.repaired);
	cr_expect_str_eq(render(ROWS({"a", "${a}"}), CAPTURED({"\xc3\xa9", 2}, {0}, {0}), &outcome),
			 "{\"a\":\"\xc3\xa9\"}");
	cr_expect_not(outcome.repaired);
}

Test(value, a_constant_that_is_not_of_its_type_is_refused)
{
	struct value_json *json = NULL;
	size_t bad = 99;

	cr_expect_eq(compile(ROWS({"a", "${a}"}, {"n", "x1", VALUE_NUMBER}), &json, &bad),
		     VALUE_E_TYPE);
	cr_expect_eq(bad, 1);
	cr_expect_null(json);
	cr_expect_null(value_json_free(NULL));
}

/* More than one block of the arena, for the object and for what it is compiled to. */
Test(value, long_members)
{
	static char name[20000], text[70000];
	const struct row *rows = ROWS({"x", "${a}"}, {name, "${b}"}, {"y", "k"});
	struct slice captured[3] = {{text, sizeof text}, {"b", 1}, {0}};
	struct template_facts facts = {captured, slice_of(""), slice_of(""), slice_of(""), 0};
	struct value_outcome outcome;
	struct arena arena = ARENA_NULL;
	struct value_json *json = NULL;
	struct slice value;
	size_t bad;

	memset(name, 'n', sizeof name - 1);
	memset(text, '\n', sizeof text);
	cr_assert_eq(compile(rows, &json, &bad), 0);
	cr_assert_eq(value_json_render(json, &facts, &arena, &value, &outcome), 0);
	cr_expect_eq(value.len, strlen("{\"x\":\"\",\"\":\"b\",\"y\":\"k\"}") + 2 * sizeof text +
					sizeof name - 1);
	cr_expect_eq(memcmp(value.at, "{\"x\":\"\\n\\n", 10), 0);
	cr_expect_eq(memcmp(value.at + value.len - 16, "nn\":\"b\",\"y\":\"k\"}", 16), 0);
	arena_deinit(&arena);
	value_json_free(json);
}

/* A field that lies in its line may be copied with the bytes behind it: none of them may show. */
Test(value, where_a_field_lies_makes_no_difference)
{
	static const char bytes[] = "aZ09019 ~\x7f\x1f\"\\\n\0\x80\xff\xc3";
	const struct row *rows =
		ROWS({"a", "${a}"}, {"b", "${b}", VALUE_NUMBER, true},
		     {"a name of more than sixteen", "${c}"}, {"n", "${c}", VALUE_NUMBER},
		     {"t", "${a}", VALUE_BOOL}, {"at the end, behind all others", "${b}"});

	FOR_SEEDS(seed, 4000)
	{
		struct random random = {seed};
		size_t len = random_below(&random, 48), common = random_below(&random, 10) + 3;
		struct slice inside[3], apart[3];
		struct value_outcome outcomes[2];
		char wanted[4096], copies[3][48];
		char *line = malloc(len ? len : 1);

		for (size_t i = 0; i < len; i++)
			line[i] = bytes[random_below(
				&random, random_percent(&random, 3) ? sizeof bytes - 1 : common)];
		for (size_t i = 0; i < 3; i++) {
			size_t from = random_below(&random, len + 1);
			size_t n = random_below(&random, len - from + 1);

			memcpy(copies[i], line + from, n);
			inside[i] = (struct slice){line + from, n};
			apart[i] = (struct slice){copies[i], n};
		}
		strcpy(wanted, render_of(rows, slice_of("none of it"), apart, &outcomes[0]));
		cr_assert_str_eq(render_of(rows, (struct slice){line, len}, inside, &outcomes[1]),
				 wanted, "seed %llu", (unsigned long long)seed);
		cr_assert_eq(memcmp(&outcomes[0], &outcomes[1], sizeof outcomes[0]), 0);
		free(line);
	}
}
