/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What programs write over several lines, told by its first bytes: a pattern for each line would
 * cost more than all else that is done with it. Written from the documentation of what prints the
 * traces: Throwable.printStackTrace, the traceback module, Go's runtime, and so on.
 *
 * All of them take a line that begins with a blank or a tab as part of the event before it. What
 * begins at the margin depends on what the event is so far, its mode. A message of several lines at
 * the margin cannot be told from lines of their own: that is for `start`, which says how each event
 * of a log begins.
 */
#include "join/ready.h"

#include <string.h>

#include "base/result.h"

/* Modes, of all kinds; 0: nothing is known of the event. */
enum mode {
	PLAIN,
	HEAD,   /* an exception was named, or a panic */
	TRACE,  /* frames were seen */
	OVER,   /* the trace has come to its end, but another may be chained to it */
	GAP,    /* an empty line behind that */
	LINK,   /* the words that chain one, and perhaps an empty line */
	SOURCE, /* node: the place of a line of source, */
	CARET,  /* that line, */
	THROWN, /* what points into it */
	QUOTED, /* csv: a quote is open */
};

static bool begins(struct slice text, const char *word)
{
	size_t len = strlen(word);

	return text.len >= len && memcmp(text.at, word, len) == 0;
}

static bool has(struct slice text, const char *word)
{
	return memmem(text.at, text.len, word, strlen(word)) != NULL;
}

static bool ends(struct slice text, const char *word)
{
	size_t len = strlen(word);

	return text.len >= len && memcmp(text.at + text.len - len, word, len) == 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_indented(struct slice text)
{
	return text.len && (text.at[0] == ' ' || text.at[0] == '\t');
}

static struct slice trimmed(struct slice text)
{
	while (is_indented(text))
		text = (struct slice){text.at + 1, text.len - 1};
	return text;
}

/* "a.b.SomeException", alone or with a colon behind it. */
static bool is_exception(struct slice text)
{
	static const char *const words[] = {"Exception", "Error", "Throwable", "Failure",
					    "ThreadDeath"};
	struct slice name = {text.at, 0};
	bool dotted = false;

	for (; name.len < text.len; name.len++) {
		char c = text.at[name.len];

		dotted |= c == '.';
		if (!is_letter(c) && !is_digit(c) && c != '.' && c != '_' && c != '$')
			break;
	}
	if (!dotted || (name.len < text.len && text.at[name.len] != ':'))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (ends(name, words[i]))
			return true;
	}
	return false;
}

/*
 * An exception that a line before it was logged with; behind frames, or another exception, it is an
 * event of its own.
 */
static bool java_goes_on(uint8_t *mode, struct slice text)
{
	if (is_indented(text)) {
		*mode = TRACE;
		return true;
	}
	if (begins(text, "Caused by: ") || begins(text, "Wrapped by: ") ||
	    begins(text, "Suppressed: ") || begins(text, "... "))
		return true;
	if (*mode != PLAIN || !is_exception(text))
		return false;
	*mode = HEAD;
	return true;
}

static bool dotnet_goes_on(uint8_t *mode, struct slice text)
{
	return begins(text, "--- ") || begins(text, "---> ") || java_goes_on(mode, text);
}

static bool python_goes_on(uint8_t *mode, struct slice text)
{
	if (begins(text, "Traceback (most recent call last)")) {
		if (*mode != PLAIN && *mode != LINK)
			return false;
		*mode = TRACE;
		return true;
	}
	if (is_indented(text))
		return *mode != GAP;
	switch (*mode) {
	case TRACE: /* "ValueError: what was wrong" ends it */
		*mode = OVER;
		return text.len;
	case OVER:
		*mode = GAP;
		return !text.len;
	case GAP:
		*mode = LINK;
		return begins(text, "During handling of the above exception") ||
		       begins(text, "The above exception was the direct cause");
	case LINK:
		return !text.len;
	default:
		return false;
	}
}

/* "main.(*Server).serve(0x1, 0x2)", or a register of a fatal signal. */
static bool is_go_frame(struct slice text)
{
	const char *paren = memchr(text.at, '(', text.len), *blank = memchr(text.at, ' ', text.len);

	if (!text.len || !is_letter(text.at[0]))
		return false;
	if (paren && (!blank || paren < blank) && ends(text, ")"))
		return true;
	return blank && blank - text.at < 8 &&
	       begins(trimmed((struct slice){blank, text.len - (size_t)(blank - text.at)}), "0x");
}

static bool go_goes_on(uint8_t *mode, struct slice text)
{
	if (is_indented(text))
		return true;
	if (begins(text, "goroutine ") || begins(text, "runtime stack:")) {
		*mode = TRACE;
		return true;
	}
	if (*mode == PLAIN)
		return false;
	if (!text.len || begins(text, "[signal ") || begins(text, "exit status "))
		return true;
	if (*mode == HEAD)
		return begins(text, "panic: ") || begins(text, "fatal error: ") ||
		       begins(text, "runtime: ");
	return begins(text, "created by ") || begins(text, "...") || is_go_frame(text);
}

/* "app.rb:3:in `pay'" is a frame; with a message behind it, it begins a trace, or is a cause. */
static bool ruby_goes_on(uint8_t *mode, struct slice text)
{
	bool in = has(text, ":in `") || has(text, ":in '");

	if (is_indented(text) || (in && ends(text, "'"))) {
		*mode = TRACE;
		return true;
	}
	return in && *mode == TRACE;
}

