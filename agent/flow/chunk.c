/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unit in which waybill holds a file in memory. The idea: a record's payload is a slice of the
 * read buffer (no copy), its delivery state is a 16-byte slot beside it (no allocation a line), and
 * both are given up together. A slot is found from the producer's opaque, the chunk from the slot's
 * address by masking, so a report costs O(1) whatever order reports come in.
 *
 * Two size classes because a tailed file needs a few lines of memory and a backlog a few hundred
 * kilobytes; one class would waste memory with ten thousand quiet files, or time on a backlog. A
 * line longer than the large class gets a mapping of its own; max_line bounds it.
 *
 * Rejected: mmap of the log file (a truncation is SIGBUS in the producer's thread, and a retried
 * batch could differ); a carry-over buffer for lines cut by the end of a chunk (the next chunk
 * reads them again from the page cache, which needs no code).
 */
#include "flow/chunk.h"

#include <string.h>
#include <sys/mman.h>

int chunk_pools_init(struct chunk_pools *pools, size_t max)
{
	int r;

	*pools = (struct chunk_pools){.budget = {.max = max}};
	r = pool_new(CHUNK_SMALL_BYTES, &pools->budget, &pools->small);
	if (!r)
		r = pool_new(CHUNK_LARGE_BYTES, &pools->budget, &pools->large);
	if (!r)
		r = pool_new(sizeof(struct slot_block), &pools->budget, &pools->slots);
	return r;
}

void chunk_pools_deinit(struct chunk_pools *pools)
{
	pools->small = pool_free(pools->small);
	pools->large = pool_free(pools->large);
	pools->slots = pool_free(pools->slots);
}

void chunk_pools_trim(struct chunk_pools *pools)
{
	pool_trim(pools->small);
	pool_trim(pools->large);
	pool_trim(pools->slots);
}

/* Up to here the budget may be taken by one who shares. */
static size_t mark_of(const struct chunk_pools *pools, const struct chunk_share *share)
{
	return pools->budget.max - (share ? share->held / CHUNK_SHARE_TIMES : 0);
}

/* The same of large chunks that are only wished for: others want some, too. */
static size_t large_mark(const struct chunk_pools *pools, const struct chunk_share *share)
{
	return (pools->budget.max - (share ? share->held : 0)) / 2;
}

size_t chunk_pools_room(const struct chunk_pools *pools, const struct chunk_share *share)
{
	size_t mark = mark_of(pools, share);
	size_t chunks = pool_room(pools->small, mark), blocks = pool_room(pools->slots, mark);

	return chunks < blocks ? chunks : blocks;
}

/* An empty slab of one pool must not starve another. */
static void *get_block(struct chunk_pools *pools, const struct chunk_share *share,
		       struct pool *pool)
{
	size_t mark = mark_of(pools, share);
	void *block = pool_get_below(pool, mark);

	if (UNLIKELY(!block)) {
		chunk_pools_trim(pools);
		block = pool_get_below(pool, mark);
	}
	return block;
}

static size_t own_size(size_t own_bytes)
{
	size_t page = CHUNK_SMALL_BYTES;

	return (sizeof(struct chunk) + own_bytes + page - 1) / page * page;
}

static void *map_own(struct chunk_pools *pools, const struct chunk_share *share, size_t bytes)
{
	size_t mark = mark_of(pools, share);
	void *block;

	if (pools->budget.used + bytes > mark)
		chunk_pools_trim(pools);
	if (pools->budget.used + bytes > mark)
		return NULL;
	block = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (block == MAP_FAILED)
		return NULL;
	pools->budget.used += bytes;
	return block;
}

/*
 * Memory for a chunk of this class. A large one that nobody needs but for speed leaves half of the
 * budget to others: one record that waits for a partition pins its chunk for hours, and 62 large
 * ones are all of 16 MiB. What is given instead is small.
 */
static void *get_memory(struct chunk_pools *pools, const struct chunk_share *share,
			enum chunk_class *class, size_t own_bytes, size_t *ret_bytes)
{
	void *chunk;

	*ret_bytes = CHUNK_LARGE_BYTES;
	if (*class == CHUNK_LARGE && own_bytes)
		return get_block(pools, share, pools->large);
	if (*class == CHUNK_LARGE) {
		chunk = pool_get_below(pools->large, large_mark(pools, share));
		if (chunk)
			return chunk;
		*class = CHUNK_SMALL;
	}
	*ret_bytes = *class == CHUNK_SMALL ? CHUNK_SMALL_BYTES : own_size(own_bytes);
	return *class == CHUNK_SMALL ? get_block(pools, share, pools->small) :
				       map_own(pools, share, *ret_bytes);
}

