/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A chain of blocks with a bump pointer. Blocks never move, unlike a growing buffer, so slices
 * into it stay valid while later headers of the same record are rendered. One block of 16 KiB
 * holds the rendered parts of nearly every record; a larger one lives for one record only.
 */
#include "base/arena.h"

#include <stdlib.h>

#include "base/result.h"

#define ARENA_BLOCK_BYTES 16384

struct arena_block {
	struct arena_block *next;
	size_t capacity;
	char bytes[];
};

static struct arena_block *block_new(size_t capacity)
{
	struct arena_block *block = malloc(sizeof *block + capacity);

	if (block) {
		block->next = NULL;
		block->capacity = capacity;
	}
	return block;
}

char *arena_alloc(struct arena *arena, size_t len)
{
	struct arena_block *block = arena->current;
	char *at;

	if (UNLIKELY(!block || block->capacity - arena->used < len)) {
		block = block_new(len > ARENA_BLOCK_BYTES ? len : ARENA_BLOCK_BYTES);
		if (!block)
			return NULL;
		arena->grown = arena->current || len > ARENA_BLOCK_BYTES;
		if (arena->current)
			arena->current->next = block;
		else
			arena->first = block;
		arena->current = block;
		arena->used = 0;
	}
	at = block->bytes + arena->used;
	arena->used += len;
	return at;
}

void arena_trim(struct arena *arena, const char *end, size_t len)
{
	if (arena->current && arena->current->bytes + arena->used == end)
		arena->used -= len;
}

static void free_chain(struct arena_block *block)
{
	while (block) {
		struct arena_block *next = block->next;

		free(block);
		block = next;
	}
}

void arena_shrink(struct arena *arena)
{
	struct arena_block *first = arena->first;

	arena->grown = false;
	if (first->capacity == ARENA_BLOCK_BYTES) {
		free_chain(first->next);
		first->next = NULL;
		arena->current = first;
	} else {
		arena_deinit(arena);
	}
}

void arena_deinit(struct arena *arena)
{
	free_chain(arena->first);
	*arena = ARENA_NULL;
}
