/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text in any format: "format NUL text". What is refused when compiled says where; what is a
 * time lies between 1970 and the end of 9999, and is the same the second time.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "parsers/timestamp.h"

#define NOW 1795280400000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Three changes: an hour on, an hour back, and a day on. */
static struct zone *some_zone(void)
{
	struct zone *zone = zone_new(3600);

	if (!zone || zone_add_change(zone, 1774746000, 7200) ||
	    zone_add_change(zone, 1792890000, 3600) || zone_add_change(zone, 1795000000, 86400))
		abort();
	return zone;
}

static void parse_twice(const struct timestamp_format *format, struct slice text)
{
	int64_t first = 0, second = 0;
	int r = timestamp_parse(format, text, NOW, &first);

	if (r != timestamp_parse(format, text, NOW, &second) || first != second)
		abort();
	if (r == 0 ? first <= 0 || first >= 253402300800000 : first != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\0', size);
	struct timestamp_format *format = NULL;
	struct timestamp_error error;
	struct timestamp_zone name = {"Any/Zone", NULL};
	struct timestamp_means means = {.names = &name, .n_names = 1};
	struct zone *zone;

	if (!end)
		return 0;
	means.zone = name.zone = zone = some_zone();
	means.language = (enum timestamp_language)(size % (TIMESTAMP_PORTUGUESE + 1));
	if (timestamp_compile((const char *)data, &means, &format, &error) == 0) {
		parse_twice(format,
			    (struct slice){(const char *)end + 1, size - (size_t)(end + 1 - data)});
		timestamp_free(format);
	} else if ((error.at && error.at >= (size_t)(end - data)) ||
		   !memchr(error.message, '\0', sizeof error.message)) {
		abort();
	}
	zone_free(zone);
	return 0;
}
