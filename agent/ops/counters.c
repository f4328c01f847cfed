/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters are plain numbers of one thread, bumped in place by whoever sees the thing happen. The
 * table in the header is the only list of them: the struct and this text both come out of it, so a
 * new counter cannot be forgotten here.
 */
#include "ops/counters.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/result.h"

struct counter_name {
	const char *name;
	size_t offset;
};

static const struct counter_name NAMES[] = {
#define COUNTERS_NAME(name, help) {#name, offsetof(struct counters, name)},
	COUNTERS(COUNTERS_NAME)
#undef COUNTERS_NAME
};

/* A name of at most 24 bytes, "=", 20 digits and a space or the NUL. */
_Static_assert(ARRAY_LEN(NAMES) * (24 + 1 + 20 + 1) <= COUNTERS_TEXT_MAX,
	       "COUNTERS_TEXT_MAX is too small");

void counters_print(const struct counters *counters, char *text, size_t len)
{
	size_t used = 0;

	if (len > 0)
		text[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(NAMES) && used < len; i++) {
		const char *base = (const char *)counters;
		const uint64_t *value = (const void *)(base + NAMES[i].offset);
		int n = snprintf(text + used, len - used, "%s%s=%" PRIu64, i ? " " : "",
				 NAMES[i].name, *value);

		used += n > 0 ? (size_t)n : 0;
	}
}
