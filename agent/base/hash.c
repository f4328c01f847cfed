/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one hash of the program, and the only file that knows xxHash.
 *
 * Both input (fingerprints) and state (row checksums) need one, and neither may include the other,
 * so it lives below both. XXH64 rather than XXH3: its values have been frozen for longer, and every
 * distribution has it. It is no protection against somebody who wants a collision; whoever can
 * write the state directory or a log file can lie to us anyway.
 */
#include "base/hash.h"

#include <xxhash.h>

uint64_t hash_bytes(const void *at, size_t len)
{
	return len ? XXH64(at, len, 0) : XXH64("", 0, 0);
}
