/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUT_REMARKS_H
#define OUTPUT_REMARKS_H

#include <stdint.h>

#include "output/output.h"

/* A small ring of things to log, filled by an output and emptied by the top. Embedded; zeroed. */

#define REMARKS_MAX 32

struct remarks {
	uint32_t first, n;
	uint64_t dropped; /* no room: the top fetches too rarely */
	struct output_remark ring[REMARKS_MAX];
};

/*
 * Adds one. id must be static; topic (NULL: it is of none) is borrowed until it was fetched. Lines
 * of LOG_DEBUG and LOG_INFO leave half of the ring free.
 */
void remarks_add(struct remarks *remarks, int priority, const char *id, const char *topic,
		 const char *format, ...) PRINTF_LIKE(5, 6);

/* 0 with the oldest, 1 when there is none: as output_next_remark. */
int remarks_next(struct remarks *remarks, struct output_remark *ret_remark) MUSTCHECK;

#endif
