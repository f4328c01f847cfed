/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUT_PARTITIONER_H
#define OUTPUT_PARTITIONER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"
#include "output/partitioner_rules.h"

/*
 * Which partition a record goes to. Pure, but for what records without a key remember of the ones
 * before: preview asks the same questions.
 */

enum partitioner_hash {
	PARTITIONER_MURMUR2, /* Kafka's Java client; Connect, Streams, ksqlDB */
	PARTITIONER_CRC32,   /* librdkafka's default, and what is built on it */
	PARTITIONER_FNV1A,   /* sarama's default */
};

enum partitioner_null_key {
	PARTITIONER_STICKY, /* one partition for a batch, then the next */
	PARTITIONER_ROUND_ROBIN,
	PARTITIONER_RANDOM,
};

/* How the records of a topic are placed. Immutable; shared by topics. */
struct partitioner {
	enum partitioner_hash hash;
	enum partitioner_null_key null_key;
	struct partitioner_rules *rules; /* NULL: none; owned */
};

/* murmur2, sticky, no rules: as Kafka's Java client. Static. */
const struct partitioner *partitioner_default(void);

/* NULL is fine. Returns NULL. Not for the default. */
struct partitioner *partitioner_free(struct partitioner *partitioner);

/* Whether both place every record of every topic alike. */
bool partitioner_equal(const struct partitioner *a, const struct partitioner *b);

/* Partitions that a topic needs, so that every record has a place; 1 without rules. */
int32_t partitioner_least(const struct partitioner *partitioner);

/*
 * The hash's choice among n > 0, by the library's own functions. The key may be empty, but must be
 * there.
 */
int32_t partitioner_hash(enum partitioner_hash hash, struct slice key, int32_t n);

/*
 * A partitioner on one topic: what it has to choose from, and where records without a key go now.
 * One thread's.
 */
struct partitioner_topic {
	const struct partitioner *partitioner; /* borrowed */
	int32_t n;                             /* partitions of the topic */
	int32_t n_left;                        /* of them, those that no rule names */
	int32_t *left;                         /* in ascending order; NULL: all */
	struct pattern_scratch *scratch;       /* NULL: no rules */
	int32_t stick;                         /* in `left`; meaningful when bytes_left > 0 */
	uint32_t next;                         /* where to look first, or the state of chance */
	size_t bytes_left;                     /* until the batch without a key is full */
};

/*
 * A topic without partitions; the partitioner is borrowed, start spreads several agents. 0,
 * -ENOMEM. Zeroed it is fit for partitioner_topic_deinit.
 */
int partitioner_topic_init(struct partitioner_topic *topic, const struct partitioner *partitioner,
			   uint32_t start) MUSTCHECK;
void partitioner_topic_deinit(struct partitioner_topic *topic);

/* It has n > 0 partitions now. 0, -ENOMEM: nothing has changed. */
int partitioner_topic_resize(struct partitioner_topic *topic, int32_t n) MUSTCHECK;

/*
 * The partition of a key: of those of the first rule that matches, else of those that are left,
 * also where they make no progress. -1: the rule's partition does not exist, or none is left.
 */
int32_t partitioner_of_key(const struct partitioner_topic *topic, struct slice key);

/* Whether records for the partition are held now. */
typedef bool partitioner_held_fn(const void *context, int32_t partition);

/*
 * The partition of a record of `bytes` without a key, among those that are left; what is full after
 * batch_bytes matters to PARTITIONER_STICKY only. -1 when none is left or all of them are held.
 */
int32_t partitioner_of_null(struct partitioner_topic *topic, size_t bytes, size_t batch_bytes,
			    partitioner_held_fn *held, const void *context);

/* What was gathered has been sent: the next record may start a batch elsewhere. */
static inline void partitioner_move_on(struct partitioner_topic *topic)
{
	topic->bytes_left = 0;
}

#endif
