/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The W3C traceparent is judged, never repaired: a receiver has to throw an invalid one away and
 * start a trace of its own, so passing it on would only cost him a warning for each record. What
 * comes behind the flags of a higher version is not looked at, since nobody knows its form yet.
 */
#include "parsers/traceparent.h"

#include <stddef.h>

/* 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 */
#define VERSION_AT 0
#define VERSION_LEN 2
#define TRACE_AT 3
#define TRACE_LEN 32
#define PARENT_AT 36
#define PARENT_LEN 16
#define FLAGS_AT 53
#define FLAGS_LEN 2
#define LEN 55

/* Lower-case hex digits only. */
static bool is_hex(const char *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!(at[i] >= '0' && at[i] <= '9') && !(at[i] >= 'a' && at[i] <= 'f'))
			return false;
	return true;
}

static bool is_all(char digit, const char *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (at[i] != digit)
			return false;
	return true;
}

bool traceparent_is_valid(struct slice text)
{
	const char *at = text.at;

	if (text.len < LEN || at[TRACE_AT - 1] != '-' || at[PARENT_AT - 1] != '-' ||
	    at[FLAGS_AT - 1] != '-')
		return false;
	if (!is_hex(at + VERSION_AT, VERSION_LEN) || !is_hex(at + TRACE_AT, TRACE_LEN) ||
	    !is_hex(at + PARENT_AT, PARENT_LEN) || !is_hex(at + FLAGS_AT, FLAGS_LEN))
		return false;
	if (is_all('f', at + VERSION_AT, VERSION_LEN) || is_all('0', at + TRACE_AT, TRACE_LEN) ||
	    is_all('0', at + PARENT_AT, PARENT_LEN))
		return false;
	if (text.len == LEN)
		return true;
	return !is_all('0', at + VERSION_AT, VERSION_LEN) && at[LEN] == '-';
}
