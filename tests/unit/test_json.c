/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON writer: escapes, bytes that are no UTF-8, numbers, and texts that outgrow their room. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "tests/support/random.h"

#define SLICE(text) ((struct slice){text, sizeof(text) - 1})

/* The string's JSON text, NUL-terminated, static; *ret_replaced may be NULL. */
static const char *string_of(struct slice text, uint64_t *ret_replaced)
{
	static char copy[1 << 16];
	struct arena arena = ARENA_NULL;
	struct json json = {.arena = &arena};
	struct slice out;

	json_put_string(&json, text);
	cr_assert_leq(json.at, json.end, "written behind the end");
	cr_assert_eq(json_finish(&json, &out), 0);
	cr_assert_lt(out.len, sizeof copy);
	memcpy(copy, out.at, out.len);
	copy[out.len] = '\0';
	if (ret_replaced)
		*ret_replaced = json.replaced;
	arena_deinit(&arena);
	return copy;
}

Test(json, escapes_are_the_short_ones_and_u00)
{
	cr_assert_str_eq(string_of(SLICE(""), NULL), "\"\"");
	cr_assert_str_eq(string_of(SLICE("plain / text \x7f"), NULL), "\"plain / text \x7f\"");
	cr_assert_str_eq(string_of(SLICE("\"\\\b\t\n\f\r"), NULL), "\"\\\"\\\\\\b\\t\\n\\f\\r\"");
	cr_assert_str_eq(string_of(SLICE("\0\x01\x0b\x1f"), NULL),
			 "\"\\u0000\\u0001\\u000b\\u001f\"");
	cr_assert_str_eq(string_of(SLICE_NONE, NULL), "null");
}

/* Every byte at every place of a text of every short length: word loop, last word, short loop. */
Test(json, no_byte_is_overlooked_wherever_it_stands)
{
	for (size_t len = 1; len <= 26; len++) {
		for (size_t place = 0; place < len; place++) {
			for (unsigned c = 0; c < 0x80; c++) {
				char text[32], alone[16], wanted[64];
				bool plain = c >= 0x20 && c != '"' && c != '\\';

				memset(text, '!', len); /* next to the quote */
				text[place] = (char)c;
				strcpy(alone, string_of((struct slice){&text[place], 1}, NULL));
				cr_assert_eq(strlen(alone) == 3, plain, "%02x", c);
				snprintf(wanted, sizeof wanted, "\"%.*s%.*s%.*s\"", (int)place,
					 "!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!", (int)strlen(alone) - 2,
					 alone + 1, (int)(len - place - 1),
					 "!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!");
				cr_assert_str_eq(string_of((struct slice){text, len}, NULL),
						 wanted);
			}
		}
	}
}

#define FFFD "\xef\xbf\xbd"

