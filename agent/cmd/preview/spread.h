/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_PREVIEW_SPREAD_H
#define CMD_PREVIEW_SPREAD_H

#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"

/* How keys, records and bytes spread over the partitions of each topic. */
struct spread;

/* Keys that are counted one by one; records with later ones only count for their partition. */
#define SPREAD_KEYS_MAX 100000

/* Bytes of a key that are kept to be shown. */
#define SPREAD_KEY_SHOWN 48

/* Other clients that compare.c knows. */
#define SPREAD_CLIENTS 4

struct spread_partition {
	uint32_t topic;
	int32_t partition; /* -1: none */
	uint64_t records;
	uint64_t bytes;
	uint64_t keys; /* of those counted one by one */
};

struct spread_key {
	uint32_t topic;
	int32_t partition;
	uint64_t records;
	uint64_t bytes;
	uint64_t length;                   /* of the whole key */
	struct slice text;                 /* its first bytes; borrowed until the spread is freed */
	int32_t elsewhere[SPREAD_CLIENTS]; /* left there by compare.c; -1: any */
};

struct spread_total {
	uint64_t records;
	uint64_t bytes;
	uint64_t keyless;   /* records without a key */
	uint64_t placeless; /* records that no partition would take */
	uint64_t keys;      /* counted one by one */
	uint64_t others;    /* records whose keys were not */
	size_t partitions_used;
};

/* 0 or -ENOMEM. */
int spread_new(size_t n_topics, int32_t partitions, struct spread **ret_spread) MUSTCHECK;

/* NULL is fine. Returns NULL. */
struct spread *spread_free(struct spread *spread);

/*
 * One record of so many bytes; key.at == NULL: none; partition -1: it would be held. When memory is
 * out its key is one of the others. Returns the key's counter, borrowed until the spread is freed;
 * NULL: none.
 */
struct spread_key *spread_add(struct spread *spread, uint32_t topic, int32_t partition,
			      struct slice key, size_t bytes);

struct spread_total spread_total(const struct spread *spread);

/* Keys of a topic that are counted one by one. */
uint64_t spread_topic_keys(const struct spread *spread, uint32_t topic);

/*
 * The (up to max) partitions and keys with the most bytes, hottest first. Both return their
 * number.
 */
size_t spread_partitions(const struct spread *spread, struct spread_partition *ret, size_t max);
size_t spread_keys(const struct spread *spread, struct spread_key *ret, size_t max);

#endif
