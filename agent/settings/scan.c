/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libconfig 1.5 turns 4294967297 into 1, drops everything behind a comment that is not closed, and
 * leaves "\S" alone while it changes "\x2e"; all of it in silence, and none of it can be seen in
 * the tree it gives. So a scanner of our own walks over the text first. It knows tokens, not
 * grammar: just enough not to be misled by strings, comments and names. A hundred lines are the
 * price for never starting with another number than the one in the file.
 *
 * Measured with 1.5: \n \r \t \f \\ \" and \xHH are replaced, any other backslash is kept as it
 * is. So a pattern with "\S" works, but only by this grace, and "\\S" means the same everywhere.
 */
#include "settings/scan.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/result.h"

/* Deeper than any setting we know; libconfig's own limit is ten thousand. */
#define NESTING_MAX 16

struct scanner {
	const char *at;
	struct conf_place place;
	struct conf_problems *problems;
	struct conf_scan seen;
	struct conf_place backslash; /* the first that should be doubled */
	char backslash_letter;
	unsigned n_backslashes;
	unsigned depth;
	struct {
		char bracket;
		unsigned line;
	} open[NESTING_MAX];
	bool after_comma, after_name;
	char before;           /* what the token right before begins with, or 0 */
	unsigned after_equals; /* line of the "=" or ":" right before, or 0 */
};

static void step(struct scanner *s)
{
	if (*s->at == '\n')
		s->place.line++;
	s->at++;
}

static void skip_line_comment(struct scanner *s)
{
	while (*s->at && *s->at != '\n')
		s->at++;
}

/* Where quotes are out of step, a pattern such as "*.log" behind a slash looks like one. */
static void complain_comment(struct scanner *s, struct conf_place start)
{
	struct conf_place place = start;

	if (s->seen.stray_quote || s->seen.long_string)
		place.line = s->seen.stray_quote ? s->seen.stray_quote : s->seen.long_string;
	if (s->seen.stray_quote)
		conf_problem(s->problems, place, "syntax error: " SCAN_STRAY_QUOTE);
	else if (s->seen.long_string)
		conf_problem(s->problems, place,
			     "syntax error: " SCAN_LONG_STRING
			     "; if not, the comment that begins in "
			     "line %u is not closed",
			     start.line);
	else
		conf_problem(s->problems, place, "this comment is not closed");
}

static void skip_block_comment(struct scanner *s)
{
	struct conf_place start = s->place;

	s->at += 2;
	while (*s->at && !(s->at[0] == '*' && s->at[1] == '/'))
		step(s);
	if (*s->at) {
		s->at += 2;
		return;
	}
	complain_comment(s, start);
	s->seen.stop = true;
}

/* at stands on a backslash within a string. */
static void backslash(struct scanner *s)
{
	char letter = s->at[1];

	if (letter && !strchr("nrtf\\\"", letter) && isgraph((unsigned char)letter)) {
		if (s->n_backslashes++ == 0) {
			s->backslash = s->place;
			s->backslash_letter = letter;
		}
	}
	s->at++;
	if (letter)
		step(s);
}

/* Strings with nothing between them are one; of paths that is a comma forgotten. */
static void look_at_neighbour(const struct scanner *s)
{
	if (s->before == '"' && s->at[1] == '/' && s->depth && s->open[s->depth - 1].bracket == '[')
		conf_warning(s->problems, s->place,
			     "two strings with nothing between them are one: a comma is missing "
			     "in front of \"%.*s\"",
			     (int)strcspn(s->at + 1, "\"\n"), s->at + 1);
}

static void skip_string(struct scanner *s)
{
	unsigned start = s->place.line;

	look_at_neighbour(s);
	for (s->at++; *s->at && *s->at != '"';) {
		if (*s->at == '\\')
			backslash(s);
		else
			step(s);
	}
	if (!s->seen.long_string && s->place.line != start)
		s->seen.long_string = start;
	if (*s->at == '"')
		s->at++;
	if (!s->seen.stray_quote && !s->seen.no_quotes && s->place.line == start && *s->at &&
	    !isspace((unsigned char)*s->at) && !strchr(";,)}]\"#/", *s->at))
		s->seen.stray_quote = start;
}

static void number(struct scanner *s)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(s->at, &end, strncasecmp(s->at, "0x", 2) == 0 ? 16 : 10);
	if (*end != 'L' && *end != '.' && *end != 'e' && *end != 'E' &&
	    (errno || value > INT32_MAX || value < INT32_MIN))
		conf_problem(s->problems, s->place,
			     "the number %.*s does not fit into 32 bits, and libconfig would make "
			     "another one of it: write it as a string (\"5s\", \"4GiB\", \"%.*s\")",
			     (int)(end - s->at), s->at, (int)(end - s->at), s->at);
	for (s->at = end; isalnum((unsigned char)*s->at) || *s->at == '.';)
		s->at++;
}

static void skip_name(struct scanner *s)
{
	while (isalnum((unsigned char)*s->at) || (*s->at && strchr("-_*", *s->at)))
		s->at++;
}

