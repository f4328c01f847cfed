/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_CHUNK_H
#define FLOW_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/result.h"
#include "flow/chain.h"
#include "flow/pool.h"

/*
 * A run of bytes of one file in memory: read buffer, payload store and delivery account in one.
 *
 *   file:   ... tail 64 | start ........ cursor ........ filled ........ capacity
 *                       |  slots cover   |  read, not    |  room
 *                       |  every byte    |  yet consumed |
 *
 * Invariants: slots are contiguous and end at start + cursor; cursor <= filled, unless a settled
 * extent ran over the end (then the chunk is sealed); bytes[] below filled never change while the
 * chunk lives, because the producer reads its payloads from there.
 */

struct account;
struct slot_block;

/* So many bytes before a position are remembered and compared at each read. */
#define CHUNK_LOOK_BACK 64

enum slot_state {
	SLOT_IN_FLIGHT, /* at the output, its report will come */
	SLOT_FAILED,    /* came back undelivered; the file rewinds */
	SLOT_REFUSED,   /* the same, and goes alone next: its batch was refused */
	SLOT_OWED,      /* one of several branches (branches.h), not yet handed over */
	/* settled, from here on: */
	SLOT_DELIVERED,
	SLOT_FILTERED, /* left out by the user's rule, or the rest of an over-long line */
	SLOT_DEAD,     /* kept as a dead letter */
	SLOT_AHEAD,    /* was settled before a rewind or restart */
};

/* One event's place in its chunk, or one branch's of it (branches.h); the producer's opaque. */
struct slot {
	uint32_t start; /* relative to the chunk's start */
	uint32_t length : 24;
	uint32_t state : 8;
	union {
		struct {
			uint64_t read_ms : 48; /* when it was read; ms since 1970 */
			uint64_t lines : 16;   /* of its event */
		};                             /* until it is delivered, or came back */
		struct {
			uint64_t offset : 48;
			uint64_t partition : 16;
		}; /* from then on, for a receipt; partition also when it came back */
	};
};

_Static_assert(sizeof(struct slot) == 16, "31 slots and two pointers make 512 bytes");

/* Longest extent that one slot can cover. */
#define SLOT_LENGTH_MAX ((1u << 24) - 1)

#define SLOTS_PER_BLOCK 31

/* 512 bytes, aligned: from a slot to its block, and so to its chunk, by masking. */
struct slot_block {
	struct chunk *chunk;
	struct slot_block *next;
	struct slot slots[SLOTS_PER_BLOCK];
};

_Static_assert(sizeof(struct slot_block) == 512, "a block is found by masking a slot's address");

/*
 * Tailing takes few bytes at a time, catching up many; a line above the large class gets its own
 * size.
 */
enum chunk_class { CHUNK_SMALL, CHUNK_LARGE, CHUNK_OWN_SIZE };

struct chunk {
	struct account *account;
	struct chunk_share *share; /* or NULL */
	TAILQ_ENTRY(chunk) link;
	uint64_t start;
	uint32_t cursor;
	uint32_t filled;
	uint32_t capacity;
	uint32_t unsettled;
	struct slot_block *first;
	struct slot_block *last;
	struct slot_block *head; /* the first slot that the committed position has not passed */
	uint8_t head_index;
	uint8_t last_count; /* slots in use in *last */
	uint8_t class;
	bool sealed;
	uint8_t look_back_len;  /* bytes known before start, at the end of look_back */
	uint8_t end_tail_len;   /* sealed: bytes known before start + cursor */
	struct chain chain;     /* of the bytes below a position in start .. start + cursor */
	struct chain end_chain; /* of those below its upto, up to where bytes are filled in */
	char look_back[CHUNK_LOOK_BACK];
	char end_tail[CHUNK_LOOK_BACK];
	char bytes[];
};

/*
 * What one of several holds of the pools, of which each other wants some, too. He takes nothing
 * more from the system while he holds more than three times what is left: one alone leaves a
 * quarter, two leave a seventh, k of them 1/(3k + 1).
 */
struct chunk_share {
	size_t held; /* bytes of chunks and slot blocks */
};

#define CHUNK_SHARE_TIMES 3

/* All memory that grows with files and lines; one of it serves all files of an agent. */
struct chunk_pools {
	struct pool_budget budget;
	struct pool *small;
	struct pool *large;
	struct pool *slots;
};

#define CHUNK_SMALL_BYTES ((size_t)4096)
#define CHUNK_LARGE_BYTES ((size_t)256 << 10)

