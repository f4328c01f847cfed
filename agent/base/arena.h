/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/result.h"

/*
 * Short-lived memory for one record: rendered keys and headers. What arena_alloc gives stays where
 * it is until arena_reset; the blocks are kept, so a steady flow of records allocates nothing.
 */
struct arena_block;

struct arena {
	struct arena_block *first;
	struct arena_block *current;
	size_t used;
	bool grown; /* it holds more than the one block that arena_reset leaves it */
};

#define ARENA_NULL ((struct arena){0})

/* len bytes without alignment, or NULL when memory is out. Valid until arena_reset. */
char *arena_alloc(struct arena *arena, size_t len);

/*
 * Takes back the last `len` bytes before `end`, the end of what was given last; does nothing when
 * other memory was given since.
 */
void arena_trim(struct arena *arena, const char *end, size_t len);

/* Of arena_reset, for one that has grown. */
void arena_shrink(struct arena *arena);

/* Forgets all that was given; keeps one block of the usual size and frees the others. */
static inline void arena_reset(struct arena *arena)
{
	arena->used = 0;
	if (UNLIKELY(arena->grown))
		arena_shrink(arena);
}

/* Frees the blocks. Fine on ARENA_NULL. */
void arena_deinit(struct arena *arena);

#endif