static bool node_goes_on(uint8_t *mode, struct slice text)
{
	struct slice inner = trimmed(text);

	switch (*mode) {
	case SOURCE: /* the line of source, whatever it is */
		*mode = CARET;
		return true;
	case CARET:
		*mode = THROWN;
		return begins(inner, "^");
	case THROWN: /* behind an empty line, what was thrown */
		if (text.len)
			*mode = TRACE;
		return true;
	case OVER:
		return begins(text, "Node.js v") || begins(text, "Thrown at:") || is_indented(text);
	default:
		break;
	}
	if (is_indented(text)) {
		*mode = TRACE;
		return true;
	}
	if (*mode != TRACE)
		return false;
	if (!text.len)
		*mode = OVER;
	return !text.len || begins(text, "}") || begins(text, "]") || begins(text, "Caused by: ") ||
	       begins(text, "(Use `node ");
}

static bool php_goes_on(uint8_t *mode, struct slice text)
{
	if (is_indented(text))
		return true;
	if (begins(text, "Stack trace:") || begins(text, "[stacktrace]") ||
	    (text.len > 1 && text.at[0] == '#' && is_digit(text.at[1]))) {
		*mode = TRACE;
		return true;
	}
	return *mode == TRACE && (!text.len || begins(text, "Next ") || begins(text, "\"}") ||
				  begins(text, "[previous exception]"));
}

/* The first word in capitals with a colon and two blanks says what the line is. */
static bool postgresql_goes_on(struct slice text)
{
	static const char *const words[] = {"DETAIL",    "HINT",     "CONTEXT",  "QUERY",
					    "STATEMENT", "LOCATION", "BACKTRACE"};
	const char *at = memmem(text.at, text.len, ":  ", 3);
	size_t end = at ? (size_t)(at - text.at) : 0;

	if (is_indented(text))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (ends((struct slice){text.at, end}, words[i]))
			return true;
	}
	return false;
}

/* The mode is HEAD right behind the line that tells the time. */
static bool mysql_slow_goes_on(uint8_t *mode, struct slice text)
{
	bool timed = *mode == HEAD;

	*mode = PLAIN;
	if (begins(text, "# Time: ") || has(text, ". started with:"))
		return false;
	return timed || !begins(text, "# User@Host: ");
}

static uint8_t begin_node(struct slice first)
{
	size_t end = first.len;

	while (end && is_digit(first.at[end - 1]))
		end--;
	if (end && end < first.len && first.at[end - 1] == ':' &&
	    (begins(first, "/") || begins(first, "file://") || begins(first, "node:") ||
	     (first.len > 2 && first.at[1] == ':' && first.at[2] == '\\')))
		return SOURCE;
	return begins(trimmed(first), "at ") ? TRACE : PLAIN;
}

static uint8_t begin_go(struct slice first)
{
	if (begins(first, "panic: ") || begins(first, "fatal error: ") ||
	    begins(first, "runtime: ") || begins(first, "SIGQUIT: ") ||
	    has(first, "panic serving "))
		return HEAD;
	return begins(first, "goroutine ") || begins(first, "\t") || begins(first, "created by ") ?
		       TRACE :
		       PLAIN;
}

/* Whether a quote is open behind the line, as it was before it; two in a row change nothing. */
static uint8_t csv_mode(uint8_t mode, struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		mode = text.at[i] != '"' ? mode : mode == QUOTED ? PLAIN : QUOTED;
	return mode;
}

static bool csv_goes_on(uint8_t *mode, struct slice text)
{
	if (*mode != QUOTED)
		return false;
	*mode = csv_mode(*mode, text);
	return true;
}

uint8_t ready_begin(enum join_kind kind, struct slice first)
{
	switch (kind) {
	case JOIN_JAVA:
	case JOIN_DOTNET:
		return is_exception(first) ? HEAD :
		       begins(first, "Exception in thread ") ||
				       begins(first, "Unhandled exception") || is_indented(first) ?
					     TRACE :
					     PLAIN;
	case JOIN_PYTHON:
		return begins(first, "Traceback (") || begins(first, "  File \"") ? TRACE : PLAIN;
	case JOIN_GO:
		return begin_go(first);
	case JOIN_RUBY:
		return is_indented(first) || has(first, "terminated with exception") ? TRACE :
										       PLAIN;
	case JOIN_NODE:
		return begin_node(first);
	case JOIN_PHP:
		return begins(first, "#") ? TRACE : PLAIN;
	case JOIN_MYSQL_SLOW:
		return begins(first, "# Time: ") ? HEAD : PLAIN;
	case JOIN_CSV:
		return csv_mode(PLAIN, first);
	default:
		return PLAIN;
	}
}

bool ready_goes_on(enum join_kind kind, uint8_t *mode, struct slice text)
{
	switch (kind) {
	case JOIN_JAVA:
		return java_goes_on(mode, text);
	case JOIN_PYTHON:
		return python_goes_on(mode, text);
	case JOIN_GO:
		return go_goes_on(mode, text);
	case JOIN_RUBY:
		return ruby_goes_on(mode, text);
	case JOIN_NODE:
		return node_goes_on(mode, text);
	case JOIN_DOTNET:
		return dotnet_goes_on(mode, text);
	case JOIN_PHP:
		return php_goes_on(mode, text);
	case JOIN_POSTGRESQL:
		return postgresql_goes_on(text);
	case JOIN_MYSQL_SLOW:
		return mysql_slow_goes_on(mode, text);
	case JOIN_CSV:
		return csv_goes_on(mode, text);
	case JOIN_LINES:
		return false;
	default:
		return is_indented(text);
	}
}

bool ready_is_whole(enum join_kind kind, uint8_t mode)
{
	return kind == JOIN_CSV && mode != QUOTED;
}
