/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preview prints milliseconds since 1970, as Kafka has them; nobody can tell whether such a number
 * is right. So files of tests have dates. They are read by the parser of log lines' own times.
 */
#include "cmd/test/time.h"

#include <errno.h>
#include <string.h>

#include "parsers/timestamp.h"

int test_time_read(const char *text, int64_t *ret_ms)
{
	struct zone *utc = zone_new(0);
	struct timestamp_format *format = NULL;
	struct timestamp_means means = {utc};
	struct timestamp_error error;
	int r = utc ? timestamp_compile("iso8601", &means, &format, &error) : -ENOMEM;

	if (!r)
		r = timestamp_parse(format, slice_of(text), 0, ret_ms);
	timestamp_free(format);
	zone_free(utc);
	return r > 0 ? TEST_TIME_E_INVALID : r;
}

void test_time_write(int64_t ms, char ret_text[TEST_TIME_LEN])
{
	char *end = ret_text + iso_time_print(ms, ret_text).len;

	if (ms % 1000 == 0) {
		end -= strlen(".000Z");
		*end++ = 'Z';
	}
	*end = '\0';
}
