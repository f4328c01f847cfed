/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROUTE_HEADERS_H
#define ROUTE_HEADERS_H

#include "base/arena.h"
#include "base/result.h"
#include "flow/record.h"
#include "parsers/template.h"
#include "route/outcome.h"

/* The headers of a source: what one becomes, and what all of them together may be. */

enum route_missing { ROUTE_MISSING_OMIT, ROUTE_MISSING_NULL, ROUTE_MISSING_EMPTY };

struct route_header {
	struct slice name;      /* malloc'ed, owned */
	struct template *value; /* owned; NULL: it never has one, on_missing says what that means */
	enum route_missing on_missing;
	bool traceparent; /* the value must be a valid one */
};

/* Zeroed: no headers. */
struct route_headers {
	uint32_t n;
	uint32_t max_bytes; /* of names and values of one record */
	struct route_header items[RECORD_HEADERS_MAX];
};

/*
 * Puts the headers into *record in their order, and notes in *outcome those that were not sent as
 * they are written. The same
 * name may come again and again. 0 or -ENOMEM. Slices borrow from headers, facts and arena.
 */
int route_set_headers(const struct route_headers *headers, const struct template_facts *facts,
		      struct arena *arena, struct record *record, struct outcome *outcome)
	MUSTCHECK;

/*
 * Appends a header of waybill's own, which no limit leaves out: it takes the place of the last one,
 * counted as too large, if there are RECORD_HEADERS_MAX. The slices are borrowed.
 */
void route_add_header(struct record *record, struct slice name, struct slice value,
		      struct outcome *outcome);

void route_headers_deinit(struct route_headers *headers);

#endif
