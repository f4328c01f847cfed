/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of a partitioner group. What can never match because of a rule above it is only warned
 * of: the records go where the first rule says, which is clear.
 */
#include "partitioning/partitioning.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "settings/options.h"

/* Far above what brokers bear in one topic; so that looking for one twice takes no time. */
#define RULE_PARTITIONS_MAX 1000

/* A rule while it is built. */
struct rule_build {
	struct conf_problems *problems;
	const struct conf_node *group;
	const struct conf_node *matcher; /* prefix, keys or pattern; NULL: none, or too many */
	const struct partitioner_rules *before;
	const struct conf_node *const *nodes; /* of those before */
	struct conf_values values;
	struct partitioner_rule rule;
	char label[160];
};

static size_t n_items(const struct conf_node *node)
{
	return node->kind == CONF_LIST ? node->n_kids : 1;
}

static const struct conf_node *item(const struct conf_node *node, size_t index)
{
	return node->kind == CONF_LIST ? node->kids[index] : node;
}

/* Finds the one setting that says which keys the rule is about. */
static void find_matcher(struct rule_build *b)
{
	static const struct {
		enum conf_key key;
		enum partitioner_kind kind;
	} matchers[] = {
		{CONF_PREFIX, PARTITIONER_PREFIX},
		{CONF_KEYS, PARTITIONER_KEYS},
		{CONF_PATTERN, PARTITIONER_PATTERN},
	};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(matchers); i++) {
		const char *name = conf_options()[matchers[i].key].name;
		const struct conf_node *set = conf_node_find(b->group, name);

		if (!set)
			continue;
		/* One that was set, but wrongly, has had its message. */
		b->matcher = b->values.of[matchers[i].key].node;
		b->rule.kind = matchers[i].kind;
		if (++n == 2)
			conf_problem(
				b->problems, set->place,
				"%sprefix, keys and pattern: give one of them, and a rule more "
				"for each other",
				b->label);
	}
	if (n == 0)
		conf_problem(b->problems, b->group->place,
			     "%sprefix, keys or pattern is missing: which keys is it for?",
			     b->label);
	if (n != 1)
		b->matcher = NULL;
}

/* 0 or -ENOMEM. */
static int copy_texts(struct rule_build *b)
{
	size_t n = n_items(b->matcher);

	b->rule.texts = calloc(n + 1, sizeof *b->rule.texts);
	if (!b->rule.texts)
		return -ENOMEM;
	for (; b->rule.n_texts < n; b->rule.n_texts++) {
		b->rule.texts[b->rule.n_texts] = strdup(item(b->matcher, b->rule.n_texts)->text);
		if (!b->rule.texts[b->rule.n_texts])
			return -ENOMEM;
	}
	return 0;
}

/* Of the rule in the list of those before. */
static struct conf_place place_of(const struct rule_build *b, const struct partitioner_rule *rule)
{
	size_t n;

	return b->nodes[rule - partitioner_rules_all(b->before, &n)]->place;
}

/* The first rule above that takes every key that begins like this, or NULL. */
static const struct partitioner_rule *taken_by(const struct rule_build *b, const char *text)
{
	size_t n;
	const struct partitioner_rule *rules = partitioner_rules_all(b->before, &n);

	for (size_t i = 0; i < n; i++) {
		if (rules[i].kind == PARTITIONER_PREFIX &&
		    strncmp(text, rules[i].texts[0], strlen(rules[i].texts[0])) == 0)
			return &rules[i];
	}
	return NULL;
}

/* Warns of keys and prefixes that an earlier rule takes. */
static void look_above(const struct rule_build *b)
{
	for (size_t i = 0; i < b->rule.n_texts && b->rule.kind != PARTITIONER_PATTERN; i++) {
		const char *text = b->rule.texts[i];
		const struct partitioner_rule *above = taken_by(b, text);
		bool keys = b->rule.kind == PARTITIONER_KEYS;

		if (!above && keys)
			above = partitioner_rules_listing(b->before, slice_of(text));
		if (!above)
			continue;
		conf_warning(b->problems, item(b->matcher, i)->place,
			     "%s%s \"%.64s\" does nothing: the rule at %s:%u takes %s", b->label,
			     keys ? "key" : "prefix", text, place_of(b, above).file->name,
			     place_of(b, above).line, keys ? "it" : "all such keys");
	}
}

