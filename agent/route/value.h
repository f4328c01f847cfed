/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROUTE_VALUE_H
#define ROUTE_VALUE_H

#include "base/arena.h"
#include "base/result.h"
#include "flow/record.h"
#include "parsers/template.h"

/* The value of a record: the line as it is, a template, or a JSON object of chosen fields. */

/* Members of one object, with the beginnings and ends of those within it. */
#define VALUE_FIELDS_MAX 128

/* Objects within each other. */
#define VALUE_DEPTH_MAX 4

/* The member with the line where nothing was cut out of it and no member holds it. */
#define VALUE_LINE_NAME "waybill_line"

/* What a member is. */
enum value_type {
	VALUE_STRING,
	VALUE_NUMBER,
	VALUE_AUTO, /* a number, true, false, an object, an array if it is one, else a string */
	VALUE_BOOL,
	VALUE_JSON,    /* any value of JSON, as it is written */
	VALUE_MEMBERS, /* not one member, but all of an object; without a name */
	VALUE_PAIRS,   /* the same of logfmt; as VALUE_AUTO each */
	VALUE_OPEN,    /* an object that holds the members up to its VALUE_CLOSE */
	VALUE_CLOSE,   /* without a name */
};

/* One member of the object. */
struct value_field {
	char *name;                /* owned */
	struct template *template; /* owned; NULL: VALUE_OPEN, VALUE_CLOSE */
	enum value_type type;
	bool omitted; /* left out when it is missing or an empty object; false: null, or {} */
};

struct value_fields {
	size_t n;
	struct value_field of[VALUE_FIELDS_MAX];
};

/* Frees what the fields hold. */
void value_fields_deinit(struct value_fields *fields);

/* A JSON object, compiled: names and constants are JSON text already. */
struct value_json;

enum {
	VALUE_E_TYPE = 1, /* value_json_new: a constant is not of its type */
};

/*
 * 0: the fields are consumed. VALUE_E_TYPE: the type of field *ret_bad is not that of its constant
 * text. -ENOMEM. With neither of the two anything is consumed.
 */
int value_json_new(struct value_fields *fields, struct value_json **ret_json, size_t *ret_bad)
	MUSTCHECK;

/* NULL is fine. Returns NULL. */
struct value_json *value_json_free(struct value_json *json);

/* The fields that it looks at: a bit for each index. */
uint64_t value_json_fields(const struct value_json *json);

/* What was out of the ordinary. */
struct value_outcome {
	bool repaired; /* bytes that are no UTF-8 became U+FFFD */
	bool mistyped; /* a field was not the number or bool it should be, and is as if missing */
};

/*
 * The object of one event, in the arena: members in the order of the fields. A missing field is
 * null, or left out. Of the members of a text those are left out that have the name of one of the
 * fields beside them. Where the line does not match, not even partly, the line itself is
 * the last member, VALUE_LINE_NAME, unless ${line} is in one of the others: no line is lost.
 * 0 or -ENOMEM.
 */
int value_json_render(const struct value_json *json, const struct template_facts *facts,
		      struct arena *arena, struct slice *ret_value,
		      struct value_outcome *ret_outcome) MUSTCHECK;

#endif