struct chunk *chunk_new(struct chunk_pools *pools, struct chunk_share *share,
			struct account *account, uint64_t start, enum chunk_class class,
			size_t own_bytes)
{
	size_t bytes;
	struct chunk *chunk = get_memory(pools, share, &class, own_bytes, &bytes);

	if (!chunk)
		return NULL;
	if (share)
		share->held += bytes;
	memset(chunk, 0, sizeof *chunk);
	chunk->account = account;
	chunk->share = share;
	chunk->start = start;
	chunk->chain = chunk->end_chain = chain_unknown();
	chunk->class = (uint8_t) class;
	chunk->capacity = (uint32_t)(bytes - sizeof *chunk);
	return chunk;
}

void chunk_free(struct chunk_pools *pools, struct chunk *chunk)
{
	struct chunk_share *share = chunk->share;
	struct slot_block *block = chunk->first;
	size_t bytes = chunk->capacity + sizeof *chunk, held = bytes;

	while (block) {
		struct slot_block *next = block->next;

		pool_put(pools->slots, block);
		held += sizeof *block;
		block = next;
	}
	if (share)
		share->held -= held;
	if (chunk->class == CHUNK_SMALL) {
		pool_put(pools->small, chunk);
	} else if (chunk->class == CHUNK_LARGE) {
		pool_put(pools->large, chunk);
	} else {
		munmap(chunk, bytes);
		pools->budget.used -= bytes;
	}
}

bool chunk_add_block(struct chunk_pools *pools, struct chunk *chunk)
{
	struct slot_block *block = get_block(pools, chunk->share, pools->slots);

	if (!block)
		return false;
	if (chunk->share)
		chunk->share->held += sizeof *block;
	block->chunk = chunk;
	block->next = NULL;
	if (chunk->last)
		chunk->last->next = block;
	else
		chunk->first = chunk->head = block;
	chunk->last = block;
	chunk->last_count = 0;
	return true;
}

bool chunk_gather(struct chunk_pools *pools, struct chunk *chunk, unsigned n)
{
	struct slot_block *block = chunk->last;

	if (block && chunk->last_count + n <= SLOTS_PER_BLOCK)
		return true;
	for (unsigned i = chunk->last_count; block && i < SLOTS_PER_BLOCK; i++)
		block->slots[i] = (struct slot){.start = chunk->cursor, .state = SLOT_AHEAD};
	return chunk_add_block(pools, chunk);
}

/* A block that this empties stays: the next slot goes there. */
void chunk_undo_slot(struct chunk *chunk, struct slot *slot)
{
	chunk->cursor = slot->start;
	chunk->last_count--;
	if (!slot_is_settled(slot))
		chunk->unsettled--;
}

/* The last slot of an event of several branches: what it covers is theirs (branches.h). */
static bool is_of_branch(const struct chunk *chunk, const struct slot *slot)
{
	return slot != chunk->last->slots && !slot[-1].length;
}

bool chunk_pass(struct chunk_pools *pools, struct chunk *chunk, uint32_t length,
		enum slot_state state)
{
	struct slot *slot = chunk->last && chunk->last_count ?
				    &chunk->last->slots[chunk->last_count - 1] :
				    NULL;

	if (slot && slot->state == state && slot->length + length <= SLOT_LENGTH_MAX &&
	    !is_of_branch(chunk, slot)) {
		slot->length += length;
		chunk->cursor += length;
		/* The committed position may have passed the slot as it was: look at it again. */
		if (chunk->head == chunk->last && chunk->head_index == chunk->last_count)
			chunk->head_index--;
		return true;
	}
	slot = chunk_add_slot(pools, chunk, length);
	if (!slot)
		return false;
	slot->state = state;
	chunk->unsettled--;
	return true;
}

void chunk_seal(struct chunk *chunk)
{
	if (chunk->sealed)
		return;
	chunk->end_tail_len = chunk_tail(chunk, chunk->start + chunk->cursor, chunk->end_tail);
	chunk->sealed = true;
}

uint8_t chunk_tail(const struct chunk *chunk, uint64_t at, char ret_tail[CHUNK_LOOK_BACK])
{
	uint32_t end = (uint32_t)(at - chunk->start);
	uint32_t own, before;

	if (chunk->sealed && end == chunk->cursor && end > chunk->filled) {
		memcpy(ret_tail, chunk->end_tail, CHUNK_LOOK_BACK);
		return chunk->end_tail_len;
	}
	if (end > chunk->filled)
		return 0;
	own = end < CHUNK_LOOK_BACK ? end : CHUNK_LOOK_BACK;
	before = CHUNK_LOOK_BACK - own;
	if (before > chunk->look_back_len)
		before = chunk->look_back_len;
	memcpy(ret_tail, chunk->look_back + CHUNK_LOOK_BACK - before, before);
	memcpy(ret_tail + before, chunk->bytes + end - own, own);
	return (uint8_t)(own + before);
}

struct slot_walk slot_walk_open(struct chunk *chunk)
{
	return (struct slot_walk){chunk, chunk->head, chunk->head_index};
}
