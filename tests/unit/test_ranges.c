/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ranges by example at their edges, then random operations against a bitmap that cannot be wrong.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "flow/ranges.h"

static void add(struct ranges *ranges, uint64_t start, uint64_t end)
{
	cr_assert(eq(int, ranges_add(ranges, start, end), 0));
}

static void expect(const struct ranges *ranges, const struct range *want, size_t n)
{
	cr_assert(eq(sz, ranges->n, n));
	for (size_t i = 0; i < n; i++) {
		cr_assert(eq(u64, ranges->at[ranges->first + i].start, want[i].start));
		cr_assert(eq(u64, ranges->at[ranges->first + i].end, want[i].end));
	}
}

#define EXPECT(ranges, ...)                                           \
	do {                                                          \
		const struct range want[] = {__VA_ARGS__};            \
		expect(ranges, want, sizeof(want) / sizeof(want[0])); \
	} while (0)

Test(ranges, touching_and_overlapping_merge)
{
	struct ranges ranges = RANGES_NULL;

	add(&ranges, 10, 20);
	add(&ranges, 30, 40);
	EXPECT(&ranges, {10, 20}, {30, 40});
	add(&ranges, 40, 50);
	EXPECT(&ranges, {10, 20}, {30, 50});
	add(&ranges, 5, 10);
	EXPECT(&ranges, {5, 20}, {30, 50});
	add(&ranges, 22, 25);
	EXPECT(&ranges, {5, 20}, {22, 25}, {30, 50});
	add(&ranges, 19, 31);
	EXPECT(&ranges, {5, 50});
	add(&ranges, 6, 7);
	add(&ranges, 60, 60);
	EXPECT(&ranges, {5, 50});
	ranges_deinit(&ranges);
	cr_assert(eq(ptr, ranges.at, NULL));
}

Test(ranges, drop_cuts_what_contains_the_position)
{
	struct ranges ranges = RANGES_NULL;

	add(&ranges, 10, 20);
	add(&ranges, 30, 40);
	ranges_drop_below(&ranges, 10);
	EXPECT(&ranges, {10, 20}, {30, 40});
	ranges_drop_below(&ranges, 15);
	EXPECT(&ranges, {15, 20}, {30, 40});
	ranges_drop_below(&ranges, 20);
	EXPECT(&ranges, {30, 40});
	ranges_drop_below(&ranges, 100);
	cr_assert(eq(sz, ranges.n, 0));
	ranges_deinit(&ranges);
}

Test(ranges, drop_above)
{
	struct ranges ranges = RANGES_NULL;

	add(&ranges, 10, 20);
	add(&ranges, 30, 40);
	ranges_drop_above(&ranges, 40);
	EXPECT(&ranges, {10, 20}, {30, 40});
	ranges_drop_above(&ranges, 35);
	EXPECT(&ranges, {10, 20}, {30, 35});
	ranges_drop_above(&ranges, 30);
	EXPECT(&ranges, {10, 20});
	ranges_drop_below(&ranges, 15);
	ranges_drop_above(&ranges, 0);
	cr_assert(eq(sz, ranges.n, 0));
	add(&ranges, 10, 20);
	EXPECT(&ranges, {10, 20});
	ranges_deinit(&ranges);
}

Test(ranges, find_contains_or_next)
{
	struct ranges ranges = RANGES_NULL;

	cr_assert(eq(ptr, (void *)ranges_find(&ranges, 0), NULL));
	add(&ranges, 10, 20);
	add(&ranges, 30, 40);
	cr_assert(eq(u64, ranges_find(&ranges, 0)->start, 10));
	cr_assert(eq(u64, ranges_find(&ranges, 10)->start, 10));
	cr_assert(eq(u64, ranges_find(&ranges, 19)->start, 10));
	cr_assert(eq(u64, ranges_find(&ranges, 20)->start, 30));
	cr_assert(eq(u64, ranges_find(&ranges, 39)->start, 30));
	cr_assert(eq(ptr, (void *)ranges_find(&ranges, 40), NULL));
	ranges_deinit(&ranges);
}

Test(ranges, bounded_but_merging_still_works)
{
	struct ranges ranges = RANGES_NULL;

	for (uint64_t i = 0; i < RANGES_MAX; i++)
		add(&ranges, 10 * i, 10 * i + 5);
	cr_assert(
		eq(int, ranges_add(&ranges, 10 * RANGES_MAX, 10 * RANGES_MAX + 5), RANGES_E_FULL));
	cr_assert(eq(sz, ranges.n, RANGES_MAX));
	add(&ranges, 5, 10);
	cr_assert(eq(sz, ranges.n, RANGES_MAX - 1));
	ranges_deinit(&ranges);
}

