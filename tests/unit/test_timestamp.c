/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/corpus/timestamps/golden.tsv holds what Python's datetime and zoneinfo say of some
 * thousand texts; its script says how. Here stand the texts that are none, the limits, and what was
 * decided rather than defined.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "parsers/timestamp.h"
#include "settings/zone.h"

#define GOLDEN "tests/corpus/timestamps/golden.tsv"

/* 2026-11-21T17:00:00Z */
#define NOW 1795280400000

/* Zones are loaded once, which takes some ms, and kept: formats borrow them. */
static const struct zone *zone_named(const char *name)
{
	static struct {
		char name[64];
		struct zone *zone;
	} zones[32];
	char message[256] = "";
	size_t i = 0;

	while (i < ARRAY_LEN(zones) && zones[i].zone && strcmp(zones[i].name, name) != 0)
		i++;
	cr_assert_lt(i, ARRAY_LEN(zones));
	if (!zones[i].zone) {
		strcpy(zones[i].name, name);
		cr_assert_eq(conf_zone_load(name, &zones[i].zone, message, sizeof message), 0, "%s",
			     message);
	}
	return zones[i].zone;
}

static struct timestamp_format *compile_in(const char *text, const char *zone)
{
	struct timestamp_format *format = NULL;
	struct timestamp_error error;

	struct timestamp_means means = {zone_named(zone)};

	cr_assert_eq(timestamp_compile(text, &means, &format, &error), 0, "%s: %s", text,
		     error.message);
	return format;
}

struct kept {
	char key[128];
	struct timestamp_format *format;
};

static const struct timestamp_format *look_up(struct kept *kept, size_t n, const char *text,
					      const char *zone)
{
	char key[sizeof kept->key];
	size_t i = 0;

	snprintf(key, sizeof key, "%s\t%s", text, zone);
	while (i < n && kept[i].format && strcmp(kept[i].key, key) != 0)
		i++;
	cr_assert_lt(i, n);
	if (!kept[i].format) {
		strcpy(kept[i].key, key);
		kept[i].format = compile_in(text, zone);
	}
	return kept[i].format;
}

/* A copy of exactly its length, so that a sanitizer sees a read behind the end. */
static int parse_exact(const struct timestamp_format *format, const char *text, size_t len,
		       int64_t now, int64_t *ret_ms)
{
	char *copy = malloc(len ? len : 1);
	int r;

	memcpy(copy, text, len);
	r = timestamp_parse(format, (struct slice){copy, len}, now, ret_ms);
	free(copy);
	return r;
}

Test(timestamp, as_python_says, .timeout = 120)
{
	struct kept kept[512] = {0};
	FILE *file = fopen(GOLDEN, "r");
	char *line = NULL;
	size_t size = 0, rows = 0;

	cr_assert(file, "run from the top directory");
	for (ssize_t len; (len = getline(&line, &size, file)) > 0; rows++) {
		char *rest = line, *column[5];
		int64_t ms = -1;

		line[len - 1] = '\0';
		for (int i = 0; i < 5; i++)
			column[i] = strsep(&rest, "\t");
		cr_assert(column[4]);
		cr_expect_eq(parse_exact(look_up(kept, ARRAY_LEN(kept), column[0], column[1]),
					 column[3], strlen(column[3]), atoll(column[2]), &ms),
			     0, "line %zu: %s %s", rows + 1, column[0], column[3]);
		cr_expect_eq(ms, atoll(column[4]), "line %zu: %s %s %s: %lld instead of %s",
			     rows + 1, column[0], column[1], column[3], (long long)ms, column[4]);
	}
	cr_expect_gt(rows, 2000);
	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		timestamp_free(kept[i].format);
	free(line);
	fclose(file);
}

struct row {
	const char *format, *text;
	int64_t ms; /* 0: TIMESTAMP_E_INVALID */
};

