/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Renders the templates of one source into one record. Nothing here can fail for what a line
 * holds: a line without the field for its key is still a line, and is shipped with a null key.
 * What was missing is noted in the outcome.
 *
 * A topic that is not constant is looked up in the list of those that the configuration allows,
 * by a walk over the list: sources write to a handful of topics. With hundreds it would show in
 * the profile and deserve a map.
 *
 * The record is filled where the caller wants it. Building it aside and copying would honour the
 * rule about output parameters, and cost a copy of 1 KiB for each record.
 */
#include "route/route_private.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#define TRUNCATED_NAME "waybill-truncated"
#define CUT_NAME "waybill-continues"
#define WITHHELD_NAME "waybill-withheld"

/* Place in the list of topics; false when it is not there. */
static bool find_topic(const struct route *route, struct slice name, uint32_t *ret_index)
{
	for (uint32_t i = 0; i < route->parts.n_topics; i++) {
		if (slice_eq(route->topic_names[i], name)) {
			*ret_index = route->parts.topic_indexes[i];
			return true;
		}
	}
	return false;
}

/* The fields that any of the templates holds. */
static uint64_t fields_of(const struct route_parts *parts)
{
	const struct template *const templates[] = {
		parts->topic, parts->key, parts->partition, parts->value, parts->time.text,
	};
	uint64_t fields = parts->json ? value_json_fields(parts->json) : 0;

	fields |= computed_reads(&parts->computed) | rules_reads(&parts->filter);
	for (size_t i = 0; i < ARRAY_LEN(templates); i++)
		fields |= templates[i] ? template_fields(templates[i]) : 0;
	for (uint32_t i = 0; i < parts->headers.n; i++) {
		const struct template *value = parts->headers.items[i].value;

		fields |= value ? template_fields(value) : 0;
	}
	return fields & ~computed_numbers(&parts->computed);
}

uint64_t route_fields(const struct route *route)
{
	return route->fields;
}

int route_new(struct route_parts *parts, struct route **ret_route)
{
	struct route *route = calloc(1, sizeof *route);

	if (!route)
		return -ENOMEM;
	route->topic_names = calloc(parts->n_topics ? parts->n_topics : 1, sizeof(struct slice));
	if (!route->topic_names) {
		free(route);
		return -ENOMEM;
	}
	route->parts = *parts;
	for (uint32_t i = 0; i < parts->n_topics; i++)
		route->topic_names[i] = slice_of(parts->topic_names[i]);
	route->constant_topic = template_is_constant(parts->topic);
	if (route->constant_topic)
		route->constant_known =
			find_topic(route, template_text(parts->topic), &route->constant_index);
	route->fields = fields_of(parts);
	route->prepares = parts->computed.n || parts->filter.n;
	*parts = (struct route_parts){0};
	*ret_route = route;
	return 0;
}

void route_parts_deinit(struct route_parts *parts)
{
	computed_deinit(&parts->computed);
	rules_deinit(&parts->filter);
	template_free(parts->topic);
	template_free(parts->key);
	free((char *)parts->missing_key.at);
	template_free(parts->partition);
	template_free(parts->value);
	value_json_free(parts->json);
	template_free(parts->time.text);
	for (uint32_t i = 0; i < parts->time.n_formats; i++)
		timestamp_free(parts->time.formats[i]);
	for (size_t i = 0; i < parts->time.n_zones; i++)
		free((char *)parts->time.zones[i].name);
	free(parts->time.zones);
	route_headers_deinit(&parts->headers);
	free(parts->topic_names);
	free(parts->topic_indexes);
	*parts = (struct route_parts){0};
}

struct route *route_free(struct route *route)
{
	if (route) {
		route_parts_deinit(&route->parts);
		free(route->topic_names);
		free(route);
	}
	return NULL;
}

static int set_topic(const struct route *route, const struct template_facts *facts,
		     struct arena *arena, struct record *record, struct outcome *outcome)
{
	struct slice name;
	int r;

	record->topic = route->parts.topic_indexes[0];
	if (LIKELY(route->constant_topic)) {
		if (route->constant_known)
			record->topic = route->constant_index;
		else
			outcome_note(outcome, OUTCOME_TOPIC_FALLBACK);
		return 0;
	}
	r = template_render(route->parts.topic, facts, arena, &name);
	if (r < 0)
		return r;
	if (r == TEMPLATE_E_MISSING || !find_topic(route, name, &record->topic))
		outcome_note(outcome, OUTCOME_TOPIC_FALLBACK);
	return 0;
}

/* By address, as numbers: the two need not point into the same object. */
static bool lies_within(struct slice part, struct slice whole)
{
	uintptr_t at = (uintptr_t)part.at, start = (uintptr_t)whole.at;

	return at >= start && at + part.len <= start + whole.len;
}

static int set_json(const struct value_json *json, const struct template_facts *facts,
		    struct arena *arena, struct record *record, struct outcome *outcome)
{
	struct value_outcome value = {0};
	int r = value_json_render(json, facts, arena, &record->value, &value);

	record->value_stays = false;
	if (UNLIKELY(value.repaired))
		outcome_note(outcome, OUTCOME_VALUE_NOT_UTF8);
	if (UNLIKELY(value.mistyped))
		outcome_note(outcome, OUTCOME_VALUE_MISTYPED);
	return r;
}

