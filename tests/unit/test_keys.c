/* SPDX-License-Identifier: Apache-2.0 */
/* How many keys a topic had in the last hour, and how many of them would move. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "pressure/keys.h"

static struct partitioner_topic placing;
static struct keys keys;
static struct keys_moves moves;

static void begin(void)
{
	cr_assert_eq(partitioner_topic_init(&placing, partitioner_default(), 1), 0);
	cr_assert_eq(partitioner_topic_resize(&placing, 6), 0);
}

static void end(void)
{
	keys_deinit(&keys);
	partitioner_topic_deinit(&placing);
}

TestSuite(keys, .init = begin, .fini = end);

static struct slice name(unsigned number, char text[16])
{
	return (struct slice){text, (size_t)snprintf(text, 16, "order-%u", number)};
}

static void see(unsigned first, unsigned n, uint64_t now_us)
{
	char text[16];

	for (unsigned i = first; i < first + n; i++)
		keys_see(&keys, name(i, text), now_us);
}

/* Counted one by one. */
static uint64_t moving(unsigned n, int32_t after)
{
	uint64_t found = 0;
	char text[16];

	for (unsigned i = 0; i < n; i++)
		found += partitioner_hash(PARTITIONER_MURMUR2, name(i, text), 6) !=
			 partitioner_hash(PARTITIONER_MURMUR2, name(i, text), after);
	return found;
}

Test(keys, a_few_are_counted_exactly)
{
	for (int again = 0; again < 3; again++)
		see(0, 100, 1000);
	cr_assert_eq(keys_moving(&keys, &placing, 12, 1000, &moves), 0);
	cr_expect(moves.seen == 100 && !moves.estimated, "%lu", moves.seen);
	cr_expect_eq(moves.moving, moving(100, 12));
	cr_assert_eq(keys_moving(&keys, &placing, 6, 1000, &moves), 0);
	cr_expect_eq(moves.moving, 0);
}

Test(keys, very_many_are_estimated_in_bounded_memory)
{
	const unsigned n = 100000;
	uint64_t all = moving(n, 12);

	see(0, n, 1000);
	cr_expect_lt(keys.n, KEYS_SAMPLE);
	cr_assert_eq(keys_moving(&keys, &placing, 12, 1000, &moves), 0);
	cr_expect(moves.estimated);
	cr_expect(moves.seen > n * 7 / 10 && moves.seen < n * 13 / 10, "%lu", moves.seen);
	cr_expect(moves.moving > all * 6 / 10 && moves.moving < all * 14 / 10, "%lu of %lu",
		  moves.moving, all);
}

Test(keys, what_was_seen_long_ago_does_not_count)
{
	see(0, 50, 1000);
	see(20, 40, 2000);
	cr_assert_eq(keys_moving(&keys, &placing, 12, 1000 + KEYS_LAST_US, &moves), 0);
	cr_expect_eq(moves.seen, 40, "%lu", moves.seen);
	cr_assert_eq(keys_moving(&keys, &placing, 12, 2000 + KEYS_LAST_US, &moves), 0);
	cr_expect_eq(moves.seen, 0);
	/* And makes room. */
	see(1000, 127, 3000 + KEYS_LAST_US);
	cr_assert_eq(keys_moving(&keys, &placing, 12, 3000 + KEYS_LAST_US, &moves), 0);
	cr_expect(moves.seen == 127 && !moves.estimated, "%lu", moves.seen);
}

Test(keys, an_empty_one_is_a_key_and_a_very_long_one_is_left_out)
{
	static const char text[KEYS_LEN_MAX + 1];

	keys_see(&keys, (struct slice){text, 0}, 1000);
	keys_see(&keys, (struct slice){text, KEYS_LEN_MAX}, 1000);
	keys_see(&keys, (struct slice){text, KEYS_LEN_MAX + 1}, 1000);
	cr_expect_eq(keys.n, 2);
}