static void expect(const struct row *row, const char *zone)
{
	struct timestamp_format *format = compile_in(row->format, zone);
	int64_t ms = -7;
	int r = parse_exact(format, row->text, strlen(row->text), NOW, &ms);

	cr_expect_eq(r, row->ms ? 0 : TIMESTAMP_E_INVALID, "%s \"%s\": %d, %lld", row->format,
		     row->text, r, (long long)ms);
	cr_expect_eq(ms, row->ms ? row->ms : -7, "%s \"%s\": %lld", row->format, row->text,
		     (long long)ms);
	timestamp_free(format);
}

static const struct row none[] = {
	{"iso8601", ""},
	{"iso8601", "-"},
	{"iso8601", "2026"},
	{"iso8601", "2026-11"},
	{"iso8601", "2026-11-2"},
	{"iso8601", "2026-1-21"},
	{"iso8601", "2026/11/21"},
	{"iso8601", "2026-11-21x17:00"},
	{"iso8601", "2026-11-21T"},
	{"iso8601", "2026-11-21T1"},
	{"iso8601", "2026-11-21T17"},
	{"iso8601", "2026-11-21T17:"},
	{"iso8601", "2026-11-21T17:0"},
	{"iso8601", "2026-11-21T17:00:"},
	{"iso8601", "2026-11-21T17:00:0"},
	{"iso8601", "2026-11-21T17:00:00."},
	{"iso8601", "2026-11-21T17:00:00.Z"},
	{"iso8601", "2026-11-21T17:00.5Z"},
	{"iso8601", "2026-11-21T17:00:00x"},
	{"iso8601", "2026-11-21T17:00:00 "},
	{"iso8601", "2026-11-21T17:00:00  Z"},
	{"iso8601", "2026-11-21T17:00:00+"},
	{"iso8601", "2026-11-21T17:00:00+1"},
	{"iso8601", "2026-11-21T17:00:00+1:00"},
	{"iso8601", "2026-11-21T17:00:00+01:"},
	{"iso8601", "2026-11-21T17:00:00+01:0"},
	{"iso8601", "2026-11-21T17:00:00+01:60"},
	{"iso8601", "2026-11-21T17:00:00+24:00"},
	{"iso8601", "2026-11-21T17:00:00+01:00x"},
	{"iso8601", "2026-11-21T17:00:00Z."},
	{"iso8601", "2026-11-21T17:00:00 IST"},
	{"iso8601", " 2026-11-21T17:00:00Z"},
	{"iso8601", "2026-00-21T17:00:00Z"},
	{"iso8601", "2026-13-21T17:00:00Z"},
	{"iso8601", "2026-11-00T17:00:00Z"},
	{"iso8601", "2026-11-31T17:00:00Z"},
	{"iso8601", "2026-02-29T17:00:00Z"},
	{"iso8601", "2100-02-29T17:00:00Z"},
	{"iso8601", "2026-11-21T25:00:00Z"},
	{"iso8601", "2026-11-21T24:00:01Z"},
	{"iso8601", "2026-11-21T24:01:00Z"},
	{"iso8601", "2026-11-21T24:00:00.001Z"},
	{"iso8601", "2026-11-21T17:60:00Z"},
	{"iso8601", "2026-11-21T17:00:61Z"},
	/* Behind "9" stands ":", which would count as 10. */
	{"iso8601", "2026-0:-21T17:00:00Z"},
	{"iso8601", "2026-11-21T0:00:00:00Z"},
	{"iso8601", "2026-11-21T17:00:0:Z"},
	{"iso8601", "20261121T17000:Z"},
	{"iso8601", "202:-11-21T17:00:00Z"},
	{"iso8601", "2026-11:21T17:00:00Z"},
	{"iso8601", "0000-01-01T00:00:00Z"},
	{"iso8601", "1969-12-31T23:59:59.999Z"},
	{"iso8601", "1970-01-01T00:00:00Z"}, /* 0: librdkafka would take it for "now" */
	{"iso8601", "9999-12-31T24:00:00Z"},
	{"iso8601", "9999-12-31T23:59:59-00:01"},
	{"iso8601", "\xd9\xa2\xd9\xa0\xd9\xa2\xd9\xa6-11-21"},
	{"epoch_s", ""},
	{"epoch_s", "0"},
	{"epoch_s", "-1"},
	{"epoch_s", "+1"},
	{"epoch_s", " 1"},
	{"epoch_s", "1 "},
	{"epoch_s", "1."},
	{"epoch_s", ".5"},
	{"epoch_s", "1.7e9"},
	{"epoch_s", "0x10"},
	{"epoch_s", "253402300800"},
	{"epoch_s", "18446744073709551617"},
	{"epoch_ms", "253402300800000"},
	{"epoch_ms", "0.9"},
	{"epoch_us", "999"},
	{"epoch_us", "253402300800000000"},
	{"epoch_us", "9999999999999999999"},
	{"%s", "253402300800"},
	{"%s", "0"},
	{"%Y-%m-%d", "26-11-21"},
	{"%Y-%m-%d", "2026-11-21 "},
	{"%Y-%m-%d", "2026-11-0"},
	{"%Y-%m-%d", "2026-0-10"},
	{"%Y-%m-%d", "2026-  -10"},
	{"%Y-%m-%d", " 026-11-10"},
	{"%y-%m-%d", "69-12-31"}, /* of 1969 */
	{"%Y-%j", "2026-0"},
	{"%Y-%j", "2026-366"},
	{"%Y-%j", "2024-367"},
	{"%d %b %Y", "21 Nox 2026"},
	{"%d %b %Y", "21 No"},
	{"%d %b %Y", "21 Novembe 2026"},
	{"%d %b %Y", "31 Nov 2026"},
	{"%a %d.%m.%Y", "Xyz 21.11.2026"},
	{"%F %I:%M %p", "2026-11-21 00:10 AM"},
	{"%F %I:%M %p", "2026-11-21 13:10 PM"},
	{"%F %I:%M %p", "2026-11-21 10:10 XM"},
	{"%F %I:%M %p", "2026-11-21 10:10 P"},
	{"%F %T %Z", "2026-11-21 17:00:00 IST"},
	{"%F %T %z", "2026-11-21 17:00:00 UTC"},
	{"%F %T.%f", "2026-11-21 17:00:00."},
	{"%b %e %T", "Feb 30 17:00:00"},
	{"%T", "25:00:00"},
};

