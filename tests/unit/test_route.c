/* SPDX-License-Identifier: Apache-2.0 */
/* Routes: what becomes of a line that has its fields, and of one that has not. */
#include "route/route.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const FIELDS[] = {"id", "cid", "topic"};
#define READ_MS 1700000000123
static const char LINE[] = "id=17 cid=- hello";
static const struct slice CAPTURED[] = {{LINE + 3, 2}, {NULL, 0}, {"audit", 5}};

static const struct template_facts FACTS = {
	.fields = CAPTURED,
	.line = {LINE, sizeof LINE - 1},
	.path = {"/var/log/a.log", 14},
	.name = {"a.log", 5},
	.position = 42,
	.read_ms = READ_MS,
};

enum no_key { NO_KEY_NULL, NO_KEY_CONSTANT, NO_KEY_DEAD_LETTER };

/* What a route is made of, as text; NULL where not given. */
struct plan {
	const char *topic, *key, *value;
	enum key_type key_type;
	enum no_key on_missing_key;
	const char *partition;
	bool bad_partition_is_dead;
	struct {
		const char *name, *value;
	} headers[RECORD_HEADERS_MAX];
};

static struct template *compile(const char *text)
{
	struct template_scope scope = {.fields = FIELDS, .n_fields = 3, .host = "h", .source = "s"};
	struct template *template = NULL;
	struct template_error error;

	if (text)
		cr_assert_eq(template_compile(text, &scope, &template, &error), 0, "%s", text);
	return template;
}

/* The list of topics is orders = 4, audit = 7. */
static struct route *make_route(const struct plan *plan)
{
	struct route_parts parts = {.topic = compile(plan->topic ? plan->topic : "orders"),
				    .key = compile(plan->key),
				    .value = compile(plan->value),
				    .key_type = plan->key_type,
				    .partition = compile(plan->partition)};
	struct route *route = NULL;

	parts.headers.max_bytes = 1 << 20;
	for (uint32_t i = 0; i < RECORD_HEADERS_MAX && plan->headers[i].name; i++) {
		parts.headers.items[i].name = slice_of(strdup(plan->headers[i].name));
		parts.headers.items[i].value = compile(plan->headers[i].value);
		parts.headers.n++;
	}
	parts.n_topics = 2;
	parts.topic_names = malloc(2 * sizeof *parts.topic_names);
	parts.topic_indexes = malloc(2 * sizeof *parts.topic_indexes);
	parts.topic_names[0] = "orders";
	parts.topic_names[1] = "audit";
	parts.topic_indexes[0] = 4;
	parts.topic_indexes[1] = 7;
	if (plan->on_missing_key == NO_KEY_DEAD_LETTER)
		parts.rules.refuses |= OUTCOMES_OF_KEY;
	if (plan->bad_partition_is_dead)
		parts.rules.refuses |= OUTCOMES_OF_PARTITION;
	if (plan->on_missing_key == NO_KEY_CONSTANT)
		parts.missing_key = slice_of(strdup("none"));
	cr_assert_eq(route_new(&parts, &route), 0);
	/* Consumed: what is left holds nothing, and freeing it does no harm. */
	cr_assert_null(parts.topic);
	route_parts_deinit(&parts);
	return route;
}

/* "topic|key|value|stays|name=value ...|outcome", with "-" for what is not there. */
static void describe(const struct record *record, const struct outcome *outcome,
		     const char *refused, char *text, size_t size)
{
	FILE *out = fmemopen(text, size, "w");
	struct slice key = record->key.at ? record->key : slice_of("-");

	cr_expect_eq(record->partition, -1);
	cr_expect_eq(record->timestamp_ms, READ_MS);
	cr_expect_not_null(record->value.at);
	fprintf(out, "%u|%.*s|%.*s|%s|", record->topic, (int)key.len, key.at,
		(int)record->value.len, record->value.at, record->value_stays ? "stays" : "copy");
	for (uint32_t i = 0; i < record->n_headers; i++)
		fprintf(out, "%s%.*s=%.*s", i ? " " : "", (int)record->headers[i].name.len,
			record->headers[i].name.at, (int)record->headers[i].value.len,
			record->headers[i].value.at);
	fprintf(out, "|%s%s%s%u", outcome_has(outcome, OUTCOME_TOPIC_FALLBACK) ? "topic " : "",
		outcome_has(outcome, OUTCOME_KEY_MISSING) ? "key " : "",
		outcome_has(outcome, OUTCOME_VALUE_MISSING) ? "value " : "",
		outcome->times[OUTCOME_HEADER_MISSING]);
	fprintf(out, "%s%s%s", outcome_has(outcome, OUTCOME_KEY_INVALID) ? " invalid" : "",
		refused ? " dead: " : "", refused ? refused : "");
	fclose(out);
}

