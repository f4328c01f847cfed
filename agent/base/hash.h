/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/*
 * XXH64 with seed 0: fingerprints, tail hashes, checksums of stored rows. The value is the same on
 * every machine and in every version, so it may be stored. at may be NULL when len is 0.
 */
uint64_t hash_bytes(const void *at, size_t len);

/* 128 bits, for what must not be equal by chance in years of all files of many hosts. */
struct hash128 {
	uint64_t low;
	uint64_t high;
};

/* XXH3-128 with seed 0, whose values are as fixed as those above. */
struct hash128 hash_bytes128(const void *at, size_t len);

/* The same of two such values, one after the other. */
struct hash128 hash_pair(struct hash128 first, struct hash128 second);

#endif
