/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PRESSURE_KEYS_H
#define PRESSURE_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "output/partitioner.h"

/*
 * A sample of the keys of a topic, and when they were seen last: how many would move if it had
 * another number of partitions. At most some 10 KiB a topic. Zeroed it is empty.
 */
struct keys {
	struct keys_entry *slots; /* open addressing; NULL: none yet */
	uint32_t n_slots;         /* a power of two */
	uint32_t n;
	uint8_t rare; /* one of 2^rare keys is in the sample */
};

/* What was seen in the last hour; of a sample, times as much as it is a part of. */
struct keys_moves {
	uint64_t seen, moving;
	bool estimated;
};

#define KEYS_LAST_US (3600 * 1000000ull)
#define KEYS_SAMPLE 128
/* A longer one is not sampled. */
#define KEYS_LEN_MAX 256

/* A record with the key was placed. Where memory is out the sample lacks it. */
void keys_see(struct keys *keys, struct slice key, uint64_t now_us);

/* How many go elsewhere when placing has n partitions instead of its own number. 0 or -ENOMEM. */
int keys_moving(const struct keys *keys, const struct partitioner_topic *placing, int32_t n,
		uint64_t now_us, struct keys_moves *ret_moves) MUSTCHECK;

void keys_deinit(struct keys *keys);

#endif
