/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_POOL_H
#define FLOW_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/result.h"

/* Bytes that several pools may take from the system together. */
struct pool_budget {
	size_t used;
	size_t max;
};

/* Blocks of one size, aligned to that size, out of mmapped slabs. */
struct pool;

/* Blocks are cut from slabs of this size, so it must be a multiple of the block size. */
#define POOL_SLAB_BYTES ((size_t)256 << 10)

/*
 * block_bytes: a power of two up to POOL_SLAB_BYTES. budget is borrowed and outlives the pool.
 * Address space for budget->max is reserved at once, memory is taken as it is used.
 * 0, or negative errno.
 */
int pool_new(size_t block_bytes, struct pool_budget *budget, struct pool **ret_pool) MUSTCHECK;

/* Unmaps everything. NULL is fine. Returns NULL. */
struct pool *pool_free(struct pool *pool);

/*
 * A block with undefined content, or NULL when it would bring what is taken of the budget above
 * `mark` bytes, which is at most its max.
 */
void *pool_get_below(struct pool *pool, size_t mark);

/* So many blocks pool_get_below would give, one after the other. O(slabs). */
size_t pool_room(const struct pool *pool, size_t mark);

/* Gives a block back; its slab stays in use until pool_trim. NULL is fine. */
void pool_put(struct pool *pool, void *block);

/* Gives slabs without any block in use back to the system. Call after a quiet second. */
void pool_trim(struct pool *pool);

#endif
