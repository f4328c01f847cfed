/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preview prints milliseconds since 1970, as Kafka has them; nobody can tell whether such a number
 * is right. So files of tests have dates. They are read by the parser of log lines' own times.
 */
#include "cmd/test/time.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "parsers/timestamp.h"

int test_time_read(const char *text, int64_t *ret_ms)
{
	struct zone *utc = zone_new(0);
	struct timestamp_format *format = NULL;
	struct timestamp_error error;
	int r = utc ? timestamp_compile("iso8601", utc, &format, &error) : -ENOMEM;

	if (!r)
		r = timestamp_parse(format, slice_of(text), 0, ret_ms);
	timestamp_free(format);
	zone_free(utc);
	return r > 0 ? TEST_TIME_E_INVALID : r;
}

void test_time_write(int64_t ms, char ret_text[TEST_TIME_LEN])
{
	time_t second = (time_t)(ms / 1000);
	char fraction[8] = "", date[40] = "";
	struct tm utc;

	if (ms % 1000)
		snprintf(fraction, sizeof fraction, ".%03d", (int)(ms % 1000));
	if (gmtime_r(&second, &utc))
		strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(ret_text, TEST_TIME_LEN, "%s%sZ", date, fraction);
}
