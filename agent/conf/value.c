/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a record of a source holds: a template, or a JSON object of chosen fields. The object is
 * written member by member rather than as one template with braces in it, because a template cannot
 * know where quotes and escapes are needed; and not as "all fields", because what a pattern names
 * for a key or a header would then change what consumers see.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/build.h"

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

/* One member; what is wrong with it is noted, and it is left out. 0 or -ENOMEM. */
static int build_member(struct source_build *s, const struct conf_node *list, size_t index,
			struct value_fields *fields)
{
	const struct conf_node *group = list->kids[index];
	struct conf_values values;
	const struct conf_value *name = &values.of[CONF_NAME], *value = &values.of[CONF_VALUE];
	struct value_field *field = &fields->of[fields->n];
	char what[192];
	int r;

	conf_values_init(&values);
	snprintf(what, sizeof what, "%sjson: ", s->label);
	conf_values_read(&values, group, CONF_IN_JSON, what, s->build->problems);
	if (!conf_node_find(group, "value"))
		conf_problem(s->build->problems, group->place, "%svalue is missing", what);
	if (!name->text)
		return 0;
	check_member_name(s, list, index, name);
	snprintf(what, sizeof what, "json: \"%.64s\"", name->text);
	*field = (struct value_field){
		.type = (enum value_type)values.of[CONF_MEMBER_TYPE].number,
		.omitted = values.of[CONF_MEMBER_ON_MISSING].number == 1,
	};
	r = conf_build_template(s, what, value, &field->template);
	if (r || !field->template)
		return r;
	if (field->type != VALUE_STRING)
		conf_warn_of_time(s, what, value, field->template,
				  field->type == VALUE_BOOL ? "a bool" : "a number");
	field->name = strdup(name->text);
	fields->n++;
	return field->name ? 0 : -ENOMEM;
}

static void complain_type(struct source_build *s, const struct conf_node *list,
			  const struct value_field *field)
{
	const struct conf_node *name = conf_node_named(list, list->n_kids, field->name);

	conf_problem(s->build->problems, name ? name->place : list->place,
		     "%sjson: \"%.64s\" is always the same text, and that is no JSON %s", s->label,
		     field->name, conf_options()[CONF_MEMBER_TYPE].words[field->type]);
}

static int build_json(struct source_build *s, const struct conf_node *list,
		      struct route_parts *parts)
{
	struct value_fields fields = {0};
	size_t bad;
	int r = 0;

	if (list->n_kids == 0 || list->n_kids > VALUE_FIELDS_MAX)
		conf_problem(s->build->problems, list->place, "%sjson must have 1 to %d members",
			     s->label, VALUE_FIELDS_MAX);
	for (size_t i = 0; i < list->n_kids && i < VALUE_FIELDS_MAX && r == 0; i++)
		r = build_member(s, list, i, &fields);
	if (r == 0)
		r = value_json_new(&fields, &parts->json, &bad);
	if (r == VALUE_E_TYPE)
		complain_type(s, list, &fields.of[bad]);
	value_fields_deinit(&fields);
	return r < 0 ? r : 0;
}

int conf_build_value(struct source_build *s, struct route_parts *parts)
{
	const struct conf_value *value = &s->values.of[CONF_VALUE];
	const struct conf_node *json = s->values.of[CONF_JSON].node;

	if (json && value->node)
		conf_problem(s->build->problems, json->place, "%svalue and json: give one of them",
			     s->label);
	if (json)
		return build_json(s, json, parts);
	return conf_build_template(s, "value", value, &parts->value);
}
