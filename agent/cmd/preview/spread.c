/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counting a million keys must not need a million keys' memory. The first 100,000 get a counter
 * each (some 20 MB), later ones share one: a key that is hot comes early, so the list of the
 * hottest is right in every case that matters, and the summary says how much it does not know.
 * Keys are told apart by their hash and only a piece of their text is kept, because a key may be as
 * long as a line. The hash is also the place in an open table that never grows: less to do for each
 * line than a map that would hash the hash.
 */
#include "cmd/preview/spread.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"

/* A power of two, at most 0.4 full. */
#define TABLE_SIZE 262144u

_Static_assert(SPREAD_KEYS_MAX * 2 < TABLE_SIZE, "a search ends at an empty place soon");

struct key_entry {
	uint64_t id; /* of topic and key */
	struct spread_key key;
	char text[SPREAD_KEY_SHOWN];
};

struct spread {
	size_t n_topics;
	size_t n_places; /* of each topic: none, and its partitions */
	struct spread_partition *cells;
	struct key_entry **table;
	struct spread_total total;
};

struct spread *spread_free(struct spread *spread)
{
	if (!spread)
		return NULL;
	for (size_t i = 0; spread->table && i < TABLE_SIZE; i++)
		free(spread->table[i]);
	free(spread->table);
	free(spread->cells);
	free(spread);
	return NULL;
}

int spread_new(size_t n_topics, int32_t partitions, struct spread **ret_spread)
{
	struct spread *spread = calloc(1, sizeof *spread);

	if (!spread)
		return -ENOMEM;
	spread->n_topics = n_topics;
	spread->n_places = (size_t)partitions + 1;
	spread->cells = calloc(n_topics + 1, spread->n_places * sizeof spread->cells[0]);
	spread->table = calloc(TABLE_SIZE, sizeof spread->table[0]);
	if (!spread->cells || !spread->table) {
		spread_free(spread);
		return -ENOMEM;
	}
	*ret_spread = spread;
	return 0;
}

/* The counter of a key, a new one if there is room; or NULL. */
static struct key_entry *entry_of(struct spread *spread, uint32_t topic, struct slice key)
{
	uint64_t id = hash_bytes(key.at, key.len) + topic;
	size_t at = id % TABLE_SIZE;
	struct key_entry *entry;

	while ((entry = spread->table[at])) {
		if (entry->id == id)
			return entry;
		at = (at + 1) % TABLE_SIZE;
	}
	if (spread->total.keys == SPREAD_KEYS_MAX)
		return NULL;
	entry = calloc(1, sizeof *entry);
	if (!entry)
		return NULL;
	spread->table[at] = entry;
	spread->total.keys++;
	entry->id = id;
	entry->key.topic = topic;
	entry->key.length = key.len;
	entry->key.text = (struct slice){entry->text, key.len};
	if (key.len > sizeof entry->text)
		entry->key.text.len = sizeof entry->text;
	memcpy(entry->text, key.at, entry->key.text.len);
	return entry;
}

struct spread_key *spread_add(struct spread *spread, uint32_t topic, int32_t partition,
			      struct slice key, size_t bytes)
{
	struct spread_partition *cell =
		&spread->cells[topic * spread->n_places + (size_t)(partition + 1)];
	struct key_entry *entry = key.at ? entry_of(spread, topic, key) : NULL;

	spread->total.records++;
	spread->total.bytes += bytes;
	spread->total.keyless += !key.at;
	spread->total.placeless += partition < 0;
	spread->total.others += key.at && !entry;
	spread->total.partitions_used += cell->records == 0;
	cell->topic = topic;
	cell->partition = partition;
	cell->records++;
	cell->bytes += bytes;
	if (!entry)
		return NULL;
	cell->keys += entry->key.records == 0;
	entry->key.partition = partition;
	entry->key.records++;
	entry->key.bytes += bytes;
	return &entry->key;
}

struct spread_total spread_total(const struct spread *spread)
{
	return spread->total;
}

uint64_t spread_topic_keys(const struct spread *spread, uint32_t topic)
{
	const struct spread_partition *cells = &spread->cells[topic * spread->n_places];
	uint64_t keys = 0;

	for (size_t i = 0; i < spread->n_places; i++)
		keys += cells[i].keys;
	return keys;
}

/* Whether the first is hotter; what is equal stands in the order of topics and partitions. */
static bool partition_is_hotter(const struct spread_partition *a, const struct spread_partition *b)
{
	if (a->bytes != b->bytes)
		return a->bytes > b->bytes;
	return a->topic != b->topic ? a->topic < b->topic : a->partition < b->partition;
}

static bool key_is_hotter(const struct spread_key *a, const struct spread_key *b)
{
	int order;

	if (a->bytes != b->bytes)
		return a->bytes > b->bytes;
	order = memcmp(a->text.at, b->text.at, SPREAD_KEY_SHOWN);
	return order ? order < 0 : a->topic < b->topic;
}

size_t spread_partitions(const struct spread *spread, struct spread_partition *ret, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < spread->n_topics * spread->n_places; i++) {
		const struct spread_partition *cell = &spread->cells[i];
		size_t at;

		if (!cell->records || (n == max && !partition_is_hotter(cell, &ret[n - 1])))
			continue;
		n += n < max;
		for (at = n - 1; at > 0 && partition_is_hotter(cell, &ret[at - 1]); at--)
			ret[at] = ret[at - 1];
		ret[at] = *cell;
	}
	return n;
}

size_t spread_keys(const struct spread *spread, struct spread_key *ret, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < TABLE_SIZE; i++) {
		const struct key_entry *entry = spread->table[i];
		size_t at;

		if (!entry || (n == max && !key_is_hotter(&entry->key, &ret[n - 1])))
			continue;
		n += n < max;
		for (at = n - 1; at > 0 && key_is_hotter(&entry->key, &ret[at - 1]); at--)
			ret[at] = ret[at - 1];
		ret[at] = entry->key;
	}
	return n;
}
