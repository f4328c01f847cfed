/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ISO 8601, the shapes that logs have. Its digits stand at fixed places, so they are read pairwise
 * without a branch, and judged once: `bad` gathers whether one of them was none.
 */
#include <string.h>

#include "parsers/timestamp_private.h"

static inline uint32_t two(const char *at, uint32_t *bad)
{
	uint32_t tens = (uint32_t)(unsigned char)at[0] - '0';
	uint32_t ones = (uint32_t)(unsigned char)at[1] - '0';

	*bad |= (tens > 9) | (ones > 9);
	return 10 * tens + ones;
}

/* Behind "2026-W": "47-6". */
static void take_week(const char *at, struct moment *m, uint32_t *bad)
{
	uint32_t weekday = (uint32_t)(unsigned char)at[3] - '0';

	m->week = two(at, bad);
	m->weekday = weekday;
	*bad |= (at[2] != '-') | (m->week == 0) | (weekday - 1 > 6);
}

/* "2026-11-21", "20261121" or "2026-W47-6". */
static bool take_date(struct cursor *text, struct moment *m, uint32_t *bad)
{
	const char *at = text->at;
	size_t len = (size_t)(text->end - at);

	if (len >= 10 && at[4] == '-' && UNLIKELY(at[5] == 'W')) {
		take_week(at + 6, m, bad);
		text->at += 10;
	} else if (len >= 10 && at[4] == '-') {
		m->month = two(at + 5, bad);
		m->day = two(at + 8, bad);
		*bad |= at[7] != '-';
		text->at += 10;
	} else if (len >= 8) {
		m->month = two(at + 4, bad);
		m->day = two(at + 6, bad);
		text->at += 8;
	} else {
		return false;
	}
	m->year = 100 * two(at, bad) + two(at + 2, bad);
	m->has_year = true;
	return true;
}

/* "17:05", "17:05:30.123", or without the colons. */
static bool take_time(struct cursor *text, struct moment *m, uint32_t *bad)
{
	const char *at = text->at;
	size_t colon = text->end - at > 2 && at[2] == ':';

	if ((size_t)(text->end - at) < 4 + colon)
		return false;
	m->hour = two(at, bad);
	m->minute = two(at + 2 + colon, bad);
	at += 4 + colon;
	text->at = at;
	if (text->end - at < (ptrdiff_t)(2 + colon) || (colon ? *at != ':' : !is_digit(*at)))
		return true;
	m->second = two(at + colon, bad);
	text->at = at + 2 + colon;
	if (text->at < text->end && (*text->at == '.' || *text->at == ',')) {
		text->at++;
		return take_fraction(text, &m->ms);
	}
	return true;
}

/* "[Europe/Berlin]", as Java writes it behind an offset, which says more. */
static bool take_brackets(struct cursor *text)
{
	const char *end = memchr(text->at, ']', (size_t)(text->end - text->at));

	if (*text->at != '[' || !end || end == text->at + 1)
		return false;
	text->at = end + 1;
	return true;
}

static bool take_zone(struct cursor *text, const struct timestamp_means *means, struct moment *m)
{
	if (text->at == text->end)
		return true;
	if (*text->at == ' ')
		text->at++;
	if (!zone_take_offset(&text->at, text->end, &m->offset))
		return timestamp_take_zone(text, means, m);
	m->has_offset = true;
	return text->at == text->end || take_brackets(text);
}

bool timestamp_take_iso(struct slice whole, const struct timestamp_means *means,
			struct moment *ret_moment)
{
	struct cursor text = {whole.at, whole.at + whole.len};
	uint32_t bad = 0;

	if (!take_date(&text, ret_moment, &bad))
		return false;
	if (text.at < text.end) {
		if (*text.at != 'T' && *text.at != ' ' && *text.at != 't')
			return false;
		text.at++;
		if (!take_time(&text, ret_moment, &bad) || !take_zone(&text, means, ret_moment))
			return false;
	}
	return !bad && text.at == text.end;
}
