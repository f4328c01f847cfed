/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As much of YAML as configurations of log shippers use, written here because nothing is made of it
 * but entries: a library's tree would be walked for that, too, and be a dependency of a command
 * that people run once. What it does not read it says, and the rest is imported all the same.
 *
 * Lines are looked at one by one. A stack holds what is open, by its column:
 *
 *   levels[i].column    where its names stand
 *   levels[i].path      how far the path of its entries goes without them
 *   levels[i].index     of a list: the number of the last element
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/import/entries.h"

#define DEPTH_MAX 32
#define PATH_ROOM 512

struct level {
	int column;
	size_t path;
	int index; /* -1: a mapping */
};

struct reader {
	struct entries *to;
	char path[PATH_ROOM];
	struct level levels[DEPTH_MAX];
	size_t depth;
	unsigned line, bad;
};

static void note_bad(struct reader *r)
{
	if (!r->bad)
		r->bad = r->line;
}

/* The path goes on with this, behind what is kept of it. */
static void set_path(struct reader *r, size_t keep, const char *before, const char *name)
{
	snprintf(r->path + keep, sizeof r->path - keep, "%s%s", before, name);
}

/* Without blanks at both ends. */
static char *trim(char *text)
{
	size_t len;

	text += strspn(text, " \t");
	len = strlen(text);
	while (len && strchr(" \t\r", text[len - 1]))
		text[--len] = '\0';
	return text;
}

/* Cuts a comment off, which begins behind a blank and not within quotes. */
static void cut_comment(char *text)
{
	char quote = '\0';

	for (char *at = text; *at; at++) {
		if (quote && *at == '\\' && quote == '"' && at[1])
			at++;
		else if (quote)
			quote = *at == quote ? '\0' : quote;
		else if ((*at == '"' || *at == '\'') && (at == text || strchr(" \t[{,:-", at[-1])))
			quote = *at;
		else if (*at == '#' && (at == text || at[-1] == ' ' || at[-1] == '\t'))
			*at = '\0';
	}
}

static char escaped(char letter)
{
	return (char)(letter == 'n' ? '\n' : letter == 't' ? '\t' : letter);
}

/* Takes quotes and their escapes away, in place. */
static char *unquote(char *text)
{
	size_t len = strlen(text);
	char quote = *text, *to = text;

	if (len < 2 || (quote != '"' && quote != '\'') || text[len - 1] != quote)
		return text;
	text[len - 1] = '\0';
	for (char *at = text + 1; *at; at++) {
		at += quote == '\'' && at[0] == '\'' && at[1] == '\'';
		if (quote == '"' && at[0] == '\\' && at[1])
			*to++ = escaped(*++at);
		else
			*to++ = *at;
	}
	*to = '\0';
	return text;
}

static void take_value(struct reader *r, char *text);

/* The end of the next part of a flow, up to a comma outside of quotes and brackets. */
static char *part_end(char *at)
{
	char quote = '\0';
	int depth = 0;

	for (; *at; at++) {
		if (quote)
			quote = *at == quote ? '\0' : quote;
		else if (*at == '"' || *at == '\'')
			quote = *at;
		else if (*at == '[' || *at == '{')
			depth++;
		else if (*at == ']' || *at == '}')
			depth--;
		else if (*at == ',' && !depth)
			break;
	}
	return at;
}

/* "[a, b]", "{a: b}": text is what is within. */
static void take_flow(struct reader *r, char *text, bool list)
{
	size_t keep = strlen(r->path), n = 0;
	char number[24];

	while (*trim(text)) {
		char *end = part_end(text), *next = *end ? end + 1 : end, *colon;

		*end = '\0';
		text = trim(text);
		colon = list ? NULL : strchr(text, ':');
		snprintf(number, sizeof number, "[%zu]", n++);
		if (list)
			set_path(r, keep, "", number);
		if (colon)
			*colon = '\0';
		if (colon)
			set_path(r, keep, keep ? "." : "", unquote(trim(text)));
		take_value(r, trim(colon ? colon + 1 : text));
		r->path[keep] = '\0';
		text = next;
	}
}

static void take_value(struct reader *r, char *text)
{
	size_t len = strlen(text);
	bool list = *text == '[';

	if (*text == '&' || *text == '*' || *text == '!')
		note_bad(r);
	if (len > 1 && (list || *text == '{') && text[len - 1] == (list ? ']' : '}')) {
		text[len - 1] = '\0';
		take_flow(r, text + 1, list);
		return;
	}
	entries_add(r->to, r->path, unquote(text), r->line);
}

/* The colon that ends a name: a blank, or nothing, is behind it. NULL: the text has no name. */
static char *name_end(char *text)
{
	char *at = text;

	if (*at == '"' || *at == '\'') {
		at = strchr(at + 1, *at);
		return at && at[1] == ':' ? at + 1 : NULL;
	}
	while ((at = strchr(at, ':')) && at[1] && at[1] != ' ')
		at++;
	return at;
}

static struct level *top(struct reader *r)
{
	return &r->levels[r->depth - 1];
}

/* The level of that column is at hand: those further in are over. */
static void enter(struct reader *r, int column, bool list)
{
	while (r->depth && (top(r)->column > column ||
			    (top(r)->column == column && !list && top(r)->index >= 0)))
		r->depth--;
	if (r->depth && top(r)->column == column && (top(r)->index >= 0) == list) {
		r->path[top(r)->path] = '\0';
		return;
	}
	if (r->depth == DEPTH_MAX) {
		note_bad(r);
		return;
	}
	r->levels[r->depth++] = (struct level){column, strlen(r->path), list ? 0 : -1};
}

/* "name: value", "- value", "- name: value". */
static void take_line(struct reader *r, char *text, int column)
{
	char *colon, number[24];

	while (text[0] == '-' && (text[1] == ' ' || !text[1])) {
		size_t blanks = 1 + strspn(text + 1, " ");

		enter(r, column, true);
		snprintf(number, sizeof number, "[%d]", top(r)->index++);
		set_path(r, top(r)->path, "", number);
		text += blanks;
		column += (int)blanks;
	}
	if (!*text)
		return;
	colon = name_end(text);
	if (!colon || *text == '{' || *text == '[') {
		take_value(r, text);
		return;
	}
	*colon = '\0';
	enter(r, column, false);
	set_path(r, top(r)->path, top(r)->path ? "." : "", unquote(trim(text)));
	text = trim(colon + 1);
	if (*text == '|' || *text == '>')
		note_bad(r);
	else if (*text)
		take_value(r, text);
}

int entries_read_yaml(char *text, struct entries *ret_entries, unsigned *ret_bad)
{
	struct reader r = {.to = ret_entries};

	for (char *next; text; text = next) {
		int column = (int)strspn(text, " ");

		next = strchr(text, '\n');
		if (next)
			*next++ = '\0';
		r.line++;
		cut_comment(text);
		if (*trim(text) && strcmp(trim(text), "---") != 0)
			take_line(&r, trim(text), column);
	}
	*ret_bad = r.bad;
	return ret_entries->no_memory ? -ENOMEM : 0;
}
