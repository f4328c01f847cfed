/* SPDX-License-Identifier: Apache-2.0 */
/* What the builders share: names and labels, templates. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "conf/build.h"

void conf_check_name(struct conf_build *build, const struct conf_node *list, size_t index,
		     const char *kind)
{
	const struct conf_node *name = conf_node_find(list->kids[index], "name"), *first;

	if (!name || name->kind != CONF_TEXT)
		return;
	if (!*name->text)
		conf_problem(build->problems, name->place, "the name of a %s must not be empty",
			     kind);
	first = conf_node_named(list, index, name->text);
	if (first)
		conf_problem(build->problems, name->place,
			     "%s \"%s\" is there a second time; the first is at %s:%u", kind,
			     name->text, first->place.file->name, first->place.line);
}

void conf_label(const struct conf_node *list, size_t index, const char *kind, char *label,
		size_t len)
{
	const struct conf_node *name = conf_node_find(list->kids[index], "name");

	if (name && name->kind == CONF_TEXT)
		snprintf(label, len, "%s \"%.64s\": ", kind, name->text);
	else
		snprintf(label, len, "%s %zu: ", kind, index + 1);
}

static const char *look_up_env(const char *name)
{
	return getenv(name);
}

static bool may_have(void *context, struct slice name)
{
	return conf_parser_may_have(context, name);
}

static int number(void *context, struct slice name, uint32_t *ret_index)
{
	struct source_build *s = context;
	int r;

	for (size_t i = s->n_computed; i-- > 0;) {
		if (!slice_eq(name, slice_of(s->computed[i].name)))
			continue;
		*ret_index = s->computed[i].number;
		return 0;
	}
	r = parser_fields_add(&s->fields, name, ret_index);
	return r == PARSER_E_FULL ? TEMPLATE_E_FULL : r;
}

/* How long the field is that begins here as other agents write one: $name, %{name}, {{ name }}. */
static size_t foreign_length(const char *at)
{
	const char *end = NULL;
	size_t len = 1;

	if (at[0] == '%' && at[1] == '{')
		end = strchr(at, '}');
	else if (at[0] == '{' && at[1] == '{' && strchr(" .%", at[2]))
		end = strstr(at, "}}");
	else if (at[0] == '$' && isalpha((unsigned char)at[1]))
		while (isalnum((unsigned char)at[len]) || at[len] == '_')
			len++;
	return end ? (size_t)(end - at) + (*at == '{' ? 2 : 1) : len > 1 ? len : 0;
}

/* It would be the same text for every line, and all keys one. */
static void warn_of_foreign(const struct source_build *s, const char *what,
			    const struct conf_value *value)
{
	const char *at = value->text;
	size_t len = 0;

	while (*at && !(len = foreign_length(at)))
		at += at[0] == '$' && at[1] == '$' ? 2 : 1;
	if (len)
		conf_warning(s->build->problems, value->node->place,
			     "%s%s: \"%.*s\" is text here, the same for every line: a field is "
			     "written ${name}%s",
			     s->label, what, (int)len, at, *at == '$' ? ", a dollar sign $$" : "");
}

int conf_build_template(struct source_build *s, const char *what, const struct conf_value *value,
			struct template **ret_template)
{
	struct template_scope scope = {
		s->names,    s->n_names, s->build->host, s->source->name,
		look_up_env, may_have,   number,         s,
	};
	struct template_error error;
	int r;

	/* Without its parser's fields every name would be called unknown. */
	if (!value->text || !s->fields_known)
		return 0;
	warn_of_foreign(s, what, value);
	r = template_compile(value->text, &scope, ret_template, &error);
	if (r == TEMPLATE_E_SYNTAX)
		conf_problem(s->build->problems, value->node->place, "%s%s: %s at character %zu",
			     s->label, what, error.message, error.at + 1);
	else if (r == TEMPLATE_E_UNKNOWN)
		conf_problem(s->build->problems, value->node->place, "%s%s: %s", s->label, what,
			     error.message);
	return r < 0 ? r : 0;
}

void conf_warn_of_time(struct source_build *s, const char *what, const struct conf_value *value,
		       const struct template *template, const char *wanted)
{
	if (template && template_holds_time(template))
		conf_warning(s->build->problems, value->node->place,
			     "%s%s: there is a time in it, so it is never %s", s->label, what,
			     wanted);
}