/* Unicode 15, tables 3-8 to 3-11, and the borders of table 3-7. */
Test(json, a_maximal_subpart_becomes_one_replacement)
{
	static const struct {
		struct slice text;
		const char *wanted;
		unsigned replaced;
	} rows[] = {
		{SLICE("\xc2\x80\xdf\xbf"), "\xc2\x80\xdf\xbf", 0},
		{SLICE("\xe0\xa0\x80\xef\xbf\xbf"), "\xe0\xa0\x80\xef\xbf\xbf", 0},
		{SLICE("\xed\x9f\xbf\xee\x80\x80"), "\xed\x9f\xbf\xee\x80\x80", 0},
		{SLICE("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 0},
		{SLICE(FFFD), FFFD, 0},
		{SLICE("a\x80z"), "a" FFFD "z", 1},
		{SLICE("\xc0\xaf"), FFFD FFFD, 2},
		{SLICE("\xc1\xbf"), FFFD FFFD, 2},
		{SLICE("\xc2"), FFFD, 1},
		{SLICE("\xc2\"x"), FFFD "\\\"x", 1},
		{SLICE("\xe0\x9f\x80"), FFFD FFFD FFFD, 3},
		{SLICE("\xe2\x82"), FFFD, 1},
		{SLICE("\xe2\x82\xe2\x82\xac"), FFFD "\xe2\x82\xac", 1},
		{SLICE("\xed\xa0\x80"), FFFD FFFD FFFD, 3},
		{SLICE("\xf0\x8f\xbf\xbf"), FFFD FFFD FFFD FFFD, 4},
		{SLICE("\xf0\x9f\x98"), FFFD, 1},
		{SLICE("\xf0\x9f\x98\xf0\x9f\x98\x80"), FFFD "\xf0\x9f\x98\x80", 1},
		{SLICE("\xf4\x90\x80\x80"), FFFD FFFD FFFD FFFD, 4},
		{SLICE("\xf5\xff\xfe"), FFFD FFFD FFFD, 3},
		{SLICE("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41"), FFFD FFFD FFFD FFFD "A", 4},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char wanted[64];
		uint64_t replaced;

		snprintf(wanted, sizeof wanted, "\"%s\"", rows[i].wanted);
		cr_expect_str_eq(string_of(rows[i].text, &replaced), wanted, "row %zu", i);
		cr_expect_eq(replaced, rows[i].replaced, "row %zu", i);
	}
}

Test(json, numbers_are_those_of_the_grammar)
{
	static const char *const numbers[] = {
		"0",
		"-0",
		"7",
		"10",
		"-12",
		"0.5",
		"-0.0",
		"1e5",
		"1E+5",
		"1e-5",
		"1e00",
		"1.25e3",
		"123456789012345678901234567890",
	};
	static const char *const others[] = {
		"",     "-",    "+1",  "01",  "-01",  "00", ".5",  "1.",       "1.e5", "1e",
		"1e+",  "e5",   "0x1", "1_0", " 1",   "1 ", "1,5", "NaN",      "-Inf", "--1",
		"1.5.", "1e5.", "1-",  "٣",   "1e5e", "/",  ":",   "Infinity", "1/",   "1:",
	};

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		cr_expect(json_number_valid(slice_of(numbers[i])), "%s", numbers[i]);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		cr_expect_not(json_number_valid(slice_of(others[i])), "%s", others[i]);
	cr_expect_not(json_number_valid(SLICE_NONE));
	cr_expect_not(json_number_valid(SLICE("1\0")));
	cr_expect(json_number_valid((struct slice){"12.", 2}),
		  "nothing behind the end is looked at");
}

/* A reader makes a double of it: what is none would be infinity, or an error of the whole value. */
Test(json, numbers_are_finite)
{
	static const char *const numbers[] = {
		"1e308",
		"-1.7976931348623157e308",
		"0e999",
		"-0.000e99999999999999999999",
		"1e-999",
		"0.00001e312",
		"12345e-99999999999999999999",
		"0.1e309",
	};
	static const char *const others[] = {
		"1e999",        "-1e309", "1.8e308",
		"17977e304",    "1E+400", "1e99999999999999999999999999999999999",
		"0.00001e9999", "2e308",
	};
	char long_one[400];

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		cr_expect(json_number_valid(slice_of(numbers[i])), "%s", numbers[i]);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		cr_expect_not(json_number_valid(slice_of(others[i])), "%s", others[i]);
	memset(long_one, '1', sizeof long_one);
	cr_expect(json_number_valid((struct slice){long_one, 309}));
	cr_expect_not(json_number_valid((struct slice){long_one, 310}));
	long_one[300] = '.';
	cr_expect(json_number_valid((struct slice){long_one, 400}));
}

Test(json, integers)
{
	static const int64_t numbers[] = {0, 7, -1, 1700000000000, INT64_MAX, INT64_MIN};
	struct arena arena = ARENA_NULL;
	struct json json = {.arena = &arena};
	struct slice text;

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		json_put_integer(&json, numbers[i]);
		json_put_raw(&json, SLICE(" "));
	}
	json_put_natural(&json, 0);
	json_put_natural(&json, -1);
	cr_assert_eq(json_finish(&json, &text), 0);
	cr_assert(slice_eq(text, SLICE("0 7 -1 1700000000000 9223372036854775807 "
				       "-9223372036854775808 0null")));
	arena_deinit(&arena);
}

Test(json, what_was_reserved_and_not_used_is_given_back)
{
	struct arena arena = ARENA_NULL;
	struct json json = {.arena = &arena}, empty = json;
	struct slice text, nothing;
	char *next;

	cr_assert_eq(json_finish(&empty, &nothing), 0);
	cr_assert(slice_eq(nothing, SLICE("")));
	json_reserve(&json, 1000);
	json_put_raw(&json, SLICE("[]"));
	cr_assert_eq(json_finish(&json, &text), 0);
	next = arena_alloc(&arena, 1);
	cr_assert_eq(next, text.at + 2);
	/* Memory that was given since is not taken back. */
	json = (struct json){.arena = &arena};
	json_put_raw(&json, SLICE("{"));
	next = arena_alloc(&arena, 4);
	memcpy(next, "mine", 4);
	json_put_raw(&json, SLICE("}"));
	cr_assert_eq(json_finish(&json, &text), 0);
	memcpy(arena_alloc(&arena, 4), "...", 4);
	cr_assert(slice_eq(text, SLICE("{}")));
	cr_assert_eq(memcmp(next, "mine", 4), 0);
	arena_deinit(&arena);
}

/* Escapes at the end of texts that just fit into the room there is, or just do not. */
Test(json, the_room_is_kept_to)
{
	for (size_t len = 100; len < 600; len++) {
		char text[600];

		memset(text, 'a', len);
		text[len - 1] = '\1';
		cr_assert_eq(strlen(string_of((struct slice){text, len}, NULL)), len + 7);
		memset(text, '\n', len);
		cr_assert_eq(strlen(string_of((struct slice){text, len}, NULL)), 2 * len + 2);
	}
}

/* The JSON of one character at a time: what the text as a whole must be, too. */
static size_t by_pieces(const char *text, size_t len, char *out)
{
	size_t used = 0, step;

	for (size_t i = 0; i < len; i += step) {
		unsigned char c = (unsigned char)text[i];
		const char *one;

		step = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
		one = string_of((struct slice){text + i, step}, NULL);
		memcpy(out + used, one + 1, strlen(one) - 2);
		used += strlen(one) - 2;
	}
	return used;
}

/* Long texts with anything in between, in a writer that starts small. */
Test(json, growing_keeps_every_byte)
{
	static const char *const pieces[] = {"a",
					     "\"",
					     "\\",
					     "\n",
					     "\x01",
					     "\xc3\xa9",
					     "plain ones, more than a word",
					     "\xe2\x82\xac",
					     "\xf0\x9f\x98\x80"};

	FOR_SEEDS(seed, 200)
	{
		struct random random = {seed};
		char text[4096], *wanted = malloc(6 * sizeof text);
		size_t len = 0, n;
		struct slice whole;
		const char *got;

		while (len < 3000 && !random_once_in(&random, 100)) {
			const char *piece = pieces[random_below(&random, ARRAY_LEN(pieces))];

			len = (size_t)(stpcpy(text + len, piece) - text);
		}
		n = by_pieces(text, len, wanted);
		whole = (struct slice){malloc(len), len};
		memcpy((char *)whole.at, text, len);
		got = string_of(whole, NULL);
		cr_assert_eq(strlen(got), n + 2, "seed %lu", seed);
		cr_assert_eq(memcmp(got + 1, wanted, n), 0, "seed %lu", seed);
		free((char *)whole.at);
		free(wanted);
	}
}
