/* SPDX-License-Identifier: Apache-2.0 */
/* What preview says of other clients, beside counts made one by one. */
#include "cmd/preview/compare.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "output/partitioner.h"

enum { WAYBILL, JAVA, LIBRDKAFKA, SARAMA, CRC32 };

static const enum partitioner_hash hashes[] = {
	[JAVA] = PARTITIONER_MURMUR2,
	[LIBRDKAFKA] = PARTITIONER_CRC32,
	[SARAMA] = PARTITIONER_FNV1A,
	[CRC32] = PARTITIONER_CRC32,
};

struct rig {
	struct spread *spread;
	struct compare *compare;
	int32_t partitions;
};

static struct rig make(int32_t partitions)
{
	struct rig rig = {.partitions = partitions};

	cr_assert_eq(spread_new(2, partitions, &rig.spread), 0);
	cr_assert_eq(compare_new(2, partitions, &rig.compare), 0);
	return rig;
}

static void drop(struct rig *rig)
{
	spread_free(rig->spread);
	compare_free(rig->compare);
}

static void add(struct rig *rig, uint32_t topic, int32_t partition, struct slice key)
{
	struct spread_key *counted = spread_add(rig->spread, topic, partition, key, 10);

	compare_add(rig->compare, topic, partition, key, counted);
}

Test(compare, counts)
{
	struct rig rig = make(7);
	struct compare_client clients[COMPARE_CLIENTS];
	uint64_t keys[COMPARE_CLIENTS] = {0}, records[COMPARE_CLIENTS] = {0}, all = 0;
	uint64_t cells[COMPARE_CLIENTS][7] = {0};

	for (int i = 0; i < 200; i++) {
		char text[16];
		int n = snprintf(text, sizeof text, "key-%d", i), times = i % 5 + 1;
		struct slice key = {text, (size_t)n};
		int32_t ours = i % 7;

		for (int k = 0; k < times; k++)
			add(&rig, 1, ours, key);
		all += (uint64_t)times;
		cells[WAYBILL][ours] += (uint64_t)times;
		for (size_t c = JAVA; c <= CRC32; c++) {
			int32_t theirs = partitioner_hash(hashes[c], key, 7);

			cells[c][theirs] += (uint64_t)times;
			keys[c] += theirs != ours;
			records[c] += theirs != ours ? (uint64_t)times : 0;
		}
	}
	compare_topic(rig.compare, 1, clients);
	for (size_t c = 0; c < COMPARE_CLIENTS; c++) {
		cr_expect_eq(clients[c].records, all);
		cr_expect_eq(clients[c].keys_elsewhere, keys[c], "client %zu", c);
		cr_expect_eq(clients[c].records_elsewhere, records[c], "client %zu", c);
		cr_expect_eq(clients[c].empty, 0);
		for (int32_t k = 0; k < 7; k++) {
			cr_expect_eq(compare_records(rig.compare, 1, c, k), cells[c][k]);
			cr_expect_leq(cells[c][k], clients[c].fullest_records);
		}
		cr_expect_eq(cells[c][clients[c].fullest], clients[c].fullest_records);
	}
	cr_expect_eq(spread_topic_keys(rig.spread, 1), 200);
	compare_topic(rig.compare, 0, clients);
	cr_expect_eq(clients[JAVA].records, 0);
	cr_expect_eq(clients[JAVA].empty, 7);
	drop(&rig);
}

Test(compare, a_key_remembers_where_each_client_sends_it)
{
	struct rig rig = make(48);
	struct spread_key key;

	add(&rig, 0, 5, slice_of("kafka"));
	add(&rig, 0, 5, slice_of("kafka"));
	cr_assert_eq(spread_keys(rig.spread, &key, 1), 1);
	for (size_t c = JAVA; c <= CRC32; c++)
		cr_expect_eq(key.elsewhere[c - 1],
			     partitioner_hash(hashes[c], slice_of("kafka"), 48));
	drop(&rig);
}

Test(compare, librdkafka_sends_an_empty_key_anywhere)
{
	struct rig rig = make(3);
	struct compare_client clients[COMPARE_CLIENTS];
	struct spread_key key;

	add(&rig, 0, 0, (struct slice){"", 0});
	cr_assert_eq(spread_keys(rig.spread, &key, 1), 1);
	cr_expect_eq(key.elsewhere[LIBRDKAFKA - 1], -1);
	cr_expect_eq(key.elsewhere[CRC32 - 1], 0);
	compare_topic(rig.compare, 0, clients);
	cr_expect_eq(clients[LIBRDKAFKA].keys_elsewhere, 1);
	cr_expect_eq(clients[LIBRDKAFKA].empty, 3);
	cr_expect_eq(clients[CRC32].keys_elsewhere, 0);
	drop(&rig);
}

Test(compare, what_waybill_holds_is_elsewhere_for_all)
{
	struct rig rig = make(4);
	struct compare_client clients[COMPARE_CLIENTS];

	add(&rig, 0, -1, slice_of("a"));
	compare_topic(rig.compare, 0, clients);
	cr_expect_eq(clients[WAYBILL].records, 1);
	cr_expect_eq(clients[WAYBILL].empty, 4);
	for (size_t c = JAVA; c <= CRC32; c++)
		cr_expect_eq(clients[c].records_elsewhere, 1);
	cr_expect_eq(spread_total(rig.spread).placeless, 1);
	drop(&rig);
}
