/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_JSON_SHORT_H
#define BASE_JSON_SHORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Texts of up to sixteen bytes, which most fields are, are looked at and copied as one vector,
 * whatever their length: no loop, and no branch that depends on it. That needs sixteen bytes to
 * read and to write; what lies behind the text is not looked at.
 */

#define JSON_SHORT 16

/* Sixteen bytes; GCC makes it SSE2, NEON or whatever the machine has. */
typedef signed char json_vector __attribute__((vector_size(JSON_SHORT)));

static inline json_vector json_load(const char *at)
{
	json_vector bytes;

	memcpy(&bytes, at, sizeof bytes);
	return bytes;
}

/* Whether one of the sixteen is not zero. */
static inline bool json_any(json_vector found)
{
	uint64_t halves[2];

	memcpy(halves, &found, sizeof halves);
	return halves[0] | halves[1];
}

/* The first len, of at most sixteen; zero in place of the others. */
static inline json_vector json_first(json_vector found, size_t len)
{
	static const signed char ones[2 * JSON_SHORT] = {-1, -1, -1, -1, -1, -1, -1, -1,
							 -1, -1, -1, -1, -1, -1, -1, -1};

	return found & json_load((const char *)ones + JSON_SHORT - len);
}

/*
 * Those that must be escaped or are not ASCII: as signed numbers, the latter are below 0x20, too.
 */
static inline json_vector json_special(json_vector bytes)
{
	return (bytes < 0x20) | (bytes == '"') | (bytes == '\\');
}

/* Whether the first len bytes are a string's text as they are. */
static inline bool json_short_is_plain(json_vector bytes, size_t len)
{
	return !json_any(json_first(json_special(bytes), len));
}

/* Whether they are digits, and so a number. False does not mean that they are none. */
static inline bool json_short_is_digits(json_vector bytes, size_t len)
{
	return len > 0 && (bytes[0] != '0' || len == 1) &&
	       !json_any(json_first((bytes < '0') | (bytes > '9'), len));
}

#endif
