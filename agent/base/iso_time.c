/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strftime would have to be asked for the date and snprintf for the rest, and either costs more
 * than all of this: a record of preview has a time, and there are many.
 */
#include "base/iso_time.h"

#include <time.h>

#define FIRST_MS (-62167219200000) /* of the year 0 */
#define LAST_MS 253402300799999    /* of the year 9999 */

/* The last digits of a number; returns where the next character goes. */
static char *put(char *to, int number, int digits)
{
	for (int i = digits; i-- > 0; number /= 10)
		to[i] = (char)('0' + number % 10);
	return to + digits;
}

static char *put_behind(char *to, char c, int number, int digits)
{
	*to = c;
	return put(to + 1, number, digits);
}

struct slice iso_time_print(int64_t ms, char text[ISO_TIME_LEN])
{
	int64_t known = ms < FIRST_MS ? FIRST_MS : ms > LAST_MS ? LAST_MS : ms;
	int fraction = (int)((known % 1000 + 1000) % 1000); /* also before 1970 */
	time_t second = (time_t)((known - fraction) / 1000);
	char *to = text;
	struct tm utc;

	gmtime_r(&second, &utc);
	to = put(to, utc.tm_year + 1900, 4);
	to = put_behind(to, '-', utc.tm_mon + 1, 2);
	to = put_behind(to, '-', utc.tm_mday, 2);
	to = put_behind(to, 'T', utc.tm_hour, 2);
	to = put_behind(to, ':', utc.tm_min, 2);
	to = put_behind(to, ':', utc.tm_sec, 2);
	to = put_behind(to, '.', fraction, 3);
	*to = 'Z';
	return (struct slice){text, ISO_TIME_LEN};
}
