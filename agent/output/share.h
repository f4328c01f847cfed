/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUT_SHARE_H
#define OUTPUT_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What one of several has under way, of room that each other wants some of, too. He takes nothing
 * more while he has more than three times what is left: one alone leaves a quarter, k of them
 * 1/(3k + 1). Whoever has nothing under way is never turned away, so nobody waits for ever.
 */
struct output_share {
	uint64_t records;
	uint64_t bytes; /* keys, values, headers */
	uint32_t part;  /* of an output that is several: whose records they are */
};

#define OUTPUT_SHARE_TIMES 3

static inline void output_share_take(struct output_share *share, size_t bytes)
{
	share->records++;
	share->bytes += bytes;
}

/*
 * n records (at most what it has) were reported. Of what size they were a report does not tell:
 * their bytes are given back by the average, and the sum is right whenever nothing is under way.
 */
static inline void output_share_give(struct output_share *share, uint32_t n)
{
	share->bytes -= share->bytes * n / share->records;
	share->records -= n;
}

/* Of records and bytes (with record_bytes for each record) so many are left. */
static inline bool output_share_is_spent(const struct output_share *share, size_t record_bytes,
					 uint64_t records_left, uint64_t bytes_left)
{
	uint64_t bytes = share->bytes + share->records * record_bytes;

	return share->records > OUTPUT_SHARE_TIMES * records_left ||
	       bytes > OUTPUT_SHARE_TIMES * bytes_left;
}

#endif