static void expect(const struct plan *plan, const struct template_facts *facts, bool truncated,
		   const char *expected)
{
	struct route_input input = {*facts, truncated};
	struct route *route = make_route(plan);
	struct arena arena = ARENA_NULL;
	struct outcome outcome = {0};
	struct record record;
	char got[512];

	/* Whatever was in them must not show. */
	memset(&record, 0xff, sizeof record);
	cr_assert_eq(route_record(route, &input, &arena, &record, &outcome), 0);
	cr_expect_eq(outcome.set != 0, strcmp(strrchr(expected, '|'), "|0") != 0);
	describe(&record, &outcome, outcome_refuses(route_rules(route), &outcome), got, sizeof got);
	cr_expect_str_eq(got, expected, "%s, not %s", got, expected);
	arena_deinit(&arena);
	route_free(route);
}

#define WHOLE "id=17 cid=- hello"

static const struct plan PLAIN = {0};
static const struct plan FULL = {
	.key = "${id}",
	.headers = {{"host", "${host.name}"},
		    {"cid", "${cid}"},
		    {"at", "${file.name}:${file.position}"},
		    {"or", "${cid:-none}"}},
};

Test(route, plain_line)
{
	expect(&PLAIN, &FACTS, false, "4|-|" WHOLE "|stays||0");
	expect(&PLAIN, &FACTS, true, "4|-|" WHOLE "|stays|waybill-truncated=true|0");
}

/* It lies in the arena: a value that is a slice of it must be copied. */
Test(route, redacted_line_does_not_stay)
{
	struct route_input input = {FACTS, .made = true, .redacted = true};
	static const struct plan plans[] = {{0}, {.value = "${line}"}, {.value = "${id}"}};
	struct arena arena = ARENA_NULL;
	struct outcome outcome = {0};
	struct record record;

	for (size_t i = 0; i < ARRAY_LEN(plans); i++) {
		struct route *route = make_route(&plans[i]);

		cr_assert_eq(route_record(route, &input, &arena, &record, &outcome), 0);
		cr_expect_not(record.value_stays, "plan %zu", i);
		cr_expect_eq(record.n_headers, 0);
		input.withheld = true;
		cr_assert_eq(route_record(route, &input, &arena, &record, &outcome), 0);
		cr_assert_eq(record.n_headers, 1);
		cr_expect(slice_eq(record.headers[0].name, slice_of("waybill-withheld")));
		input.withheld = false;
		route_free(route);
	}
	arena_deinit(&arena);
}

Test(route, key_and_headers)
{
	expect(&FULL, &FACTS, false, "4|17|" WHOLE "|stays|host=h at=a.log:42 or=none|1");
	expect(&FULL, &FACTS, true,
	       "4|17|" WHOLE "|stays|host=h at=a.log:42 or=none waybill-truncated=true|1");
}

/* A key that is missing is told alike whether the line matched without it or not at all. */
Test(route, missing_key)
{
	static const struct plan ABSENT = {.key = "${cid}"};
	static const struct plan DEFAULT = {.key = "${cid:-0}"};
	static const struct plan EMPTY = {.key = "${cid:-}"};
	struct template_facts facts = FACTS;

	expect(&ABSENT, &FACTS, false, "4|-|" WHOLE "|stays||key 0");
	expect(&DEFAULT, &FACTS, false, "4|0|" WHOLE "|stays||0");
	expect(&EMPTY, &FACTS, false, "4||" WHOLE "|stays||0");
	facts.fields = NULL;
	expect(&ABSENT, &facts, false, "4|-|" WHOLE "|stays||key 0");
	expect(&DEFAULT, &facts, false, "4|0|" WHOLE "|stays||0");
	expect(&FULL, &facts, false, "4|-|" WHOLE "|stays|host=h at=a.log:42 or=none|key 1");
}

