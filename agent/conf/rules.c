/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of a source, which leave lines out. Each has a name, since a line that did not come has
 * to be explained by something that can be looked up, and counted apart.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/build.h"

/* One rule while it is built. */
struct rule_build {
	struct source_build *s;
	const struct conf_node *group;
	struct conf_values values;
	struct rule *rule;
	char what[256];  /* before messages: "source "a": rules: "health": " */
	char label[128]; /* the same without the source */
};

static const struct conf_value *value_of(const struct rule_build *b, enum conf_key key)
{
	return &b->values.of[key];
}

/* What an action needs, and what does nothing with it. */
static void check_settings(const struct rule_build *b)
{
	static const struct {
		enum conf_key key;
		uint8_t needs, knows; /* a bit for each action */
	} rows[] = {
		{CONF_PATTERN, 1 << RULE_KEEP | 1 << RULE_DROP, 0xf},
		{CONF_BY, 0, 1 << RULE_SAMPLE | 1 << RULE_LIMIT},
		{CONF_ONE_IN, 1 << RULE_SAMPLE, 1 << RULE_SAMPLE},
		{CONF_PER_SECOND, 1 << RULE_LIMIT, 1 << RULE_LIMIT},
		{CONF_BURST, 0, 1 << RULE_LIMIT},
		{CONF_OVER, 0, 1 << RULE_LIMIT},
	};
	struct conf_problems *problems = b->s->build->problems;
	unsigned bit = 1u << b->rule->action;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *name = conf_options()[rows[i].key].name;
		const char *action = conf_options()[CONF_ACTION].words[b->rule->action];
		const struct conf_node *node = conf_node_find(b->group, name);

		if (!node && rows[i].needs & bit)
			conf_problem(problems, b->group->place,
				     "%s%s is missing: action = \"%s\" needs it", b->what, name,
				     action);
		else if (node && !(rows[i].knows & bit))
			conf_warning(problems, node->place,
				     "%s%s does nothing with action = \"%s\"", b->what, name,
				     action);
	}
	if (value_of(b, CONF_VALUE)->node && !conf_node_find(b->group, "pattern"))
		conf_warning(problems, value_of(b, CONF_VALUE)->node->place,
			     "%svalue does nothing without pattern", b->what);
}

static int compile_pattern(struct rule_build *b)
{
	const struct conf_value *pattern = value_of(b, CONF_PATTERN);
	struct pattern_error error;
	int r;

	if (!pattern->text)
		return 0;
	r = pattern_compile(pattern->text, strlen(pattern->text), &b->rule->pattern, &error);
	if (r == PATTERN_E_SYNTAX)
		conf_problem_of_pattern(b->s->build->problems, pattern->node->place, b->what,
					pattern->text, &error);
	return r < 0 ? r : 0;
}

static int set_name(struct rule_build *b)
{
	b->rule->name = strdup(value_of(b, CONF_NAME)->text);
	if (!b->rule->name || asprintf(&b->rule->why, "rule \"%.64s\"", b->rule->name) < 0)
		return -ENOMEM;
	return 0;
}

/* Joins the list of those of all sources. */
static int number_rule(struct rule_build *b)
{
	struct conf *conf = b->s->build->conf;
	char **names = reallocarray(conf->rules, conf->n_rules + 1, sizeof *names);

	if (!names)
		return -ENOMEM;
	conf->rules = names;
	b->rule->number = (uint32_t)conf->n_rules;
	if (asprintf(&names[conf->n_rules], "%s/%s", b->s->source->name, b->rule->name) < 0)
		return -ENOMEM;
	conf->n_rules++;
	return 0;
}

static int compile(struct rule_build *b)
{
	const struct conf_value *burst = value_of(b, CONF_BURST);
	struct rule *rule = b->rule;
	char what[sizeof b->label + 8];
	int r;

	rule->one_in = value_of(b, CONF_ONE_IN)->number;
	rule->per_second = (uint32_t)value_of(b, CONF_PER_SECOND)->number;
	rule->burst = burst->node ? (uint32_t)burst->number : rule->per_second;
	rule->waits = value_of(b, CONF_OVER)->number == 0;
	r = compile_pattern(b);
	snprintf(what, sizeof what, "%svalue", b->label);
	if (r == 0)
		r = conf_build_template(b->s, what, value_of(b, CONF_VALUE), &rule->value);
	snprintf(what, sizeof what, "%sby", b->label);
	if (r == 0)
		r = conf_build_template(b->s, what, value_of(b, CONF_BY), &rule->by);
	if (r == 0)
		r = set_name(b);
	return r ? r : number_rule(b);
}

static int build_rule(struct source_build *s, const struct conf_node *list, size_t index,
		      struct rules *rules)
{
	struct rule_build b = {s, list->kids[index], .rule = &rules->of[rules->n]};
	const struct conf_value *name = value_of(&b, CONF_NAME);
	const struct conf_node *first;

	conf_values_init(&b.values);
	snprintf(b.what, sizeof b.what, "%srules: ", s->label);
	conf_values_read(&b.values, b.group, CONF_IN_FILTER, b.what, s->build->problems);
	if (!name->text || !conf_node_find(b.group, "action"))
		return 0;
	first = conf_node_named(list, index, name->text);
	if (!*name->text || first)
		conf_problem(s->build->problems, name->node->place,
			     "%s\"%.64s\": each needs a name of its own", b.what, name->text);
	snprintf(b.label, sizeof b.label, "rules: \"%.64s\": ", name->text);
	snprintf(b.what, sizeof b.what, "%s%s", s->label, b.label);
	b.rule->action = (enum rule_action)value_of(&b, CONF_ACTION)->number;
	check_settings(&b);
	rules->n++;
	return compile(&b);
}

int conf_build_rules(struct source_build *s, struct rules *rules)
{
	const struct conf_node *list = s->values.of[CONF_SOURCE_RULES].node;
	int r = 0;

	if (!list)
		return 0;
	if (list->n_kids > RULES_MAX) {
		conf_problem(s->build->problems, list->place, "%srules: at most %d", s->label,
			     RULES_MAX);
		return 0;
	}
	for (size_t i = 0; i < list->n_kids && r == 0; i++)
		r = build_rule(s, list, i, rules);
	return r;
}
