/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As much of TOML as configurations of log shippers use: [tables], names with dots, strings in
 * either quotes, numbers and words as they stand, lists on one line or several. No texts over
 * several lines, no tables within a line, no [[lists of tables]]: what is not read is told.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/import/entries.h"

struct reader {
	struct entries *to;
	char table[512], path[512];
	unsigned line, bad;
	size_t n;  /* of the list that is open */
	bool list; /* it goes on with the next line */
};

static char *skip(char *at)
{
	return at + strspn(at, " \t");
}

/* Cuts one value off the front, in place; *ret_value is it. Behind it; NULL: it is none of ours. */
static char *take_value(char *at, char **ret_value)
{
	char quote = *at, *to = at;

	*ret_value = at;
	if (quote != '"' && quote != '\'') {
		at += strcspn(at, ",]#\t ");
		return at > *ret_value && !strpbrk(*ret_value, "{") ? at : NULL;
	}
	if (strncmp(at, "\"\"\"", 3) == 0 || strncmp(at, "\'\'\'", 3) == 0)
		return NULL;
	for (at++; *at && *at != quote; at++) {
		if (quote == '"' && *at == '\\' && at[1]) {
			at++;
			*at = (char)(*at == 'n' ? '\n' : *at == 't' ? '\t' : *at);
		}
		*to++ = *at;
	}
	if (!*at)
		return NULL;
	*to = '\0';
	return at + 1;
}

/* One value as the entry of a path. Behind it, or NULL. */
static char *add_value(struct reader *r, char *at, const char *path)
{
	char *value, *end = take_value(at, &value), letter;

	if (!end)
		return NULL;
	letter = *end;
	*end = '\0';
	entries_add(r->to, path, value, r->line);
	*end = letter;
	return end;
}

/* Elements of a list, up to its end or that of the line. */
static char *take_list(struct reader *r, char *at)
{
	char path[560];

	for (;;) {
		at += strspn(at, " \t,");
		if (!*at || *at == '#')
			return at;
		if (*at == ']') {
			r->list = false;
			return at + 1;
		}
		snprintf(path, sizeof path, "%s[%zu]", r->path, r->n++);
		at = add_value(r, at, path);
		if (!at)
			return NULL;
	}
}

/* Names with dots, quoted or not, in place. */
static void set_path(struct reader *r, const char *table, const char *name)
{
	char *to = r->path;
	size_t len =
		(size_t)snprintf(r->path, sizeof r->path, "%s%s%s", table, *table ? "." : "", name);

	for (const char *at = r->path; len && *at; at++)
		if (!strchr("\"\' \t", *at))
			*to++ = *at;
	*to = '\0';
}

static bool take_line(struct reader *r, char *text)
{
	char *equals = strchr(text, '='), *end = strchr(text, ']');

	if (r->list)
		return take_list(r, text) != NULL;
	if (*text == '[') {
		if (!end || text[1] == '[')
			return false;
		*end = '\0';
		set_path(r, "", text + 1);
		snprintf(r->table, sizeof r->table, "%s", r->path);
		return true;
	}
	if (!equals)
		return false;
	*equals = '\0';
	set_path(r, r->table, text);
	text = skip(equals + 1);
	if (*text != '[')
		return add_value(r, text, r->path) != NULL;
	r->list = true;
	r->n = 0;
	return take_list(r, text + 1) != NULL;
}

int entries_read_toml(char *text, struct entries *ret_entries, unsigned *ret_bad)
{
	struct reader r = {.to = ret_entries};

	for (char *next; text; text = next) {
		next = strchr(text, '\n');
		if (next)
			*next++ = '\0';
		r.line++;
		text[strcspn(text, "\r")] = '\0';
		text = skip(text);
		if (!*text || *text == '#' || take_line(&r, text))
			continue;
		r.list = false;
		r.bad = r.bad ? r.bad : r.line;
	}
	*ret_bad = r.bad;
	return ret_entries->no_memory ? -ENOMEM : 0;
}
