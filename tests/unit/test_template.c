/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates by tables: what compiles to what, what renders to what, and which answers are copies.
 */
#include "parsers/template.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "parsers/names.h"

static const char *const FIELDS[] = {"order_id", "cid", "level"};

static const char *test_env(const char *name)
{
	if (strcmp(name, "TEAM") == 0)
		return "blue";
	return strcmp(name, "EMPTY") == 0 ? "" : NULL;
}

static const struct template_scope SCOPE = {
	.fields = FIELDS,
	.n_fields = 3,
	.host = "web1",
	.source = "orders",
	.env = test_env,
};

static const struct slice CAPTURED[] = {{"o-17", 4}, {NULL, 0}, {"", 0}};

static const struct template_facts FACTS = {
	.fields = CAPTURED,
	.line = {"the line", 8},
	.path = {"/var/log/a.log", 14},
	.name = {"a.log", 5},
	.position = 18446744073709551615ull,
	.read_ms = INT64_C(1795273915605),
	.event_ms = 0,
};

static struct template *compile(const char *text)
{
	struct template *template = NULL;
	struct template_error error = {0};
	int r = template_compile(text, &SCOPE, &template, &error);

	cr_assert_eq(r, 0, "%s: %s", text, error.message);
	return template;
}

Test(template, renders)
{
	static const struct {
		const char *template, *expected; /* NULL: missing */
	} CASES[] = {
		{"", ""},
		{"plain", "plain"},
		{"$$", "$"},
		{"$", "$"},
		{"a$", "a$"},
		{"$x ${level}$$", "$x $"},
		{"$${cid}", "${cid}"},
		{"}", "}"},
		{"${order_id}", "o-17"},
		{"${cid}", NULL},
		{"${cid:-none}", "none"},
		{"${cid:-}", ""},
		{"${cid:-a:-b}", "a:-b"},
		{"${order_id:-none}", "o-17"},
		/* Matched, but nothing: that is not missing. */
		{"${level}", ""},
		{"${level:-none}", ""},
		{"<${level}>", "<>"},
		{"a${cid}b", NULL},
		{"${line}", "the line"},
		{"${file.path}|${file.name}", "/var/log/a.log|a.log"},
		{"${file.position}", "18446744073709551615"},
		{"@${file.position}", "@18446744073709551615"},
		{"${read.time}", "2026-11-21T15:11:55.605Z"},
		{"${read.time:%Y-%j %H%M}", "2026-325 1511"},
		{"${read.time:epoch_s}/${read.time:epoch_ms}", "1795273915/1795273915605"},
		{"${event.time}/${read.time}/${file.position}",
		 "1970-01-01T00:00:00.000Z/2026-11-21T15:11:55.605Z/18446744073709551615"},
		{"${host.name}", "web1"},
		{"${host.name}.${source}.${env:TEAM}", "web1.orders.blue"},
		{"${env:EMPTY}", ""},
		{"${env:EMPTY:-x}", ""},
		{"${env:UNSET:-x}", "x"},
		{"${env:UNSET:-}", ""},
		{"${order_id}-${cid:-0}-${order_id}", "o-17-0-o-17"},
	};

	for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
		struct template *template = compile(CASES[i].template);
		struct arena arena = ARENA_NULL;
		struct slice text = SLICE_NONE;
		int r = template_render(template, &FACTS, &arena, &text);

		cr_expect_eq(r, CASES[i].expected ? 0 : TEMPLATE_E_MISSING, "%s",
			     CASES[i].template);
		cr_expect_eq(!CASES[i].expected, !text.at, "%s", CASES[i].template);
		if (CASES[i].expected)
			cr_expect(slice_eq(text, slice_of(CASES[i].expected)), "%s gives %.*s",
				  CASES[i].template, (int)text.len, text.at ? text.at : "");
		arena_deinit(&arena);
		template_free(template);
	}
}

