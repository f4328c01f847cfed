/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pools against a model that knows which blocks are out: no block is given twice, the budget is
 * what the slabs in use take, and a block is refused only when that budget leaves no other choice.
 */
#include "flow/pool.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/support/random.h"

#define GET(pool) pool_get_below(pool, budget.max)
#define SLABS(n) ((size_t)(n)*POOL_SLAB_BYTES)

static struct pool *new_pool(size_t block_bytes, struct pool_budget *budget)
{
	struct pool *pool = NULL;

	cr_assert_eq(pool_new(block_bytes, budget, &pool), 0);
	return pool;
}

Test(pool, blocks_are_aligned_and_counted_by_slab)
{
	static const size_t sizes[] = {512, 4096, POOL_SLAB_BYTES};

	for (size_t i = 0; i < 3; i++) {
		struct pool_budget budget = {.max = SLABS(3) + 5};
		struct pool *pool = new_pool(sizes[i], &budget);
		size_t n = 0;
		char *block;

		cr_assert_eq(budget.used, 0);
		while ((block = GET(pool))) {
			cr_assert_eq((uintptr_t)block % sizes[i], 0);
			memset(block, 0xff, sizes[i]);
			cr_assert_eq(budget.used, SLABS(n * sizes[i] / POOL_SLAB_BYTES + 1));
			n++;
		}
		cr_assert_eq(n * sizes[i], SLABS(3), "a started slab above the budget is not used");
		pool = pool_free(pool);
		cr_assert_null(pool);
		cr_assert_eq(budget.used, 0);
	}
	cr_assert_null(pool_free(NULL));
}

static size_t resident_pages(void *at)
{
	unsigned char pages[POOL_SLAB_BYTES / 4096];
	size_t n = 0;

	cr_assert_eq(mincore(at, POOL_SLAB_BYTES, pages), 0);
	for (size_t i = 0; i < sizeof pages; i++)
		n += pages[i] & 1;
	return n;
}

/* Scenario E27 */
Test(pool, trim_gives_empty_slabs_back_to_the_system)
{
	struct pool_budget budget = {.max = SLABS(2)};
	struct pool *pool = new_pool(POOL_SLAB_BYTES, &budget);
	char *first = GET(pool), *second = GET(pool);

	memset(first, 1, POOL_SLAB_BYTES);
	memset(second, 1, POOL_SLAB_BYTES);
	pool_put(pool, NULL);
	pool_put(pool, second);
	cr_assert_eq(budget.used, SLABS(2), "it stays until it is trimmed");
	pool_trim(pool);
	cr_assert_eq(budget.used, SLABS(1));
	cr_assert_eq(resident_pages(first), POOL_SLAB_BYTES / 4096);
	cr_assert_eq(resident_pages(second), 0);
	cr_assert_eq(GET(pool), second);
	pool_free(pool);
}

Test(pool, the_lowest_slab_with_room_is_used_so_that_the_highest_run_empty)
{
	struct pool_budget budget = {.max = SLABS(3)};
	struct pool *pool = new_pool(POOL_SLAB_BYTES / 2, &budget);
	char *blocks[6];

	for (size_t i = 0; i < 6; i++)
		blocks[i] = GET(pool);
	pool_put(pool, blocks[4]);
	pool_put(pool, blocks[1]);
	cr_assert_eq(GET(pool), blocks[1]);
	cr_assert_eq(GET(pool), blocks[4]);
	pool_free(pool);
}

Test(pool, a_slab_in_use_above_one_that_was_given_back_still_has_room)
{
	struct pool_budget budget = {.max = SLABS(2)};
	struct pool *pool = new_pool(POOL_SLAB_BYTES / 2, &budget), *other;
	char *low[2] = {GET(pool), GET(pool)}, *high = GET(pool);

	pool_put(pool, low[0]);
	pool_put(pool, low[1]);
	pool_trim(pool);
	other = new_pool(POOL_SLAB_BYTES, &budget);
	cr_assert_not_null(GET(other));
	cr_assert_eq(GET(pool), high + POOL_SLAB_BYTES / 2);
	cr_assert_null(GET(pool));
	pool_free(other);
	cr_assert_not_null(GET(pool));
	pool_free(pool);
}

#define BLOCKS 300

/* Scenario D08 */
Test(pool, random_lives_against_a_model, .timeout = 60)
{
	FOR_SEEDS(seed, 100)
	{
		struct random random = {seed};
		struct pool_budget budget = {.max = SLABS(4)};
		size_t sizes[2] = {POOL_SLAB_BYTES / 64, POOL_SLAB_BYTES / 4};
		struct pool *pools[2] = {new_pool(sizes[0], &budget), new_pool(sizes[1], &budget)};
		uint64_t *out[BLOCKS] = {0};
		size_t refused = 0;

		for (uint64_t i = 0; i < 3000; i++) {
			size_t b = random_below(&random, BLOCKS), which = b % 2;

			if (out[b]) {
				/* Its bytes are as they were left: nobody else was given them. */
				cr_assert_eq(out[b][1], b, "seed %lu", seed);
				cr_assert_eq(out[b][sizes[which] / 8 - 1], b, "seed %lu", seed);
				pool_put(pools[which], out[b]);
				out[b] = NULL;
			} else if ((out[b] = GET(pools[which]))) {
				out[b][1] = out[b][sizes[which] / 8 - 1] = b;
			} else {
				refused++;
				cr_assert_gt(budget.used + POOL_SLAB_BYTES, budget.max, "seed %lu",
					     seed);
			}
			if (random_once_in(&random, 50))
				pool_trim(pools[random_below(&random, 2)]);
			cr_assert_leq(budget.used, budget.max, "seed %lu", seed);
		}
		cr_assert_gt(refused, 0, "seed %lu tries nothing", seed);
		for (size_t b = 0; b < BLOCKS; b++)
			pool_put(pools[b % 2], out[b]);
		pool_trim(pools[0]);
		pool_trim(pools[1]);
		cr_assert_eq(budget.used, 0, "seed %lu", seed);
		pool_free(pools[0]);
		pool_free(pools[1]);
	}
}
