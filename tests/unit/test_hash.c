/* SPDX-License-Identifier: Apache-2.0 */
/* The stored hashes must never change: published values of XXH64 with seed 0. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "base/hash.h"

static const struct {
	const char *text;
	uint64_t hash;
} known[] = {
	{"", 0xef46db3751d8e999ull},
	{"a", 0xd24ec4f1a98c6e5bull},
	{"abc", 0x44bc2cf5ad770999ull},
};

Test(hash, published_values)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		cr_assert(eq(u64, hash_bytes(known[i].text, strlen(known[i].text)), known[i].hash));
}

Test(hash, nothing_at_all)
{
	cr_assert(eq(u64, hash_bytes(NULL, 0), known[0].hash));
}

Test(hash, one_flipped_bit_shows)
{
	unsigned char bytes[64] = {0};
	const uint64_t before = hash_bytes(bytes, sizeof(bytes));

	for (size_t bit = 0; bit < 8 * sizeof(bytes); bit++) {
		bytes[bit / 8] ^= 1u << (bit % 8);
		cr_assert(ne(u64, hash_bytes(bytes, sizeof(bytes)), before));
		bytes[bit / 8] ^= 1u << (bit % 8);
	}
}
