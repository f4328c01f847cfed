/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Low floors do not log: they remember what happened, and the top logs it once. The ring is
 * bounded; when it is full the newest is dropped, because the first event of a fault names its
 * cause and the following ones are its echo.
 */
#include "kafka/remarks.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

void events_add(struct events *events, int priority, const char *cause, const char *format, ...)
{
	uint32_t room = priority >= LOG_INFO ? EVENTS_MAX / 2 : EVENTS_MAX;
	struct output_event *event, *newest;
	va_list args;

	if (events->n >= room) {
		events->dropped++;
		return;
	}
	event = &events->ring[(events->first + events->n) % EVENTS_MAX];
	event->priority = priority;
	event->cause = cause;
	va_start(args, format);
	vsnprintf(event->text, sizeof event->text, format, args);
	va_end(args);
	/* A batch of failed records says the same thing a thousand times. */
	newest = &events->ring[(events->first + events->n + EVENTS_MAX - 1) % EVENTS_MAX];
	if (!events->n || newest->cause != cause || strcmp(newest->text, event->text) != 0)
		events->n++;
}

int events_next(struct events *events, struct output_event *ret_event)
{
	if (!events->n)
		return 1;
	*ret_event = events->ring[events->first];
	events->first = (events->first + 1) % EVENTS_MAX;
	events->n--;
	return 0;
}
