/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stored ranges from hostile bytes. What is accepted must be ordered, bounded, and written back as
 * exactly the same bytes. The first eight bytes are the base position.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "flow/ranges.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ranges ranges;
	struct slice bytes;
	uint64_t base;
	char *back;
	size_t len;

	if (size < sizeof(base))
		return 0;
	memcpy(&base, data, sizeof(base));
	bytes = (struct slice){(const char *)data + sizeof(base), size - sizeof(base)};
	if (ranges_decode(bytes, base, &ranges) != 0)
		return 0;
	for (size_t i = 1; i < ranges.n; i++)
		if (ranges.at[i - 1].end >= ranges.at[i].start)
			abort();
	if (ranges.n > RANGES_MAX || (ranges.n && ranges.at[0].start < base))
		abort();
	if (ranges_encode(&ranges, base, RANGES_MAX, &back, &len) != 0)
		abort();
	if (len != bytes.len || (len && memcmp(back, bytes.at, len) != 0))
		abort();
	free(back);
	ranges_deinit(&ranges);
	return 0;
}
