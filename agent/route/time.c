/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The timestamp of a record: when the line was read, or what the line says. A line that says
 * nothing, or what is no time, gets the time of reading; it is counted, and shipped like any other.
 *
 * Limits are there because one wrong time does harm that outlasts it: Kafka keeps a segment until
 * its latest timestamp is past retention, deletes it at once when that lies before, and finds
 * offsets by time. Brokers from 4.0 on refuse what is more than an hour ahead of them.
 */
#include "route/route_private.h"

/* The time itself, or what the policy puts in its place. */
static int64_t limit(const struct route_time *time, int64_t ms, int64_t read_ms,
		     struct outcome *outcome)
{
	int64_t latest = read_ms + (int64_t)time->max_future_ms;
	int64_t earliest = read_ms - (int64_t)time->max_past_ms;
	bool late = time->max_future_ms && ms > latest;
	bool early = time->max_past_ms && ms < earliest;

	if (LIKELY(!late && !early))
		return ms;
	outcome_note(outcome, OUTCOME_TIME_CLAMPED);
	if (!time->clamp)
		return read_ms;
	return late ? latest : earliest;
}

/* By the first format that the text is of. False when it is of none. */
static bool parse_time(const struct route_time *time, struct slice text, int64_t read_ms,
		       int64_t *ret_ms)
{
	for (uint32_t i = 0; i < time->n_formats; i++) {
		if (timestamp_parse(time->formats[i], text, read_ms, ret_ms) == 0)
			return true;
	}
	return false;
}

/* Apart, so that records without it pay for no more than a look. */
static __attribute__((noinline)) int take_time(const struct route_time *time,
					       const struct template_facts *facts,
					       struct arena *arena, struct record *record,
					       struct outcome *outcome)
{
	struct slice text;
	int64_t ms;
	int r = template_render(time->text, facts, arena, &text);

	if (r < 0)
		return r;
	if (r)
		outcome_note(outcome, OUTCOME_TIME_MISSING);
	else if (!parse_time(time, text, facts->read_ms, &ms))
		outcome_note(outcome, OUTCOME_TIME_INVALID);
	else
		record->timestamp_ms = limit(time, ms, facts->read_ms, outcome);
	return 0;
}

int route_set_time(const struct route *route, struct template_facts *facts, struct arena *arena,
		   struct record *record, struct outcome *outcome)
{
	int r = 0;

	facts->event_ms = record->timestamp_ms = facts->read_ms;
	if (UNLIKELY(route->parts.time.text != NULL)) {
		r = take_time(&route->parts.time, facts, arena, record, outcome);
		facts->event_ms = record->timestamp_ms;
	}
	return r;
}

const struct route_time *route_time(const struct route *route)
{
	return &route->parts.time;
}
