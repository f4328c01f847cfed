/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "base/result.h"
#include "output/partitioner.h"

/* (toPositive(murmur2(key)) mod n) as Java's producer computes it. */
struct golden {
	char key[32];
	int32_t n;
	int32_t partition;
};

ParameterizedTestParameters(partitioner, golden)
{
	static struct golden cases[] = {
		{"kafka", 12, 4},
		{"log", 12, 10},
		{"host-17.example.com", 12, 11},
		{"a", 12, 4},
		/* From the tests of Kafka's own murmur2: the hash itself, masked to 31 bits. */
		{"21", INT32_MAX, -973932308 & 0x7fffffff},
		{"foobar", INT32_MAX, -790332482 & 0x7fffffff},
		{"a-little-bit-long-string", INT32_MAX, -985981536 & 0x7fffffff},
		{"a-little-bit-longer-string", INT32_MAX, -1486304829 & 0x7fffffff},
		{"abc", INT32_MAX, 479470107},
		{"kafka", 1, 0},
	};

	return cr_make_param_array(struct golden, cases, ARRAY_LEN(cases));
}

ParameterizedTest(struct golden *c, partitioner, golden)
{
	cr_expect_eq(partitioner_of_key(slice_of(c->key), c->n), c->partition, "%s mod %d: %d",
		     c->key, c->n, partitioner_of_key(slice_of(c->key), c->n));
}

Test(partitioner, bytes_above_127_and_every_alignment)
{
	static const char long_key[] = "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8";
	char buffer[128];

	for (size_t shift = 0; shift < 8; shift++) {
		memcpy(buffer + shift, long_key, sizeof long_key);
		cr_expect_eq(partitioner_of_key((struct slice){buffer + shift, sizeof long_key - 1},
						INT32_MAX),
			     -58897971 & 0x7fffffff);
	}
}

Test(partitioner, an_empty_key_is_a_key)
{
	int32_t p = partitioner_of_key((struct slice){"", 0}, 12);

	cr_expect(p >= 0 && p < 12);
	cr_expect_eq(p, partitioner_of_key((struct slice){"x", 0}, 12));
}

static bool held(const void *context, int32_t partition)
{
	return *(const unsigned int *)context >> partition & 1;
}

Test(partitioner, sticky_stays_for_a_batch_and_moves_on)
{
	struct partitioner_sticky sticky = {.start = 2};
	unsigned int none = 0;
	int32_t expected[] = {2, 2, 2, 2, 0, 0, 0, 0, 1};

	for (size_t i = 0; i < ARRAY_LEN(expected); i++)
		cr_expect_eq(partitioner_sticky(&sticky, 3, 250, 1000, held, &none), expected[i],
			     "record %zu", i);
	partitioner_move_on(&sticky);
	cr_expect_eq(partitioner_sticky(&sticky, 3, 250, 1000, held, &none), 2);
}

Test(partitioner, sticky_avoids_the_held)
{
	struct partitioner_sticky sticky = {0};
	unsigned int mask = 0;

	cr_expect_eq(partitioner_sticky(&sticky, 3, 10, 1000, held, &mask), 0);
	mask = 1;
	cr_expect_eq(partitioner_sticky(&sticky, 3, 10, 1000, held, &mask), 1);
	mask = 3;
	cr_expect_eq(partitioner_sticky(&sticky, 3, 10, 1000, held, &mask), 2);
	mask = 7;
	cr_expect_eq(partitioner_sticky(&sticky, 3, 10, 1000, held, &mask), -1);
	mask = 6;
	cr_expect_eq(partitioner_sticky(&sticky, 3, 10, 1000, held, &mask), 0);
}

Test(partitioner, sticky_survives_fewer_partitions)
{
	struct partitioner_sticky sticky = {.start = 5};
	unsigned int none = 0;

	cr_expect_eq(partitioner_sticky(&sticky, 6, 10, 1000, held, &none), 5);
	cr_expect_lt(partitioner_sticky(&sticky, 2, 10, 1000, held, &none), 2);
}
