/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields that a source computes. One may have the name of a field of the parser, which it hides
 * from all that comes behind it ("level", in one spelling), so it has a number of its own, under a
 * name that no template can write.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/build.h"

#define PAIRS_MAX 256

/* "WARNING=warn" */
static int add_pair(struct source_build *s, const char *what, const struct conf_node *text,
		    struct computed_field *field)
{
	const char *mark = strchr(text->text, '=');
	struct computed_pair *pair = &field->pairs[field->n_pairs];

	if (!mark) {
		conf_problem(s->build->problems, text->place,
			     "%smap: \"%.64s\" has no \"=\": write \"FROM=TO\"", what, text->text);
		return 0;
	}
	field->n_pairs++;
	pair->from = strndup(text->text, (size_t)(mark - text->text));
	pair->to = strdup(mark + 1);
	return pair->from && pair->to ? 0 : -ENOMEM;
}

static int build_map(struct source_build *s, const char *what, const struct conf_node *list,
		     struct computed_field *field)
{
	size_t n = !list ? 0 : list->kind == CONF_LIST ? list->n_kids : 1;
	int r = 0;

	if (n == 0)
		return 0;
	if (n > PAIRS_MAX) {
		conf_problem(s->build->problems, list->place, "%smap: at most %d pairs", what,
			     PAIRS_MAX);
		return 0;
	}
	field->pairs = calloc(n, sizeof *field->pairs);
	if (!field->pairs)
		return -ENOMEM;
	for (size_t i = 0; i < n && r == 0; i++)
		r = add_pair(s, what, list->kind == CONF_LIST ? list->kids[i] : list, field);
	return r;
}

/* The name means this field from now on. 0 or -ENOMEM. */
static int add_name(struct source_build *s, const char *what, const struct conf_value *name,
		    struct computed_field *field)
{
	const char **names = reallocarray(s->names, s->n_names + 1, sizeof *names);
	char hidden[256];
	int r;

	if (!names)
		return -ENOMEM;
	s->names = names;
	snprintf(hidden, sizeof hidden, "\x1f%zu", s->n_computed);
	r = parser_fields_add(&s->fields, slice_of(hidden), &field->number);
	if (r == PARSER_E_FULL) {
		conf_problem(s->build->problems, name->node->place, "%smore than %d fields", what,
			     PARSER_FIELDS_MAX);
		return 0;
	}
	if (r)
		return r;
	names[s->n_names++] = name->text;
	s->computed[s->n_computed].name = name->text;
	s->computed[s->n_computed++].number = field->number;
	return 0;
}

static int build_field(struct source_build *s, const struct conf_node *group,
		       struct computed *computed)
{
	struct conf_values values;
	const struct conf_value *name = &values.of[CONF_NAME], *value = &values.of[CONF_VALUE];
	struct computed_field *field = &computed->of[computed->n];
	char what[192];
	int r;

	conf_values_init(&values);
	snprintf(what, sizeof what, "%sfields: ", s->label);
	conf_values_read(&values, group, CONF_IN_FIELD, what, s->build->problems);
	if (!conf_node_find(group, "value"))
		conf_problem(s->build->problems, group->place, "%svalue is missing", what);
	if (!name->text || !value->text || !s->fields_known)
		return 0;
	if (!*name->text || strpbrk(name->text, "{}\x1f")) {
		conf_problem(s->build->problems, name->node->place, "%s\"%.64s\" is no name", what,
			     name->text);
		return 0;
	}
	snprintf(what, sizeof what, "fields: \"%.64s\"", name->text);
	field->letters = (enum computed_case)values.of[CONF_CASE].number;
	r = conf_build_template(s, what, value, &field->value);
	if (r || !field->value)
		return r;
	computed->n++;
	snprintf(what, sizeof what, "%sfields: \"%.64s\": ", s->label, name->text);
	if (values.of[CONF_DEFAULT].text) {
		field->fallback = strdup(values.of[CONF_DEFAULT].text);
		if (!field->fallback)
			return -ENOMEM;
	}
	r = build_map(s, what, values.of[CONF_MAP].node, field);
	return r ? r : add_name(s, what, name, field);
}

int conf_build_fields(struct source_build *s, struct computed *computed)
{
	const struct conf_node *list = s->values.of[CONF_FIELDS].node;
	int r = 0;

	if (!list)
		return 0;
	if (list->n_kids > COMPUTED_MAX) {
		conf_problem(s->build->problems, list->place, "%sfields: at most %d", s->label,
			     COMPUTED_MAX);
		return 0;
	}
	for (size_t i = 0; i < list->n_kids && r == 0; i++)
		r = build_field(s, list->kids[i], computed);
	return r;
}