/* A key of the wrong type is treated as one that is missing, and told apart. */
Test(route, missing_or_invalid_key)
{
	static const struct plan NULLS = {.key = "${cid}"};
	static const struct plan CONSTANT = {.key = "${cid}", .on_missing_key = NO_KEY_CONSTANT};
	static const struct plan DEAD = {.key = "${cid}", .on_missing_key = NO_KEY_DEAD_LETTER};
	static const struct plan BAD_NULL = {.key = "${topic}", .key_type = KEY_INT32};
	static const struct plan BAD_CONSTANT = {
		.key = "${topic}", .key_type = KEY_UUID, .on_missing_key = NO_KEY_CONSTANT};
	static const struct plan BAD_DEAD = {
		.key = "${topic}", .key_type = KEY_INT64, .on_missing_key = NO_KEY_DEAD_LETTER};
	static const struct plan GOOD = {.key = "${id}", .on_missing_key = NO_KEY_DEAD_LETTER};

	expect(&NULLS, &FACTS, false, "4|-|" WHOLE "|stays||key 0");
	expect(&CONSTANT, &FACTS, false, "4|none|" WHOLE "|stays||key 0");
	expect(&DEAD, &FACTS, false,
	       "4|-|" WHOLE "|stays||key 0 dead: KEY_MISSING (on_missing_key)");
	expect(&BAD_NULL, &FACTS, false, "4|-|" WHOLE "|stays||0 invalid");
	expect(&BAD_CONSTANT, &FACTS, false, "4|none|" WHOLE "|stays||0 invalid");
	expect(&BAD_DEAD, &FACTS, false,
	       "4|-|" WHOLE "|stays||0 invalid dead: KEY_INVALID (not a value of key_type)");
	expect(&GOOD, &FACTS, false, "4|17|" WHOLE "|stays||0");
}

/* What check says of a topic that refuses null keys. */
Test(route, knows_whether_keys_may_be_null)
{
	static const struct {
		struct plan plan;
		bool keys, null;
	} CASES[] = {
		{{0}, false, true},
		{{.key = "k"}, true, false},
		{{.key = "${cid}"}, true, true},
		{{.key = "${cid:-x}"}, true, false},
		{{.key = "${line}"}, true, false},
		{{.key = "${cid:-1}", .key_type = KEY_INT32}, true, true},
		{{.key = "1", .key_type = KEY_INT32}, true, false},
		{{.key = "${cid}", .on_missing_key = NO_KEY_CONSTANT}, true, false},
		{{.key = "${cid}", .on_missing_key = NO_KEY_DEAD_LETTER}, true, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
		struct route *route = make_route(&CASES[i].plan);

		cr_expect_eq(route_has_keys(route), CASES[i].keys, "%zu", i);
		cr_expect_eq(route_keys_may_be_null(route), CASES[i].null, "%zu", i);
		route_free(route);
	}
}

Test(route, keys_of_other_types)
{
	static const struct plan UUID = {.key = "ABCDEF00-0000-0000-0000-0000000000${id}",
					 .key_type = KEY_UUID};
	static const struct plan NUMBER = {.key = "${id}", .key_type = KEY_INT32};
	struct route_input input = {.facts = FACTS};
	struct route *route = make_route(&NUMBER);
	struct arena arena = ARENA_NULL;
	struct outcome outcome = {0};
	struct record record;

	expect(&UUID, &FACTS, false, "4|abcdef00-0000-0000-0000-000000000017|" WHOLE "|stays||0");
	cr_assert_eq(route_record(route, &input, &arena, &record, &outcome), 0);
	cr_expect(slice_eq(record.key, (struct slice){"\0\0\0\x11", 4}));
	cr_expect_eq(outcome.set, 0);
	arena_deinit(&arena);
	route_free(route);
}

/* A partition that the topic has not is told by the output; the policy is the same. */
Test(route, partitions)
{
	static const struct {
		const char *template;
		bool dead;
		int32_t partition;
		bool bad;
	} CASES[] = {
		{"${id}", false, 17, false},   {"0", true, 0, false},
		{"${topic}", false, -1, true}, {"${topic}", true, -1, true},
		{"${cid}", true, -1, true},    {"${cid:-3}", true, 3, false},
		{"-${id}", false, -1, true},
	};
	struct route_input input = {.facts = FACTS};

	for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
		struct plan plan = {.key = "${id}",
				    .partition = CASES[i].template,
				    .bad_partition_is_dead = CASES[i].dead};
		struct route *route = make_route(&plan);
		struct arena arena = ARENA_NULL;
		struct outcome outcome = {0};
		struct record record;

		cr_assert_eq(route_record(route, &input, &arena, &record, &outcome), 0);
		cr_expect_eq(record.partition, CASES[i].partition, "%zu", i);
		cr_expect_eq(outcome_has(&outcome, OUTCOME_PARTITION_INVALID), CASES[i].bad, "%zu",
			     i);
		cr_expect_eq(outcome.set != 0, CASES[i].bad, "%zu", i);
		if (!CASES[i].bad)
			outcome_note(&outcome, OUTCOME_PARTITION_ABSENT);
		cr_expect_eq(outcome_refuses(route_rules(route), &outcome) != NULL, CASES[i].dead,
			     "%zu", i);
		arena_deinit(&arena);
		route_free(route);
	}
}