/* max: bytes of chunks and slot blocks together. 0 or negative errno; deinit is fine after both. */
int chunk_pools_init(struct chunk_pools *pools, size_t max) MUSTCHECK;
void chunk_pools_deinit(struct chunk_pools *pools);

/* Gives unused memory back to the system: after a quiet second. */
void chunk_pools_trim(struct chunk_pools *pools);

/*
 * So many small chunks with a slot block each could be had now, by one who shares (NULL: nobody
 * else wants any).
 */
size_t chunk_pools_room(const struct chunk_pools *pools, const struct chunk_share *share);

/*
 * A chunk for `account`, of one who shares (borrowed; NULL: nobody else wants any), at file
 * position start, able to hold own_bytes where class is CHUNK_OWN_SIZE; a large one without
 * own_bytes is a wish, and a small one comes when half of the budget is used, or twice as much by
 * himself as is left up to there. NULL when all of it is used, or all that is not left to others.
 */
struct chunk *chunk_new(struct chunk_pools *pools, struct chunk_share *share,
			struct account *account, uint64_t start, enum chunk_class class,
			size_t own_bytes);

/* With its slot blocks. Nothing of it may be in flight. */
void chunk_free(struct chunk_pools *pools, struct chunk *chunk);

/* Room for more slots, of chunk_add_slot. False when the budget is used up. */
bool chunk_add_block(struct chunk_pools *pools, struct chunk *chunk);

/*
 * A slot in flight for the `length` bytes at the cursor, which moves behind them. NULL when the
 * budget is used up: nothing has changed.
 */
static inline struct slot *chunk_add_slot(struct chunk_pools *pools, struct chunk *chunk,
					  uint32_t length)
{
	struct slot *slot;

	if (UNLIKELY(!chunk->last || chunk->last_count == SLOTS_PER_BLOCK) &&
	    !chunk_add_block(pools, chunk))
		return NULL;
	slot = &chunk->last->slots[chunk->last_count++];
	slot->start = chunk->cursor;
	slot->length = length;
	slot->state = SLOT_IN_FLIGHT;
	slot->read_ms = 0;
	slot->lines = 1;
	chunk->cursor += length;
	chunk->unsettled++;
	return slot;
}

/*
 * The next n slots, at most SLOTS_PER_BLOCK, will lie in one block; what is left of another one
 * becomes settled slots of no bytes. False when the budget is used up.
 */
bool chunk_gather(struct chunk_pools *pools, struct chunk *chunk, unsigned n);

/* Takes the slot just added back: the cursor is where it was. */
void chunk_undo_slot(struct chunk *chunk, struct slot *slot);

/*
 * Passes `length` bytes at the cursor as settled, without a record. Grows the slot before where
 * that has the same state, so that a million filtered lines need one. False when the budget is
 * used up.
 */
bool chunk_pass(struct chunk_pools *pools, struct chunk *chunk, uint32_t length,
		enum slot_state state);

/* No more bytes are read into it; remembers the bytes before its end. */
void chunk_seal(struct chunk *chunk);

/*
 * The up to 64 bytes before file position `at`, copied to ret_tail; returns their number, 0 when
 * they are not known. at must lie within start .. start + cursor.
 */
uint8_t chunk_tail(const struct chunk *chunk, uint64_t at, char ret_tail[CHUNK_LOOK_BACK]);

static inline struct chunk *slot_chunk(const struct slot *slot)
{
	return ((struct slot_block *)((uintptr_t)slot & ~(uintptr_t)511))->chunk;
}

/* File position of the slot's first byte. */
static inline uint64_t slot_position(const struct slot *slot)
{
	return slot_chunk(slot)->start + slot->start;
}

static inline bool slot_is_settled(const struct slot *slot)
{
	return slot->state >= SLOT_DELIVERED;
}

/* Walks the slots of a chunk in order: for (it = ...open; (slot = slot_walk_next(&it)); ). */
struct slot_walk {
	struct chunk *chunk;
	struct slot_block *block;
	unsigned index;
};

/* From the first slot that the committed position has not passed. */
struct slot_walk slot_walk_open(struct chunk *chunk);

static inline struct slot *slot_walk_next(struct slot_walk *walk)
{
	if (walk->block && walk->index == SLOTS_PER_BLOCK) {
		walk->block = walk->block->next;
		walk->index = 0;
	}
	if (!walk->block ||
	    (walk->block == walk->chunk->last && walk->index == walk->chunk->last_count))
		return NULL;
	return &walk->block->slots[walk->index++];
}

#endif