/* 0 or -ENOMEM; what is wrong is noted and leaves no matcher. */
static int build_matcher(struct rule_build *b)
{
	struct pattern_error error;
	const char *text;
	int r = copy_texts(b);

	if (r)
		return r;
	if (b->rule.n_texts == 0 || (b->rule.kind != PARTITIONER_KEYS && !*b->rule.texts[0])) {
		conf_problem(b->problems, b->matcher->place, "%s%s must not be empty", b->label,
			     b->matcher->name);
		b->matcher = NULL;
		return 0;
	}
	look_above(b);
	if (b->rule.kind != PARTITIONER_PATTERN)
		return 0;
	text = b->rule.texts[0];
	r = pattern_compile(text, strlen(text), &b->rule.pattern, &error);
	if (r != PATTERN_E_SYNTAX)
		return r;
	conf_problem_of_pattern(b->problems, b->matcher->place, b->label, text, &error);
	b->matcher = NULL;
	return 0;
}

static bool is_there(const struct partitioner_rule *rule, int32_t partition)
{
	for (size_t i = 0; i < rule->n_partitions; i++) {
		if (rule->partitions[i] == partition)
			return true;
	}
	return false;
}

/* 0 or -ENOMEM; what is wrong is noted and leaves the rule without partitions. */
static int build_partitions(struct rule_build *b)
{
	const struct conf_node *node = b->values.of[CONF_PARTITIONS].node;
	size_t n = node ? n_items(node) : 0;

	if (node && (n == 0 || n > RULE_PARTITIONS_MAX))
		conf_problem(b->problems, node->place, "%spartitions: give 1 to %d of them",
			     b->label, RULE_PARTITIONS_MAX);
	if (n == 0 || n > RULE_PARTITIONS_MAX)
		return 0;
	b->rule.partitions = calloc(n, sizeof b->rule.partitions[0]);
	if (!b->rule.partitions)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		int32_t partition = (int32_t)item(node, i)->number;

		if (is_there(&b->rule, partition)) {
			conf_problem(b->problems, item(node, i)->place,
				     "%spartitions: %d is there a second time", b->label,
				     (int)partition);
			b->rule.n_partitions = 0;
			return 0;
		}
		b->rule.partitions[b->rule.n_partitions++] = partition;
	}
	return 0;
}

/* Puts the rule into the set. *ret_good: false when something is wrong with it. 0 or -ENOMEM. */
static int build_rule(struct rule_build *b, struct partitioner_rules *rules, bool *ret_good)
{
	int r = 0;

	conf_values_init(&b->values);
	conf_values_read(&b->values, b->group, CONF_IN_RULE, b->label, b->problems);
	find_matcher(b);
	if (b->matcher)
		r = build_matcher(b);
	if (r == 0)
		r = build_partitions(b);
	*ret_good = b->matcher && b->rule.n_partitions;
	if (r == 0 && *ret_good) {
		r = partitioner_rules_add(rules, &b->rule);
		if (r == 0)
			b->rule = (struct partitioner_rule){0};
	}
	partitioner_rule_deinit(&b->rule);
	return r;
}

int partitioning_rules(struct conf_problems *problems, const struct conf_node *list,
		       const char *label, struct partitioner_rules **ret_rules)
{
	struct partitioner_rules *rules = partitioner_rules_new();
	const struct conf_node *nodes[PARTITIONER_RULES_MAX];
	bool all_good = list->n_kids > 0 && list->n_kids <= PARTITIONER_RULES_MAX, good;
	size_t n = 0;
	int r = rules ? 0 : -ENOMEM;

	if (!all_good)
		conf_problem(problems, list->place, "%srules: give 1 to %d of them", label,
			     PARTITIONER_RULES_MAX);
	for (size_t i = 0; i < list->n_kids && i < PARTITIONER_RULES_MAX && r == 0; i++) {
		struct rule_build b = {problems, list->kids[i], .before = rules, .nodes = nodes};

		snprintf(b.label, sizeof b.label, "%srule %zu: ", label, i + 1);
		r = build_rule(&b, rules, &good);
		all_good &= good;
		nodes[n] = list->kids[i];
		n += good;
	}
	if (r || !all_good)
		rules = partitioner_rules_free(rules);
	*ret_rules = rules;
	return r;
}
