/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys go where Java's producer would send them, or by another hash where other programs write to
 * the same topic; the hashes are the library's public functions, and the tests hold Java's own
 * values against them. All partitions count, not only those that are available: a key must not
 * move because a broker is down.
 *
 * With rules, some keys have partitions of their own, and all else is spread over the rest as if
 * that were the topic: the same as a Partitioner class in Java that returns 0 for some keys and
 * murmur2 mod (n - 1) + 1 for the others.
 *
 * Records without a key stay with one partition for a batch and then move on: few large batches
 * are cheaper than many small ones. Going round instead of drawing lots keeps this plain; agents
 * start at different places. The library's own sticky partitioner is not used because it tells
 * its choice too late to hold back records for a partition that makes no progress.
 */
#include "output/partitioner.h"

#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <stdlib.h>

const struct partitioner *partitioner_default(void)
{
	static const struct partitioner as_java = {0};

	return &as_java;
}

struct partitioner *partitioner_free(struct partitioner *partitioner)
{
	if (!partitioner)
		return NULL;
	partitioner_rules_free(partitioner->rules);
	free(partitioner);
	return NULL;
}

bool partitioner_equal(const struct partitioner *a, const struct partitioner *b)
{
	return a->hash == b->hash && a->null_key == b->null_key &&
	       partitioner_rules_equal(a->rules, b->rules);
}

int32_t partitioner_least(const struct partitioner *partitioner)
{
	return partitioner->rules ? partitioner_rules_least(partitioner->rules) : 1;
}

int32_t partitioner_hash(enum partitioner_hash hash, struct slice key, int32_t n)
{
	if (LIKELY(hash == PARTITIONER_MURMUR2))
		return rd_kafka_msg_partitioner_murmur2(NULL, key.at, key.len, n, NULL, NULL);
	if (hash == PARTITIONER_CRC32)
		return rd_kafka_msg_partitioner_consistent(NULL, key.at, key.len, n, NULL, NULL);
	return rd_kafka_msg_partitioner_fnv1a(NULL, key.at, key.len, n, NULL, NULL);
}

int partitioner_topic_init(struct partitioner_topic *topic, const struct partitioner *partitioner,
			   uint32_t start)
{
	struct partitioner_topic fresh = {.partitioner = partitioner, .next = start};

	if (partitioner->rules) {
		fresh.scratch = pattern_scratch_new();
		if (!fresh.scratch)
			return -ENOMEM;
	}
	*topic = fresh;
	return 0;
}

void partitioner_topic_deinit(struct partitioner_topic *topic)
{
	free(topic->left);
	pattern_scratch_free(topic->scratch);
	*topic = (struct partitioner_topic){0};
}

int partitioner_topic_resize(struct partitioner_topic *topic, int32_t n)
{
	const struct partitioner_rules *rules = topic->partitioner->rules;
	int32_t *left, n_left = 0;

	if (n == topic->n)
		return 0;
	topic->bytes_left = 0;
	if (!rules) {
		topic->n = topic->n_left = n;
		return 0;
	}
	left = calloc((size_t)n, sizeof *left);
	if (!left)
		return -ENOMEM;
	for (int32_t i = 0; i < n; i++) {
		if (!partitioner_rules_reserve(rules, i))
			left[n_left++] = i;
	}
	free(topic->left);
	topic->left = left;
	topic->n_left = n_left;
	topic->n = n;
	return 0;
}

static int32_t left_at(const struct partitioner_topic *topic, int32_t i)
{
	return topic->left ? topic->left[i] : i;
}

/* Apart, so that who has no rules does not save registers for them. */
__attribute__((noinline)) static int32_t by_rules(const struct partitioner_topic *topic,
						  struct slice key)
{
	const struct partitioner *p = topic->partitioner;
	const struct partitioner_rule *rule =
		partitioner_rules_match(p->rules, topic->scratch, key);
	int32_t partition;

	if (!rule)
		return topic->n_left ?
			       left_at(topic, partitioner_hash(p->hash, key, topic->n_left)) :
			       -1;
	partition = rule->partitions[0];
	if (rule->n_partitions > 1)
		partition = rule->partitions[partitioner_hash(p->hash, key,
							      (int32_t)rule->n_partitions)];
	return partition < topic->n ? partition : -1;
}

int32_t partitioner_of_key(const struct partitioner_topic *topic, struct slice key)
{
	if (UNLIKELY(topic->partitioner->rules))
		return by_rules(topic, key);
	return partitioner_hash(topic->partitioner->hash, key, topic->n);
}

/* A number below n: Weyl sequence and the finalizer of murmur3; chance enough to spread records. */
static int32_t draw(struct partitioner_topic *topic, int32_t n)
{
	uint32_t x = topic->next += 0x9e3779b9;

	x = (x ^ x >> 16) * 0x85ebca6b;
	x = (x ^ x >> 13) * 0xc2b2ae35;
	x ^= x >> 16;
	return (int32_t)((uint64_t)x * (uint32_t)n >> 32);
}

int32_t partitioner_of_null(struct partitioner_topic *topic, size_t bytes, size_t batch_bytes,
			    partitioner_held_fn *held, const void *context)
{
	enum partitioner_null_key how = topic->partitioner->null_key;
	int32_t n = topic->n_left, first;

	if (topic->bytes_left > 0 && !held(context, left_at(topic, topic->stick))) {
		topic->bytes_left -= bytes < topic->bytes_left ? bytes : topic->bytes_left;
		return left_at(topic, topic->stick);
	}
	if (n == 0)
		return -1;
	first = how == PARTITIONER_RANDOM ? draw(topic, n) : (int32_t)(topic->next % (uint32_t)n);
	for (int32_t i = 0; i < n; i++) {
		int32_t at = (int32_t)(((uint32_t)first + (uint32_t)i) % (uint32_t)n);

		if (held(context, left_at(topic, at)))
			continue;
		if (how != PARTITIONER_RANDOM)
			topic->next = (uint32_t)at + 1;
		if (how == PARTITIONER_STICKY) {
			topic->stick = at;
			topic->bytes_left = batch_bytes > bytes ? batch_bytes - bytes : 0;
		}
		return left_at(topic, at);
	}
	return -1;
}
