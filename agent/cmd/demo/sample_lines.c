/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Orders overlap, as they do in a shop, and each goes through the same states: in Kafka one sees
 * the lines of one order come out of one partition in order, although other lines lie between them
 * in the file, and although the file was rotated or the agent killed between them. One line in ten
 * is about no order, because logs are like that; it is shipped without a key. Everything but the
 * time follows from the number, and the number stands in the line: so whoever reads the records
 * knows which are missing.
 */
#include "cmd/demo/sample.h"

#include <stdio.h>
#include <string.h>

#include "base/iso_time.h"
#define OPEN_ORDERS 8
#define STRANGER 10
#define FIRST_ORDER 1001

static const char *const states[] = {"created", "paid", "packed", "shipped"};

/* Spreads the bits of a small number, for identifiers that look like some. */
static uint32_t scramble(uint32_t x)
{
	x = (x ^ x >> 16) * 0x45d9f3bu;
	x = (x ^ x >> 16) * 0x45d9f3bu;
	return x ^ x >> 16;
}

size_t sample_line(char to[SAMPLE_LINE_MAX], unsigned number, int64_t now_ms)
{
	unsigned about = number - (number + 1) / STRANGER; /* among the lines about an order */
	unsigned round = about / OPEN_ORDERS;
	unsigned order = round / ARRAY_LEN(states) * OPEN_ORDERS + about % OPEN_ORDERS;
	size_t len = iso_time_print(now_ms, to).len;

	to[len++] = ' ';
	if (number % STRANGER == STRANGER - 1)
		len += (size_t)snprintf(to + len, SAMPLE_LINE_MAX - len,
					"WARN seq=%u stock is low, reorder soon\n", number);
	else
		len += (size_t)snprintf(to + len, SAMPLE_LINE_MAX - len,
					"INFO seq=%u order=A-%u cid=%08x %s\n", number,
					FIRST_ORDER + order, scramble(order + 1),
					states[round % ARRAY_LEN(states)]);
	return len;
}

/* The decimal number after the words. False: other words, no digit, or a number above max. */
static bool number_after(struct slice text, const char *words, unsigned max, unsigned *ret_number)
{
	size_t len = strlen(words);
	const char *at = text.at ? memmem(text.at, text.len, words, len) : NULL;
	const char *end = text.at + text.len;
	unsigned number = 0;

	if (!at || (at += len) == end || *at < '0' || *at > '9')
		return false;
	for (; at < end && *at >= '0' && *at <= '9'; at++) {
		number = 10 * number + (unsigned)(*at - '0');
		if (number > max)
			return false;
	}
	*ret_number = number;
	return true;
}

bool sample_number(struct slice line, unsigned *ret_number)
{
	return number_after(line, " seq=", SAMPLE_LINES_MAX - 1, ret_number);
}

bool sample_order(struct slice key, unsigned *ret_order)
{
	unsigned name;

	if (!number_after(key, "A-", FIRST_ORDER + SAMPLE_LINES_MAX, &name) || name < FIRST_ORDER)
		return false;
	*ret_order = name - FIRST_ORDER;
	return true;
}
