/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects within the object, and members that the line names itself.
 *
 * Every member begins with a comma, here too: the first comma of an object is made its brace when
 * it ends, wherever the text lies by then. Members of a text are copied as they are written,
 * numbers digit by digit; only those that have the name of a field beside them give way to that, so
 * that no name stands twice. Names are compared as they are written: one with escapes is another.
 */
#include "parsers/kinds/members.h"
#include "route/value_private.h"

#include <errno.h>
#include <string.h>

static bool is_bool(struct slice text)
{
	return slice_eq(text, (struct slice){"true", 4}) ||
	       slice_eq(text, (struct slice){"false", 5});
}

void value_put_auto(struct json *out, struct slice text)
{
	bool nested = text.len > 1 && (*text.at == '{' || *text.at == '[');

	if (json_number_valid(text) || is_bool(text))
		json_put_raw(out, text);
	else if (nested && members_is_json(text))
		json_put_json(out, text);
	else
		json_put_string(out, text);
}

static void open_object(struct json *out, struct value_shape *shape, const struct member *member)
{
	json_put_raw(out, member->head);
	shape->name_len[shape->depth] = member->name_len;
	shape->opened[shape->depth++] = (size_t)(out->at - out->start);
}

static void close_object(struct json *out, struct value_shape *shape, const struct member *member)
{
	size_t from = shape->opened[--shape->depth];

	json_put_raw(out, member->head);
	if (out->no_memory)
		return;
	if ((size_t)(out->at - out->start) > from) {
		out->start[from] = '{';
		json_put_raw(out, (struct slice){"}", 1});
	} else if (member->omitted) {
		out->at -= shape->name_len[shape->depth];
	} else {
		json_put_raw(out, (struct slice){"{}", 2});
	}
}

/* Whether a field beside that of the member has the name. */
static bool is_taken(const struct value_fields *fields, size_t place, struct slice name)
{
	size_t from = place, depth = 0;

	/* To the beginning of the object, then to its end. */
	while (from > 0 && (depth || fields->of[from - 1].type != VALUE_OPEN)) {
		from--;
		depth += fields->of[from].type == VALUE_CLOSE;
		depth -= fields->of[from].type == VALUE_OPEN;
	}
	for (depth = 0; from < fields->n; from++) {
		const struct value_field *field = &fields->of[from];

		if (field->type == VALUE_CLOSE && depth-- == 0)
			break;
		if (!depth && field->name && slice_eq(name, slice_of(field->name)))
			return true;
		depth += field->type == VALUE_OPEN;
	}
	return false;
}

static bool put_members(struct json *out, const struct value_shape *shape,
			const struct member *member, struct slice text)
{
	struct slice rest, name, value;

	if (!members_of_object(text, &rest))
		return false;
	while (members_next(&rest, &name, &value)) {
		if (is_taken(shape->fields, member->field, name))
			continue;
		json_put_text(out, ",\"");
		json_put_json(out, name);
		json_put_text(out, "\":");
		json_put_json(out, value);
	}
	return true;
}

/* A text that ceases to be logfmt has said nothing. */
static bool put_pairs(struct json *out, struct value_shape *shape, const struct member *member,
		      struct slice text)
{
	size_t from = (size_t)(out->at - out->start);
	struct slice rest = text, name, value;
	int r;

	while ((r = members_next_pair(&rest, shape->arena, &name, &value)) == 0) {
		if (is_taken(shape->fields, member->field, name))
			continue;
		json_put_text(out, ",");
		json_put_string(out, name);
		json_put_text(out, ":");
		value_put_auto(out, value);
	}
	shape->no_memory |= r < 0;
	if (r == MEMBERS_E_FORM && !out->no_memory)
		out->at = out->start + from;
	return r == MEMBERS_E_END && text.len > 0;
}

static void put_text(struct json *out, struct value_shape *shape, const struct member *member,
		     struct slice text)
{
	bool good = false;

	json_put_raw(out, member->head);
	if (text.at)
		good = member->type == VALUE_MEMBERS ? put_members(out, shape, member, text) :
						       put_pairs(out, shape, member, text);
	shape->outcome->mistyped |= text.at && !good;
	shape->line_told |= member->holds_line && good;
	shape->line_missed |= member->holds_line && !good;
}

void value_put_shape(struct json *out, struct value_shape *shape, const struct member *member,
		     struct slice text)
{
	switch (member->type) {
	case VALUE_OPEN:
		open_object(out, shape, member);
		break;
	case VALUE_CLOSE:
		close_object(out, shape, member);
		break;
	default:
		put_text(out, shape, member, text);
	}
}
