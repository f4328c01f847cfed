/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may be shown is asked of a table and not of the locale: what the agent says goes to the
 * journal, which holds back a whole message for one byte that it finds unprintable, and is read
 * elsewhere. Everything visible passes, in whatever script.
 */
#include "base/unicode.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"

struct span {
	uint32_t first, last;
};

/* Sorted. The noncharacters at the end of each plane are asked for apart. */
static const struct span HIDDEN[] = {
	{0x00, 0x1f},       /* controls */
	{0x7f, 0x9f},       /* controls */
	{0xad, 0xad},       /* soft hyphen */
	{0x061c, 0x061c},   /* direction */
	{0x180e, 0x180e},   /* invisible */
	{0x200b, 0x200f},   /* zero width, direction */
	{0x2028, 0x202e},   /* ends of lines, direction */
	{0x2060, 0x206f},   /* invisible, direction */
	{0xfdd0, 0xfdef},   /* noncharacters */
	{0xfeff, 0xfeff},   /* byte order mark */
	{0xfff9, 0xfffb},   /* annotations */
	{0xe0000, 0xe0fff}, /* tags */
};

static bool is_hidden(uint32_t c)
{
	for (size_t i = 0; i < ARRAY_LEN(HIDDEN) && c >= HIDDEN[i].first; i++) {
		if (c <= HIDDEN[i].last)
			return true;
	}
	return (c & 0xfffe) == 0xfffe;
}

/* The character of a sequence of n bytes. */
static uint32_t character(const unsigned char *at, int n)
{
	uint32_t c = n == 1 ? at[0] : at[0] & (0xffu >> (n + 1));

	for (int i = 1; i < n; i++)
		c = c << 6 | (at[i] & 0x3f);
	return c;
}

static char *escape(char *to, const unsigned char *at, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		*to++ = '\\';
		*to++ = 'x';
		*to++ = digits[at[i] >> 4];
		*to++ = digits[at[i] & 15];
	}
	return to;
}

size_t unicode_show(char *to, size_t room, struct slice text)
{
	const unsigned char *at = (const unsigned char *)text.at;
	char *start = to, *end = to + room;
	char *cut = to; /* where the dots would go */

	while (text.len > 0) {
		int n = unicode_sequence(at, text.len);
		size_t len = (size_t)(n < 0 ? -n : n);
		bool hidden = n < 0 || is_hidden(character(at, n));

		if ((size_t)(end - to) < (hidden ? 4 * len : len))
			return (size_t)((char *)mempcpy(cut, "...", 3) - start);
		to = hidden ? escape(to, at, len) : mempcpy(to, at, len);
		if (end - to >= 3)
			cut = to;
		at += len;
		text.len -= len;
	}
	return (size_t)(to - start);
}
