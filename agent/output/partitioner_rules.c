/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules are tried one after the other, because their order is what the user wrote and a prefix
 * costs no more than a comparison; a tree over all prefixes would win only with more rules than
 * anybody writes. The listed keys of all rules are in one map, so that a hundred lists cost one
 * look-up: it says which rule is the first that has the key. The map's hash need not withstand
 * anybody: what is in it comes from the administrator, a key of a log line is only looked up.
 */
#include "output/partitioner_rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"

struct partitioner_rules {
	struct map *keys; /* key → the first rule that lists it */
	int32_t n_named;  /* different partitions */
	int32_t highest;  /* of them */
	uint64_t named[PARTITIONER_PARTITION_MAX / 64 + 1]; /* one bit a partition */
	size_t n;
	struct partitioner_rule at[PARTITIONER_RULES_MAX];
};

struct partitioner_rules *partitioner_rules_new(void)
{
	struct partitioner_rules *rules = calloc(1, sizeof *rules);

	if (!rules)
		return NULL;
	rules->keys = map_new();
	return rules->keys ? rules : partitioner_rules_free(rules);
}

void partitioner_rule_deinit(struct partitioner_rule *rule)
{
	for (size_t i = 0; i < rule->n_texts; i++)
		free(rule->texts[i]);
	free(rule->texts);
	free(rule->partitions);
	pattern_free(rule->pattern);
	*rule = (struct partitioner_rule){0};
}

struct partitioner_rules *partitioner_rules_free(struct partitioner_rules *rules)
{
	if (!rules)
		return NULL;
	for (size_t i = 0; i < rules->n; i++)
		partitioner_rule_deinit(&rules->at[i]);
	map_free(rules->keys);
	free(rules);
	return NULL;
}

const struct partitioner_rule *partitioner_rules_listing(const struct partitioner_rules *rules,
							 struct slice key)
{
	return map_get(rules->keys, key.at, key.len);
}

static void note_named(struct partitioner_rules *rules, int32_t partition)
{
	if (partitioner_rules_reserve(rules, partition))
		return;
	rules->named[partition / 64] |= 1ull << (partition % 64);
	rules->n_named++;
	if (partition > rules->highest)
		rules->highest = partition;
}

int partitioner_rules_add(struct partitioner_rules *rules, const struct partitioner_rule *rule)
{
	struct partitioner_rule *own = &rules->at[rules->n];

	for (size_t i = 0; i < rule->n_texts && rule->kind == PARTITIONER_KEYS; i++) {
		struct slice key = slice_of(rule->texts[i]);
		int r = 0;

		if (!partitioner_rules_listing(rules, key))
			r = map_put(rules->keys, key.at, key.len, own);
		if (r)
			return r;
	}
	*own = *rule;
	if (own->kind == PARTITIONER_PREFIX)
		own->prefix = slice_of(own->texts[0]);
	for (size_t i = 0; i < own->n_partitions; i++)
		note_named(rules, own->partitions[i]);
	rules->n++;
	return 0;
}

const struct partitioner_rule *partitioner_rules_all(const struct partitioner_rules *rules,
						     size_t *ret_n)
{
	*ret_n = rules->n;
	return rules->at;
}

static bool has_prefix(struct slice key, struct slice prefix)
{
	return key.len >= prefix.len && memcmp(key.at, prefix.at, prefix.len) == 0;
}

static bool fits_pattern(const struct pattern *pattern, struct pattern_scratch *scratch,
			 struct slice key)
{
	struct slice unused[PATTERN_FIELDS_MAX];

	return pattern_match(pattern, scratch, key, unused) == 0;
}

const struct partitioner_rule *partitioner_rules_match(const struct partitioner_rules *rules,
						       struct pattern_scratch *scratch,
						       struct slice key)
{
	const struct partitioner_rule *listing = NULL;
	bool looked_up = false;

	for (const struct partitioner_rule *rule = rules->at; rule < rules->at + rules->n; rule++) {
		bool matches;

		if (rule->kind == PARTITIONER_PREFIX) {
			matches = has_prefix(key, rule->prefix);
		} else if (rule->kind == PARTITIONER_PATTERN) {
			matches = fits_pattern(rule->pattern, scratch, key);
		} else {
			if (!looked_up)
				listing = partitioner_rules_listing(rules, key);
			looked_up = true;
			matches = rule == listing;
		}
		if (matches)
			return rule;
	}
	return NULL;
}

bool partitioner_rules_reserve(const struct partitioner_rules *rules, int32_t partition)
{
	return partition <= PARTITIONER_PARTITION_MAX &&
	       (rules->named[partition / 64] >> (partition % 64) & 1);
}

int32_t partitioner_rules_least(const struct partitioner_rules *rules)
{
	bool all_named = rules->n_named == rules->highest + 1;

	return rules->highest + (all_named ? 2 : 1);
}

static bool rule_equal(const struct partitioner_rule *a, const struct partitioner_rule *b)
{
	if (a->kind != b->kind || a->n_texts != b->n_texts || a->n_partitions != b->n_partitions)
		return false;
	for (size_t i = 0; i < a->n_texts; i++) {
		if (strcmp(a->texts[i], b->texts[i]) != 0)
			return false;
	}
	return memcmp(a->partitions, b->partitions, a->n_partitions * sizeof a->partitions[0]) == 0;
}

bool partitioner_rules_equal(const struct partitioner_rules *a, const struct partitioner_rules *b)
{
	if (!a || !b)
		return a == b;
	for (size_t i = 0; i < a->n && a->n == b->n; i++) {
		if (!rule_equal(&a->at[i], &b->at[i]))
			return false;
	}
	return a->n == b->n;
}
