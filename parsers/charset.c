/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All 256 characters are asked of iconv when the configuration is loaded, and written down as
 * UTF-8: a line costs a look into a table a byte, and nothing of iconv's state is on its way.
 * Encodings of several bytes, in which 0x0A may be a part of a character, have to be known where
 * lines are cut. Of them only UTF-16 is: Windows writes it.
 */
#include "parsers/charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/unicode.h"

/* What takes the place of what is no character. */
#define REPLACEMENT "\xef\xbf\xbd"

/* U+FFFF, the last that one byte may be, has three. */
#define LONGEST 3

struct charset {
	enum charset_order order;
	struct {
		unsigned char len;
		char text[LONGEST];
	} of[256];
};

/* One byte. False: it is not the whole of a character, or one that is too long. */
static bool ask(iconv_t iconv_of, unsigned char byte, struct charset *charset)
{
	char from = (char)byte, to[8], *in = &from, *out = to;
	size_t in_left = 1, out_left = sizeof to, len;

	(void)iconv(iconv_of, NULL, NULL, NULL, NULL);
	if (iconv(iconv_of, &in, &in_left, &out, &out_left) == (size_t)-1) {
		charset->of[byte].len = 3;
		memcpy(charset->of[byte].text, REPLACEMENT, 3);
		return errno == EILSEQ;
	}
	len = sizeof to - out_left;
	if (in_left || !len || len > LONGEST)
		return false;
	charset->of[byte].len = (unsigned char)len;
	memcpy(charset->of[byte].text, to, len);
	return byte >= 0x80 || (len == 1 && *to == from);
}

/* UTF-16 by its name, or CHARSET_BYTES. */
static enum charset_order order_of(const char *name)
{
	static const char *const names[] = {
		[CHARSET_LITTLE] = "UTF-16LE",
		[CHARSET_BIG] = "UTF-16BE",
		[CHARSET_MARKED] = "UTF-16",
	};

	for (size_t i = CHARSET_LITTLE; i < ARRAY_LEN(names); i++)
		if (strcasecmp(name, names[i]) == 0)
			return (enum charset_order)i;
	return CHARSET_BYTES;
}

static int new_wide(enum charset_order order, struct charset **ret_charset)
{
	struct charset *charset = calloc(1, sizeof *charset);

	if (!charset)
		return -ENOMEM;
	charset->order = order;
	*ret_charset = charset;
	return 0;
}

static int new_table(const char *name, struct charset **ret_charset)
{
	iconv_t iconv_of = iconv_open("UTF-8", name);
	struct charset *charset;
	bool good = true;

	if (iconv_of == (iconv_t)-1)
		return errno == ENOMEM ? -ENOMEM : CHARSET_E_UNKNOWN;
	charset = calloc(1, sizeof *charset);
	for (unsigned byte = 0; charset && good && byte < 256; byte++)
		good = ask(iconv_of, (unsigned char)byte, charset);
	iconv_close(iconv_of);
	if (!charset)
		return -ENOMEM;
	if (!good) {
		free(charset);
		return CHARSET_E_WIDE;
	}
	*ret_charset = charset;
	return 0;
}

int charset_new(const char *name, struct charset **ret_charset)
{
	enum charset_order order = order_of(name);

	return order == CHARSET_BYTES ? new_table(name, ret_charset) : new_wide(order, ret_charset);
}

enum charset_order charset_order(const struct charset *charset)
{
	return charset ? charset->order : CHARSET_BYTES;
}

struct charset *charset_free(struct charset *charset)
{
	free(charset);
	return NULL;
}

static uint32_t unit_at(struct slice text, size_t at, bool big)
{
	unsigned char a = (unsigned char)text.at[at], b = (unsigned char)text.at[at + 1];

	return big ? (uint32_t)a << 8 | b : (uint32_t)b << 8 | a;
}

/* The character at *at, which moves behind it; U+FFFD where there is none. */
static uint32_t next_wide(struct slice text, size_t *at, bool big)
{
	uint32_t high, low;

	if (*at + 2 > text.len) {
		*at = text.len;
		return 0xfffd;
	}
	high = unit_at(text, *at, big);
	*at += 2;
	if (high < 0xd800 || high > 0xdfff)
		return high;
	low = high < 0xdc00 && *at + 2 <= text.len ? unit_at(text, *at, big) : 0;
	if (low < 0xdc00 || low > 0xdfff)
		return 0xfffd;
	*at += 2;
	return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

static char *put(char *to, uint32_t c)
{
	int more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};

	*to++ = (char)(lead[more] | c >> (6 * more));
	while (more--)
		*to++ = (char)(0x80 | (c >> (6 * more) & 0x3f));
	return to;
}

