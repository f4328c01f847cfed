/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks and slots: where a slot finds its chunk, what undo and pass leave behind, and which bytes
 * are known before a position. Byte i of the file is byte_at(i), so every copy can be checked.
 */
#include "flow/chunk.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/support/random.h"

#define START 100000

static struct chunk_pools pools;

static void begin(void)
{
	cr_assert_eq(chunk_pools_init(&pools, 4 << 20), 0);
}

static void finish(void)
{
	chunk_pools_trim(&pools);
	cr_expect_eq(pools.budget.used, 0, "not all was given back");
	chunk_pools_deinit(&pools);
}

TestSuite(chunk, .init = begin, .fini = finish, .timeout = 60);

static char byte_at(uint64_t position)
{
	return (char)(position * 2654435761u >> 13);
}

static struct chunk *new_chunk(enum chunk_class class, size_t own_bytes, uint8_t look_back)
{
	struct chunk *chunk = chunk_new(&pools, NULL, NULL, START, class, own_bytes);

	cr_assert_not_null(chunk);
	chunk->look_back_len = look_back;
	for (uint8_t i = 0; i < look_back; i++)
		chunk->look_back[CHUNK_LOOK_BACK - look_back + i] = byte_at(START - look_back + i);
	return chunk;
}

static void fill(struct chunk *chunk, uint32_t n)
{
	cr_assert_leq(chunk->filled + n, chunk->capacity);
	for (uint32_t i = 0; i < n; i++)
		chunk->bytes[chunk->filled + i] = byte_at(chunk->start + chunk->filled + i);
	chunk->filled += n;
}

Test(chunk, classes_have_the_size_they_say_and_are_counted)
{
	struct chunk *small = new_chunk(CHUNK_SMALL, 0, 0), *large = new_chunk(CHUNK_LARGE, 0, 0),
		     *own;
	size_t before = pools.budget.used;

	cr_assert_eq(small->capacity, CHUNK_SMALL_BYTES - sizeof *small);
	cr_assert_eq(large->capacity, CHUNK_LARGE_BYTES - sizeof *large);
	own = new_chunk(CHUNK_OWN_SIZE, 1 << 20, 0);
	cr_assert_geq(own->capacity, 1 << 20);
	cr_assert_eq(pools.budget.used, before + own->capacity + sizeof *own);
	memset(own->bytes, 1, own->capacity);
	cr_assert_null(chunk_new(&pools, NULL, NULL, 0, CHUNK_OWN_SIZE, 3 << 20),
		       "above the budget");
	chunk_free(&pools, own);
	cr_assert_eq(pools.budget.used, before);
	chunk_free(&pools, small);
	chunk_free(&pools, large);
}

Test(chunk, an_empty_slab_of_one_pool_does_not_starve_another)
{
	struct chunk *chunks[16];
	size_t n = 0;

	while (n < 16 && (chunks[n] = chunk_new(&pools, NULL, NULL, 0, CHUNK_LARGE, 5000)))
		n++;
	cr_assert_eq(n, 16);
	cr_assert_null(chunk_new(&pools, NULL, NULL, 0, CHUNK_SMALL, 0));
	chunk_free(&pools, chunks[--n]);
	chunk_free(&pools, chunks[--n]);
	chunks[n] = chunk_new(&pools, NULL, NULL, 0, CHUNK_SMALL, 0);
	cr_assert_not_null(chunks[n]);
	cr_assert_not_null(chunk_add_slot(&pools, chunks[n], 1));
	cr_assert_null(chunk_new(&pools, NULL, NULL, 0, CHUNK_OWN_SIZE, 1));
	chunk_free(&pools, chunks[n]);
	chunks[n] = chunk_new(&pools, NULL, NULL, 0, CHUNK_OWN_SIZE, 300000);
	cr_assert_not_null(chunks[n]);
	for (n++; n; n--)
		chunk_free(&pools, chunks[n - 1]);
}

Test(chunk, a_large_one_that_nobody_needs_leaves_half_of_memory_to_others)
{
	struct chunk *chunks[16];

	for (size_t i = 0; i < 16; i++) {
		chunks[i] = chunk_new(&pools, NULL, NULL, 0, CHUNK_LARGE, 0);
		cr_assert_not_null(chunks[i]);
		cr_expect_eq(chunks[i]->class, i < 8 ? CHUNK_LARGE : CHUNK_SMALL, "%zu", i);
	}
	for (size_t i = 0; i < 16; i++)
		chunk_free(&pools, chunks[i]);
}

Test(chunk, a_slot_knows_its_chunk_and_its_place)
{
	struct chunk *chunk = new_chunk(CHUNK_SMALL, 0, 0);
	struct slot_walk walk;
	struct slot *slot;
	uint32_t at = 0;

	fill(chunk, 3000);
	for (uint32_t i = 0; i < 100; i++) {
		slot = chunk_add_slot(&pools, chunk, i % 7);
		cr_assert_eq(slot_chunk(slot), chunk);
		cr_assert_eq(slot_position(slot), START + at);
		cr_assert(!slot_is_settled(slot));
		at += i % 7;
	}
	cr_assert_eq(chunk->cursor, at);
	cr_assert_eq(chunk->unsettled, 100);
	walk = slot_walk_open(chunk);
	for (uint32_t i = 0; i < 100; i++) {
		slot = slot_walk_next(&walk);
		cr_assert_eq(slot->length, i % 7);
	}
	cr_assert_null(slot_walk_next(&walk));
	cr_assert_null(slot_walk_next(&walk));
	chunk_free(&pools, chunk);
}

