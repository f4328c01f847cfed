/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 5424: six words, the structured data, and the message, whose BOM is left out. In a value of
 * the data a quote, a backslash and a bracket have a backslash in front; other backslashes are as
 * they stand.
 */
#include <errno.h>

#include "parsers/kinds/syslog_private.h"

#define BOM "\xef\xbb\xbf"

/* The value without its backslashes, in the arena. */
static int unescape(struct slice text, struct arena *arena, struct slice *ret_text)
{
	char *room = arena_alloc(arena, text.len), *to = room;

	if (!room)
		return -ENOMEM;
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '\\' && i + 1 < text.len && strchr("\"\\]", text.at[i + 1]) &&
		    text.at[i + 1])
			i++;
		*to++ = text.at[i];
	}
	*ret_text = (struct slice){room, (size_t)(to - room)};
	return 0;
}

static int set_param(const struct syslog *syslog, struct slice id, struct slice name,
		     struct slice value, bool escaped, struct kind_run *run)
{
	for (size_t i = 0; i < syslog->n_params; i++) {
		struct slice wanted = syslog->params[i].name;

		if (wanted.len != id.len + 1 + name.len || memcmp(wanted.at, id.at, id.len) != 0 ||
		    wanted.at[id.len] != '.' ||
		    memcmp(wanted.at + id.len + 1, name.at, name.len) != 0)
			continue;
		if (escaped && unescape(value, run->arena, &value))
			return -ENOMEM;
		run->fields[syslog->params[i].slot] = value;
	}
	return 0;
}

/* Bytes of a name of the data. */
static const char *name_end(const char *at, const char *end)
{
	while (at < end && (unsigned char)*at > ' ' && *at != '=' && *at != ']' && *at != '"')
		at++;
	return at;
}

/* The closing quote of a value, or NULL. */
static const char *value_end(const char *at, const char *end, bool *ret_escaped)
{
	*ret_escaped = false;
	for (; at < end && *at != '"'; at++) {
		if (*at != '\\')
			continue;
		*ret_escaped = true;
		at += at + 1 < end;
	}
	return at < end ? at : NULL;
}

/* "[id name="value"]" at *at, which is then behind it. 0, PARSER_E_MISS, -ENOMEM. */
static int take_element(const struct syslog *syslog, const char **at, const char *end,
			struct kind_run *run)
{
	const char *here = *at + 1, *stop = name_end(here, end);
	struct slice id = {here, (size_t)(stop - here)};

	if (id.len == 0)
		return kind_miss(run, here);
	for (here = stop; here < end && *here == ' ';) {
		struct slice name = {here + 1, 0};
		const char *value;
		bool escaped;
		int r;

		stop = name_end(name.at, end);
		name.len = (size_t)(stop - name.at);
		if (name.len == 0 || end - stop < 2 || stop[0] != '=' || stop[1] != '"')
			return kind_miss(run, stop);
		value = stop + 2;
		stop = value_end(value, end, &escaped);
		if (!stop)
			return kind_miss(run, value);
		r = set_param(syslog, id, name, (struct slice){value, (size_t)(stop - value)},
			      escaped, run);
		if (r)
			return r;
		here = stop + 1;
	}
	if (here == end || *here != ']')
		return kind_miss(run, here);
	*at = here + 1;
	return 0;
}

static int take_data(const struct syslog *syslog, const char **at, const char *end,
		     struct kind_run *run)
{
	const char *start = *at;

	if (*at < end && **at == '-') {
		(*at)++;
		return 0;
	}
	if (*at == end || **at != '[')
		return kind_miss(run, *at);
	while (*at < end && **at == '[') {
		int r = take_element(syslog, at, end, run);

		if (r)
			return r;
	}
	kind_set(run, syslog->slots[SYSLOG_DATA], start, *at);
	return 0;
}

int syslog_5424(const struct syslog *syslog, const char *at, const char *end, struct kind_run *run)
{
	static const int words[] = {SYSLOG_TIME, SYSLOG_HOST, SYSLOG_PROGRAM, SYSLOG_PID,
				    SYSLOG_MSGID};
	int r;

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		const char *blank = memchr(at, ' ', (size_t)(end - at));

		if (!blank || blank == at)
			return kind_miss(run, at);
		if (blank > at + 1 || *at != '-')
			kind_set(run, syslog->slots[words[i]], at, blank);
		at = blank + 1;
	}
	r = take_data(syslog, &at, end, run);
	if (r)
		return r;
	if (at < end && *at != ' ')
		return kind_miss(run, at);
	at += at < end;
	if (end - at >= 3 && memcmp(at, BOM, 3) == 0)
		at += 3;
	kind_set(run, syslog->slots[SYSLOG_MESSAGE], at, end);
	return 0;
}
