/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of keys by tables. What Java's serializers make of the same values follows from their
 * documented forms: two's complement with the high byte first, and UUID.toString() in UTF-8.
 */
#include "parsers/keytype.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/random.h"

#define LOWER "123e4567-e89b-12d3-a456-4266141740ff"
#define UPPER "123E4567-E89B-12D3-A456-4266141740FF"

static void expect_key(enum key_type type, struct slice text, struct slice expected)
{
	struct arena arena = ARENA_NULL;
	struct slice key = SLICE_NONE;
	int r = keytype_serialize(type, text, &arena, &key);

	cr_assert_eq(r, 0, "%s %.*s", keytype_name(type), (int)text.len, text.at);
	cr_assert(slice_eq(key, expected), "%s %.*s", keytype_name(type), (int)text.len, text.at);
	arena_deinit(&arena);
}

static void expect_invalid(enum key_type type, struct slice text)
{
	static const char untouched[] = "untouched";
	struct arena arena = ARENA_NULL;
	struct slice key = slice_of(untouched);

	cr_assert_eq(keytype_serialize(type, text, &arena, &key), KEYTYPE_E_INVALID, "%s \"%.*s\"",
		     keytype_name(type), (int)text.len, text.at);
	cr_assert_eq(key.at, untouched);
	arena_deinit(&arena);
}

Test(keytype, numbers_are_big_endian)
{
	static const struct {
		enum key_type type;
		const char *text;
		struct slice key;
	} CASES[] = {
		{KEY_INT32, "0", {"\0\0\0\0", 4}},
		{KEY_INT32, "-0", {"\0\0\0\0", 4}},
		{KEY_INT32, "+1", {"\0\0\0\1", 4}},
		{KEY_INT32, "258", {"\0\0\1\2", 4}},
		{KEY_INT32, "-1", {"\xff\xff\xff\xff", 4}},
		{KEY_INT32, "2147483647", {"\x7f\xff\xff\xff", 4}},
		{KEY_INT32, "-2147483648", {"\x80\0\0\0", 4}},
		{KEY_INT32, "0000000000000000000000000000007", {"\0\0\0\7", 4}},
		{KEY_INT64, "0", {"\0\0\0\0\0\0\0\0", 8}},
		{KEY_INT64, "258", {"\0\0\0\0\0\0\1\2", 8}},
		{KEY_INT64, "-2", {"\xff\xff\xff\xff\xff\xff\xff\xfe", 8}},
		{KEY_INT64, "2147483648", {"\0\0\0\0\x80\0\0\0", 8}},
		{KEY_INT64, "9223372036854775807", {"\x7f\xff\xff\xff\xff\xff\xff\xff", 8}},
		{KEY_INT64, "-9223372036854775808", {"\x80\0\0\0\0\0\0\0", 8}},
		{KEY_INT64, "1311768467294899695", {"\x12\x34\x56\x78\x90\xab\xcd\xef", 8}},
	};

	for (size_t i = 0; i < ARRAY_LEN(CASES); i++)
		expect_key(CASES[i].type, slice_of(CASES[i].text), CASES[i].key);
}

Test(keytype, what_is_no_number_is_refused)
{
	static const char *const NONE[] = {"",      "+",   "-",    "+-1", "--1",     " 1",  "1 ",
					   "1.0",   "1e3", "0x10", "1,0", "one",     "1\n", "\n1",
					   "1_000", "/",   ":",    "0:",  "\xd9\xa1"};

	for (size_t i = 0; i < ARRAY_LEN(NONE); i++) {
		expect_invalid(KEY_INT32, slice_of(NONE[i]));
		expect_invalid(KEY_INT64, slice_of(NONE[i]));
	}
	/* A NUL within the text is no end of it. */
	expect_invalid(KEY_INT32, (struct slice){"1\0", 2});
	expect_invalid(KEY_INT32, slice_of("2147483648"));
	expect_invalid(KEY_INT32, slice_of("-2147483649"));
	expect_invalid(KEY_INT32, slice_of("4294967296"));
	expect_invalid(KEY_INT64, slice_of("9223372036854775808"));
	expect_invalid(KEY_INT64, slice_of("-9223372036854775809"));
	expect_invalid(KEY_INT64, slice_of("18446744073709551616"));
	expect_invalid(KEY_INT64, slice_of("99999999999999999999999999999999999999"));
}

/* A number is read without the byte behind it, which need not be ours. */
Test(keytype, a_text_ends_where_its_slice_ends)
{
	expect_key(KEY_INT32, (struct slice){"12345", 2}, (struct slice){"\0\0\0\x0c", 4});
	expect_invalid(KEY_UUID, (struct slice){LOWER, 35});
	expect_invalid(KEY_UUID, slice_of(LOWER "0"));
}

