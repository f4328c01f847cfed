/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters are plain numbers of one thread, bumped in place by whoever sees the thing happen. The
 * table in the header is the only list of them: the struct and these rows both come out of it, and
 * whatever tells them reads the rows, so a new counter cannot be forgotten anywhere.
 */
#include "ops/counters.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/result.h"

static const struct counter ROWS[] = {
#define COUNTERS_ROW(name, kind, shown, help) \
	{#name, COUNTER_##kind, shown, help, offsetof(struct counters, name)},
	COUNTERS(COUNTERS_ROW)
#undef COUNTERS_ROW
};

/* A name of at most 24 bytes, "=", 20 digits and a space or the NUL. */
_Static_assert(ARRAY_LEN(ROWS) * (24 + 1 + 20 + 1) <= COUNTERS_TEXT_MAX,
	       "COUNTERS_TEXT_MAX is too small");

const struct counter *counters_all(size_t *ret_n)
{
	*ret_n = ARRAY_LEN(ROWS);
	return ROWS;
}

const char *counters_lost_word(enum counters_lost why)
{
	static const char *const words[LOST_REASONS] = {
		[LOST_REMOVED] = "removed",
		[LOST_STOPPED] = "removed_while_stopped",
		[LOST_TRUNCATED] = "truncated",
		[LOST_OVERWRITTEN] = "overwritten",
	};

	return words[why];
}

const char *counters_lost_reason(const struct counters *sources, size_t n, uint64_t *ret_bytes)
{
	uint64_t by[LOST_REASONS] = {0};
	size_t most = 0;

	*ret_bytes = 0;
	for (size_t why = 0; why < LOST_REASONS; why++) {
		for (size_t i = 0; i < n; i++)
			by[why] += sources[i].lost[why];
		most = by[why] > by[most] ? why : most;
		*ret_bytes += by[why];
	}
	return *ret_bytes ? counters_lost_word((enum counters_lost)most) : NULL;
}

void counters_print(const struct counters *counters, char *text, size_t len)
{
	size_t used = 0;

	if (len > 0)
		text[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(ROWS) && used < len; i++) {
		int n = snprintf(text + used, len - used, "%s%s=%" PRIu64, i ? " " : "",
				 ROWS[i].name, counter_value(counters, &ROWS[i]));

		used += n > 0 ? (size_t)n : 0;
	}
}
