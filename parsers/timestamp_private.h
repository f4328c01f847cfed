/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_TIMESTAMP_PRIVATE_H
#define PARSERS_TIMESTAMP_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"
#include "parsers/timestamp.h"

/* What a text says of a moment; 0 and false where it says nothing. */
struct moment {
	bool has_year, has_offset, has_epoch;
	enum { NO_HALF, HALF_AM, HALF_PM } half;
	uint32_t year, month, day;
	uint32_t day_of_year;   /* instead of month and day */
	uint32_t week, weekday; /* likewise: of ISO 8601, Monday is 1 */
	uint32_t hour, minute, second, ms;
	int32_t offset;
	const struct zone *zone; /* that it names, without an offset */
	uint64_t epoch_s;        /* instead of all but ms */
};

struct cursor {
	const char *at, *end;
};

static inline bool is_digit(char c)
{
	return (unsigned char)(c - '0') <= 9;
}

/* The digits of a fraction as ms, cut off below; at least one must be there. */
static inline bool take_fraction(struct cursor *text, uint32_t *ret_ms)
{
	const char *start = text->at, *at = start;
	uint32_t weight = 100, ms = 0;

	while (at < text->end && is_digit(*at)) {
		ms += weight * (uint32_t)(*at++ - '0');
		weight /= 10;
	}
	text->at = at;
	*ret_ms = ms;
	return at > start;
}

/* Digits that fit into the time until 2262 even as ns. */
static inline bool take_number(struct cursor *text, uint64_t *ret_number)
{
	const char *start = text->at, *at = start;
	uint64_t number = 0;

	while (at < text->end && is_digit(*at) && at - start < 19)
		number = number * 10 + (uint64_t)(*at++ - '0');
	text->at = at;
	*ret_number = number;
	return at > start;
}

/* The name of a month, of that language or English; an abbreviation with or without its point. */
bool timestamp_take_month(struct cursor *text, enum timestamp_language language,
			  struct moment *ret_moment);

/* The name of a day, which is passed over; in other languages than English any word is one. */
bool timestamp_take_weekday(struct cursor *text, enum timestamp_language language);

/* The name of a zone: of those given, else UTC or a usual abbreviation. */
bool timestamp_take_zone(struct cursor *text, const struct timestamp_means *means,
			 struct moment *ret_moment);

/* One whole text of iso8601. False when it is none; numbers are not yet judged. */
bool timestamp_take_iso(struct slice text, const struct timestamp_means *means,
			struct moment *ret_moment);

/* A compiled format of directives. */
struct strptime;

/* 0, TIMESTAMP_E_FORMAT, -ENOMEM. */
int strptime_compile(const char *text, struct strptime **ret_format,
		     struct timestamp_error *ret_error) MUSTCHECK;
struct strptime *strptime_free(struct strptime *format);

/* True when the format tells the day; false: a time of day only. */
bool strptime_has_day(const struct strptime *format);

/* One whole text. False when it is not of the format; numbers are not yet judged. */
bool strptime_take(const struct strptime *format, const struct timestamp_means *means,
		   struct slice text, struct moment *ret_moment);

#endif