Test(keytype, uuids_are_lower_case)
{
	static const char *const NONE[] = {
		"",
		"123e4567e89b12d3a4564266141740ff",
		"{123e4567-e89b-12d3-a456-42661417400}",
		"123e4567-e89b-12d3-a456_4266141740ff",
		"123e456-7e89b-12d3-a456-4266141740ff",
		"g23e4567-e89b-12d3-a456-4266141740ff",
		"123e4567-e89b-12d3-a456-4266141740f ",
		"-----------------------------------",
		"------------------------------------",
	};

	expect_key(KEY_UUID, slice_of(LOWER), slice_of(LOWER));
	expect_key(KEY_UUID, slice_of(UPPER), slice_of(LOWER));
	expect_key(KEY_UUID, slice_of("00000000-0000-0000-0000-000000000000"),
		   slice_of("00000000-0000-0000-0000-000000000000"));
	for (size_t i = 0; i < ARRAY_LEN(NONE); i++)
		expect_invalid(KEY_UUID, slice_of(NONE[i]));
	for (int c = 0; c < 256; c++) {
		char text[] = LOWER;

		text[35] = (char)c;
		if (!strchr("0123456789abcdefABCDEF", c) || c == 0)
			expect_invalid(KEY_UUID, (struct slice){text, 36});
	}
}

Test(keytype, partitions)
{
	static const char *const NONE[] = {"", "-1", "2147483648", "x", "1 ", "0x1", "1.0", "-"};
	int32_t number = -7;

	for (size_t i = 0; i < ARRAY_LEN(NONE); i++)
		cr_expect_eq(keytype_partition(slice_of(NONE[i]), &number), KEYTYPE_E_INVALID, "%s",
			     NONE[i]);
	cr_expect_eq(keytype_partition(slice_of("-2147483648"), &number), KEYTYPE_E_INVALID);
	cr_expect_eq(number, -7);
	cr_expect_eq(keytype_partition(slice_of("0"), &number), 0);
	cr_expect_eq(number, 0);
	cr_expect_eq(keytype_partition(slice_of("-0"), &number), 0);
	cr_expect_eq(keytype_partition(slice_of("0017"), &number), 0);
	cr_expect_eq(number, 17);
	cr_expect_eq(keytype_partition(slice_of("2147483647"), &number), 0);
	cr_expect_eq(number, INT32_MAX);
}

Test(keytype, strings_are_not_copied)
{
	static const char *const TEXTS[] = {"", "order-17", "\xff\xfe", "-1"};

	for (size_t i = 0; i < ARRAY_LEN(TEXTS); i++) {
		struct arena arena = ARENA_NULL;
		struct slice key;

		cr_assert_eq(keytype_serialize(KEY_STRING, slice_of(TEXTS[i]), &arena, &key), 0);
		cr_assert_eq(key.at, TEXTS[i]);
		cr_assert_eq(key.len, strlen(TEXTS[i]));
		arena_deinit(&arena);
	}
}

/* Any number comes back as the text that it has in C. */
Test(keytype, numbers_are_shown_as_they_were)
{
	struct arena arena = ARENA_NULL;
	struct random random = {.state = 7};

	for (int i = 0; i < 20000; i++) {
		int64_t value = (int64_t)random_next(&random) >> random_below(&random, 64);
		enum key_type type = i % 2 && value == (int32_t)value ? KEY_INT32 : KEY_INT64;
		char written[32], shown[KEYTYPE_SHOWN_MAX];
		struct slice key;

		snprintf(written, sizeof written, "%" PRId64, value);
		cr_assert_eq(keytype_serialize(type, slice_of(written), &arena, &key), 0);
		cr_assert_eq(key.len, type == KEY_INT32 ? 4 : 8);
		cr_assert(slice_eq(keytype_show(type, key, shown), slice_of(written)));
		arena_reset(&arena);
	}
	arena_deinit(&arena);
}

Test(keytype, what_is_not_of_the_type_is_shown_as_it_is)
{
	static const struct slice KEYS[] = {{NULL, 0}, {"", 0}, {"abc", 3}, {"12345", 5}};
	char shown[KEYTYPE_SHOWN_MAX];

	for (size_t i = 0; i < ARRAY_LEN(KEYS); i++) {
		for (int type = KEY_STRING; type <= KEY_UUID; type++) {
			struct slice text = keytype_show((enum key_type)type, KEYS[i], shown);

			cr_assert_eq(text.at, KEYS[i].at);
			cr_assert_eq(text.len, KEYS[i].len);
		}
	}
	cr_assert_eq(keytype_show(KEY_STRING, slice_of("1234"), shown).len, 4);
	cr_assert_eq(keytype_show(KEY_UUID, slice_of("12345678"), shown).len, 8);
}

/* Any bytes, each at the very end of its memory: a sanitizer sees a step too far. */
Test(keytype, any_bytes_are_a_key_or_refused)
{
	struct arena arena = ARENA_NULL;
	struct random random = {.state = 11};

	for (int i = 0; i < 20000; i++) {
		size_t len = random_below(&random, 40);
		char *text = malloc(len ? len : 1);
		struct slice key;

		for (size_t at = 0; at < len; at++)
			text[at] = random_below(&random, 4) ?
					   "0123456789-+abcdefABCDEF"[random_below(&random, 24)] :
					   (char)random_next(&random);
		for (int type = KEY_STRING; type <= KEY_UUID; type++) {
			struct slice all = {text, len};
			int r = keytype_serialize((enum key_type)type, all, &arena, &key);

			cr_assert(r == 0 || (type != KEY_STRING && r == KEYTYPE_E_INVALID));
		}
		arena_reset(&arena);
		free(text);
	}
	arena_deinit(&arena);
}
