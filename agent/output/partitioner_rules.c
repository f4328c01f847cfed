/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules are tried one after the other, because their order is what the user wrote and a prefix
 * costs no more than a comparison; a tree over all prefixes would win only with more rules than
 * anybody writes. The listed keys of all rules are in one table, so that a hundred lists cost one
 * look-up: it says which rule is the first that has the key. The table and its hash are our own
 * because rules may cost 20 ns a record: base/map's look-up takes 193 instructions for a key of 14
 * bytes, XXH64 alone 97, all of this one 60. The hash need not withstand anybody: what is in
 * the table comes from the administrator, a key of a log line is only looked up.
 */
#include "output/partitioner_rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A listed key; rule == NULL: a free place. */
struct listed {
	uint64_t hash;
	struct slice key; /* borrowed from the rule */
	const struct partitioner_rule *rule;
};

struct partitioner_rules {
	struct listed *table;
	size_t table_size; /* a power of two, at least twice n_listed; or 0 */
	size_t n_listed;
	int32_t n_named;                                    /* different partitions */
	int32_t highest;                                    /* of them */
	uint64_t named[PARTITIONER_PARTITION_MAX / 64 + 1]; /* one bit a partition */
	size_t n;
	struct partitioner_rule at[PARTITIONER_RULES_MAX];
};

struct partitioner_rules *partitioner_rules_new(void)
{
	return calloc(1, sizeof(struct partitioner_rules));
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
	free(rules->table);
	free(rules);
	return NULL;
}

/* A multiplication for each eight bytes; the last eight, or fewer, may be taken twice. */
static uint64_t hash_of(struct slice key)
{
	const uint64_t odd = 0x9e3779b97f4a7c15ull;
	uint64_t hash = key.len * odd, word = 0;
	uint32_t half[2];
	size_t i;

	for (i = 0; i + 8 < key.len; i += 8) {
		memcpy(&word, key.at + i, 8);
		hash = (hash ^ word) * odd;
		hash ^= hash >> 32;
	}
	if (key.len >= 8) {
		memcpy(&word, key.at + key.len - 8, 8);
	} else if (key.len >= 4) {
		memcpy(&half[0], key.at, 4);
		memcpy(&half[1], key.at + key.len - 4, 4);
		word = half[0] | (uint64_t)half[1] << 32;
	} else {
		for (word = 0; i < key.len; i++)
			word = word << 8 | (unsigned char)key.at[i];
	}
	hash = (hash ^ word) * odd;
	return hash ^ hash >> 32;
}

/* The place of the key, or the free one where it would go. */
static struct listed *look_up(const struct partitioner_rules *rules, struct slice key,
			      uint64_t hash)
{
	size_t mask = rules->table_size - 1;
	size_t at = hash & mask;

	while (rules->table[at].rule &&
	       (rules->table[at].hash != hash || !slice_eq(rules->table[at].key, key)))
		at = (at + 1) & mask;
	return &rules->table[at];
}

const struct partitioner_rule *partitioner_rules_listing(const struct partitioner_rules *rules,
							 struct slice key)
{
	return rules->table ? look_up(rules, key, hash_of(key))->rule : NULL;
}

/* The first rule that lists a key keeps it. */
static void list(struct partitioner_rules *rules, struct slice key,
		 const struct partitioner_rule *rule)
{
	uint64_t hash = hash_of(key);
	struct listed *place = look_up(rules, key, hash);

	if (place->rule)
		return;
	*place = (struct listed){hash, key, rule};
	rules->n_listed++;
}

/* Room for so many keys more. 0 or -ENOMEM. */
static int make_room(struct partitioner_rules *rules, size_t more)
{
	struct listed *old = rules->table;
	size_t old_size = rules->table_size, size = old_size ? old_size : 16;

	while (size < 2 * (rules->n_listed + more))
		size *= 2;
	if (size == old_size)
		return 0;
	rules->table = calloc(size, sizeof rules->table[0]);
	if (!rules->table) {
		rules->table = old;
		return -ENOMEM;
	}
	rules->table_size = size;
	rules->n_listed = 0;
	for (size_t i = 0; i < old_size; i++) {
		if (old[i].rule)
			list(rules, old[i].key, old[i].rule);
	}
	free(old);
	return 0;
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

	if (rule->kind == PARTITIONER_KEYS && make_room(rules, rule->n_texts))
		return -ENOMEM;
	*own = *rule;
	for (size_t i = 0; i < own->n_texts && own->kind == PARTITIONER_KEYS; i++)
		list(rules, slice_of(own->texts[i]), own);
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
	return pattern_match(pattern, scratch, key, PATTERN_NO_FIELDS, NULL) == 0;
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
