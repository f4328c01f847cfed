/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row of questions, each answered by one pattern or one hash. A language of conditions was
 * rejected, as for computed fields: those make the text that a pattern looks at, from several
 * fields if need be.
 *
 * A sample is by hash, not by chance: the lines of one trace are all sent or all left out, on every
 * host, and a line that is read again after a crash is what it was.
 */
#include "route/rules.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"

/* 0: the rule is about this line. 1: it is not. RULES_E_UNKNOWN: it cannot be told. -ENOMEM. */
#define RULES_E_OTHER 1
#define RULES_E_UNKNOWN 2

static int applies(const struct rule *rule, struct pattern_scratch *scratch,
		   const struct template_facts *facts, struct arena *arena)
{
	struct slice text = facts->line;
	int r = 0;

	if (!rule->pattern)
		return 0;
	if (rule->value)
		r = template_render(rule->value, facts, arena, &text);
	if (r)
		return r < 0 ? r : RULES_E_UNKNOWN;
	if (!text.at)
		text = slice_of("");
	r = pattern_match(rule->pattern, scratch, text, PATTERN_NO_FIELDS, NULL);
	return r == PATTERN_E_MISS ? RULES_E_OTHER : r ? RULES_E_UNKNOWN : 0;
}

/* What of the lines belongs together. 0, RULES_E_UNKNOWN, -ENOMEM. */
static int group_of(const struct rule *rule, struct slice without,
		    const struct template_facts *facts, struct arena *arena, uint64_t *ret_hash)
{
	struct slice text = without;
	int r = rule->by ? template_render(rule->by, facts, arena, &text) : 0;

	if (r)
		return r < 0 ? r : RULES_E_UNKNOWN;
	*ret_hash = hash_bytes(text.at, text.len);
	return 0;
}

static int judge_sample(const struct rule *rule, const struct template_facts *facts,
			struct arena *arena)
{
	uint64_t hash = 0;
	int r = group_of(rule, facts->line, facts, arena, &hash);

	if (r)
		return r < 0 ? r : 0;
	return hash % rule->one_in ? RULES_E_LEFT_OUT : 0;
}

static int add_limit(const struct rule *rule, const struct template_facts *facts,
		     struct arena *arena, struct rules_due *due)
{
	uint64_t hash = 0;
	int r = group_of(rule, SLICE_NONE, facts, arena, &hash);

	if (r)
		return r < 0 ? r : 0;
	due->of[due->n].rule = rule;
	due->of[due->n++].bucket = hash ^ hash_bytes(&rule->number, sizeof rule->number);
	return 0;
}

static int judge(const struct rule *rule, struct rules_work *work,
		 const struct template_facts *facts, struct arena *arena)
{
	int r = applies(rule, work->scratch, facts, arena);

	if (r == RULES_E_UNKNOWN || r < 0)
		return r < 0 ? r : 0;
	if (rule->action == RULE_KEEP)
		return r ? RULES_E_LEFT_OUT : 0;
	if (r)
		return 0;
	switch (rule->action) {
	case RULE_SAMPLE:
		return judge_sample(rule, facts, arena);
	case RULE_LIMIT:
		return add_limit(rule, facts, arena, &work->due);
	default:
		return RULES_E_LEFT_OUT;
	}
}

int rules_judge(const struct rules *rules, struct rules_work *work,
		const struct template_facts *facts, struct arena *arena,
		const struct rule **ret_rule)
{
	work->due.n = 0;
	for (size_t i = 0; i < rules->n; i++) {
		int r = judge(&rules->of[i], work, facts, arena);

		if (r == RULES_E_LEFT_OUT)
			*ret_rule = &rules->of[i];
		if (r)
			return r;
	}
	return 0;
}

uint64_t rules_reads(const struct rules *rules)
{
	uint64_t fields = 0;

	for (size_t i = 0; i < rules->n; i++) {
		const struct rule *rule = &rules->of[i];

		fields |= rule->value ? template_fields(rule->value) : 0;
		fields |= rule->by ? template_fields(rule->by) : 0;
	}
	return fields;
}

void rules_deinit(struct rules *rules)
{
	for (size_t i = 0; i < rules->n; i++) {
		struct rule *rule = &rules->of[i];

		free(rule->name);
		free(rule->why);
		template_free(rule->value);
		template_free(rule->by);
		pattern_free(rule->pattern);
	}
	rules->n = 0;
}
