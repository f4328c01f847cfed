/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The language of Logstash: sections of plugins, which stand within conditions:
 *
 *	filter { if [type] == "web" { grok { match => { "message" => "%{IP:client}" } } } }
 *
 * is "filter[0].grok.match.message", and "filter[0].if" is the condition. Plugins are counted
 * through their section, in their order. A plugin as a value (a codec) is its name, and what it
 * says is below it. Texts are as they stand between their quotes: a backslash is the pattern's.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/import/entries.h"

/* Blocks within each other, values within values, and the length of a path. */
#define DEPTH_MAX 8
#define PATH_LEN 384
#define CONDITION_LEN 256

#define SECTIONS 3

static const char *const sections[SECTIONS] = {"input", "filter", "output"};

struct block {
	char condition[CONDITION_LEN]; /* of all around it; "": none */
	char last[CONDITION_LEN];      /* of the `if` that was closed last in it, for an `else` */
};

struct reader {
	struct entries *to;
	char *at;
	unsigned line;
	size_t section;
	unsigned plugins[SECTIONS]; /* of each */
	struct block blocks[DEPTH_MAX];
	size_t depth;
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
		if (*r->at != '#')
			return;
		r->at += strcspn(r->at, "\n");
	}
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("_-.@/:+*", c));
}

/* A word, or a text in quotes, which is closed where it ends: *ret_end goes back there. */
static char *take_text(struct reader *r, char **ret_end)
{
	char quote = *r->at, *start = r->at;

	if (quote == '"' || quote == '\'') {
		start++;
		for (r->at++; *r->at && *r->at != quote; step(r))
			if (*r->at == '\\' && r->at[1])
				step(r);
		*ret_end = r->at;
		r->at += *r->at == quote;
		return start;
	}
	while (is_word(*r->at))
		r->at++;
	*ret_end = r->at;
	return r->at > start ? start : NULL;
}

static void copy(char *to, size_t room, const char *start, const char *end)
{
	size_t len = (size_t)(end - start) < room ? (size_t)(end - start) : room - 1;

	memcpy(to, start, len);
	to[len] = '\0';
}

static void add(struct reader *r, const char *path, char *start, char *end)
{
	char kept = *end;

	*end = '\0';
	entries_add(r->to, path, start, r->line);
	*end = kept;
}

static void take_value(struct reader *r, const char *path, size_t depth);

/* What stands within braces: "name => value". */
static void take_settings(struct reader *r, const char *path, size_t depth)
{
	char name[128], inner[PATH_LEN], *start, *end;

	for (r->at++;;) {
		skip(r);
		start = take_text(r, &end);
		if (!start)
			break;
		copy(name, sizeof name, start, end);
		skip(r);
		if (strncmp(r->at, "=>", 2) != 0)
			break;
		r->at += 2;
		skip(r);
		snprintf(inner, sizeof inner, "%.240s.%s", path, name);
		take_value(r, inner, depth + 1);
	}
	if (*r->at == '}')
		r->at++;
}

static void take_list(struct reader *r, const char *path, size_t depth)
{
	char inner[PATH_LEN];

	r->at++;
	for (unsigned i = 0;; i++) {
		const char *before;

		skip(r);
		before = r->at;
		snprintf(inner, sizeof inner, "%.360s[%u]", path, i);
		take_value(r, inner, depth + 1);
		if (r->at == before)
			break;
	}
	if (*r->at == ']')
		r->at++;
}

/* A text, a word, a list, a table, or a plugin. Nothing is taken of what is none of these. */
static void take_value(struct reader *r, const char *path, size_t depth)
{
	bool quoted = *r->at == '"' || *r->at == '\'';
	char *start, *end;

	if (depth == DEPTH_MAX)
		return;
	if (*r->at == '[') {
		take_list(r, path, depth);
	} else if (*r->at == '{') {
		take_settings(r, path, depth);
	} else if ((start = take_text(r, &end))) {
		add(r, path, start, end);
		skip(r);
		if (!quoted && *r->at == '{')
			take_settings(r, path, depth);
	}
}

/* "if" or "else" was read. False: what follows is no block, or it is too deep. */
static bool open_block(struct reader *r, bool other)
{
	struct block *outer = &r->blocks[r->depth], *inner = outer + 1;
	char own[CONDITION_LEN] = "", *start = r->at;
	char quote = 0;

	if (r->depth + 1 == DEPTH_MAX)
		return false;
	for (; *r->at && (quote || *r->at != '{'); step(r)) {
		if (quote ? *r->at == quote : strchr("\"'", *r->at) != NULL)
			quote = quote ? 0 : *r->at;
	}
	copy(own, sizeof own, start, r->at);
	while (*own && strchr(" \t\r\n", own[strlen(own) - 1]))
		own[strlen(own) - 1] = '\0';
	/* The first part of them is enough for people; a whole one that is cut is none we know. */
	snprintf(inner->condition, sizeof inner->condition, "%.90s%s%s%.60s%s%.80s",
		 outer->condition, *outer->condition ? " and " : "", other ? "not (" : "",
		 other ? outer->last : "", other ? *own ? ") and " : ")" : "", own);
	if (!other)
		copy(outer->last, sizeof outer->last, own, own + strlen(own));
	*inner->last = '\0';
	if (*r->at != '{')
		return false;
	r->at++;
	r->depth++;
	return true;
}

static void take_plugin(struct reader *r, const char *name)
{
	const char *condition = r->blocks[r->depth].condition, *section = sections[r->section];
	unsigned number = r->plugins[r->section]++;
	char path[PATH_LEN];

	snprintf(path, sizeof path, "%s[%u].if", section, number);
	if (*condition)
		entries_add(r->to, path, condition, r->line);
	snprintf(path, sizeof path, "%s[%u].%.100s", section, number, name);
	/* So that one without settings is there, too. */
	entries_add(r->to, path, "", r->line);
	take_settings(r, path, 0);
}

/* "if" and its condition, "else", "else if", or a plugin. False: none of them. */
static bool take_statement(struct reader *r)
{
	char name[128], *end, *start = take_text(r, &end);

	if (!start)
		return false;
	copy(name, sizeof name, start, end);
	skip(r);
	if (strcmp(name, "if") == 0)
		return open_block(r, false);
	if (strcmp(name, "else") == 0) {
		if (strncmp(r->at, "if", 2) == 0 && !is_word(r->at[2]))
			r->at += 2;
		skip(r);
		return open_block(r, true);
	}
	if (*r->at != '{')
		return false;
	take_plugin(r, name);
	return true;
}

static void take_section(struct reader *r, size_t section)
{
	r->section = section;
	r->depth = 0;
	r->blocks[0] = (struct block){"", ""};
	for (skip(r); *r->at; skip(r)) {
		if (*r->at == '}') {
			r->at++;
			if (r->depth == 0)
				return;
			r->depth--;
		} else if (!take_statement(r)) {
			return;
		}
	}
}

int entries_read_blocks(char *text, struct entries *ret_entries)
{
	struct reader r = {.to = ret_entries, .at = text, .line = 1};

	for (skip(&r); *r.at; skip(&r)) {
		char *end, *start = take_text(&r, &end);

		skip(&r);
		if (*r.at != '{') {
			if (!start && *r.at)
				step(&r);
			continue;
		}
		r.at++;
		for (size_t i = 0; start && i < SECTIONS; i++) {
			size_t len = (size_t)(end - start);

			if (strlen(sections[i]) == len && memcmp(sections[i], start, len) == 0) {
				take_section(&r, i);
				break;
			}
		}
	}
	return ret_entries->no_memory ? -ENOMEM : 0;
}