/* A queue of ranges that moves on for ever must not grow the array for ever. */
Test(ranges, the_dropped_front_is_used_again)
{
	struct ranges ranges = RANGES_NULL;

	for (uint64_t i = 0; i < 100000; i++) {
		add(&ranges, 10 * i, 10 * i + 5);
		if (i >= 20)
			ranges_drop_below(&ranges, 10 * (i - 20));
	}
	cr_assert(le(sz, ranges.capacity, 64));
	ranges_deinit(&ranges);
}

static void round_trip(const struct ranges *ranges, uint64_t base, size_t max, struct ranges *ret)
{
	char *bytes;
	size_t len;

	cr_assert(eq(int, ranges_encode(ranges, base, max, &bytes, &len), 0));
	cr_assert(eq(int, ranges_decode((struct slice){bytes, len}, base, ret), 0));
	free(bytes);
}

Test(ranges, encode_clips_at_base_and_at_max)
{
	struct ranges ranges = RANGES_NULL, back;

	add(&ranges, 10, 20);
	add(&ranges, 30, 40);
	add(&ranges, UINT64_MAX - 1, UINT64_MAX);
	round_trip(&ranges, 0, 10, &back);
	EXPECT(&back, {10, 20}, {30, 40}, {UINT64_MAX - 1, UINT64_MAX});
	ranges_deinit(&back);
	round_trip(&ranges, 15, 2, &back);
	EXPECT(&back, {15, 20}, {30, 40});
	ranges_deinit(&back);
	round_trip(&ranges, 20, 0, &back);
	cr_assert(eq(sz, back.n, 0));
	ranges_deinit(&ranges);
}

/* The stored form, byte by byte: it must stay readable. */
Test(ranges, encoded_form)
{
	static const char want[] = {10, 10, (char)0x80, 2, 5};
	struct ranges ranges = RANGES_NULL;
	char *bytes;
	size_t len;

	add(&ranges, 110, 120);
	add(&ranges, 376, 381);
	cr_assert(eq(int, ranges_encode(&ranges, 100, 9, &bytes, &len), 0));
	cr_assert(eq(sz, len, sizeof(want)));
	cr_assert(eq(int, memcmp(bytes, want, len), 0));
	free(bytes);
	ranges_deinit(&ranges);
}

Test(ranges, malformed_is_refused)
{
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {
		{"\x01", 1},                                          /* no length */
		{"\x01\x80", 2},                                      /* cut-off varint */
		{"\x01\x00", 2},                                      /* an empty range */
		{"\x01\x01\x00\x01", 4},                              /* touches the one before */
		{"\x81\x00\x01", 3},                                  /* padded varint */
		{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02\x01", 11}, /* more than 64 bits */
		{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x00\x01", 12}, /* more than ten bytes */
		{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01", 11}, /* beyond the last position */
	};
	struct ranges untouched = {.n = 77};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert(eq(int,
			     ranges_decode((struct slice){bad[i].bytes, bad[i].len}, 1, &untouched),
			     -EBADMSG),
			  "case %zu", i);
	cr_assert(eq(sz, untouched.n, 77));
}

#define MODEL_BITS 512

static void agrees(const struct ranges *ranges, const bool *model, unsigned seed)
{
	const struct range *range = ranges->at + ranges->first;
	const struct range *end = range + ranges->n;

	for (uint64_t i = 0; i < MODEL_BITS; i++) {
		const struct range *found = ranges_find(ranges, i);
		const bool inside = found && found->start <= i;

		cr_assert(eq(int, inside, model[i]), "seed %u, byte %zu", seed, (size_t)i);
	}
	for (; ranges->n && range + 1 < end; range++)
		cr_assert(lt(u64, range->end, range[1].start), "seed %u", seed);
}

/* What comes back is the part above base. */
static void survives_storing(const struct ranges *ranges, const bool *model, uint64_t base,
			     unsigned seed)
{
	bool above[MODEL_BITS];
	struct ranges back;

	for (uint64_t i = 0; i < MODEL_BITS; i++)
		above[i] = i >= base && model[i];
	round_trip(ranges, base, RANGES_MAX, &back);
	agrees(&back, above, seed);
	ranges_deinit(&back);
}

Test(ranges, random_operations_match_a_bitmap)
{
	for (unsigned seed = 1; seed <= 300; seed++) {
		struct ranges ranges = RANGES_NULL;
		bool model[MODEL_BITS] = {0};
		unsigned state = seed;

		for (int step = 0; step < 60; step++) {
			const uint64_t start = (uint64_t)rand_r(&state) % MODEL_BITS;
			uint64_t end = start + (uint64_t)rand_r(&state) % 24;

			if (rand_r(&state) % 12 == 0) {
				ranges_drop_below(&ranges, start / 2);
				memset(model, 0, start / 2);
			} else {
				end = end < MODEL_BITS ? end : MODEL_BITS;
				add(&ranges, start, end);
				memset(model + start, 1, end - start);
			}
			agrees(&ranges, model, seed);
		}
		survives_storing(&ranges, model, (uint64_t)rand_r(&state) % MODEL_BITS, seed);
		ranges_deinit(&ranges);
	}
}
