/* SPDX-License-Identifier: Apache-2.0 */
/* What priorities are called, by who sets them and by who reads them. */
#include <string.h>
#include <syslog.h>

#include "base/result.h"
#include "ops/log_private.h"

int log_level_of(const char *name)
{
	static const struct {
		const char *name;
		int level;
	} levels[] = {
		{"debug", LOG_DEBUG},     {"info", LOG_INFO}, {"notice", LOG_NOTICE},
		{"warning", LOG_WARNING}, {"error", LOG_ERR},
	};

	for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
		if (strcmp(levels[i].name, name) == 0)
			return levels[i].level;
	}
	return -1;
}

const char *log_level_name(int priority)
{
	static const char *const names[] = {
		[LOG_WARNING] = "warning",
		[LOG_NOTICE] = "notice",
		[LOG_INFO] = "info",
		[LOG_DEBUG] = "debug",
	};

	return priority > LOG_ERR ? names[priority] : "error";
}