Test(timestamp, no_time)
{
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		expect(&none[i], "UTC");
}

static const struct row decided[] = {
	/* A leap second is the second after it, wherever it stands; 24:00 the end of the day. */
	{"iso8601", "2016-12-31T23:59:60Z", 1483228800000},
	{"iso8601", "2016-12-31T23:59:60.250Z", 1483228800250},
	{"iso8601", "2026-11-21T24:00:00Z", 1795305600000},
	{"iso8601", "2026-02-28T24:00Z", 1772323200000},
	/* A day alone is its beginning. */
	{"iso8601", "2026-11-21", 1795219200000},
	{"iso8601", "20261121", 1795219200000},
	{"iso8601", "20261121T1700", NOW},
	{"iso8601", "20261121T1700+0100", NOW - 3600000},
	{"iso8601", "1970-01-01T00:00:00.001Z", 1},
	{"iso8601", "9999-12-31T23:59:59.999999Z", 253402300799999},
	{"epoch_s", "1795280400", NOW},
	{"epoch_s", "1795280400.1239", NOW + 123},
	{"epoch_s", "0.001", 1},
	{"epoch_s", "253402300799.999", 253402300799999},
	{"epoch_ms", "1795280400123.9", NOW + 123},
	{"epoch_us", "1795280400123999", NOW + 123},
	{"%s", "1795280400", NOW},
	{"%y-%m-%d", "68-01-01", 3092601600000},
	{"%y-%m-%d", "70-01-02", 86400000},
	{"%y-%m-%d", "99-01-01", 915148800000},
	{"%F %I %p", "2026-11-21 12 AM", 1795219200000},
	{"%F %I %p", "2026-11-21 12 pm", 1795262400000},
	{"%F %p %I", "2026-11-21 PM 5", NOW},
	{"%F  \t %T", "2026-11-21 17:00:00", NOW},
	{"%F %T", "2026-11-21 \t 17:00:00", NOW},
	{"%F%n%T", "2026-11-21 17:00:00", NOW},
	{"%d%b%Y", "21NOVEMBER2026", 1795219200000},
	{"%d %b %Y %%", "21 May 2026 %", 1779321600000},
	{"%a, %d %b %Y", "Monday, 21 Nov 2026", 1795219200000}, /* it is a Saturday */
	/* Without year: not more than a day ahead. NOW is a 21 November, 17:00. */
	{"%b %e %T", "Nov 21 17:00:00", NOW},
	{"%b %e %T", "Nov 22 17:00:00", NOW + 86400000},
	{"%b %e %T", "Nov 22 17:00:01", NOW - 31449599000},
	{"%b %e %T", "Feb 29 00:00:00", 1709164800000},
	/* Without day: not more than an hour ahead. */
	{"%T", "17:00:00", NOW},
	{"%T", "18:00:00", NOW + 3600000},
	{"%T", "18:00:01", NOW - 82799000},
	{"%T", "24:00:00", 1795219200000},
	{"%H:%M %z", "23:30 +0600", 1795282200000},
};

