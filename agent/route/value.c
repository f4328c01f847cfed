/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JSON object is a row of constant pieces with values between them. Names and whatever else is
 * known when the configuration is read (host, environment, constant text) are made JSON then:
 *
 *	,"order":  order_id  ,"host":"web1","bytes":  bytes  }
 *
 * so that for a record two things are left: look the fields up, then copy. Every member begins
 * with a comma, and the first one is made the brace at the end: no member has to know whether one
 * stands before it, although any may be left out.
 *
 * Nearly all fields are plain text of up to sixteen bytes out of the line. Such a text is copied as
 * one vector, like the piece before it (json_short.h), without a branch for its length.
 *
 * A number goes out with the digits that the log has: reading it into a double and printing that
 * would change 17-digit ids and cost more than all the rest. So "007" and "+5", which JSON does not
 * know, are no numbers. What is not of its type is treated as missing, not turned into a string:
 * a consumer's schema says number, and one string in a column makes many of them refuse the record
 * or the batch. That is counted.
 *
 * The object lies in the arena and librdkafka copies it. Room for it in the chunk, living until the
 * report, was rejected: the copy of 150 bytes is some 30 instructions of the 2,500 that a record
 * costs in there.
 */
#include "route/value_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "parsers/kinds/members.h"

#define LINE_MEMBER ",\"" VALUE_LINE_NAME "\":"

struct value_json {
	struct value_fields fields;
	struct arena pieces;
	bool holds_line;
	size_t constant_len; /* of all pieces */
	struct slice end;    /* constant members behind the last one */
	size_t n_members;
	struct member members[VALUE_FIELDS_MAX];
};

void value_fields_deinit(struct value_fields *fields)
{
	for (size_t i = 0; i < fields->n; i++) {
		free(fields->of[i].name);
		template_free(fields->of[i].template);
	}
	fields->n = 0;
}

struct value_json *value_json_free(struct value_json *json)
{
	if (json) {
		value_fields_deinit(&json->fields);
		arena_deinit(&json->pieces);
		free(json);
	}
	return NULL;
}

static bool equals_ignoring_case(struct slice text, const char *word)
{
	return text.len == strlen(word) && strncasecmp(text.at, word, text.len) == 0;
}

static inline bool is_of_type(enum value_type type, struct slice text)
{
	if (LIKELY(type == VALUE_STRING) || type == VALUE_AUTO)
		return true;
	if (type == VALUE_NUMBER)
		return json_number_valid(text);
	if (type == VALUE_JSON)
		return members_is_json(text);
	return equals_ignoring_case(text, "true") || equals_ignoring_case(text, "false");
}

/* text is of that type. */
static inline void put_typed(struct json *out, enum value_type type, struct slice text)
{
	if (LIKELY(type == VALUE_STRING))
		json_put_string(out, text);
	else if (type == VALUE_NUMBER)
		json_put_raw(out, text);
	else if (type == VALUE_AUTO)
		value_put_auto(out, text);
	else if (type == VALUE_JSON)
		json_put_json(out, text);
	else
		json_put_raw(out, slice_of(text.len == 4 ? "true" : "false"));
}

/* ---- compiling ---- */

/* Constant members since the last one that is not. */
struct compiler {
	struct value_json *json;
	struct json out;
};

/* Ends a piece and begins the next. */
static int end_piece(struct compiler *c, struct slice *ret_piece)
{
	int r = json_finish(&c->out, ret_piece);

	c->json->constant_len += ret_piece->len;
	c->out = (struct json){.arena = &c->json->pieces};
	return r;
}

static void put_name(struct compiler *c, const struct value_field *field)
{
	json_put_raw(&c->out, (struct slice){",", 1});
	json_put_string(&c->out, slice_of(field->name));
	json_put_raw(&c->out, (struct slice){":", 1});
}

/* Whether the line stands in it as a text, which any line can. */
static bool keeps_line(const struct value_field *field)
{
	return field->template && template_holds_line(field->template) && field->type <= VALUE_BOOL;
}

static int compile_member(struct compiler *c, const struct value_field *field)
{
	struct member *member = &c->json->members[c->json->n_members++];
	size_t before = (size_t)(c->out.at - c->out.start);
	int r;

	*member = (struct member){field->template, field->type, field->omitted};
	member->field = (size_t)(field - c->json->fields.of);
	member->holds_line = field->template && template_holds_line(field->template);
	c->json->holds_line |= keeps_line(field);
	if (field->name)
		put_name(c, field);
	r = end_piece(c, &member->head);
	member->name_len = member->head.len - before;
	if (r == 0)
		memcpy(member->start, member->head.at,
		       member->head.len < JSON_SHORT ? member->head.len : JSON_SHORT);
	return r;
}

static int compile(struct compiler *c, size_t *ret_bad)
{
	const struct value_fields *fields = &c->json->fields;
	int r = 0;

	for (size_t i = 0; i < fields->n && r == 0; i++) {
		const struct value_field *field = &fields->of[i];

		if (!field->template || field->type > VALUE_JSON ||
		    !template_is_constant(field->template)) {
			r = compile_member(c, field);
			continue;
		}
		if (!is_of_type(field->type, template_text(field->template))) {
			*ret_bad = i;
			return VALUE_E_TYPE;
		}
		put_name(c, field);
		put_typed(&c->out, field->type, template_text(field->template));
	}
	return r ? r : end_piece(c, &c->json->end);
}

