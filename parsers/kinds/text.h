/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_KINDS_TEXT_H
#define PARSERS_KINDS_TEXT_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/result.h"
#include "base/slice.h"

/* Strings between quotes, as JSON has them: for JSON, and for what borrows its escapes. */

/* A bit in each byte of these eight that is a quote, a backslash or a control. */
static inline uint64_t text_special(uint64_t bytes)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	uint64_t quote = bytes ^ ones * '"', slash = bytes ^ ones * '\\';

	/* Bytes above the lowest that is found may be wrong, so only that one counts. */
	return (((quote - ones) & ~quote) | ((slash - ones) & ~slash) |
		((bytes - ones * ' ') & ~bytes)) &
	       tops;
}

/* The first byte from `at` on that is a quote, a backslash or a control; `end`: there is none. */
static inline const char *text_plain_end(const char *at, const char *end)
{
	while (end - at >= 8) {
		uint64_t bytes, found;

		memcpy(&bytes, at, sizeof bytes);
		found = text_special(le64toh(bytes));
		if (found)
			return at + __builtin_ctzll(found) / 8;
		at += 8;
	}
	while (at < end && *at != '"' && *at != '\\' && (unsigned char)*at >= ' ')
		at++;
	return at;
}

/* Behind the escape that begins at `at`; NULL: it is none of JSON's. */
const char *text_escape_end(const char *at, const char *end);

/*
 * The string behind an opening quote at `at`: its closing quote, or NULL, and then *ret_stop is the
 * byte that does not fit. *ret_escaped is set when there are escapes in it, else left alone.
 */
static inline const char *text_string_end(const char *at, const char *end, bool *ret_escaped,
					  const char **ret_stop)
{
	for (;;) {
		const char *next = text_plain_end(at, end);

		if (LIKELY(next < end && *next == '"'))
			return next;
		at = next < end && *next == '\\' ? text_escape_end(next, end) : NULL;
		if (!at) {
			*ret_stop = next;
			return NULL;
		}
		*ret_escaped = true;
	}
}

/*
 * Text without its escapes, in the arena: UTF-8; U+FFFD for half of a surrogate pair. The escapes
 * are valid. 0 or -ENOMEM.
 */
int text_unescape(struct slice text, struct arena *arena, struct slice *ret_text) MUSTCHECK;

/* The same into room for text.len bytes. Returns its length. */
size_t text_unescape_to(struct slice text, char *to);

#endif