Test(timestamp, decided)
{
	for (size_t i = 0; i < ARRAY_LEN(decided); i++)
		expect(&decided[i], "UTC");
}

/* Clocks in Paris go from 02:00 to 03:00 on 29 March 2026, from 03:00 to 02:00 on 25 October. */
Test(timestamp, skipped_and_doubled_hours)
{
	struct timestamp_format *format = compile_in("iso8601", "Europe/Paris");
	const int64_t first = 1792888200000; /* 02:30 in summer time */
	int64_t ms;

	cr_assert_eq(timestamp_parse(format, slice_of("2026-03-29T02:30"), NOW, &ms), 0);
	cr_expect_eq(ms, 1774747800000); /* as 03:30, summer time */
	cr_assert_eq(timestamp_parse(format, slice_of("2026-10-25T02:30"), first + 100, &ms), 0);
	cr_expect_eq(ms, first);
	cr_assert_eq(timestamp_parse(format, slice_of("2026-10-25T02:30"), first + 3500000, &ms),
		     0);
	cr_expect_eq(ms, first, "read 58 minutes later: still the first");
	cr_assert_eq(timestamp_parse(format, slice_of("2026-10-25T02:30"), first + 3600100, &ms),
		     0);
	cr_expect_eq(ms, first + 3600000);
	cr_assert_eq(timestamp_parse(format, slice_of("2026-10-25T01:59:59"), NOW, &ms), 0);
	cr_expect_eq(ms, first - 1801000);
	cr_assert_eq(timestamp_parse(format, slice_of("2026-10-25T03:00"), NOW, &ms), 0);
	cr_expect_eq(ms, first + 5400000);
	timestamp_free(format);
}

static const struct {
	const char *format, *message;
} wrong[] = {
	{"", "\"\" is neither"},
	{"iso", "neither"},
	{"iso8610", "did you mean \"iso8601\"?"},
	{"epoch-ms", "did you mean \"epoch_ms\"?"},
	{"%Q", "%Q is not known"},
	{"%Y-%m-%d %", "% without a letter"},
	{"%Y-%m-% d", "% without a letter"},
	{"%Y", "no day"},
	{"%Y-%m %T", "no day"},
	{"%d %T", "no day"},
	{"%M:%S", "neither a day nor a time"},
	{"%%", "neither a day nor a time"},
	{"%F %I:%M", "%I without %p"},
	{"%F %T 1234567890123456789012345678901234567890123456789012345678901234", "more than 64"},
};

Test(timestamp, wrong_formats)
{
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct timestamp_format *format = NULL;
		struct timestamp_error error = {0};

		cr_expect_eq(timestamp_compile(wrong[i].format, &(struct timestamp_means){0},
					       &format, &error),
			     TIMESTAMP_E_FORMAT, "%s", wrong[i].format);
		cr_expect(strstr(error.message, wrong[i].message), "%s: %s", wrong[i].format,
			  error.message);
		cr_expect_null(format);
	}
}

