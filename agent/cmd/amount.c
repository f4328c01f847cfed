/* SPDX-License-Identifier: Apache-2.0 */
/* As many digits as a person compares, in as few columns as a table has. */
#include "cmd/amount.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/result.h"

const char *amount_size(int64_t bytes, char text[AMOUNT_MAX])
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
	double size = (double)bytes;
	size_t unit = 0;

	if (bytes < 0)
		return "?";
	if (bytes < 10000) {
		snprintf(text, AMOUNT_MAX, "%" PRId64 " B", bytes);
		return text;
	}
	for (size /= 1024; size >= 1000 && unit + 1 < ARRAY_LEN(units); unit++)
		size /= 1024;
	snprintf(text, AMOUNT_MAX, "%.1f %s", size, units[unit]);
	return text;
}

const char *amount_time(int64_t seconds, char text[AMOUNT_MAX])
{
	if (seconds < 120)
		snprintf(text, AMOUNT_MAX, "%" PRId64 " s", seconds);
	else if (seconds < 7200)
		snprintf(text, AMOUNT_MAX, "%" PRId64 " min", seconds / 60);
	else if (seconds < 172800)
		snprintf(text, AMOUNT_MAX, "%" PRId64 " h", seconds / 3600);
	else
		snprintf(text, AMOUNT_MAX, "%" PRId64 " days", seconds / 86400);
	return text;
}