Test(template, no_match_makes_every_field_missing)
{
	struct template *bare = compile("${order_id}"), *guarded = compile("${order_id:-none}");
	struct template_facts facts = FACTS;
	struct arena arena = ARENA_NULL;
	struct slice text;

	facts.fields = NULL;
	cr_expect_eq(template_render(bare, &facts, &arena, &text), TEMPLATE_E_MISSING);
	cr_assert_eq(template_render(guarded, &facts, &arena, &text), 0);
	cr_expect(slice_eq(text, slice_of("none")));
	template_free(bare);
	template_free(guarded);
	arena_deinit(&arena);
}

Test(template, position_zero)
{
	struct template *template = compile("${file.position}");
	struct template_facts facts = FACTS;
	struct arena arena = ARENA_NULL;
	struct slice text;

	facts.position = 0;
	cr_assert_eq(template_render(template, &facts, &arena, &text), 0);
	cr_expect(slice_eq(text, slice_of("0")));
	template_free(template);
	arena_deinit(&arena);
}

/* The two frequent forms touch neither the arena nor a byte. */
Test(template, constants_and_lone_fields_are_not_copied)
{
	struct template *constant = compile("${host.name}-${source}"),
			*lone = compile("${order_id}");
	struct arena arena = ARENA_NULL;
	struct slice text;

	cr_assert_eq(template_render(constant, &FACTS, &arena, &text), 0);
	cr_expect_eq(text.at, template_text(constant).at);
	cr_assert_eq(template_render(lone, &FACTS, &arena, &text), 0);
	cr_expect_eq(text.at, CAPTURED[0].at);
	cr_expect_null(arena.first);
	template_free(constant);
	template_free(lone);
}

Test(template, knows_what_it_uses)
{
	static const struct {
		const char *template, *text; /* text NULL: not constant */
		bool line, missing;
	} CASES[] = {
		{"", "", false, false},
		{"a$$${env:TEAM}${host.name}", "a$blueweb1", false, false},
		{"${order_id}", NULL, false, true},
		{"${order_id:-x}", NULL, false, false},
		{"a${line}", NULL, true, false},
		{"${cid}${line}", NULL, true, true},
		{"${file.path}", NULL, false, false},
		{"${source}${file.name}", NULL, false, false},
		{"${file.position}", NULL, false, false},
		{"${read.time}", NULL, false, false},
		{"at ${event.time}", NULL, false, false},
		{"${cid:-}${file.name}${cid}", NULL, false, true},
	};

	for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
		struct template *template = compile(CASES[i].template);

		cr_expect_eq(template_is_constant(template), CASES[i].text != NULL, "%zu", i);
		if (CASES[i].text)
			cr_expect(slice_eq(template_text(template), slice_of(CASES[i].text)), "%zu",
				  i);
		else
			cr_expect_null(template_text(template).at, "%zu", i);
		cr_expect_eq(template_holds_line(template), CASES[i].line, "%zu", i);
		cr_expect_eq(template_holds_time(template),
			     strstr(CASES[i].template, ".time}") != NULL, "%zu", i);
		cr_expect_eq(template_may_be_missing(template), CASES[i].missing, "%zu", i);
		template_free(template);
	}
}

Test(template, says_what_is_wrong_and_where)
{
	static const struct {
		const char *template;
		int r;
		size_t at;
		const char *message;
	} CASES[] = {
		{"ab${cid", TEMPLATE_E_SYNTAX, 2, "\"${\" is not closed by \"}\""},
		{"${}", TEMPLATE_E_SYNTAX, 0, "\"${\" without a name"},
		{"x${:-y}", TEMPLATE_E_SYNTAX, 1, "\"${\" without a name"},
		{"${env:}", TEMPLATE_E_SYNTAX, 0, "\"${env:\" without a name"},
		{"k=${ordr_id}", TEMPLATE_E_UNKNOWN, 2,
		 "no field \"ordr_id\" (did you mean \"order_id\"?)"},
		{"${hostname}", TEMPLATE_E_UNKNOWN, 0,
		 "no field \"hostname\" (did you mean \"host.name\"?)"},
		{"${zzzzzz}", TEMPLATE_E_UNKNOWN, 0, "no field \"zzzzzz\""},
		{"${env:UNSET}", TEMPLATE_E_UNKNOWN, 0,
		 "environment variable \"UNSET\" is not set and has no default"},
	};

	for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
		struct template *template = NULL;
		struct template_error error = {0};
		int r = template_compile(CASES[i].template, &SCOPE, &template, &error);

		cr_expect_eq(r, CASES[i].r, "%s", CASES[i].template);
		cr_expect_null(template);
		cr_expect_eq(error.at, CASES[i].at, "%s", CASES[i].template);
		cr_expect_str_eq(error.message, CASES[i].message);
	}
}

