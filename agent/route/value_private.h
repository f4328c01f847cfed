/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROUTE_VALUE_PRIVATE_H
#define ROUTE_VALUE_PRIVATE_H

#include "base/json.h"
#include "base/json_short.h"
#include "route/value.h"

/* Between value.c (members, one after the other) and value_shape.c (objects within, and all of a
 * text's members). */

/* A member that is not constant. */
struct member {
	struct template *template; /* owned by fields; NULL: a beginning or an end */
	enum value_type type;
	bool omitted;
	bool holds_line;        /* ${line} is in the template */
	size_t field;           /* its place among the fields */
	struct slice head;      /* constant members in front of it, and its own ",\"name\":" */
	size_t name_len;        /* of the latter */
	char start[JSON_SHORT]; /* the first bytes of head: copied as one vector */
};

/* An object while it is written, besides its text. */
struct value_shape {
	const struct value_fields *fields;
	struct arena *arena;
	struct value_outcome *outcome;
	bool line_told, line_missed; /* by members of a text that is, or should be, the line */
	bool no_memory;
	size_t depth;
	size_t opened[VALUE_DEPTH_MAX];   /* where the text of each open object begins */
	size_t name_len[VALUE_DEPTH_MAX]; /* of its name before that */
};

/* Text as what it looks like: a number, a bool, JSON, else a string. */
void value_put_auto(struct json *out, struct slice text);

/* A beginning, an end, or members of a text; text.at == NULL: it is missing. */
void value_put_shape(struct json *out, struct value_shape *shape, const struct member *member,
		     struct slice text);

#endif