/* Times as logs have them, with names of months and zones, and what the names mean. */
static const struct named {
	const char *format, *text;
	enum timestamp_language language;
	int64_t ms; /* 0: it is none */
} named[] = {
	{"iso8601", "2018-11-17 13:14:01 CEST", TIMESTAMP_ENGLISH, 1542453241000},
	{"%F %T %Z", "2018-11-17 13:14:01 CEST", TIMESTAMP_ENGLISH, 1542453241000},
	{"iso8601", "2018-11-17 13:39:22 EST", TIMESTAMP_ENGLISH, 1542479962000},
	{"iso8601", "2026-11-21T15:11:55+01:00[Europe/Berlin]", TIMESTAMP_ENGLISH, 1795270315000},
	{"iso8601", "2026-11-21T15:11:55Z[UTC]", TIMESTAMP_ENGLISH, 1795273915000},
	{"iso8601", "2026-11-21T15:11:55Z[]", TIMESTAMP_ENGLISH, 0},
	{"iso8601", "2026-11-21T15:11:55Z[UTC", TIMESTAMP_ENGLISH, 0},
	{"iso8601", "2026-11-21T15:11:55[Europe/Berlin]", TIMESTAMP_ENGLISH, 0},
	{"iso8601", "2026-11-21 15:11:55 Asia/Tokyo", TIMESTAMP_ENGLISH, 1795241515000},
	{"iso8601", "2026-11-21 15:11:55 Asia/Nowhere", TIMESTAMP_ENGLISH, 0},
	{"iso8601", "2026-11-21 15:11:55 IST", TIMESTAMP_ENGLISH, 0},
	{"%F %T %Z", "2026-11-21 15:11:55 CST", TIMESTAMP_ENGLISH, 1795295515000},
	{"%F %T %Z", "2026-11-21 15:11:55 CSTX", TIMESTAMP_ENGLISH, 0},
	{"%b %e %T.%f %Z", "Mar 24 12:06:03.424 MST", TIMESTAMP_ENGLISH, 1774379163424},
	{"%a %b %e %T %Z %Y", "Wed Mar 24 12:06:03 MST 2021", TIMESTAMP_ENGLISH, 1616612763000},
	{"tai64n", "@4000000050d506482dbdf024", TIMESTAMP_ENGLISH, 1356138046767},
	{"tai64n", "@4000000050D506482DBDF024", TIMESTAMP_ENGLISH, 1356138046767},
	{"tai64n", "@4000000050d506482dbdf02", TIMESTAMP_ENGLISH, 0},
	{"tai64n", "@4000000050d506483b9aca00", TIMESTAMP_ENGLISH, 0},
	{"tai64n", "@3000000050d506482dbdf024", TIMESTAMP_ENGLISH, 0},
	{"tai64n", "@40000000g0d506482dbdf024", TIMESTAMP_ENGLISH, 0},
	{"epoch_ns", "1574989980832601873", TIMESTAMP_ENGLISH, 1574989980832},
	{"epoch_ns", "15749899808326018730", TIMESTAMP_ENGLISH, 0},
	{"%d. %b %Y %T", "21. Dez 2025 15:11:55", TIMESTAMP_GERMAN, 1766329915000},
	{"%d. %b %Y %T", "21. M\xc3\xa4r. 2025 15:11:55", TIMESTAMP_GERMAN, 1742569915000},
	{"%d. %B %Y %T", "21. Dezember 2025 15:11:55", TIMESTAMP_GERMAN, 1766329915000},
	{"%d. %b %Y %T", "21. Dec 2025 15:11:55", TIMESTAMP_GERMAN, 1766329915000},
	{"%d. %b %Y %T", "21. Dez 2025 15:11:55", TIMESTAMP_ENGLISH, 0},
	{"%d %b %Y %T", "21 janv. 2025 15:11:55", TIMESTAMP_FRENCH, 1737472315000},
	{"%a %d %b %Y %T", "mar. 21 juil. 2026 15:11:55", TIMESTAMP_FRENCH, 1784646715000},
	{"%d %b %Y %T", "21 jui 2025 15:11:55", TIMESTAMP_FRENCH, 0},
	{"%d %b %Y %T", "21 ao\xc3\xbbt 2025 15:11:55", TIMESTAMP_FRENCH, 1755789115000},
	{"%Y%m%d-%H:%M:%S:%v", "20171224-0:7:20:15", TIMESTAMP_ENGLISH, 1514074040015},
	{"%Y%m%d-%H:%M:%S:%v", "20171224-0:7:20:1500", TIMESTAMP_ENGLISH, 0},
	{"iso8601", "2026-W47-6T15:11:55", TIMESTAMP_ENGLISH, 1795273915000},
	{"iso8601", "2026-W53-7T00:00:00", TIMESTAMP_ENGLISH, 1798934400000},
	{"iso8601", "2027-W53-1T00:00:00", TIMESTAMP_ENGLISH, 0},
	{"iso8601", "2026-W00-1T00:00:00", TIMESTAMP_ENGLISH, 0},
	{"iso8601", "2026-W47-8T00:00:00", TIMESTAMP_ENGLISH, 0},
	{"iso8601", "2026-W01-1", TIMESTAMP_ENGLISH, 1766966400000},
};

