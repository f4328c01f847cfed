/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A number and a unit, by table. Strict on purpose: no fractions ("1.5s" is "1500ms"), no sign, no
 * bare number for a time (of what?), and no "16M", which half of the world reads as 16,000,000 and
 * the other half as 16,777,216. Letters may be large or small, since "kB" and "KB" both occur.
 */
#include "settings/units.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "flow/rate.h"

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit sizes[] = {
	{"", 1},
	{"B", 1},
	{"KB", 1000},
	{"MB", 1000 * 1000},
	{"GB", 1000 * 1000 * 1000},
	{"KiB", 1024},
	{"MiB", 1024 * 1024},
	{"GiB", 1024 * 1024 * 1024},
	{NULL},
};

static const struct unit lines[] = {{"lines", 1}, {"line", 1}, {NULL}};

static const struct unit times[] = {
	{"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"h", 3600 * 1000}, {"d", 24 * 3600 * 1000},
	{NULL},
};

/* Takes the digits off the front of *text. */
static int digits(const char **text, uint64_t *ret_number)
{
	const char *at = *text;
	uint64_t number = 0;

	if (!isdigit((unsigned char)*at))
		return UNITS_E_SYNTAX;
	for (; isdigit((unsigned char)*at); at++) {
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(*at - '0'), &number))
			return UNITS_E_RANGE;
	}
	*text = at;
	*ret_number = number;
	return 0;
}

static int with_unit(const char *text, const struct unit *units, uint64_t *ret_value)
{
	uint64_t number;
	int r = digits(&text, &number);

	if (r)
		return r;
	while (*text == ' ')
		text++;
	for (; units->name; units++) {
		if (strcasecmp(text, units->name) != 0)
			continue;
		if (__builtin_mul_overflow(number, units->factor, &number))
			return UNITS_E_RANGE;
		*ret_value = number;
		return 0;
	}
	return UNITS_E_SYNTAX;
}

int units_size(const char *text, uint64_t *ret_bytes)
{
	return with_unit(text, sizes, ret_bytes);
}

int units_rate(const char *text, uint64_t *ret_rate)
{
	size_t len = strlen(text);
	uint64_t number, of_lines;
	char amount[64];
	int r;

	if (len < 2 || len >= sizeof amount || strcmp(text + len - 2, "/s") != 0)
		return UNITS_E_SYNTAX;
	snprintf(amount, sizeof amount, "%.*s", (int)(len - 2), text);
	of_lines = strcasestr(amount, "line") ? RATE_LINES : 0;
	r = with_unit(amount, of_lines ? lines : sizes, &number);
	if (r == UNITS_E_SYNTAX)
		return r;
	if (r || number >= RATE_LINES) {
		r = UNITS_E_RANGE;
		number = RATE_LINES - 1;
	}
	*ret_rate = number | of_lines;
	return r;
}

int units_time(const char *text, uint64_t *ret_ms)
{
	/* Nothing is nothing in every unit. */
	if (text[0] == '0' && text[1] == '\0') {
		*ret_ms = 0;
		return 0;
	}
	return with_unit(text, times, ret_ms);
}

/* The byte that these letters behind a backslash mean; their number, 0: none. */
static size_t read_escape(const char *at, char *ret_byte)
{
	static const char names[] = "nrt0\\", bytes[] = "\n\r\t\0\\", digits[] = "0123456789abcdef";
	const char *name = *at ? strchr(names, *at) : NULL, *high, *low;

	if (name) {
		*ret_byte = bytes[name - names];
		return 1;
	}
	if (*at != 'x' || !at[1] || !at[2])
		return 0;
	high = strchr(digits, tolower((unsigned char)at[1]));
	low = strchr(digits, tolower((unsigned char)at[2]));
	if (!high || !low)
		return 0;
	*ret_byte = (char)((high - digits) << 4 | (low - digits));
	return 3;
}

size_t units_bytes(const char *text, char *ret_bytes, size_t max)
{
	size_t n = 0;

	while (*text) {
		size_t len = 0;
		char byte = *text;

		if (*text++ == '\\') {
			len = read_escape(text, &byte);
			if (!len)
				return 0;
		}
		if (n == max)
			return 0;
		ret_bytes[n++] = byte;
		text += len;
	}
	return n;
}
