/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_PREVIEW_COMPARE_H
#define CMD_PREVIEW_COMPARE_H

#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"
#include "cmd/preview/spread.h"

/*
 * Where other clients would send the keys: how many go to another partition than waybill's, and how
 * evenly each client fills the partitions of each topic.
 */
struct compare;

/* One client on one topic; records with a key only. */
struct compare_client {
	const char *name; /* static */
	uint64_t records;
	uint64_t keys_elsewhere; /* of those counted one by one */
	uint64_t records_elsewhere;
	int32_t fullest; /* the partition with the most records */
	uint64_t fullest_records;
	int32_t empty; /* partitions without any */
};

/* waybill itself is the first. */
#define COMPARE_CLIENTS (1 + SPREAD_CLIENTS)

/* 0 or -ENOMEM. */
int compare_new(size_t n_topics, int32_t partitions, struct compare **ret_compare) MUSTCHECK;

/* NULL is fine. Returns NULL. */
struct compare *compare_free(struct compare *compare);

/*
 * One record with a key, which waybill sends to the partition (-1: nowhere). counted: its counter,
 * in which the first record of a key leaves where the others would send it; NULL: the key is not
 * counted singly.
 */
void compare_add(struct compare *compare, uint32_t topic, int32_t partition, struct slice key,
		 struct spread_key *counted);

/* What was found of a topic. */
void compare_topic(const struct compare *compare, uint32_t topic,
		   struct compare_client ret_clients[COMPARE_CLIENTS]);

/* Records that a client, 0 being waybill, sends to a partition. */
uint64_t compare_records(const struct compare *compare, uint32_t topic, size_t client,
			 int32_t partition);

#endif
