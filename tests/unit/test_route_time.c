/* SPDX-License-Identifier: Apache-2.0 */
/* The timestamp of a record: its sources, its limits, and what the counters are told. */
#include <criterion/criterion.h>
#include <string.h>

#include "route/route.h"

/* 2026-11-21T17:00:00.123Z */
#define READ_MS 1795280400123
#define HOUR 3600000
#define DAY (24 * HOUR)

static const char *const FIELDS[] = {"time"};

struct row {
	const char *text; /* NULL: the field took no part */
	uint64_t max_past_ms, max_future_ms;
	bool clamp;
	int64_t ms;
	char told; /* missing, invalid, clamped; 0: nothing */
};

static struct route *make_route(const struct row *row, const char *text, const struct zone *utc)
{
	struct template_scope scope = {.fields = FIELDS, .n_fields = 1, .host = "h", .source = "s"};
	struct route_parts parts = {.n_topics = 1};
	struct timestamp_error time_error;
	struct template_error error;
	struct route *route = NULL;

	parts.topic_names = calloc(1, sizeof *parts.topic_names);
	parts.topic_indexes = calloc(1, sizeof *parts.topic_indexes);
	parts.topic_names[0] = "t";
	cr_assert_eq(template_compile("t", &scope, &parts.topic, &error), 0);
	if (text)
		cr_assert_eq(template_compile(text, &scope, &parts.time.text, &error), 0);
	cr_assert_eq(timestamp_compile("iso8601", &(struct timestamp_means){utc},
				       &parts.time.formats[0], &time_error),
		     0);
	cr_assert_eq(timestamp_compile("epoch_ms", &(struct timestamp_means){utc},
				       &parts.time.formats[1], &time_error),
		     0);
	parts.time.n_formats = 2;
	parts.time.max_past_ms = row->max_past_ms;
	parts.time.max_future_ms = row->max_future_ms;
	parts.time.clamp = row->clamp;
	cr_assert_eq(route_new(&parts, &route), 0);
	return route;
}

static void expect(const struct row *row, const char *text)
{
	struct slice field = slice_of(row->text);
	struct route_input input = {
		.facts = {.fields = &field, .line = {"l", 1}, .read_ms = READ_MS},
	};
	struct zone *utc = zone_new(0);
	struct route *route = make_route(row, text, utc);
	struct arena arena = ARENA_NULL;
	struct outcome outcome = {0};
	struct record record;

	/* Whatever was in them must not show. */
	memset(&record, 0xff, sizeof record);
	cr_assert_eq(route_record(route, &input, &arena, &record, &outcome), 0);
	cr_expect_eq(record.timestamp_ms, row->ms, "%s: %lld", row->text,
		     (long long)record.timestamp_ms);
	cr_expect_eq(input.facts.event_ms, row->ms, "%s", row->text);
	cr_expect_eq(outcome_has(&outcome, OUTCOME_TIME_MISSING), row->told == 'm', "%s",
		     row->text);
	cr_expect_eq(outcome_has(&outcome, OUTCOME_TIME_INVALID), row->told == 'i', "%s",
		     row->text);
	cr_expect_eq(outcome_has(&outcome, OUTCOME_TIME_CLAMPED), row->told == 'c', "%s",
		     row->text);
	cr_expect_eq(outcome.set != 0, row->told != 0, "%s", row->text);
	arena_deinit(&arena);
	route_free(route);
	zone_free(utc);
}

static const struct row rows[] = {
	{"2026-11-21T16:00:00.5Z", 0, 0, false, READ_MS - HOUR + 377, 0},
	{NULL, 0, 0, false, READ_MS, 'm'},
	{"", 0, 0, false, READ_MS, 'i'},
	{"-", 0, 0, true, READ_MS, 'i'},
	{"1795280400000", 0, 0, true, READ_MS - 123, 0}, /* the second format */
	/* The limits themselves are within. */
	{"2026-11-21T18:00:00.123Z", 0, HOUR, true, READ_MS + HOUR, 0},
	{"2026-11-21T18:00:00.124Z", 0, HOUR, true, READ_MS + HOUR, 'c'},
	{"2026-11-21T18:00:00.124Z", 0, HOUR, false, READ_MS, 'c'},
	{"2026-11-20T17:00:00.123Z", DAY, HOUR, true, READ_MS - DAY, 0},
	{"2026-11-20T17:00:00.122Z", DAY, HOUR, true, READ_MS - DAY, 'c'},
	{"2026-11-20T17:00:00.122Z", DAY, HOUR, false, READ_MS, 'c'},
	/* 0 is no limit. */
	{"9999-12-31T23:59:59.999Z", DAY, 0, true, 253402300799999, 0},
	{"1970-01-01T00:00:00.001Z", 0, HOUR, true, 1, 0},
};

/* Scenario C13 */
Test(route_time, rows)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect(&rows[i], "${time}");
}

Test(route_time, without_a_template_it_is_the_time_of_reading)
{
	expect(&(struct row){"2026-11-21T16:00:00Z", .max_past_ms = 1, .ms = READ_MS}, NULL);
}

Test(route_time, a_default_and_text_around_the_field)
{
	expect(&(struct row){NULL, .ms = READ_MS - 123}, "${time:-2026-11-21T17:00:00Z}");
	expect(&(struct row){"16:00", .ms = READ_MS - HOUR - 123}, "2026-11-21 ${time} UTC");
}