static void expect_named(const struct named *row, const struct timestamp_means *means)
{
	struct timestamp_format *format = NULL;
	struct timestamp_error error;
	int64_t ms = 0;

	cr_assert_eq(timestamp_compile(row->format, means, &format, &error), 0);
	cr_expect_eq(parse_exact(format, row->text, strlen(row->text), NOW, &ms) == 0, row->ms != 0,
		     "%s: %s", row->format, row->text);
	cr_expect_eq(ms, row->ms, "%s: %lld", row->text, (long long)ms);
	timestamp_free(format);
}

Test(timestamp, names_of_months_and_zones)
{
	const struct timestamp_zone tokyo = {"Asia/Tokyo", zone_named("Asia/Tokyo")};

	for (size_t i = 0; i < ARRAY_LEN(named); i++)
		expect_named(&named[i], &(struct timestamp_means){zone_named("UTC"), &tokyo, 1,
								  named[i].language});
}

/* What is said of a name goes before what it usually means. */
Test(timestamp, names_of_zones_can_be_given)
{
	const struct timestamp_zone china = {"CST", zone_named("Asia/Shanghai")};
	const struct named row = {"%F %T %Z", "2026-11-21 15:11:55 cst", TIMESTAMP_ENGLISH,
				  1795295515000};
	struct named given = row;

	expect_named(&row, &(struct timestamp_means){zone_named("UTC")});
	given.ms = 1795245115000;
	expect_named(&given, &(struct timestamp_means){zone_named("UTC"), &china, 1});
}

/* Cut anywhere, and with any byte anywhere: no read behind the end, no time out of range. */
Test(timestamp, any_bytes)
{
	static const char *const formats[] = {"iso8601", "%a, %d %B %Y %I:%M:%S.%f %p %z",
					      "%b %e %T", "%j %s %Z %y"};
	static const char *const texts[] = {"2026-11-21T17:00:00.123+01:00",
					    "Saturday, 21 November 2026 05:00:00.5 PM +01:00",
					    "Nov 21 17:00:00", "325 1795280400 UTC 26"};
	char text[64];
	int64_t ms;

	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		struct timestamp_format *format = compile_in(formats[i], "Europe/Paris");
		size_t len = strlen(texts[i]);

		for (size_t at = 0; at < len; at++) {
			cr_expect_eq(parse_exact(format, texts[i], at, NOW, &ms) & ~7, 0);
			for (int byte = 0; byte < 256; byte++) {
				memcpy(text, texts[i], len);
				text[at] = (char)byte;
				ms = 1;
				cr_expect_eq(parse_exact(format, text, len, NOW, &ms) & ~7, 0);
				cr_expect(ms > 0 && ms < 253402300800000);
			}
		}
		timestamp_free(format);
	}
}