Test(chunk, an_undone_slot_leaves_no_trace_at_any_place_in_its_block)
{
	struct chunk *chunk = new_chunk(CHUNK_SMALL, 0, 0);
	struct slot_walk walk;
	uint32_t n = 0;

	fill(chunk, 1000);
	for (; n < 70; n++) {
		struct slot *undone = chunk_add_slot(&pools, chunk, 500), *again;

		chunk_undo_slot(chunk, undone);
		cr_assert_eq(chunk->cursor, n * 2);
		cr_assert_eq(chunk->unsettled, n);
		again = chunk_add_slot(&pools, chunk, 2);
		cr_assert_eq(again, undone);
		chunk_undo_slot(chunk, again);
		/* A pass in its place must not grow the slot before, which is in flight. */
		cr_assert(chunk_pass(&pools, chunk, 2, SLOT_FILTERED));
		cr_assert_eq(chunk->unsettled, n);
		chunk_undo_slot(chunk, again);
		cr_assert_eq(chunk_add_slot(&pools, chunk, 2), undone);
	}
	walk = slot_walk_open(chunk);
	for (uint32_t i = 0; i < n; i++)
		cr_assert_eq(slot_walk_next(&walk)->start, i * 2);
	cr_assert_null(slot_walk_next(&walk));
	chunk_free(&pools, chunk);
}

Test(chunk, passes_of_one_kind_share_a_slot_up_to_its_longest)
{
	struct chunk *chunk = new_chunk(CHUNK_SMALL, 0, 0);
	struct slot_walk walk;
	struct slot *slot;
	size_t before;

	cr_assert(chunk_pass(&pools, chunk, 1, SLOT_FILTERED));
	before = pools.budget.used;
	for (size_t i = 0; i < 1000000; i++)
		cr_assert(chunk_pass(&pools, chunk, 1, SLOT_FILTERED));
	cr_assert_eq(pools.budget.used, before);
	cr_assert(chunk_pass(&pools, chunk, 5, SLOT_AHEAD));
	cr_assert(chunk_pass(&pools, chunk, SLOT_LENGTH_MAX - 5, SLOT_AHEAD));
	cr_assert(chunk_pass(&pools, chunk, 1, SLOT_AHEAD));
	walk = slot_walk_open(chunk);
	slot = slot_walk_next(&walk);
	cr_assert_eq(slot->length, 1000001);
	slot = slot_walk_next(&walk);
	cr_assert_eq(slot->length, SLOT_LENGTH_MAX);
	slot = slot_walk_next(&walk);
	cr_assert_eq(slot->length, 1);
	cr_assert_eq(slot->start, 1000001 + SLOT_LENGTH_MAX);
	cr_assert_null(slot_walk_next(&walk));
	cr_assert_eq(chunk->unsettled, 0);
	chunk_free(&pools, chunk);
}

Test(chunk, without_memory_nothing_changes)
{
	struct chunk *chunk = new_chunk(CHUNK_SMALL, 0, 0);
	size_t max = pools.budget.max;

	pools.budget.max = pools.budget.used;
	cr_assert_null(chunk_add_slot(&pools, chunk, 10));
	cr_assert(!chunk_pass(&pools, chunk, 10, SLOT_FILTERED));
	cr_assert_eq(chunk->cursor, 0);
	cr_assert_eq(chunk->unsettled, 0);
	cr_assert_null(chunk->first);
	pools.budget.max = max;
	cr_assert_eq(chunk_add_slot(&pools, chunk, 10)->start, 0);
	chunk_free(&pools, chunk);
}

/* The bytes before `at` that are known, checked; returns their number. */
static uint8_t tail_at(const struct chunk *chunk, uint64_t at)
{
	char tail[CHUNK_LOOK_BACK];
	uint8_t n = chunk_tail(chunk, at, tail);

	cr_assert_leq(n, CHUNK_LOOK_BACK);
	for (uint8_t i = 0; i < n; i++)
		cr_assert_eq(tail[i], byte_at(at - n + i), "at %lu, byte %u of %u", at, i, n);
	return n;
}

Test(chunk, the_bytes_before_any_position_are_its_own_and_the_look_back)
{
	for (uint8_t look_back = 0; look_back <= CHUNK_LOOK_BACK; look_back++) {
		struct chunk *chunk = new_chunk(CHUNK_SMALL, 0, look_back);

		fill(chunk, 200);
		cr_assert_not_null(chunk_add_slot(&pools, chunk, 150));
		for (uint32_t at = 0; at <= 150; at++)
			cr_assert_eq(tail_at(chunk, START + at), at + look_back < CHUNK_LOOK_BACK ?
									 at + look_back :
									 CHUNK_LOOK_BACK);
		chunk_seal(chunk);
		cr_assert_eq(chunk->end_tail_len, CHUNK_LOOK_BACK);
		cr_assert_eq(tail_at(chunk, START + 150), CHUNK_LOOK_BACK);
		cr_assert_eq(tail_at(chunk, START + 3), look_back + 3 < 64 ? look_back + 3 : 64);
		chunk_free(&pools, chunk);
	}
}

Test(chunk, bytes_that_were_passed_unread_are_not_known)
{
	struct chunk *chunk = new_chunk(CHUNK_SMALL, 0, CHUNK_LOOK_BACK);

	fill(chunk, 10);
	cr_assert(chunk_pass(&pools, chunk, 1000, SLOT_AHEAD));
	cr_assert_eq(tail_at(chunk, START + 1000), 0);
	chunk_seal(chunk);
	cr_assert_eq(tail_at(chunk, START + 1000), 0);
	chunk_free(&pools, chunk);
}
