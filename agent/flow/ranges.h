/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_RANGES_H
#define FLOW_RANGES_H

#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"

/*
 * The bytes of one file that are settled ahead of its committed position: disjoint half-open
 * ranges in ascending order that do not touch each other. A rewind skips them, so that it never
 * repeats what was acknowledged; the checkpoint stores them.
 */
struct range {
	uint64_t start; /* position of the first byte */
	uint64_t end;   /* position after the last byte */
};

struct ranges {
	struct range *at; /* the allocation; live are at[first] .. at[first + n - 1] */
	size_t first;
	size_t n;
	size_t capacity;
};

#define RANGES_NULL ((struct ranges){0})

/*
 * Six times the producer's queue of 10,000 records, each of which makes at most one range; 1 MiB.
 */
#define RANGES_MAX 65536

enum {
	RANGES_E_FULL =
		1, /* ranges_add: RANGES_MAX are kept, this one is not; its bytes may be repeated */
};

/*
 * Adds [start, end), merging what it overlaps or touches. Cheap at the upper end, O(n) elsewhere.
 * An empty range changes nothing. 0, RANGES_E_FULL or -ENOMEM: nothing was changed.
 */
int ranges_add(struct ranges *ranges, uint64_t start, uint64_t end) MUSTCHECK;

/* Forgets all bytes below position; a range that contains it is cut. */
void ranges_drop_below(struct ranges *ranges, uint64_t position);

/* The same of all bytes from position on. */
void ranges_drop_above(struct ranges *ranges, uint64_t position);

/*
 * The range that contains position, else the next one above it, else NULL. Borrowed until the next
 * change. O(log n).
 */
const struct range *ranges_find(const struct ranges *ranges, uint64_t position);

/*
 * What lies above base, as varints: for each range the distance of its start from the end of the
 * one before (the first: from base), then its length. At most max_ranges, the lowest ones. 0:
 * *ret_bytes is the caller's to free and NULL when there is none. -ENOMEM.
 */
int ranges_encode(const struct ranges *ranges, uint64_t base, size_t max_ranges, char **ret_bytes,
		  size_t *ret_len) MUSTCHECK;

/*
 * The reverse; exactly what ranges_encode can have written is accepted. ret_ranges is set up by
 * this call, the caller owes a ranges_deinit. -EBADMSG for anything else, -ENOMEM.
 */
int ranges_decode(struct slice bytes, uint64_t base, struct ranges *ret_ranges) MUSTCHECK;

/* Frees and leaves RANGES_NULL. Fine on RANGES_NULL. */
void ranges_deinit(struct ranges *ranges);

#endif
