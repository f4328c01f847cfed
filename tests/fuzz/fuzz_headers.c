/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers of a dead letter from hostile bytes. What is accepted has names, lies within the bytes,
 * and is packed as the same bytes again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "flow/headers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice bytes = {(const char *)data, size};
	struct arena arena = ARENA_NULL;
	struct record record = {0};
	struct slice back;

	if (headers_unpack(bytes, &record)) {
		if (record.n_headers)
			abort();
		return 0;
	}
	for (uint32_t i = 0; i < record.n_headers; i++)
		if (!record.headers[i].name.at)
			abort();
	if (headers_pack(&record, &arena, &back))
		abort();
	if (back.len != size || (size && memcmp(back.at, data, size) != 0))
		abort();
	arena_deinit(&arena);
	return 0;
}
