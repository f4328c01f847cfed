/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a backslash means. No escape is shorter than what it stands for ("\u00e9" is two bytes of
 * UTF-8, a pair of surrogates four for twelve), so the room of the text is enough.
 *
 * Half of a surrogate pair is no character: RFC 8259 leaves open what that is. The line is not
 * refused for it, since a field that was cut in the middle of an emoji is seen in real logs.
 */
#include "parsers/kinds/text.h"

#include <errno.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

const char *text_escape_end(const char *at, const char *end)
{
	if (end - at < 2)
		return NULL;
	if (at[1] != 'u')
		return at[1] && strchr("\"\\/bfnrt", at[1]) ? at + 2 : NULL;
	if (end - at < 6)
		return NULL;
	for (int i = 2; i < 6; i++) {
		if (hex_digit(at[i]) < 0)
			return NULL;
	}
	return at + 6;
}

static uint32_t four_digits(const char *at)
{
	return (uint32_t)(hex_digit(at[0]) << 12 | hex_digit(at[1]) << 8 | hex_digit(at[2]) << 4 |
			  hex_digit(at[3]));
}

/* The character at *at, which is behind "\u". */
static uint32_t take_character(const char **at, const char *end)
{
	uint32_t c = four_digits(*at), low;

	*at += 4;
	if (c < 0xd800 || c > 0xdfff)
		return c;
	if (c > 0xdbff || end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u')
		return 0xfffd;
	low = four_digits(*at + 2);
	if (low < 0xdc00 || low > 0xdfff)
		return 0xfffd;
	*at += 6;
	return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
}

static char *put_utf8(uint32_t c, char *to)
{
	if (c < 0x80) {
		*to++ = (char)c;
	} else if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
		*to++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*to++ = (char)(0xe0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	} else {
		*to++ = (char)(0xf0 | c >> 18);
		*to++ = (char)(0x80 | (c >> 12 & 0x3f));
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	}
	return to;
}

size_t text_unescape_to(struct slice text, char *to)
{
	static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	const char *at = text.at, *end = at + text.len;
	char *start = to;

	while (at < end) {
		const char *slash = memchr(at, '\\', (size_t)(end - at));

		to = mempcpy(to, at, (size_t)((slash ? slash : end) - at));
		if (!slash)
			break;
		at = slash + 2;
		if (slash[1] == 'u')
			to = put_utf8(take_character(&at, end), to);
		else
			*to++ = meanings[strchr(letters, slash[1]) - letters];
	}
	return (size_t)(to - start);
}

int text_unescape(struct slice text, struct arena *arena, struct slice *ret_text)
{
	char *room = arena_alloc(arena, text.len);

	if (!room)
		return -ENOMEM;
	*ret_text = (struct slice){room, text_unescape_to(text, room)};
	return 0;
}
