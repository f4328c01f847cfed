/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects of RainerScript, input(type="imfile" File="/a"): "input[0].file", with small letters but
 * in values. What stands around them (rulesets) is passed; a condition, and each line of the older
 * form, is an entry, so that it is told.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/import/entries.h"

#define KINDS_MAX 32

struct reader {
	struct entries *to;
	char *at;
	unsigned line;
	char kinds[KINDS_MAX][32];
	unsigned numbers[KINDS_MAX], old, conditions;
};

static void step(struct reader *r)
{
	r->line += *r->at++ == '\n';
}

/* Blanks and comments. */
static void skip(struct reader *r)
{
	for (;;) {
		while (*r->at && strchr(" \t\r\n,", *r->at))
			step(r);
		if (*r->at == '#') {
			r->at += strcspn(r->at, "\n");
		} else if (strncmp(r->at, "/*", 2) == 0) {
			char *end = strstr(r->at + 2, "*/");

			while (*r->at && r->at != end)
				step(r);
			r->at += end ? 2 : 0;
		} else {
			return;
		}
	}
}

static size_t take_word(struct reader *r, char word[64])
{
	size_t len = 0;

	for (; isalnum((unsigned char)*r->at) || (*r->at && strchr("._$", *r->at)); r->at++)
		if (len < 63)
			word[len++] = (char)tolower((unsigned char)*r->at);
	word[len] = '\0';
	return len;
}

/* A text in quotes, whose escapes are undone in place. NULL: there is none. */
static char *take_text(struct reader *r)
{
	char quote = *r->at, *start = r->at + 1, *to = start;

	if (quote != '"' && quote != '\'')
		return NULL;
	for (r->at++; *r->at && *r->at != quote; step(r)) {
		if (*r->at == '\\' && r->at[1])
			*to++ = *++r->at == 'n' ? '\n' : *r->at == 't' ? '\t' : *r->at;
		else
			*to++ = *r->at;
	}
	if (*r->at)
		r->at++;
	*to = '\0';
	return start;
}

static void take_value(struct reader *r, const char *path)
{
	char element[160], *text = take_text(r);

	if (text)
		entries_add(r->to, path, text, r->line);
	if (text || *r->at != '[')
		return;
	r->at++;
	for (unsigned i = 0;; i++) {
		skip(r);
		text = take_text(r);
		if (!text)
			break;
		snprintf(element, sizeof element, "%s[%u]", path, i);
		entries_add(r->to, element, text, r->line);
	}
	if (*r->at == ']')
		r->at++;
}

/* How often an object of that kind came before; it is counted. */
static unsigned count(struct reader *r, const char *kind)
{
	for (size_t i = 0; i < KINDS_MAX; i++) {
		if (!*r->kinds[i])
			snprintf(r->kinds[i], sizeof r->kinds[i], "%.31s", kind);
		if (strcmp(r->kinds[i], kind) == 0)
			return r->numbers[i]++;
	}
	return 0;
}

/* What stands within the parentheses. */
static void take_object(struct reader *r, const char *kind)
{
	unsigned number = count(r, kind);
	char name[64], path[144];

	for (r->at++;;) {
		skip(r);
		if (!take_word(r, name))
			break;
		skip(r);
		if (*r->at != '=')
			break;
		r->at++;
		skip(r);
		snprintf(path, sizeof path, "%s[%u].%s", kind, number, name);
		take_value(r, path);
	}
}

/* "$ModLoad imfile": to the end of the line. */
static void take_old(struct reader *r)
{
	size_t len = strcspn(r->at, "\n");
	char path[32], end = r->at[len];

	r->at[len] = '\0';
	snprintf(path, sizeof path, "legacy[%u]", r->old++);
	entries_add(r->to, path, r->at, r->line);
	r->at[len] = end;
	r->at += len;
}

/* Behind "if": what stands up to the end of the line or a block is told; what follows is read. */
static void take_condition(struct reader *r)
{
	size_t len = strcspn(r->at, "{\n");
	const char *then = strcasestr(r->at, "then");
	char path[32], end = r->at[len];

	snprintf(path, sizeof path, "condition[%u].if", r->conditions++);
	r->at[len] = '\0';
	entries_add(r->to, path, r->at + strspn(r->at, " \t"), r->line);
	r->at[len] = end;
	while (then && *r->at && r->at < then)
		step(r);
}

int entries_read_objects(char *text, struct entries *ret_entries)
{
	struct reader r = {.to = ret_entries, .at = text, .line = 1};
	char word[64];

	for (skip(&r); *r.at; skip(&r)) {
		if (*r.at == '$' && (r.at == text || r.at[-1] == '\n'))
			take_old(&r);
		else if (!take_word(&r, word) && !take_text(&r))
			step(&r);
		else if (strcmp(word, "if") == 0)
			take_condition(&r);
		else if (*r.at == '(' && *word)
			take_object(&r, word);
	}
	return ret_entries->no_memory ? -ENOMEM : 0;
}
