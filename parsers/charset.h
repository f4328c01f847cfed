/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_CHARSET_H
#define PARSERS_CHARSET_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/result.h"
#include "base/slice.h"

/*
 * Lines in another encoding → UTF-8. Of those with a byte for each character, in which ASCII is
 * what it is, so that a line ends there where it ends in UTF-8; and of UTF-16, where it does not:
 * see line_rules. Immutable once made.
 */
struct charset;

/* What a charset is, beside a table. */
enum charset_order {
	CHARSET_BYTES,  /* a byte for each character */
	CHARSET_LITTLE, /* UTF-16LE */
	CHARSET_BIG,    /* UTF-16BE */
	CHARSET_MARKED, /* UTF-16: as the mark at the start of each file says; little without one */
};

enum {
	CHARSET_E_UNKNOWN = 1, /* charset_new: iconv does not know the name */
	CHARSET_E_WIDE, /* charset_new: not a byte for each character, or ASCII is not in it */
};

/* name: as of iconv(1), "ISO-8859-1". 0, the E codes, -ENOMEM. */
int charset_new(const char *name, struct charset **ret_charset) MUSTCHECK;

/* NULL: UTF-8, which is of bytes. */
enum charset_order charset_order(const struct charset *charset);

/* NULL is fine. Returns NULL. */
struct charset *charset_free(struct charset *charset);

/*
 * The text in UTF-8, in the arena; U+FFFD for bytes that are no character. big: of UTF-16, whose
 * charset does not say so. 0 or -ENOMEM.
 */
int charset_decode(const struct charset *charset, bool big, struct slice text, struct arena *arena,
		   struct slice *ret_text) MUSTCHECK;

/*
 * Whether all of the text is UTF-8 (RFC 3629). cut: its end is no line's, and may be amid a
 * character.
 */
bool charset_is_utf8(struct slice text, bool cut);

/* The text with U+FFFD for each piece that is no UTF-8, in the arena. 0 or -ENOMEM. */
int charset_repair(struct slice text, struct arena *arena, struct slice *ret_text) MUSTCHECK;

/* Whether a file whose first line this is begins with the mark of UTF-8, of UTF-16. */
bool charset_has_mark(struct slice line);
bool charset_is_utf16(struct slice line);

/* Whether it is that of UTF-16BE. */
bool charset_is_big(struct slice line);

/* Bytes of the mark of UTF-8. */
#define CHARSET_MARK 3

#endif