/* A pair of bytes becomes three at most, two pairs four. */
static int decode_wide(bool big, struct slice text, struct arena *arena, struct slice *ret_text)
{
	size_t room = (text.len + 1) / 2 * 3;
	char *start = arena_alloc(arena, room), *to = start;

	if (!start)
		return -ENOMEM;
	for (size_t at = 0; at < text.len;)
		to = put(to, next_wide(text, &at, big));
	arena_trim(arena, start + room, room - (size_t)(to - start));
	*ret_text = (struct slice){start, (size_t)(to - start)};
	return 0;
}

static int decode_bytes(const struct charset *charset, struct slice text, struct arena *arena,
			struct slice *ret_text)
{
	size_t room = LONGEST * text.len;
	char *start = arena_alloc(arena, room), *to = start;

	if (!start)
		return -ENOMEM;
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.at[i];

		for (unsigned char k = 0; k < charset->of[byte].len; k++)
			*to++ = charset->of[byte].text[k];
	}
	arena_trim(arena, start + room, room - (size_t)(to - start));
	*ret_text = (struct slice){start, (size_t)(to - start)};
	return 0;
}

int charset_decode(const struct charset *charset, bool big, struct slice text, struct arena *arena,
		   struct slice *ret_text)
{
	if (charset->order == CHARSET_BYTES)
		return decode_bytes(charset, text, arena, ret_text);
	return decode_wide(big, text, arena, ret_text);
}

/* Bytes in front that are ASCII, by eights; nearly all lines are nothing else. */
static size_t skip_ascii(const char *at, size_t len)
{
	size_t i = 0;
	uint64_t eight;

	for (; i + sizeof eight <= len; i += sizeof eight) {
		memcpy(&eight, at + i, sizeof eight);
		if (eight & UINT64_C(0x8080808080808080))
			break;
	}
	while (i < len && !(at[i] & 0x80))
		i++;
	return i;
}

/* From `at` on: where the first piece is that is none, and *ret_len of it; the end: nowhere. */
static size_t find_bad(struct slice text, size_t at, size_t *ret_len)
{
	*ret_len = 0;
	while (at < text.len) {
		int len;

		at += skip_ascii(text.at + at, text.len - at);
		if (at == text.len)
			break;
		len = unicode_sequence((const unsigned char *)text.at + at, text.len - at);
		if (len < 0) {
			*ret_len = (size_t)-len;
			break;
		}
		at += (size_t)len;
	}
	return at;
}

bool charset_is_utf8(struct slice text, bool cut)
{
	size_t len, at = find_bad(text, 0, &len);

	return at == text.len || (cut && at + len == text.len);
}

int charset_repair(struct slice text, struct arena *arena, struct slice *ret_text)
{
	size_t room = LONGEST * text.len, at = 0;
	char *start = arena_alloc(arena, room), *to = start;

	if (!start)
		return -ENOMEM;
	while (at < text.len) {
		size_t len, bad = find_bad(text, at, &len);

		memcpy(to, text.at + at, bad - at);
		to += bad - at;
		if (len) {
			memcpy(to, REPLACEMENT, 3);
			to += 3;
		}
		at = bad + len;
	}
	arena_trim(arena, start + room, room - (size_t)(to - start));
	*ret_text = (struct slice){start, (size_t)(to - start)};
	return 0;
}

bool charset_has_mark(struct slice line)
{
	return line.len >= CHARSET_MARK && memcmp(line.at, "\xef\xbb\xbf", CHARSET_MARK) == 0;
}

bool charset_is_utf16(struct slice line)
{
	return line.len >= 2 &&
	       (memcmp(line.at, "\xff\xfe", 2) == 0 || memcmp(line.at, "\xfe\xff", 2) == 0);
}

bool charset_is_big(struct slice line)
{
	return line.len >= 2 && memcmp(line.at, "\xfe\xff", 2) == 0;
}