Test(template, names_a_source_without_parser)
{
	struct template_scope scope = {.host = "h", .source = "s"};
	struct template *template = NULL;
	struct template_error error;

	cr_assert_eq(template_compile("${cid}", &scope, &template, &error), TEMPLATE_E_UNKNOWN);
	cr_assert_str_eq(error.message,
			 "no field \"cid\": the source has no parser with named groups");
}

/* Nothing but the message is cut when a name is absurdly long. */
Test(template, survives_long_names)
{
	static char text[100000];
	struct template *template = NULL;
	struct template_error error;

	memset(text, 'x', sizeof text - 1);
	memcpy(text, "${", 2);
	text[sizeof text - 2] = '}';
	cr_assert_eq(template_compile(text, &SCOPE, &template, &error), TEMPLATE_E_UNKNOWN);
	cr_assert_lt(strlen(error.message), sizeof error.message);
	memcpy(text, "${env:", 6);
	cr_assert_eq(template_compile(text, &SCOPE, &template, &error), TEMPLATE_E_UNKNOWN);
}

Test(template, a_group_goes_before_a_fact)
{
	static const char *const NAMES[] = {"line"};
	static const struct slice CAPTURE[] = {{"42", 2}};
	struct template_scope scope = {.fields = NAMES, .n_fields = 1, .host = "", .source = ""};
	struct template_facts facts = {.fields = CAPTURE, .line = {"x", 1}};
	struct template *template = NULL;
	struct template_error error;
	struct arena arena = ARENA_NULL;
	struct slice text;

	cr_assert_eq(template_compile("${line}", &scope, &template, &error), 0);
	cr_assert_eq(template_render(template, &facts, &arena, &text), 0);
	cr_expect(slice_eq(text, slice_of("42")));
	template_free(template);
}

Test(template, bounds_its_parts)
{
	char text[65 * 8 + 1] = "";
	struct template *template = NULL;
	struct template_error error;

	for (int i = 0; i < 64; i++)
		strcat(text, "${level}");
	template_free(compile(text));
	strcat(text, "${cid}");
	cr_assert_eq(template_compile(text, &SCOPE, &template, &error), TEMPLATE_E_SYNTAX);
	cr_assert_str_eq(error.message, "more than 64 parts");
	cr_assert_eq(error.at, 64 * 8);
}

Test(names, finds_the_nearest)
{
	static const char *const NAMES[] = {"state_dir", "linger_ms", "sources", "key", "topic"};
	static const struct {
		const char *word, *expected;
	} CASES[] = {
		{"state_dri", "state_dir"},
		{"statedir", "state_dir"},
		{"Linger_MS", "linger_ms"},
		{"lingerms", "linger_ms"},
		{"source", "sources"},
		{"kye", "key"},
		{"tpoic", "topic"},
		{"", NULL},
		{"x", NULL},
		{"abc", NULL},
		{"completely_else", NULL},
		{"ke", "key"},
	};

	for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
		const char *near = names_nearest(CASES[i].word, NAMES, 5);

		cr_expect_eq(!near, !CASES[i].expected, "%s", CASES[i].word);
		if (near && CASES[i].expected)
			cr_expect_str_eq(near, CASES[i].expected, "%s", CASES[i].word);
	}
	cr_assert_null(names_nearest("abc", NULL, 0));
}
