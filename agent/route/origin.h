/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROUTE_ORIGIN_H
#define ROUTE_ORIGIN_H

#include "base/decimal.h"
#include "route/headers.h"

/*
 * Where a record is from, told in four headers with which a consumer drops what a crash repeats:
 *
 *   waybill-agent      16 hexadecimal digits: the state directory
 *   waybill-file       16 hexadecimal digits: the content of a file; another when it is rewritten
 *   waybill-position   decimal: of the line's first byte
 *   waybill-committed  decimal: below it nothing of this file is ever sent again
 *
 * The last is the committed position that is *stored*, not that in memory, which a crash forgets.
 */
struct route_origin {
	struct slice agent; /* borrowed */
	char content[16];
	char committed[DECIMAL_MAX];
	uint8_t committed_len;
};

#define ROUTE_ORIGIN_HEADERS 4

/* The texts of the two headers that change, made when they do and not for each line. */
void route_origin_set_content(struct route_origin *origin, uint64_t content_id);
void route_origin_set_committed(struct route_origin *origin, uint64_t committed);

/* Appends the headers; slices borrow from origin and arena. 0 or -ENOMEM. */
int route_add_origin(struct record *record, const struct route_origin *origin, uint64_t position,
		     struct arena *arena, struct outcome *outcome) MUSTCHECK;

#endif
