/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members that nobody has asked for by name: for values that keep all of a line. An object is held
 * against RFC 8259 as a whole first (json.c); its members are then told by brackets and quotes
 * alone, which in valid JSON are enough.
 */
#include "parsers/kinds/members.h"

#include <errno.h>
#include <string.h>

#include "parsers/kinds/json_private.h"
#include "parsers/kinds/logfmt_private.h"
#include "parsers/kinds/text.h"

static const char *pass(const char *at, const char *end, const char *what)
{
	while (at < end && memchr(what, *at, strlen(what)))
		at++;
	return at;
}

bool members_is_json(struct slice text)
{
	return json_is_valid(text);
}

bool members_of_object(struct slice text, struct slice *ret_rest)
{
	const char *end = text.at + text.len, *at = pass(text.at, end, " \t\r\n");

	if (at == end || *at != '{' || !json_is_valid(text))
		return false;
	*ret_rest = (struct slice){at + 1, (size_t)(end - at - 1)};
	return true;
}

static const char *string_end(const char *at, const char *end)
{
	const char *stop;
	bool escaped;

	return text_string_end(at + 1, end, &escaped, &stop);
}

static bool ends_value(const char *at, const char *end)
{
	return at == end || *at == ',' || *at == '}' || (unsigned char)*at <= ' ';
}

/* Behind the value at `at`. */
static const char *value_end(const char *at, const char *end)
{
	int depth = 0;

	do {
		depth += *at == '{' || *at == '[';
		depth -= *at == '}' || *at == ']';
		at = *at == '"' ? string_end(at, end) + 1 : at + 1;
	} while (at < end && (depth || !ends_value(at, end)));
	return at;
}

bool members_next(struct slice *rest, struct slice *ret_name, struct slice *ret_value)
{
	const char *end = rest->at + rest->len, *at = pass(rest->at, end, " \t\r\n,"), *close;

	if (at == end || *at != '"')
		return false;
	close = string_end(at, end);
	*ret_name = (struct slice){at + 1, (size_t)(close - at - 1)};
	at = pass(close + 1, end, " \t\r\n:");
	close = value_end(at, end);
	*ret_value = (struct slice){at, (size_t)(close - at)};
	*rest = (struct slice){close, (size_t)(end - close)};
	return true;
}

int members_next_pair(struct slice *rest, struct arena *arena, struct slice *ret_name,
		      struct slice *ret_value)
{
	const char *end = rest->at + rest->len, *at = pass(rest->at, end, " \t");
	struct logfmt_pair pair;

	if (at == end)
		return MEMBERS_E_END;
	if (!logfmt_take_pair(&at, end, &pair))
		return MEMBERS_E_FORM;
	if (pair.escaped && text_unescape(pair.value, arena, &pair.value))
		return -ENOMEM;
	*rest = (struct slice){at, (size_t)(end - at)};
	*ret_name = pair.name;
	*ret_value = pair.value;
	return 0;
}
