/* SPDX-License-Identifier: Apache-2.0 */
/* Encodings of a byte for each character become UTF-8; others are refused. */
#include <criterion/criterion.h>
#include <string.h>

#include "parsers/charset.h"

static void expect(const char *name, const char *from, const char *to)
{
	struct charset *charset = NULL;
	struct arena arena = ARENA_NULL;
	struct slice text;

	cr_assert_eq(charset_new(name, &charset), 0, "%s", name);
	cr_assert_eq(charset_decode(charset, false, slice_of(from), &arena, &text), 0);
	cr_expect(slice_eq(text, slice_of(to)), "%s: %.*s", name, (int)text.len, text.at);
	arena_deinit(&arena);
	charset_free(charset);
}

Test(charset, bytes_become_characters)
{
	expect("ISO-8859-1", "", "");
	expect("ISO-8859-1", "plain \t~", "plain \t~");
	expect("ISO-8859-1", "K\xf6ln \xff\x80", "K\xc3\xb6ln \xc3\xbf\xc2\x80");
	expect("ISO-8859-15", "\xa4", "\xe2\x82\xac");
	expect("CP1252", "\x80\x93\x81", "\xe2\x82\xac\xe2\x80\x9c\xef\xbf\xbd");
	expect("KOI8-R", "\xf0", "\xd0\x9f");
	expect("ASCII", "a\xe4", "a\xef\xbf\xbd");
}

Test(charset, others_are_refused)
{
	static const char *const wide[] = {"UTF-32",  "UCS-4",  "UTF-8",    "SHIFT_JIS",
					   "GB18030", "EUC-JP", "EBCDIC-US"};
	struct charset *charset = NULL;

	for (size_t i = 0; i < ARRAY_LEN(wide); i++)
		cr_expect_eq(charset_new(wide[i], &charset), CHARSET_E_WIDE, "%s", wide[i]);
	cr_expect_eq(charset_new("no such thing", &charset), CHARSET_E_UNKNOWN);
	cr_expect_null(charset);
}

Test(charset, marks)
{
	cr_expect(charset_has_mark(slice_of("\xef\xbb\xbfx")));
	cr_expect(charset_has_mark(slice_of("\xef\xbb\xbf")));
	cr_expect_not(charset_has_mark(slice_of("\xef\xbb")));
	cr_expect(charset_is_utf16((struct slice){"\xff\xfe\0", 3}));
	cr_expect(charset_is_utf16(slice_of("\xfe\xff")));
	cr_expect_not(charset_is_utf16(slice_of("\xff")));
}

/* Pieces as the Unicode standard cuts them, at any place among the eights that are skipped. */
Test(charset, what_is_no_utf8_is_replaced)
{
	static const struct {
		const char *text, *repaired;
		bool only_cut; /* good where it was cut */
	} rows[] = {
		{"", "", false},
		{"plain", "plain", false},
		{"K\xc3\xb6ln \xe2\x82\xac \xf0\x9f\x98\x80",
		 "K\xc3\xb6ln \xe2\x82\xac \xf0\x9f\x98\x80", false},
		{"K\xf6ln", "K\xef\xbf\xbdln", false},
		{"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd", false},
		{"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", false},
		{"a\xe2\x82", "a\xef\xbf\xbd", true},
		{"\xe2\x82x\xe2", "\xef\xbf\xbdx\xef\xbf\xbd", false},
	};
	char text[64], repaired[64];
	struct arena arena = ARENA_NULL;
	struct slice made;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool good = strcmp(rows[i].text, rows[i].repaired) == 0;

		for (int before = 0; before < 20; before++) {
			struct slice whole;

			memset(text, 'a', sizeof text);
			memset(repaired, 'a', sizeof repaired);
			strcpy(text + before, rows[i].text);
			strcpy(repaired + before, rows[i].repaired);
			whole = slice_of(text);
			cr_expect_eq(charset_is_utf8(whole, false), good, "%zu", i);
			cr_expect_eq(charset_is_utf8(whole, true), good || rows[i].only_cut, "%zu",
				     i);
			cr_assert_eq(charset_repair(whole, &arena, &made), 0);
			cr_expect(slice_eq(made, slice_of(repaired)), "%zu", i);
		}
	}
	arena_deinit(&arena);
}

Test(charset, pairs_of_bytes_become_characters)
{
	static const struct {
		const char *name, *from;
		size_t len;
		bool big;
		const char *to;
	} rows[] = {
		{"UTF-16LE", "", 0, false, ""},
		{"utf-16le", "a\0\xf6\0\xac\x20", 6, false, "a\xc3\xb6\xe2\x82\xac"},
		{"UTF-16BE", "\0a\0\xf6\x20\xac", 6, true, "a\xc3\xb6\xe2\x82\xac"},
		{"UTF-16",
		 "\x3d\xd8\x00\xde"
		 "a",
		 5, false, "\xf0\x9f\x98\x80\xef\xbf\xbd"},
		{"UTF-16", "\xd8\x3d\xde\x00", 4, true, "\xf0\x9f\x98\x80"},
		{"UTF-16LE",
		 "\x3d\xd8"
		 "a\0",
		 4, false,
		 "\xef\xbf\xbd"
		 "a"},
		{"UTF-16LE",
		 "\x00\xde"
		 "a\0\x3d\xd8",
		 6, false,
		 "\xef\xbf\xbd"
		 "a\xef\xbf\xbd"},
	};
	struct arena arena = ARENA_NULL;
	struct charset *charset;
	struct slice text;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cr_assert_eq(charset_new(rows[i].name, &charset), 0);
		cr_expect(charset_order(charset) != CHARSET_BYTES);
		cr_assert_eq(charset_decode(charset, rows[i].big,
					    (struct slice){rows[i].from, rows[i].len}, &arena,
					    &text),
			     0);
		cr_expect(slice_eq(text, slice_of(rows[i].to)), "%zu: %.*s", i, (int)text.len,
			  text.at);
		charset_free(charset);
	}
	arena_deinit(&arena);
}