Test(route, topics)
{
	static const struct plan AUDIT = {.topic = "audit"};
	static const struct plan RENDERED = {.topic = "${topic}"};
	static const struct plan OTHER = {.topic = "x${topic}"};
	static const struct plan MISSING = {.topic = "${cid}"};
	static const struct plan NOT_LISTED = {.topic = "nowhere"};

	expect(&AUDIT, &FACTS, false, "7|-|" WHOLE "|stays||0");
	expect(&RENDERED, &FACTS, false, "7|-|" WHOLE "|stays||0");
	expect(&OTHER, &FACTS, false, "4|-|" WHOLE "|stays||topic 0");
	expect(&MISSING, &FACTS, false, "4|-|" WHOLE "|stays||topic 0");
	expect(&NOT_LISTED, &FACTS, false, "4|-|" WHOLE "|stays||topic 0");
}

/* Only what lies in the line stays until the report. */
Test(route, values)
{
	static const struct plan FIELD = {.value = "${id}"};
	static const struct plan THE_LINE = {.value = "${line}"};
	static const struct plan RENDERED = {.value = "<${id}>"};
	static const struct plan CONSTANT = {.value = "const"};
	static const struct plan NAME = {.value = "${file.name}"};
	static const struct plan DEFAULT = {.value = "${cid:-none}"};
	static const struct plan MISSING = {.value = "${cid}"};

	expect(&FIELD, &FACTS, false, "4|-|17|stays||0");
	expect(&THE_LINE, &FACTS, false, "4|-|" WHOLE "|stays||0");
	expect(&RENDERED, &FACTS, false, "4|-|<17>|copy||0");
	expect(&CONSTANT, &FACTS, false, "4|-|const|copy||0");
	expect(&NAME, &FACTS, false, "4|-|a.log|copy||0");
	expect(&DEFAULT, &FACTS, false, "4|-|none|copy||0");
	expect(&MISSING, &FACTS, false, "4|-|" WHOLE "|stays||value 0");
}

/* Scenario C08. An empty value, never a null one, which would be a tombstone. */
Test(route, empty_line)
{
	struct template_facts facts = FACTS;

	facts.line = (struct slice){LINE, 0};
	expect(&PLAIN, &facts, false, "4|-||stays||0");
	facts.line = SLICE_NONE;
	expect(&PLAIN, &facts, false, "4|-||stays||0");
}

/* Scenario C07. Order and repeats are kept. */
Test(route, repeated_headers)
{
	static const struct plan TWICE = {.headers = {{"a", "1"}, {"b", "${id}"}, {"a", "2"}}};

	expect(&TWICE, &FACTS, false, "4|-|" WHOLE "|stays|a=1 b=17 a=2|0");
}

