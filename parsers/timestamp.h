/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_TIMESTAMP_H
#define PARSERS_TIMESTAMP_H

#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"
#include "parsers/zone.h"

/*
 * Text → a record's timestamp. Pure; immutable once compiled. The formats:
 *
 *   iso8601    2026-11-21, then "T" or a blank, 17:05, :30, .123 or ,123 (any length), then Z,
 *              +01, +0100, +01:00, a name as of %Z or nothing (the zone given); also without
 *              - and :, also 2026-W47-6 for the day; a name in brackets behind an offset is
 *              passed over
 *   epoch_s  epoch_ms  epoch_us  epoch_ns   seconds, milliseconds, microseconds, nanoseconds since
 *              1970; what stands behind a "." or "," is the fraction
 *   tai64n     @ and 24 hexadecimal digits
 *   anything with a % in it: strptime's directives
 *     %Y %y       year of four digits; of two (69 to 99: 1969 to 1999)
 *     %m %d %e %j %H %I %M %S   one or two digits (%j: three), or a blank and a digit
 *     %b %B %h    name of the month, English or of the language given, short or whole, any case
 *     %a %A       name of the day, passed over
 *     %p          AM or PM
 *     %f %L       digits of a fraction of a second, any number
 *     %v          milliseconds as a number, which need not have three digits
 *     %z          Z, +hh, +hhmm, +hh:mm
 *     %Z          UTC, GMT, UT, Z, a name of those given, or one of the usual abbreviations
 *     %s          seconds since 1970
 *     %F %D %T %R  %Y-%m-%d, %m/%d/%y, %H:%M:%S, %H:%M
 *     %%          a percent sign;    %n %t or a blank: one or more blanks or tabs
 *
 * A time without year is of the latest year in which it is not more than a day after now, one
 * without day of the latest day on which it is not more than an hour after now. What is below a
 * millisecond is cut off. A second of 60 (leap second) is the one after 59, as in POSIX; 24:00:00
 * is the end of the day. The text must be used up.
 */
struct timestamp_format;

enum {
	TIMESTAMP_E_FORMAT = 1, /* timestamp_compile: unknown directive, or it tells no time */
	TIMESTAMP_E_INVALID,    /* timestamp_parse: not of the format, or there is no such time */
};

struct timestamp_error {
	size_t at;         /* byte of the format */
	char message[160]; /* "%Q is not known" */
};

/* Languages of months; English is always known. */
enum timestamp_language {
	TIMESTAMP_ENGLISH,
	TIMESTAMP_GERMAN,
	TIMESTAMP_FRENCH,
	TIMESTAMP_SPANISH,
	TIMESTAMP_ITALIAN,
	TIMESTAMP_DUTCH,
	TIMESTAMP_PORTUGUESE,
};

/* What a name says of the zone. */
struct timestamp_zone {
	const char *name; /* "CST", "Europe/Berlin" */
	const struct zone *zone;
};

/* What times mean that do not say it themselves; borrowed, all that it points to as well. */
struct timestamp_means {
	const struct zone *zone;            /* of times that name none */
	const struct timestamp_zone *names; /* looked at before the usual abbreviations */
	size_t n_names;
	enum timestamp_language language;
};

/*
 * Compiles a format. *means is copied; what it points to has to outlive the format.
 * TIMESTAMP_E_FORMAT fills *ret_error. -ENOMEM.
 */
int timestamp_compile(const char *text, const struct timestamp_means *means,
		      struct timestamp_format **ret_format, struct timestamp_error *ret_error)
	MUSTCHECK;

/* NULL is fine. Returns NULL. */
struct timestamp_format *timestamp_free(struct timestamp_format *format);

/*
 * now_ms: when the text was read. 0: *ret_ms is ms since 1970, from 1 to the end of the year 9999:
 * 0 means "now" to librdkafka, Kafka refuses negative ones. TIMESTAMP_E_INVALID.
 */
int timestamp_parse(const struct timestamp_format *format, struct slice text, int64_t now_ms,
		    int64_t *ret_ms) MUSTCHECK;

#endif
