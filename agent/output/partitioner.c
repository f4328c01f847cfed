/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys go where Java's producer would send them, so that other producers of the same topic agree;
 * the hash is the library's public murmur2, and the tests hold Java's own values against it.
 *
 * Records without a key stay with one partition for a batch and then move on: few large batches
 * are cheaper than many small ones. Going round instead of drawing lots keeps this pure; agents
 * start at different places. The library's own sticky partitioner is not used because it tells
 * its choice too late to hold back records for a partition that makes no progress.
 */
#include "output/partitioner.h"

#include <librdkafka/rdkafka.h>

int32_t partitioner_of_key(struct slice key, int32_t n)
{
	return rd_kafka_msg_partitioner_murmur2(NULL, key.at, key.len, n, NULL, NULL);
}

int32_t partitioner_sticky(struct partitioner_sticky *sticky, int32_t n, size_t bytes,
			   size_t batch_bytes, partitioner_held_fn *held, const void *context)
{
	if (sticky->bytes_left > 0 && sticky->partition < n && !held(context, sticky->partition)) {
		sticky->bytes_left -= bytes < sticky->bytes_left ? bytes : sticky->bytes_left;
		return sticky->partition;
	}
	for (int32_t i = 0; i < n; i++) {
		int32_t partition = (int32_t)((sticky->start + (uint32_t)i) % (uint32_t)n);

		if (held(context, partition))
			continue;
		sticky->partition = partition;
		sticky->start = (uint32_t)partition + 1;
		sticky->bytes_left = batch_bytes > bytes ? batch_bytes - bytes : 0;
		return partition;
	}
	return -1;
}
