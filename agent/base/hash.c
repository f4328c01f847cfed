/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one hash of the program, and the only file that knows xxHash.
 *
 * Both input (fingerprints) and state (row checksums) need one, and neither may include the other,
 * so it lives below both. XXH64 where a few bytes are to be known again. XXH3 where every byte that
 * is read goes through it: twice as fast, and 128 bits wide; its values are fixed since 0.8.0. It
 * is no protection against somebody who wants a collision; whoever can write the state directory or
 * a log file can lie to us anyway.
 *
 * The code of xxHash stands in its header and is compiled here, with -O3 (see the Makefile): half
 * of the instructions a byte of a shared library that was built for all its users.
 */
#include "base/hash.h"

#include <endian.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t hash_bytes(const void *at, size_t len)
{
	return len ? XXH64(at, len, 0) : XXH64("", 0, 0);
}

struct hash128 hash_bytes128(const void *at, size_t len)
{
	XXH128_hash_t hash = XXH3_128bits(len ? at : "", len);

	return (struct hash128){hash.low64, hash.high64};
}

struct hash128 hash_pair(struct hash128 first, struct hash128 second)
{
	const uint64_t words[] = {htole64(first.low), htole64(first.high), htole64(second.low),
				  htole64(second.high)};

	return hash_bytes128(words, sizeof words);
}