static void open_bracket(struct scanner *s)
{
	if (s->after_name && !s->seen.no_equals)
		s->seen.no_equals = s->place.line;
	if (*s->at == '{' && s->before == '}' && !s->seen.no_comma)
		s->seen.no_comma = s->place.line;
	if (*s->at == '{' && s->before && strchr("[{", s->before) && !s->seen.no_list)
		s->seen.no_list = s->place.line;
	if (s->depth == NESTING_MAX) {
		conf_problem(s->problems, s->place, "nested too deeply");
		s->seen.stop = true;
		return;
	}
	s->open[s->depth].bracket = *s->at;
	s->open[s->depth++].line = s->place.line;
}

static char closing(char bracket)
{
	return bracket == '(' ? ')' : bracket == '[' ? ']' : '}';
}

static void note_open(struct scanner *s)
{
	s->seen.open = s->open[s->depth - 1].bracket;
	s->seen.open_line = s->open[s->depth - 1].line;
	s->seen.close = closing(s->seen.open);
}

static void close_bracket(struct scanner *s)
{
	if (s->after_comma && !s->seen.comma)
		s->seen.comma = s->place.line;
	if (!s->depth && !s->seen.extra_close)
		s->seen.extra_close = s->place.line;
	if (!s->depth)
		return;
	if (*s->at != closing(s->open[s->depth - 1].bracket) && !s->seen.wrong_close) {
		s->seen.wrong_close = s->place.line;
		note_open(s);
		s->seen.close = *s->at;
	}
	s->depth--;
}

static void include(struct scanner *s)
{
	conf_problem(s->problems, s->place,
		     "@include is not supported: put the file into conf.d instead");
	s->seen.stop = true;
}

static bool is_boolean(const char *at)
{
	size_t len = strncasecmp(at, "true", 4) == 0 ? 4 : strncasecmp(at, "false", 5) == 0 ? 5 : 0;

	return len && !isalnum((unsigned char)at[len]);
}

/* What stands behind "=" or ":". */
static void look_at_value(struct scanner *s)
{
	bool word = isalpha((unsigned char)*s->at) || (*s->at && strchr("/$*%.", *s->at));

	if (!s->seen.no_value && strchr(";,})]", *s->at))
		s->seen.no_value = s->after_equals;
	if (!s->seen.no_quotes && !s->seen.stray_quote && word && !is_boolean(s->at))
		s->seen.no_quotes = s->place.line;
}

/* One that a word processor or another language has put there. */
static bool is_other_quote(const char *at)
{
	static const char *const quotes[] = {"'",      "`",      "\u2018", "\u2019",
					     "\u201c", "\u201d", "\u201e"};

	for (size_t i = 0; i < ARRAY_LEN(quotes); i++) {
		if (strncmp(at, quotes[i], strlen(quotes[i])) == 0)
			return true;
	}
	return false;
}

/* One token that is neither space nor comment. */
static void token(struct scanner *s)
{
	char first = *s->at;
	bool comma = *s->at == ',', name = isalpha((unsigned char)*s->at) || *s->at == '*';
	bool equals = *s->at == '=' || *s->at == ':';

	if (s->after_equals)
		look_at_value(s);
	if (first == ';' && s->before == ';' && !s->seen.no_setting)
		s->seen.no_setting = s->place.line;
	if (*s->at == '"') {
		skip_string(s);
	} else if (isdigit((unsigned char)*s->at) ||
		   (strchr("+-", *s->at) && isdigit((unsigned char)s->at[1]))) {
		number(s);
	} else if (name) {
		skip_name(s);
		if (*s->at == '.' && !s->after_equals && !s->seen.dot)
			s->seen.dot = s->place.line;
	} else {
		if (strchr("({[", *s->at))
			open_bracket(s);
		else if (strchr(")}]", *s->at))
			close_bracket(s);
		else if (strncmp(s->at, "@include", 8) == 0)
			include(s);
		else if (!s->seen.other_quote && is_other_quote(s->at))
			s->seen.other_quote = s->place.line;
		s->at++;
	}
	s->before = first;
	s->after_comma = comma;
	s->after_name = name;
	s->after_equals = equals ? s->place.line : 0;
}

static void warn_of_backslashes(const struct scanner *s)
{
	char more[64] = "";

	if (s->n_backslashes > 1)
		snprintf(more, sizeof more, " (and %u more in this file)", s->n_backslashes - 1);
	if (s->n_backslashes)
		conf_warning(s->problems, s->backslash,
			     "\"\\%c\" with one backslash%s: libconfig leaves some of these alone "
			     "and replaces others; write \"\\\\%c\", or put the pattern as it is "
			     "into a pattern_file",
			     s->backslash_letter, more, s->backslash_letter);
}

struct conf_scan conf_scan(const struct conf_file *file, const char *text,
			   struct conf_problems *problems)
{
	struct scanner s = {.at = text, .place = {file, 1}, .problems = problems};

	while (*s.at && !s.seen.stop) {
		if (isspace((unsigned char)*s.at))
			step(&s);
		else if (*s.at == '#' || (s.at[0] == '/' && s.at[1] == '/'))
			skip_line_comment(&s);
		else if (s.at[0] == '/' && s.at[1] == '*')
			skip_block_comment(&s);
		else
			token(&s);
	}
	warn_of_backslashes(&s);
	if (s.depth && !s.seen.wrong_close)
		note_open(&s);
	return s.seen;
}
