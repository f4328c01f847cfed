/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Java's Integer.parseInt also takes digits of other scripts, and its UUID.fromString takes groups
 * that are too short; we take neither, because who writes such a key into a log has most likely
 * written something else. Leading zeros and a plus are fine: they do not change the value, and two
 * texts of one number must become one key.
 *
 * Numbers are read by hand: strtoll skips blanks, obeys no length and needs a NUL, so it would cost
 * a copy of each key and more checks around it than the loop has.
 */
#include "parsers/keytype.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#define UUID_LENGTH 36

/* Decimal text to a number from -max - 1 to max. False when it is none. */
static bool read_number(struct slice text, uint64_t max, uint64_t *ret_bits)
{
	bool negative = text.len > 0 && text.at[0] == '-';
	size_t first = text.len > 0 && (negative || text.at[0] == '+');
	uint64_t limit = max + negative, value = 0;

	if (first == text.len)
		return false;
	for (size_t i = first; i < text.len; i++) {
		unsigned digit = (unsigned)(unsigned char)text.at[i] - '0';

		/* limit is at most 2^63, so the product of what is below a tenth of it fits. */
		if (digit > 9 || value > limit / 10 || value * 10 + digit > limit)
			return false;
		value = value * 10 + digit;
	}
	*ret_bits = negative ? 0 - value : value;
	return true;
}

static int serialize_number(struct slice text, size_t bytes, struct arena *arena,
			    struct slice *ret_key)
{
	uint64_t bits;
	char *key;

	if (!read_number(text, bytes == 4 ? INT32_MAX : INT64_MAX, &bits))
		return KEYTYPE_E_INVALID;
	key = arena_alloc(arena, bytes);
	if (!key)
		return -ENOMEM;
	for (size_t i = 0; i < bytes; i++)
		key[i] = (char)(unsigned char)(bits >> 8 * (bytes - 1 - i));
	*ret_key = (struct slice){key, bytes};
	return 0;
}

/* The lower-case form of a hexadecimal digit, or 0. */
static char hex_digit(char c)
{
	if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))
		return c;
	return c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : 0;
}

static int serialize_uuid(struct slice text, struct arena *arena, struct slice *ret_key)
{
	char lower[UUID_LENGTH], *key;

	if (text.len != UUID_LENGTH)
		return KEYTYPE_E_INVALID;
	for (size_t i = 0; i < UUID_LENGTH; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		lower[i] = dash ? '-' : hex_digit(text.at[i]);
		if (!lower[i] || (dash && text.at[i] != '-'))
			return KEYTYPE_E_INVALID;
	}
	if (memcmp(lower, text.at, UUID_LENGTH) == 0) {
		*ret_key = text;
		return 0;
	}
	key = arena_alloc(arena, UUID_LENGTH);
	if (!key)
		return -ENOMEM;
	memcpy(key, lower, UUID_LENGTH);
	*ret_key = (struct slice){key, UUID_LENGTH};
	return 0;
}

int keytype_serialize(enum key_type type, struct slice text, struct arena *arena,
		      struct slice *ret_key)
{
	switch (type) {
	case KEY_INT32:
		return serialize_number(text, 4, arena, ret_key);
	case KEY_INT64:
		return serialize_number(text, 8, arena, ret_key);
	case KEY_UUID:
		return serialize_uuid(text, arena, ret_key);
	case KEY_STRING:
		break;
	}
	*ret_key = text;
	return 0;
}

int keytype_partition(struct slice text, int32_t *ret_number)
{
	uint64_t bits;

	if (!read_number(text, INT32_MAX, &bits) || bits > INT32_MAX)
		return KEYTYPE_E_INVALID;
	*ret_number = (int32_t)bits;
	return 0;
}

struct slice keytype_show(enum key_type type, struct slice key, char text[KEYTYPE_SHOWN_MAX])
{
	size_t bytes = type == KEY_INT32 ? 4 : type == KEY_INT64 ? 8 : 0;
	uint64_t bits = 0;
	int64_t value;
	int n;

	if (!key.at || !bytes || key.len != bytes)
		return key;
	for (size_t i = 0; i < bytes; i++)
		bits = bits << 8 | (unsigned char)key.at[i];
	value = bytes == 4 ? (int32_t)(uint32_t)bits : (int64_t)bits;
	n = snprintf(text, KEYTYPE_SHOWN_MAX, "%" PRId64, value);
	return (struct slice){text, (size_t)n};
}

const char *keytype_name(enum key_type type)
{
	static const char *const names[] = {
		[KEY_STRING] = "string",
		[KEY_INT32] = "int32",
		[KEY_INT64] = "int64",
		[KEY_UUID] = "uuid",
	};

	return names[type];
}

const char *keytype_hint(enum key_type type)
{
	static const char *const hints[] = {
		[KEY_STRING] = "any text",
		[KEY_INT32] = "a whole number from -2147483648 to 2147483647",
		[KEY_INT64] = "a whole number from -9223372036854775808 to 9223372036854775807",
		[KEY_UUID] = "123e4567-e89b-12d3-a456-426614174000",
	};

	return hints[type];
}
