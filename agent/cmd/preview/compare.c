/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each client is a hash: what its default does with a key, by the same functions with which waybill
 * would do it. What the clients do with records without a key differs from run to run, so these are
 * not compared; and librdkafka's default (consistent_random) takes an empty key for none.
 */
#include "cmd/preview/compare.h"

#include <errno.h>
#include <stdlib.h>

#include "output/partitioner.h"

static const struct client {
	const char *name;
	enum partitioner_hash hash;
	bool empty_is_none;
} clients[SPREAD_CLIENTS] = {
	{"Java", PARTITIONER_MURMUR2, false},
	{"librdkafka", PARTITIONER_CRC32, true},
	{"sarama", PARTITIONER_FNV1A, false},
	{"CRC32", PARTITIONER_CRC32, false},
};

struct compare {
	int32_t partitions;            /* of each topic */
	struct compare_client *topics; /* COMPARE_CLIENTS of each */
	uint64_t *cells;               /* records by topic, client and partition */
};

struct compare *compare_free(struct compare *compare)
{
	if (!compare)
		return NULL;
	free(compare->topics);
	free(compare->cells);
	free(compare);
	return NULL;
}

int compare_new(size_t n_topics, int32_t partitions, struct compare **ret_compare)
{
	struct compare *compare = calloc(1, sizeof *compare);

	if (!compare)
		return -ENOMEM;
	compare->partitions = partitions;
	compare->topics = calloc(n_topics + 1, COMPARE_CLIENTS * sizeof compare->topics[0]);
	/* Pages that nothing is counted in are never touched. */
	compare->cells = calloc((n_topics + 1) * COMPARE_CLIENTS,
				(size_t)partitions * sizeof compare->cells[0]);
	if (!compare->topics || !compare->cells) {
		compare_free(compare);
		return -ENOMEM;
	}
	*ret_compare = compare;
	return 0;
}

static uint64_t *cell_of(const struct compare *compare, uint32_t topic, size_t client,
			 int32_t partition)
{
	return &compare->cells[(topic * (size_t)COMPARE_CLIENTS + client) *
				       (size_t)compare->partitions +
			       (size_t)partition];
}

uint64_t compare_records(const struct compare *compare, uint32_t topic, size_t client,
			 int32_t partition)
{
	return *cell_of(compare, topic, client, partition);
}

static int32_t place(const struct client *client, struct slice key, int32_t n)
{
	if (client->empty_is_none && !key.len)
		return -1;
	return partitioner_hash(client->hash, key, n);
}

static void count(struct compare *compare, uint32_t topic, size_t client, int32_t partition)
{
	compare->topics[topic * (size_t)COMPARE_CLIENTS + client].records++;
	if (partition >= 0)
		++*cell_of(compare, topic, client, partition);
}

void compare_add(struct compare *compare, uint32_t topic, int32_t partition, struct slice key,
		 struct spread_key *counted)
{
	bool first = counted && counted->records == 1;

	count(compare, topic, 0, partition);
	for (size_t i = 0; i < SPREAD_CLIENTS; i++) {
		int32_t theirs = place(&clients[i], key, compare->partitions);
		struct compare_client *client =
			&compare->topics[topic * (size_t)COMPARE_CLIENTS + i + 1];

		count(compare, topic, i + 1, theirs);
		client->records_elsewhere += theirs != partition;
		client->keys_elsewhere += first && theirs != partition;
		if (first)
			counted->elsewhere[i] = theirs;
	}
}

void compare_topic(const struct compare *compare, uint32_t topic,
		   struct compare_client ret_clients[COMPARE_CLIENTS])
{
	for (size_t i = 0; i < COMPARE_CLIENTS; i++) {
		struct compare_client *client = &ret_clients[i];

		*client = compare->topics[topic * (size_t)COMPARE_CLIENTS + i];
		client->name = i ? clients[i - 1].name : "waybill";
		for (int32_t k = 0; k < compare->partitions; k++) {
			uint64_t records = compare_records(compare, topic, i, k);

			client->empty += records == 0;
			if (records <= client->fullest_records)
				continue;
			client->fullest = k;
			client->fullest_records = records;
		}
	}
}
