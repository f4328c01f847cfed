/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_KINDS_TEXT_H
#define PARSERS_KINDS_TEXT_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/result.h"
#include "base/slice.h"

/* Strings between quotes, as JSON has them: for JSON, and for what borrows its escapes. */

/* Sixteen bytes at a time, which GCC and Clang make one register of wherever there are such. */
typedef uint8_t text_bytes __attribute__((vector_size(16)));

/* The first byte from `at` on that is a quote, a backslash or a control; `end`: there is none. */
static inline const char *text_plain_end(const char *at, const char *end)
{
	for (; end - at >= (ptrdiff_t)sizeof(text_bytes); at += sizeof(text_bytes)) {
		text_bytes bytes, special;
		uint64_t found[2];

		memcpy(&bytes, at, sizeof bytes);
		special = (text_bytes)((bytes == (uint8_t)'"') | (bytes == (uint8_t)'\\') |
				       (bytes < (uint8_t)' '));
		memcpy(found, &special, sizeof found);
		if (found[0])
			return at + __builtin_ctzll(le64toh(found[0])) / 8;
		if (found[1])
			return at + 8 + __builtin_ctzll(le64toh(found[1])) / 8;
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
