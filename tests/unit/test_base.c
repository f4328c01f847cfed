/* SPDX-License-Identifier: Apache-2.0 */
/* map and arena: what they promise about lives, by random operations against plain arrays. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "tests/support/random.h"

#define KEYS 200

/* ---- map ---- */

Test(map, put_replaces_take_removes)
{
	struct map *map = map_new();
	char key[] = "key";
	int a, b;

	cr_assert_eq(map_put(map, key, 3, &a), 0);
	cr_assert_eq(map_put(map, key, 3, &b), 0);
	cr_assert_eq(map_count(map), 1);
	key[0] = 'K'; /* the key was copied */
	cr_assert_null(map_get(map, key, 3));
	cr_assert_eq(map_get(map, "key", 3), &b);
	cr_assert_null(map_get(map, "key", 2), "a prefix is another key");
	cr_assert_null(map_take(map, "ke\0", 3));
	cr_assert_eq(map_take(map, "key", 3), &b);
	cr_assert_null(map_take(map, "key", 3));
	cr_assert_eq(map_count(map), 0);
	cr_assert_null(map_free(map));
	cr_assert_null(map_free(NULL));
}

/* Walks; takes out every entry of which drop says so when it is returned. Each comes once. */
static size_t walk(struct map *map, char *const values, const bool *drop, bool *present)
{
	bool seen[KEYS] = {0};
	void *cursor = NULL;
	char *value;
	size_t n = 0;

	while ((value = map_next(map, &cursor))) {
		size_t i = (size_t)(value - values);

		cr_assert_lt(i, KEYS);
		cr_assert(present[i] && !seen[i], "%zu", i);
		seen[i] = true;
		n++;
		if (!drop[i])
			continue;
		cr_assert_eq(map_take(map, &i, sizeof i), value);
		present[i] = false;
	}
	cr_assert_null(map_next(map, &cursor), "the end stays the end");
	return n;
}

Test(map, walks_see_each_entry_once_while_they_are_taken_out)
{
	FOR_SEEDS(seed, 300)
	{
		struct random random = {seed};
		struct map *map = map_new();
		bool drop[KEYS] = {0}, present[KEYS] = {0}, none[KEYS] = {0};
		char values[KEYS];
		size_t n = random_below(&random, KEYS), left = 0;

		for (size_t i = 0; i < n; i++) {
			size_t key = random_below(&random, KEYS);

			cr_assert_eq(map_put(map, &key, sizeof key, &values[key]), 0);
			present[key] = true;
			drop[key] = random_once_in(&random, 1 + seed % 3);
		}
		for (size_t i = 0; i < KEYS; i++)
			left += present[i];
		cr_assert_eq(map_count(map), left, "seed %lu", seed);
		cr_assert_eq(walk(map, values, drop, present), left, "seed %lu", seed);
		left = 0;
		for (size_t i = 0; i < KEYS; i++) {
			left += present[i];
			cr_assert_eq(map_get(map, &i, sizeof i) != NULL, present[i], "seed %lu",
				     seed);
		}
		cr_assert_eq(map_count(map), left, "seed %lu", seed);
		cr_assert_eq(walk(map, values, none, present), left, "seed %lu", seed);
		map_free(map);
	}
}

/* Entries that go are passed over, also the one that is next; the map may end before a walk. */
Test(map, a_walk_goes_on_while_entries_come_and_go)
{
	struct map *map = map_new();
	struct map_walk walk = {0}, other = {0};
	char names[] = "abcdef";

	for (size_t i = 0; i < 4; i++)
		cr_assert_eq(map_put(map, &names[i], 1, &names[i]), 0);
	map_walk_begin(&walk, map);
	map_walk_begin(&other, map);
	cr_expect_eq(map_walk_next(&walk), &names[0]);
	cr_expect_eq(map_take(map, "a", 1), &names[0]);
	cr_expect_eq(map_take(map, "b", 1), &names[1]);
	cr_expect_eq(map_walk_next(&walk), &names[2]);
	cr_expect_eq(map_walk_next(&other), &names[2]);
	map_walk_end(&other);
	/* One that is always put in again does not keep a walk going. */
	for (size_t i = 0; i < 20 && map_walk_next(&walk); i++) {
		cr_assert_eq(map_put(map, &names[4], 1, &names[4]), 0);
		cr_assert_lt(i, 4);
		cr_expect_eq(map_take(map, "e", 1), &names[4]);
		cr_assert_eq(map_put(map, &names[5], 1, &names[5]), 0);
	}
	map_walk_begin(&other, map);
	map_free(map);
	cr_expect_null(map_walk_next(&other));
	map_walk_end(&other);
	map_walk_end(&walk);
}

/* ---- arena ---- */

#define PIECES 200

Test(arena, what_was_given_stays_where_it_is)
{
	FOR_SEEDS(seed, 100)
	{
		struct random random = {seed};
		struct arena arena = ARENA_NULL;
		char *pieces[PIECES];
		size_t lens[PIECES];

		for (size_t round = 0; round < 3; round++) {
			size_t n = 1 + random_below(&random, PIECES);

			for (size_t i = 0; i < n; i++) {
				lens[i] = random_below(&random,
						       random_once_in(&random, 20) ? 40000 : 300);
				pieces[i] = arena_alloc(&arena, lens[i]);
				cr_assert_not_null(pieces[i]);
				memset(pieces[i], (int)i, lens[i]);
			}
			for (size_t i = 0; i < n; i++)
				for (size_t k = 0; k < lens[i]; k++)
					cr_assert_eq(pieces[i][k], (char)i, "seed %lu", seed);
			arena_reset(&arena);
		}
		arena_deinit(&arena);
		cr_assert_null(arena.first);
		arena_deinit(&arena);
	}
}

Test(arena, a_reset_keeps_one_usual_block_and_no_large_one)
{
	struct arena arena = ARENA_NULL;
	char *first;

	arena_reset(&arena);
	first = arena_alloc(&arena, 10);
	cr_assert_not_null(arena_alloc(&arena, 100000));
	cr_assert_not_null(arena_alloc(&arena, 16384));
	arena_reset(&arena);
	cr_assert_eq(arena_alloc(&arena, 10), first);
	cr_assert_eq(arena.first, arena.current);
	/* All of the usual block can be had, and not a byte more. */
	cr_assert_not_null(arena_alloc(&arena, 16384 - 10));
	cr_assert_eq(arena.first, arena.current);
	cr_assert_not_null(arena_alloc(&arena, 1));
	cr_assert_neq(arena.first, arena.current);
	arena_deinit(&arena);
	cr_assert_not_null(arena_alloc(&arena, 16385));
	arena_reset(&arena);
	cr_assert_null(arena.first, "one large record does not keep its memory for good");
}
