/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks and slot blocks come and go in the millions and must be bounded together, found by
 * masking an address, and given back to the system after a burst. malloc does none of the three:
 * it has no budget, aligns at a cost, and keeps what a burst took. So: one reserved run of address
 * space a pool, cut into slabs of 256 KiB; a slab is charged to the shared budget when its first
 * block is taken, and given back (MADV_DONTNEED) when pool_trim finds it empty.
 *
 *   pool:  | slab 0 | slab 1 | ...           lowest slab with room is used first, so that the
 *   slab:  | block | block | ... bump →      highest ones run empty
 *            free list through the blocks
 *
 * Accepted weakness: one long-lived block pins its slab.
 */
#include "flow/pool.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

struct slab {
	void *free;    /* list of blocks that came back, linked through their first word */
	uint32_t bump; /* blocks never handed out start here */
	uint32_t used; /* blocks in use */
	bool charged;  /* counted in the budget */
};

struct pool {
	struct pool_budget *budget;
	size_t block_bytes;
	uint32_t blocks_per_slab;
	uint32_t n_slabs;
	uint32_t first_open; /* no slab below it has room */
	char *base;          /* aligned to POOL_SLAB_BYTES */
	void *mapping;
	size_t mapping_bytes;
	struct slab slabs[];
};

/* Reserves address space and finds the aligned start in it. */
static int reserve(struct pool *pool)
{
	size_t bytes = (pool->n_slabs + 1) * POOL_SLAB_BYTES;
	uintptr_t at;

	pool->mapping = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (pool->mapping == MAP_FAILED)
		return -errno;
	pool->mapping_bytes = bytes;
	at = (uintptr_t)pool->mapping;
	pool->base = (char *)((at + POOL_SLAB_BYTES - 1) & ~(uintptr_t)(POOL_SLAB_BYTES - 1));
	return 0;
}

int pool_new(size_t block_bytes, struct pool_budget *budget, struct pool **ret_pool)
{
	uint32_t n_slabs = (uint32_t)((budget->max + POOL_SLAB_BYTES - 1) / POOL_SLAB_BYTES);
	struct pool *pool = calloc(1, sizeof *pool + n_slabs * sizeof pool->slabs[0]);
	int r;

	if (!pool)
		return -ENOMEM;
	pool->budget = budget;
	pool->block_bytes = block_bytes;
	pool->blocks_per_slab = (uint32_t)(POOL_SLAB_BYTES / block_bytes);
	pool->n_slabs = n_slabs;
	r = reserve(pool);
	if (r) {
		free(pool);
		return r;
	}
	*ret_pool = pool;
	return 0;
}

struct pool *pool_free(struct pool *pool)
{
	if (!pool)
		return NULL;
	munmap(pool->mapping, pool->mapping_bytes);
	for (uint32_t i = 0; i < pool->n_slabs; i++)
		if (pool->slabs[i].charged)
			pool->budget->used -= POOL_SLAB_BYTES;
	free(pool);
	return NULL;
}

/*
 * The lowest slab with room, or NULL. When `mark` allows no further slab, one above it that is in
 * use may have room still.
 */
static struct slab *open_slab(struct pool *pool, size_t mark)
{
	bool affordable = pool->budget->used + POOL_SLAB_BYTES <= mark;
	bool first = true;

	for (uint32_t i = pool->first_open; i < pool->n_slabs; i++) {
		struct slab *slab = &pool->slabs[i];

		if (slab->used == pool->blocks_per_slab)
			continue;
		if (first)
			pool->first_open = i;
		first = false;
		if (slab->charged)
			return slab;
		if (!affordable)
			continue;
		pool->budget->used += POOL_SLAB_BYTES;
		slab->charged = true;
		return slab;
	}
	return NULL;
}

size_t pool_room(const struct pool *pool, size_t mark)
{
	size_t used = pool->budget->used, blocks = 0;

	for (uint32_t i = 0; i < pool->n_slabs; i++) {
		const struct slab *slab = &pool->slabs[i];

		if (slab->charged)
			blocks += pool->blocks_per_slab - slab->used;
		else if ((used += POOL_SLAB_BYTES) <= mark)
			blocks += pool->blocks_per_slab;
	}
	return blocks;
}

void *pool_get_below(struct pool *pool, size_t mark)
{
	struct slab *slab = open_slab(pool, mark);
	void *block;

	if (!slab)
		return NULL;
	slab->used++;
	if (slab->free) {
		block = slab->free;
		slab->free = *(void **)block;
		return block;
	}
	return pool->base + (size_t)(slab - pool->slabs) * POOL_SLAB_BYTES +
	       pool->block_bytes * slab->bump++;
}

void pool_put(struct pool *pool, void *block)
{
	uint32_t index;
	struct slab *slab;

	if (!block)
		return;
	index = (uint32_t)((size_t)((char *)block - pool->base) / POOL_SLAB_BYTES);
	slab = &pool->slabs[index];
	*(void **)block = slab->free;
	slab->free = block;
	slab->used--;
	if (index < pool->first_open)
		pool->first_open = index;
}

void pool_trim(struct pool *pool)
{
	for (uint32_t i = 0; i < pool->n_slabs; i++) {
		struct slab *slab = &pool->slabs[i];

		if (!slab->charged || slab->used)
			continue;
		madvise(pool->base + i * POOL_SLAB_BYTES, POOL_SLAB_BYTES, MADV_DONTNEED);
		pool->budget->used -= POOL_SLAB_BYTES;
		*slab = (struct slab){0};
	}
}
