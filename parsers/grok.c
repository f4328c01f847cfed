/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Macros are written out once, when the configuration is loaded: what remains is a pattern as any
 * other, with its JIT and its limits, and a line costs what that costs. A field that is named twice
 * needs PCRE2's (?J), which is put in front.
 */
#include "parsers/grok.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parsers/names.h"

#define DUPLICATES "(?J)"
#define NAMES_MAX 512

struct expansion {
	const struct grok_macro *macros;
	size_t n_macros;
	char *text;
	size_t len;
	struct grok_error *error;
	int depth;
};

PRINTF_LIKE(2, 3)
static int refuse(struct expansion *x, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(x->error->message, sizeof x->error->message, format, args);
	va_end(args);
	return GROK_E_SYNTAX;
}

static int put(struct expansion *x, const char *at, size_t len)
{
	if (len > GROK_PATTERN_MAX - x->len)
		return refuse(x, "its macros make it longer than 64 KiB");
	memcpy(x->text + x->len, at, len);
	x->len += len;
	return 0;
}

static int put_text(struct expansion *x, const char *text)
{
	return put(x, text, strlen(text));
}

/* "[http][method]" and "http.method" are http_method. */
static int put_field(struct expansion *x, struct slice field)
{
	int r = put_text(x, "(?<");

	for (size_t i = 0; i < field.len && r == 0; i++) {
		unsigned char c = (unsigned char)field.at[i];
		bool edge = (c == '[' && i == 0) || (c == ']' && i == field.len - 1);

		if (edge || (c == ']' && field.at[i + 1] == '['))
			continue;
		r = put(x, isalnum(c) ? &field.at[i] : "_", 1);
	}
	return r ? r : put_text(x, ">");
}

static bool find(const struct expansion *x, struct slice name, struct slice *ret_text)
{
	const char *usual;

	for (size_t i = 0; i < x->n_macros; i++) {
		if (!slice_eq(x->macros[i].name, name))
			continue;
		*ret_text = x->macros[i].text;
		return true;
	}
	usual = grok_usual(name);
	*ret_text = slice_of(usual);
	return usual;
}

static int refuse_name(struct expansion *x, struct slice name)
{
	const char *names[NAMES_MAX], *near;
	char wanted[64];
	size_t n = 0;

	while (n < NAMES_MAX && (names[n] = grok_usual_name(n)))
		n++;
	snprintf(wanted, sizeof wanted, "%.*s", (int)(name.len < 63 ? name.len : 63), name.at);
	near = names_nearest(wanted, names, n);
	return refuse(x, "there is no macro %%{%s}%s%s%s", wanted, near ? " (did you mean " : "",
		      near ? near : "", near ? "?)" : "");
}

static int expand(struct expansion *x, struct slice text);

/* What stands between "%{" and "}". */
static int expand_macro(struct expansion *x, struct slice reference)
{
	const char *colon = memchr(reference.at, ':', reference.len), *end, *type;
	struct slice name = reference, field = SLICE_NONE, text;
	int r;

	if (colon) {
		end = reference.at + reference.len;
		name.len = (size_t)(colon - reference.at);
		type = memchr(colon + 1, ':', (size_t)(end - colon - 1));
		field = (struct slice){colon + 1, (size_t)((type ? type : end) - colon - 1)};
		if (field.len == 0)
			return refuse(x, "%%{%.*s:} has no field", (int)name.len, name.at);
	}
	if (!find(x, name, &text))
		return refuse_name(x, name);
	if (x->depth == GROK_DEPTH_MAX)
		return refuse(x, "macros within each other are too deep, or in a circle");
	x->depth++;
	r = field.at ? put_field(x, field) : put_text(x, "(?:");
	if (r == 0)
		r = expand(x, text);
	x->depth--;
	return r ? r : put_text(x, ")");
}

static int expand(struct expansion *x, struct slice text)
{
	const char *at = text.at, *end = text.at + text.len;
	int r = 0;

	while (at < end && r == 0) {
		size_t left = (size_t)(end - at);
		const char *mark = memmem(at, left, "%{", 2), *close;

		r = put(x, at, (size_t)((mark ? mark : end) - at));
		if (r || !mark)
			return r;
		close = memchr(mark, '}', (size_t)(end - mark));
		if (!close)
			return refuse(x, "\"%%{\" is not closed by \"}\"");
		r = expand_macro(x, (struct slice){mark + 2, (size_t)(close - mark - 2)});
		at = close + 1;
	}
	return r;
}

/* Whether a group's name comes twice. */
static bool has_twins(const char *text)
{
	const char *at = text;

	while ((at = strstr(at, "(?<"))) {
		size_t len = 3 + strcspn(at + 3, ">") + 1;

		if (isalpha((unsigned char)at[3]) || at[3] == '_')
			if (memmem(at + 3, strlen(at + 3), at, len))
				return true;
		at += 3;
	}
	return false;
}

int grok_translate(struct slice text, const struct grok_macro *macros, size_t n_macros,
		   char **ret_pattern, struct grok_error *ret_error)
{
	struct expansion x = {macros, n_macros, .error = ret_error};
	char *pattern;
	int r;

	x.text = malloc(GROK_PATTERN_MAX + 1);
	if (!x.text)
		return -ENOMEM;
	r = expand(&x, text);
	x.text[x.len] = '\0';
	if (r == 0 && asprintf(&pattern, "%s%s", has_twins(x.text) ? DUPLICATES : "", x.text) < 0)
		r = -ENOMEM;
	free(x.text);
	if (r == 0)
		*ret_pattern = pattern;
	return r;
}