int value_json_new(struct value_fields *fields, struct value_json **ret_json, size_t *ret_bad)
{
	struct value_json *json = calloc(1, sizeof *json);
	struct compiler c = {.json = json};
	int r;

	if (!json)
		return -ENOMEM;
	c.out.arena = &json->pieces;
	json->fields = *fields;
	r = compile(&c, ret_bad);
	if (r) {
		json->fields.n = 0;
		value_json_free(json);
		return r;
	}
	fields->n = 0;
	*ret_json = json;
	return 0;
}

uint64_t value_json_fields(const struct value_json *json)
{
	uint64_t fields = 0;

	for (size_t i = 0; i < json->fields.n; i++) {
		const struct template *template = json->fields.of[i].template;

		fields |= template ? template_fields(template) : 0;
	}
	return fields;
}

/* ---- a record ---- */

/* What a member adds at most besides its pieces and its text: quotes or null, and a vector. */
#define MEMBER_MORE (4 + JSON_SHORT)

/*
 * A text of up to sixteen bytes that needs no more than to be copied. False when it is not that:
 * nothing is written. The bytes behind it are read, so they must be the line's.
 */
static inline bool put_short(struct json *out, const struct member *member, struct slice text,
			     struct slice line)
{
	size_t more = member->head.len < JSON_SHORT ? 0 : member->head.len - JSON_SHORT;
	size_t from = (uintptr_t)text.at - (uintptr_t)line.at;
	json_vector bytes;

	if (text.len > JSON_SHORT || line.len < JSON_SHORT || from > line.len - JSON_SHORT ||
	    (size_t)(out->end - out->at) < member->head.len + 2 + MEMBER_MORE)
		return false;
	bytes = json_load(text.at);
	if (member->type == VALUE_STRING ?
		    !json_short_is_plain(bytes, text.len) :
		    member->type > VALUE_AUTO || !json_short_is_digits(bytes, text.len))
		return false;
	memcpy(out->at, member->start, JSON_SHORT);
	if (UNLIKELY(more))
		memcpy(out->at + JSON_SHORT, member->head.at + JSON_SHORT, more);
	out->at += member->head.len;
	*out->at = '"';
	out->at += member->type == VALUE_STRING;
	memcpy(out->at, &bytes, sizeof bytes);
	out->at += text.len;
	*out->at = '"';
	out->at += member->type == VALUE_STRING;
	return true;
}

static inline void put_member(struct json *out, const struct member *member, struct slice text,
			      struct slice line, struct value_shape *shape)
{
	if (LIKELY(text.at && put_short(out, member, text, line)))
		return;
	if (UNLIKELY(member->type > VALUE_JSON)) {
		value_put_shape(out, shape, member, text);
		return;
	}
	if (LIKELY(text.at && is_of_type(member->type, text))) {
		json_put_raw(out, member->head);
		put_typed(out, member->type, text);
		shape->line_told |= member->holds_line;
		return;
	}
	shape->outcome->mistyped |= text.at != NULL;
	shape->line_missed |= member->holds_line;
	if (member->omitted) {
		json_put_raw(out,
			     (struct slice){member->head.at, member->head.len - member->name_len});
		return;
	}
	json_put_raw(out, member->head);
	json_put_raw(out, (struct slice){"null", 4});
}

/* The first comma becomes the brace. */
static int close_object(struct json *out, struct slice *ret_value)
{
	bool empty = out->at == out->start;

	json_put_raw(out, empty ? (struct slice){"{}", 2} : (struct slice){"}", 1});
	if (!out->no_memory)
		*out->start = '{';
	return json_finish(out, ret_value);
}

/* Looks all members up; adds their lengths to *len. 0 or -ENOMEM. */
static int look_up(const struct value_json *json, const struct template_facts *facts,
		   struct arena *arena, struct slice *found, size_t *len)
{
	for (size_t i = 0; i < json->n_members; i++) {
		const struct template *template = json->members[i].template;
		int r = LIKELY(template) ? template_render(template, facts, arena, &found[i]) :
					   TEMPLATE_E_MISSING;

		if (UNLIKELY(r < 0))
			return r;
		if (UNLIKELY(r == TEMPLATE_E_MISSING))
			found[i] = SLICE_NONE;
		*len += found[i].len + 4;
	}
	return 0;
}

int value_json_render(const struct value_json *json, const struct template_facts *facts,
		      struct arena *arena, struct slice *ret_value,
		      struct value_outcome *ret_outcome)
{
	bool add_line = (!facts->fields || facts->partly) && !json->holds_line;
	struct slice found[VALUE_FIELDS_MAX];
	struct json out = {.arena = arena};
	struct value_shape shape = {&json->fields, arena, ret_outcome};
	size_t len = json->constant_len + sizeof "{}" + MEMBER_MORE;
	int r = look_up(json, facts, arena, found, &len);

	if (UNLIKELY(r))
		return r;
	*ret_outcome = (struct value_outcome){0};
	if (UNLIKELY(add_line))
		len += sizeof LINE_MEMBER + facts->line.len + 2;
	json_reserve(&out, len);
	for (size_t i = 0; i < json->n_members; i++)
		put_member(&out, &json->members[i], found[i], facts->line, &shape);
	json_put_raw(&out, json->end);
	if (UNLIKELY(shape.no_memory))
		return -ENOMEM;
	if (UNLIKELY(shape.line_told | shape.line_missed))
		add_line = shape.line_missed && !json->holds_line;
	if (UNLIKELY(add_line)) {
		json_put_text(&out, LINE_MEMBER);
		json_put_string(&out, facts->line.at ? facts->line : slice_of(""));
	}
	ret_outcome->repaired = out.replaced != 0;
	return close_object(&out, ret_value);
}
