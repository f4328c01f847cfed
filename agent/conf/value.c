/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a record of a source holds: a template, or a JSON object. The object is written member by
 * member rather than as one template with braces in it, because a template cannot know where quotes
 * and escapes are needed. "all" is short for the fields of the parser, in their order: so what a
 * pattern names for a key or a header only changes what consumers see where that was asked for.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/build.h"

/* An object, or one within it, while it is built. */
struct object_build {
	struct source_build *s;
	struct value_fields *fields;
	size_t depth;
};

static int build_members(struct object_build *o, const struct conf_node *list);

static bool is_spread(enum value_type type)
{
	return type == VALUE_MEMBERS || type == VALUE_PAIRS;
}

static void check_member_name(struct source_build *s, const struct conf_node *list, size_t index,
			      const struct conf_value *name)
{
	const struct conf_node *first = conf_node_named(list, index, name->text);
	struct conf_problems *problems = s->build->problems;

	if (!*name->text)
		conf_problem(problems, name->node->place, "%sjson: a name must not be empty",
			     s->label);
	if (strcmp(name->text, VALUE_LINE_NAME) == 0)
		conf_problem(problems, name->node->place,
			     "%sjson: the name \"" VALUE_LINE_NAME "\" is kept for waybill itself",
			     s->label);
	if (first)
		conf_problem(problems, name->node->place,
			     "%sjson: \"%.64s\" is there a second time; the first is at %s:%u",
			     s->label, name->text, first->place.file->name, first->place.line);
}

/* Room for the next member; NULL after a message when there is none. */
static struct value_field *next_field(struct object_build *o, struct conf_place place)
{
	if (o->fields->n < VALUE_FIELDS_MAX)
		return &o->fields->of[o->fields->n];
	conf_problem(o->s->build->problems, place, "%sjson must have at most %d members",
		     o->s->label, VALUE_FIELDS_MAX);
	return NULL;
}

static int add_field(struct object_build *o, struct conf_place place, struct value_field field,
		     const char *name)
{
	struct value_field *to = next_field(o, place);

	if (!to) {
		template_free(field.template);
		return 0;
	}
	*to = field;
	o->fields->n++;
	to->name = name ? strdup(name) : NULL;
	return name && !to->name ? -ENOMEM : 0;
}

/* "${NAME}", for a field that a fact may hide. */
static int add_of_field(struct object_build *o, struct conf_place place, const char *name,
			const char *reference, enum value_type type)
{
	struct value_field field = {.type = type, .omitted = true};
	struct conf_node node = {.place = place};
	struct conf_value value = {&node};
	char *text;
	int r;

	if (asprintf(&text, "${%s}", reference) < 0)
		return -ENOMEM;
	value.text = text;
	r = conf_build_template(o->s, "json", &value, &field.template);
	free(text);
	if (r || !field.template)
		return r;
	return add_field(o, place, field, name);
}

/* Whether a link behind that one reads the field: its text is there in other words then. */
static bool is_read_on(const struct source_build *s, size_t index, const char *name)
{
	while (++index < s->n_links) {
		const char *from = parser_link_from(s->links, index);

		if (from && strcmp(from, name) == 0)
			return true;
	}
	return false;
}

/* What a link finds, but for what another one has found. */
static int add_all_of_link(struct object_build *o, struct conf_place place, size_t index)
{
	const struct parser_link *link = o->s->links[index];
	const char *from = parser_link_from(o->s->links, index), *name;
	int r = 0;

	if (link->kind == PARSER_JSON || link->kind == PARSER_LOGFMT)
		return add_of_field(o, place, NULL, from,
				    link->kind == PARSER_JSON ? VALUE_MEMBERS : VALUE_PAIRS);
	if (link->header)
		conf_problem(o->s->build->problems, place,
			     "%sjson = \"all\": what parser \"%s\" finds is known by the files "
			     "only: write the members",
			     o->s->label, link->name);
	for (size_t i = 0; r == 0 && (name = parser_link_field(link, i)); i++) {
		bool known = !*name || is_read_on(o->s, index, name);

		for (size_t k = 0; k < o->fields->n; k++)
			known |= o->fields->of[k].name && !strcmp(o->fields->of[k].name, name);
		if (!known)
			r = add_of_field(o, place, name, name, VALUE_AUTO);
	}
	return r;
}

/* All that the parser finds. */
static int build_all(struct object_build *o, const struct conf_node *word)
{
	struct source_build *s = o->s;
	int r = 0;

	if (s->fields_known && s->n_links == 0)
		conf_problem(s->build->problems, word->place,
			     "%sjson = \"all\": there is no parser, so there are no fields",
			     s->label);
	for (size_t i = 0; s->fields_known && i < s->n_links && r == 0; i++)
		r = add_all_of_link(o, word->place, i);
	return r;
}

