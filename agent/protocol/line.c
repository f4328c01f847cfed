/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An object a line, without objects in it: a reader needs no more than a line at a time, and a
 * script no more than grep.
 */
#include "protocol/line.h"

#include "protocol/request.h"

void line_begin(struct json *json, const char *kind)
{
	json_put_text(json, "{\"version\":");
	json_put_integer(json, CONTROL_VERSION);
	line_text(json, "kind", kind);
}

void line_end(struct json *json)
{
	json_put_text(json, "}\n");
}

static void put_name(struct json *json, const char *name)
{
	json_put_text(json, ",\"");
	json_put_text(json, name);
	json_put_text(json, "\":");
}

void line_slice(struct json *json, const char *name, struct slice text)
{
	put_name(json, name);
	json_put_string(json, text);
}

void line_text(struct json *json, const char *name, const char *text)
{
	line_slice(json, name, slice_of(text));
}

void line_number(struct json *json, const char *name, uint64_t number)
{
	put_name(json, name);
	json_put_integer(json, number > INT64_MAX ? INT64_MAX : (int64_t)number);
}

void line_natural(struct json *json, const char *name, int64_t number)
{
	put_name(json, name);
	json_put_natural(json, number);
}

void line_bool(struct json *json, const char *name, bool value)
{
	put_name(json, name);
	json_put_text(json, value ? "true" : "false");
}
