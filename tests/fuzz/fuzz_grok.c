/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text as a pattern of grok, with macros of the user's: it is a pattern or an error that says
 * something, and never one without an end. What compiles is tried on the rest of the input, and
 * its fields lie in that. Lines of the input: the pattern, macros ("NAME PATTERN"), an empty line,
 * the text that is matched.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "parsers/grok.h"
#include "parsers/kinds/parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MACROS_MAX 8

static struct slice take_line(struct slice *rest)
{
	const char *end = rest->len ? memchr(rest->at, '\n', rest->len) : NULL;
	struct slice line = {rest->at, end ? (size_t)(end - rest->at) : rest->len};
	size_t taken = line.len + (end != NULL);

	*rest = (struct slice){rest->at + taken, rest->len - taken};
	return line;
}

static size_t take_macros(struct slice *rest, struct grok_macro macros[MACROS_MAX])
{
	size_t n = 0;

	while (n < MACROS_MAX) {
		struct slice line = take_line(rest);
		const char *blank = line.len ? memchr(line.at, ' ', line.len) : NULL;

		if (!blank)
			break;
		macros[n].name = (struct slice){line.at, (size_t)(blank - line.at)};
		macros[n++].text =
			(struct slice){blank + 1, line.len - (size_t)(blank + 1 - line.at)};
	}
	return n;
}

/* A chain of one link, which wants every field. */
static void match(struct pattern *pattern, struct slice text)
{
	const struct parser_link link = {
		.name = "x", .kind = PARSER_REGEX, .patterns = &pattern, .n_patterns = 1};
	const struct parser_link *links = &link;
	struct slice found[PARSER_FIELDS_MAX] = {0};
	struct pattern_scratch *scratch = pattern_scratch_new();
	struct parser_input input = {.line = text};
	struct parser_fields fields = {0};
	struct arena arena = ARENA_NULL;
	struct parser *parser;
	uint32_t number;
	size_t n = pattern_n_fields(pattern);
	int r;

	for (size_t i = 0; i < n; i++) {
		if (parser_fields_add(&fields, slice_of(pattern_field(pattern, i)), &number))
			abort();
	}
	n = fields.n;
	if (parser_new(&links, 1, &fields, n ? UINT64_MAX >> (64 - n) : 0, &parser, &number))
		abort();
	r = parser_extract(parser, scratch, &input, &arena, found);
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (found[i].at &&
		    (found[i].at < text.at || found[i].at + found[i].len > text.at + text.len))
			abort();
	}
	parser_free(parser);
	arena_deinit(&arena);
	pattern_scratch_free(scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = {(const char *)data, size}, text = take_line(&rest);
	struct pattern_error wrong;
	struct grok_macro macros[MACROS_MAX];
	struct grok_error error = {""};
	struct pattern *pattern;
	char *made;
	size_t n;

	if (size == 0)
		return 0;
	n = take_macros(&rest, macros);
	if (grok_translate(text, macros, n, &made, &error)) {
		if (!*error.message)
			abort();
		return 0;
	}
	if (pattern_compile(made, strlen(made), &pattern, &wrong) == 0) {
		match(pattern, rest);
		pattern_free(pattern);
	}
	free(made);
	return 0;
}
