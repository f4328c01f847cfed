/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUT_PARTITIONER_H
#define OUTPUT_PARTITIONER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* Which partition a record goes to. Pure: preview asks the same questions. */

/*
 * The partition of a key among n > 0: murmur2 over all n, as Java's producer does it. The key may
 * be empty, but must be there.
 */
int32_t partitioner_of_key(struct slice key, int32_t n);

/* Where records without a key of one topic go now. Zero it; start spreads several agents. */
struct partitioner_sticky {
	int32_t partition; /* meaningful when bytes_left > 0 */
	uint32_t start;
	size_t bytes_left;
};

/* Whether records for the partition are held now. */
typedef bool partitioner_held_fn(const void *context, int32_t partition);

/*
 * The partition of a record of `bytes` without a key: the same as before until batch_bytes have
 * gone there, then the next one that is not held. -1 when all n are held.
 */
int32_t partitioner_sticky(struct partitioner_sticky *sticky, int32_t n, size_t bytes,
			   size_t batch_bytes, partitioner_held_fn *held, const void *context);

/* What was gathered has been sent: the next record may start a batch elsewhere. */
static inline void partitioner_move_on(struct partitioner_sticky *sticky)
{
	sticky->bytes_left = 0;
}

#endif