static int set_value(const struct route *route, const struct route_input *input,
		     struct arena *arena, struct record *record, struct outcome *outcome)
{
	const struct template_facts *facts = &input->facts;
	int r;

	if (route->parts.json)
		return set_json(route->parts.json, facts, arena, record, outcome);
	/* An empty line is a record with an empty value, never a tombstone (scenario C08). */
	record->value = facts->line.at ? facts->line : slice_of("");
	record->value_stays = !input->made;
	if (LIKELY(!route->parts.value))
		return 0;
	r = template_render(route->parts.value, facts, arena, &record->value);
	if (r < 0)
		return r;
	if (r == 0)
		record->value_stays &= lies_within(record->value, facts->line);
	else
		outcome_note(outcome, OUTCOME_VALUE_MISSING);
	return 0;
}

/* A line that does not match has these fields all the same. 0 or -ENOMEM. */
static int compute(const struct route *route, struct route_input *input, struct arena *arena)
{
	if (!input->facts.fields) {
		for (uint64_t left = route->fields; left; left &= left - 1)
			input->fields[__builtin_ctzll(left)] = SLICE_NONE;
		input->facts.partly = true;
		input->facts.fields = input->fields;
	}
	return computed_fill(&route->parts.computed, &input->facts, arena, input->fields);
}

/* Whether the line is sent. What was withheld is, whatever the rules say. 0 or -ENOMEM. */
static int filter(const struct route *route, struct route_input *input, struct arena *arena,
		  struct outcome *outcome)
{
	int r;

	if (input->withheld)
		return 0;
	r = rules_judge(&route->parts.filter, input->rules, &input->facts, arena, &outcome->rule);
	if (r == RULES_E_LEFT_OUT)
		outcome_note(outcome, OUTCOME_RULED);
	else if (!r && input->rules->due.n)
		outcome_note(outcome, OUTCOME_DUE);
	return r < 0 ? r : 0;
}

/* What comes before the record. 0 or -ENOMEM. */
static int prepare(const struct route *route, struct route_input *input, struct arena *arena,
		   struct outcome *outcome)
{
	int r = 0;

	input->facts.event_ms = input->facts.read_ms;
	if (route->parts.computed.n)
		r = compute(route, input, arena);
	if (!r && route->parts.filter.n)
		r = filter(route, input, arena, outcome);
	return r;
}

int route_record(const struct route *route, struct route_input *input, struct arena *arena,
		 struct record *ret_record, struct outcome *outcome)
{
	const struct template_facts *facts = &input->facts;
	int r;

	ret_record->partition = -1;
	/* First, because everything else may be made of it. */
	if (UNLIKELY(route->prepares)) {
		r = prepare(route, input, arena, outcome);
		if (r || outcome_has(outcome, OUTCOME_RULED))
			return r;
	}
	r = route_set_time(route, &input->facts, arena, ret_record, outcome);
	if (r == 0)
		r = set_topic(route, facts, arena, ret_record, outcome);
	if (r == 0)
		r = route_set_key(route, facts, arena, ret_record, outcome);
	if (r == 0 && UNLIKELY(route->parts.partition != NULL))
		r = route_set_partition(route, facts, arena, ret_record, outcome);
	if (r == 0)
		r = set_value(route, input, arena, ret_record, outcome);
	if (r == 0)
		r = route_set_headers(&route->parts.headers, facts, arena, ret_record, outcome);
	if (r != 0)
		return r;
	if (UNLIKELY(input->truncated))
		/* Without it a reader takes the line for a whole one. */
		route_add_header(ret_record, slice_of(TRUNCATED_NAME), slice_of("true"), outcome);
	if (UNLIKELY(input->cut))
		route_add_header(ret_record, slice_of(CUT_NAME), slice_of("true"), outcome);
	if (UNLIKELY(input->withheld))
		route_add_header(ret_record, slice_of(WITHHELD_NAME), slice_of("true"), outcome);
	if (UNLIKELY(route->parts.provenance))
		return route_add_origin(ret_record, input->origin, facts->position, arena, outcome);
	return 0;
}

const struct outcome_rules *route_rules(const struct route *route)
{
	return &route->parts.rules;
}

bool route_goes_to(const struct route *route, uint32_t topic)
{
	uint32_t i = 0;

	while (i < route->parts.n_topics && route->parts.topic_indexes[i] != topic)
		i++;
	return i < route->parts.n_topics;
}

const uint32_t *route_topics(const struct route *route, size_t *ret_n)
{
	*ret_n = route->parts.n_topics;
	return route->parts.topic_indexes;
}

void route_renumber(struct route *route, const uint32_t *topics, const uint32_t *rules)
{
	struct route_parts *parts = &route->parts;

	for (uint32_t i = 0; i < parts->n_topics; i++)
		parts->topic_indexes[i] = topics[parts->topic_indexes[i]];
	if (route->constant_known)
		route->constant_index = topics[route->constant_index];
	for (size_t i = 0; i < parts->filter.n; i++)
		parts->filter.of[i].number = rules[parts->filter.of[i].number];
}