/* A member that is an object. */
static int build_object(struct object_build *o, const struct conf_node *group,
			const struct conf_values *values)
{
	const struct conf_value *json = &values->of[CONF_JSON],
				*name = &values->of[CONF_MEMBER_NAME];
	bool omitted = values->of[CONF_MEMBER_ON_MISSING].number == 1;
	struct value_field open = {.type = VALUE_OPEN, .omitted = omitted};
	struct value_field close = {.type = VALUE_CLOSE, .omitted = omitted};
	int r;

	if (o->depth == VALUE_DEPTH_MAX) {
		conf_problem(o->s->build->problems, group->place,
			     "%sjson: more than %d objects within each other", o->s->label,
			     VALUE_DEPTH_MAX);
		return 0;
	}
	r = add_field(o, group->place, open, name->text);
	o->depth++;
	if (r == 0)
		r = json->text ? build_all(o, json->node) : build_members(o, json->node);
	o->depth--;
	return r ? r : add_field(o, group->place, close, NULL);
}

/* A member of a template, or members of a text. */
static int build_text(struct object_build *o, const struct conf_node *group,
		      const struct conf_values *values)
{
	const struct conf_value *name = &values->of[CONF_MEMBER_NAME];
	const struct conf_value *value = &values->of[CONF_VALUE];
	struct value_field field = {
		.type = (enum value_type)values->of[CONF_MEMBER_TYPE].number,
		.omitted = values->of[CONF_MEMBER_ON_MISSING].number == 1,
	};
	char what[192];
	int r;

	snprintf(what, sizeof what, "json: \"%.64s\"", name->text ? name->text : "");
	r = conf_build_template(o->s, what, value, &field.template);
	if (r || !field.template)
		return r;
	if (field.type == VALUE_NUMBER || field.type == VALUE_BOOL)
		conf_warn_of_time(o->s, what, value, field.template,
				  field.type == VALUE_BOOL ? "a bool" : "a number");
	return add_field(o, group->place, field, name->text);
}

/* One member; what is wrong with it is noted, and it is left out. 0 or -ENOMEM. */
static int build_member(struct object_build *o, const struct conf_node *list, size_t index)
{
	const struct conf_node *group = list->kids[index];
	struct conf_problems *problems = o->s->build->problems;
	struct conf_values values;
	const struct conf_value *name = &values.of[CONF_MEMBER_NAME];
	const struct conf_value *json = &values.of[CONF_JSON], *value = &values.of[CONF_VALUE];
	bool spread, has_name = conf_node_find(group, "name");
	char what[128];

	conf_values_init(&values);
	snprintf(what, sizeof what, "%sjson: ", o->s->label);
	conf_values_read(&values, group, CONF_IN_JSON, what, problems);
	spread = !json->node && is_spread((enum value_type)values.of[CONF_MEMBER_TYPE].number);
	if (!conf_node_find(group, "value") && !conf_node_find(group, "json"))
		conf_problem(problems, group->place, "%svalue is missing", what);
	if (json->node && value->node)
		conf_problem(problems, group->place, "%svalue and json: give one of them", what);
	if (!has_name && !spread)
		conf_problem(problems, group->place, "%sname is missing", what);
	if (has_name && spread)
		conf_problem(
			problems, group->place,
			"%stype = \"%s\" is the members themselves, so it has no name", what,
			conf_options()[CONF_MEMBER_TYPE].words[values.of[CONF_MEMBER_TYPE].number]);
	if (spread == has_name || (has_name && !name->text))
		return 0;
	if (has_name)
		check_member_name(o->s, list, index, name);
	return json->node ? build_object(o, group, &values) : build_text(o, group, &values);
}

static int build_members(struct object_build *o, const struct conf_node *list)
{
	int r = 0;

	if (list->n_kids == 0 || list->n_kids > VALUE_FIELDS_MAX)
		conf_problem(o->s->build->problems, list->place, "%sjson must have 1 to %d members",
			     o->s->label, VALUE_FIELDS_MAX);
	for (size_t i = 0; i < list->n_kids && i < VALUE_FIELDS_MAX && r == 0; i++)
		r = build_member(o, list, i);
	return r;
}

static void complain_type(struct source_build *s, const struct conf_node *list,
			  const struct value_field *field)
{
	const struct conf_node *name =
		list->kind == CONF_LIST ? conf_node_named(list, list->n_kids, field->name) : NULL;

	conf_problem(s->build->problems, name ? name->place : list->place,
		     "%sjson: \"%.64s\" is always the same text, and that is no JSON %s", s->label,
		     field->name, conf_options()[CONF_MEMBER_TYPE].words[field->type]);
}

static int build_json(struct source_build *s, const struct conf_value *json,
		      struct route_parts *parts)
{
	struct value_fields *fields = calloc(1, sizeof *fields);
	struct object_build o = {s, fields};
	size_t bad;
	int r;

	if (!fields)
		return -ENOMEM;
	r = json->text ? build_all(&o, json->node) : build_members(&o, json->node);
	if (r == 0)
		r = value_json_new(fields, &parts->json, &bad);
	if (r == VALUE_E_TYPE)
		complain_type(s, json->node, &fields->of[bad]);
	value_fields_deinit(fields);
	free(fields);
	return r < 0 ? r : 0;
}

int conf_build_value(struct source_build *s, struct route_parts *parts)
{
	const struct conf_value *value = &s->values.of[CONF_VALUE];
	const struct conf_value *json = &s->values.of[CONF_JSON];

	if (json->node && value->node)
		conf_problem(s->build->problems, json->node->place,
			     "%svalue and json: give one of them", s->label);
	if (json->node)
		return build_json(s, json, parts);
	return conf_build_template(s, "value", value, &parts->value);
}