Test(route, the_mark_finds_room)
{
	struct route_input input = {.facts = FACTS};
	struct plan plan = {0};
	struct route *route;
	struct arena arena = ARENA_NULL;
	struct outcome outcome = {0};
	struct record record;

	for (int i = 0; i < RECORD_HEADERS_MAX; i++) {
		plan.headers[i].name = "n";
		plan.headers[i].value = "v";
	}
	route = make_route(&plan);
	cr_assert_eq(route_record(route, &input, &arena, &record, &outcome), 0);
	cr_expect_eq(record.n_headers, RECORD_HEADERS_MAX);
	cr_expect_eq(outcome.times[OUTCOME_HEADER_TOO_LARGE], 0);
	input.truncated = true;
	cr_assert_eq(route_record(route, &input, &arena, &record, &outcome), 0);
	cr_expect_eq(record.n_headers, RECORD_HEADERS_MAX);
	cr_expect(slice_eq(record.headers[RECORD_HEADERS_MAX - 1].name,
			   slice_of("waybill-truncated")));
	cr_expect_eq(outcome.times[OUTCOME_HEADER_TOO_LARGE], 1);
	cr_expect(outcome.set);
	arena_deinit(&arena);
	route_free(route);
}

Test(route, free_forgives)
{
	struct route_parts parts = {0};

	cr_assert_null(route_free(NULL));
	route_parts_deinit(&parts);
}

/* Of several reasons the first row counts; a line that was withheld is told, whatever it was. */
Test(route, what_is_out_of_the_ordinary_decides)
{
	const struct outcome_rules rules = {
		.leaves_out = OUTCOME_BIT(OUTCOME_UNMATCHED),
		.refuses = OUTCOMES_OF_KEY | OUTCOMES_OF_PARTITION,
	};
	struct counters counters = {0};
	struct outcome outcome = {0};

	cr_expect_null(outcome_refuses(&rules, &outcome));
	outcome_note(&outcome, OUTCOME_TOO_LARGE);
	cr_expect_str_eq(outcome_refuses(&(struct outcome_rules){0}, &outcome),
			 "MSG_SIZE_TOO_LARGE (too large for the producer)");
	outcome_note(&outcome, OUTCOME_PARTITION_ABSENT);
	outcome_note(&outcome, OUTCOME_KEY_INVALID);
	outcome_note(&outcome, OUTCOME_HEADER_MISSING);
	outcome_note(&outcome, OUTCOME_HEADER_MISSING);
	cr_expect_str_eq(outcome_refuses(&rules, &outcome),
			 "KEY_INVALID (not a value of key_type)");
	cr_expect_null(outcome_leaves_out(&rules, &outcome));
	outcome_note(&outcome, OUTCOME_UNMATCHED);
	cr_expect_str_eq(outcome_leaves_out(&rules, &outcome), "on_no_match = \"skip\"");
	outcome_count(&outcome, &counters);
	cr_expect_eq(counters.headers_missing, 2);
	cr_expect_eq(counters.keys_invalid, 1);
	cr_expect_eq(counters.partitions_bad, 1);
	cr_expect_eq(counters.lines_filtered, 1);
	cr_expect_eq(counters.lines_read, 0);
	outcome_note(&outcome, OUTCOME_WITHHELD);
	cr_expect_null(outcome_leaves_out(&rules, &outcome));
}

/* A field that is not told here would be left over from another line. */
Test(route, fields_are_those_of_all_its_templates)
{
	static const struct {
		struct plan plan;
		uint64_t fields;
	} cases[] = {
		{{.key = NULL}, 0},
		{{.key = "${cid:-x}"}, 2},
		{{.topic = "a-${topic}", .value = "${line}"}, 4},
		{{.partition = "${id}", .headers = {{"h", "x"}, {"i", "${id}-${topic}"}}}, 5},
		{{.value = "${cid}", .key = "${id}"}, 3},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct route *route = make_route(&cases[i].plan);

		cr_expect_eq(route_fields(route), cases[i].fields, "case %zu", i);
		route_free(route);
	}
}

Test(route, fields_are_those_of_time_and_json_too)
{
	struct route_parts parts = {.topic = compile("orders"), .time.text = compile("${cid}")};
	struct value_fields json = {.n = 1, .of = {{strdup("n"), compile("${topic}")}}};
	struct route *route = NULL;
	size_t bad;

	cr_assert_eq(value_json_new(&json, &parts.json, &bad), 0);
	cr_assert_eq(route_new(&parts, &route), 0);
	cr_expect_eq(route_fields(route), 6);
	route_free(route);
}
