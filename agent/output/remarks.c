/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Low floors do not log: they remember what happened, and the top logs it once. The ring is
 * bounded; when it is full the newest is dropped, because the first remark of a fault names its
 * cause and the following ones are its echo.
 */
#include "output/remarks.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

void remarks_add(struct remarks *remarks, int priority, const char *id, const char *topic,
		 const char *format, ...)
{
	uint32_t room = priority >= LOG_INFO ? REMARKS_MAX / 2 : REMARKS_MAX;
	struct output_remark *remark, *newest;
	va_list args;

	if (remarks->n >= room) {
		remarks->dropped++;
		return;
	}
	remark = &remarks->ring[(remarks->first + remarks->n) % REMARKS_MAX];
	remark->priority = priority;
	remark->id = id;
	remark->topic = topic;
	remark->every = false;
	va_start(args, format);
	vsnprintf(remark->text, sizeof remark->text, format, args);
	va_end(args);
	/* A batch of failed records says the same thing a thousand times. */
	newest = &remarks->ring[(remarks->first + remarks->n + REMARKS_MAX - 1) % REMARKS_MAX];
	if (!remarks->n || newest->id != id || strcmp(newest->text, remark->text) != 0)
		remarks->n++;
}

int remarks_next(struct remarks *remarks, struct output_remark *ret_remark)
{
	if (!remarks->n)
		return 1;
	*ret_remark = remarks->ring[remarks->first];
	remarks->first = (remarks->first + 1) % REMARKS_MAX;
	remarks->n--;
	return 0;
}
