/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small on purpose: a template, letters, and a table are what other agents' processors are used for
 * nearly always (levels to one spelling, a program's topic). A language of expressions was
 * rejected: what needs one belongs behind Kafka.
 *
 * A table is walked: those in use have some ten rows.
 */
#include "route/computed.h"

#include <errno.h>
#include <stdlib.h>

static int change_case(enum computed_case letters, struct arena *arena, struct slice *text)
{
	char *room = arena_alloc(arena, text->len);

	if (!room)
		return -ENOMEM;
	/* Of ASCII only: bytes of UTF-8 are no letters here, whatever the locale says. */
	for (size_t i = 0; i < text->len; i++) {
		char c = text->at[i];
		bool changes = letters == COMPUTED_CASE_LOWER ? c >= 'A' && c <= 'Z' :
								c >= 'a' && c <= 'z';

		room[i] = (char)(changes ? c ^ 0x20 : c);
	}
	text->at = room;
	return 0;
}

static struct slice look_up(const struct computed_field *field, struct slice text)
{
	for (size_t i = 0; i < field->n_pairs; i++) {
		if (slice_eq(text, slice_of(field->pairs[i].from)))
			return slice_of(field->pairs[i].to);
	}
	return field->n_pairs && field->fallback ? slice_of(field->fallback) : text;
}

static int fill(const struct computed_field *field, const struct template_facts *facts,
		struct arena *arena, struct slice *ret_text)
{
	struct slice text;
	int r = template_render(field->value, facts, arena, &text);

	if (r == 0 && field->letters != COMPUTED_CASE_KEEP)
		r = change_case(field->letters, arena, &text);
	if (r < 0)
		return r;
	*ret_text = r ? slice_of(field->fallback) : look_up(field, text);
	return 0;
}

int computed_fill(const struct computed *computed, const struct template_facts *facts,
		  struct arena *arena, struct slice *fields)
{
	for (size_t i = 0; i < computed->n; i++) {
		const struct computed_field *field = &computed->of[i];
		int r = fill(field, facts, arena, &fields[field->number]);

		if (r)
			return r;
	}
	return 0;
}

uint64_t computed_reads(const struct computed *computed)
{
	uint64_t fields = 0;

	for (size_t i = 0; i < computed->n; i++)
		fields |= template_fields(computed->of[i].value);
	return fields;
}

uint64_t computed_numbers(const struct computed *computed)
{
	uint64_t fields = 0;

	for (size_t i = 0; i < computed->n; i++)
		fields |= (uint64_t)1 << computed->of[i].number;
	return fields;
}

void computed_deinit(struct computed *computed)
{
	for (size_t i = 0; i < computed->n; i++) {
		struct computed_field *field = &computed->of[i];

		for (size_t k = 0; k < field->n_pairs; k++) {
			free(field->pairs[k].from);
			free(field->pairs[k].to);
		}
		free(field->pairs);
		free(field->fallback);
		template_free(field->value);
	}
	computed->n = 0;
}