Test(timestamp, same_twice)
{
	struct timestamp_format *format = compile_in("%b %e %T", "local");
	int64_t a, b;

	cr_assert_eq(timestamp_parse(format, slice_of("Nov 21 17:00:00"), NOW, &a), 0);
	cr_assert_eq(timestamp_parse(format, slice_of("Nov 21 17:00:00"), NOW, &b), 0);
	cr_expect_eq(a, b);
	timestamp_free(format);
	timestamp_free(NULL);
	zone_free(NULL);
}

/* A clock before 1970, or after 9999, guesses no year. */
Test(timestamp, absurd_now)
{
	struct timestamp_format *format = compile_in("%b %e %T", "UTC");
	struct timestamp_format *day = compile_in("%T", "UTC");
	const int64_t nows[] = {INT64_MIN, -1, 0, 253402300800000, INT64_MAX};
	int64_t ms;

	for (size_t i = 0; i < ARRAY_LEN(nows); i++) {
		cr_expect_leq(timestamp_parse(format, slice_of("Nov 21 17:00:00"), nows[i], &ms),
			      TIMESTAMP_E_INVALID);
		cr_expect_leq(timestamp_parse(day, slice_of("17:00:00"), nows[i], &ms),
			      TIMESTAMP_E_INVALID);
	}
	timestamp_free(format);
	timestamp_free(day);
}

Test(zone, names)
{
	static const char *const unknown[] = {
		"",      "Europe/Pariss", "CET-1CEST", "/etc/localtime", "../etc/passwd", ":UTC",
		"+2:00", "+25:00",        "Europe",    "zone.tab",       "utc+1",
	};
	char message[256];
	struct zone *zone = NULL;

	for (size_t i = 0; i < ARRAY_LEN(unknown); i++) {
		message[0] = '\0';
		cr_expect_eq(conf_zone_load(unknown[i], &zone, message, sizeof message),
			     CONF_ZONE_E_UNKNOWN, "%s", unknown[i]);
		cr_expect(strstr(message, "no time zone"), "%s: %s", unknown[i], message);
		cr_expect_null(zone);
	}
	setenv("TZDIR", "/nowhere", 1);
	cr_expect_eq(conf_zone_load("Europe/Paris", &zone, message, sizeof message),
		     CONF_ZONE_E_UNKNOWN);
	cr_expect(strstr(message, "no time zone database in /nowhere"), "%s", message);
	cr_expect_eq(conf_zone_load("UTC", &zone, message, sizeof message), 0);
	zone_free(zone);
}

/* TZ stays as it is; "local" is what it says. */
Test(zone, environment)
{
	struct zone *zone = NULL;
	char message[256];

	setenv("TZ", "Asia/Kolkata", 1);
	cr_assert_eq(conf_zone_load("Europe/Paris", &zone, message, sizeof message), 0);
	for (int year = 1977; year <= 2037; year++) {
		struct tm winter = {.tm_year = year - 1900, .tm_mon = 0, .tm_mday = 1};
		struct tm summer = {.tm_year = year - 1900, .tm_mon = 6, .tm_mday = 1};

		cr_expect_eq(zone_offset_at(zone, timegm(&winter)), 3600, "%d", year);
		cr_expect_eq(zone_offset_at(zone, timegm(&summer)), 7200, "%d", year);
	}
	zone_free(zone);
	cr_expect_str_eq(getenv("TZ"), "Asia/Kolkata");
	cr_assert_eq(conf_zone_load("local", &zone, message, sizeof message), 0);
	cr_expect_eq(zone_offset_at(zone, NOW / 1000), 19800);
	zone_free(zone);
	unsetenv("TZ");
	cr_assert_eq(conf_zone_load("Europe/Paris", &zone, message, sizeof message), 0);
	zone_free(zone);
	cr_expect_null(getenv("TZ"));
}
