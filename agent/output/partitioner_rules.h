/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUT_PARTITIONER_RULES_H
#define OUTPUT_PARTITIONER_RULES_H

#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"
#include "parsers/pattern.h"

/*
 * Keys with partitions of their own: by prefix, by list or by pattern. Immutable once complete, so
 * any number of topics share one; what a match writes lives in the caller's scratch.
 */
struct partitioner_rules;

enum partitioner_kind { PARTITIONER_PREFIX, PARTITIONER_KEYS, PARTITIONER_PATTERN };

/* One rule: a key that it matches goes to one of these, in this order. */
struct partitioner_rule {
	enum partitioner_kind kind;
	size_t n_texts;
	char **texts; /* the prefix, the keys, or the pattern's text */
	size_t n_partitions;
	int32_t *partitions; /* 0 to PARTITIONER_PARTITION_MAX, none twice */
	struct slice prefix;
	struct pattern *pattern;
};

/* More would make each record wait for all of them. */
#define PARTITIONER_RULES_MAX 64

/* The highest partition that a rule may name; far above what brokers bear in one topic. */
#define PARTITIONER_PARTITION_MAX 99999

/* An empty set. NULL when memory is out. */
struct partitioner_rules *partitioner_rules_new(void);

/* NULL is fine. Returns NULL. */
struct partitioner_rules *partitioner_rules_free(struct partitioner_rules *rules);

/*
 * Puts a rule behind the others, of which there are fewer than PARTITIONER_RULES_MAX. 0: what *rule
 * points to is consumed. -ENOMEM: it stays the caller's, for partitioner_rule_deinit. A key that an
 * earlier rule lists stays with that.
 */
int partitioner_rules_add(struct partitioner_rules *rules, const struct partitioner_rule *rule)
	MUSTCHECK;

/* Frees what a rule points to. */
void partitioner_rule_deinit(struct partitioner_rule *rule);

/* The rules in their order, their number in *ret_n. Borrowed. */
const struct partitioner_rule *partitioner_rules_all(const struct partitioner_rules *rules,
						     size_t *ret_n);

/* The first rule whose list has the key, or NULL. */
const struct partitioner_rule *partitioner_rules_listing(const struct partitioner_rules *rules,
							 struct slice key);

/*
 * The first rule that matches the key, or NULL. A pattern that gives up on a key does not match
 * it. scratch may be NULL when no rule has a pattern.
 */
const struct partitioner_rule *partitioner_rules_match(const struct partitioner_rules *rules,
						       struct pattern_scratch *scratch,
						       struct slice key);

/* Whether some rule names the partition. */
bool partitioner_rules_reserve(const struct partitioner_rules *rules, int32_t partition);

/* Partitions that a topic needs at least, so that all named ones exist and one is left over. */
int32_t partitioner_rules_least(const struct partitioner_rules *rules);

/* Whether both say the same, rule by rule. */
bool partitioner_rules_equal(const struct partitioner_rules *a, const struct partitioner_rules *b);

#endif
