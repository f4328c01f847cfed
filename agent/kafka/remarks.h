/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_EVENTS_H
#define KAFKA_EVENTS_H

#include <stdint.h>

#include "output/output.h"

/* A small ring of things to log, filled by an output and emptied by the top. Embedded; zeroed. */

#define EVENTS_MAX 32

struct events {
	uint32_t first, n;
	uint64_t dropped; /* no room: the top fetches too rarely */
	struct output_event ring[EVENTS_MAX];
};

/* Adds one; cause must be static. Lines of LOG_DEBUG and LOG_INFO leave half of the ring free. */
void events_add(struct events *events, int priority, const char *cause, const char *format, ...)
	PRINTF_LIKE(4, 5);

/* 0 with the oldest, 1 when there is none: as output_next_event. */
int events_next(struct events *events, struct output_event *ret_event) MUSTCHECK;

#endif
