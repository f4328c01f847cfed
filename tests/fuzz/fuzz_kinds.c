/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text in each kind of parser but patterns, alone and behind another: "kind byte, text". What
 * comes out lies in the text or in the arena, is the same the second time, and has no number above
 * those that are wanted. Where it stops, when it does not match, is a byte of the text or its end.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "parsers/kinds/parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {
	"message", "a",       "a.b", "a.b.c", "items[0].x", "m[1][2]", "time",
	"host",    "program", "tag", "data",  "data.a@1.b", "attrs.x", "log.level",
};

#define NAMES_N (sizeof names / sizeof names[0])

static struct parser *compile(const struct parser_link pair[2], size_t n)
{
	const struct parser_link *const links[] = {&pair[0], &pair[1]};
	struct parser_fields fields = {0};
	struct parser *parser;
	uint32_t number;

	for (size_t i = 0; i < NAMES_N; i++) {
		if (parser_fields_add(&fields, slice_of(names[i]), &number))
			abort();
	}
	if (parser_new(links, n, &fields, (1u << NAMES_N) - 1, &parser, &number))
		abort();
	return parser;
}

static void touch(struct slice field)
{
	volatile char last;

	for (size_t i = 0; field.at && i < field.len; i++)
		last = field.at[i];
	(void)last;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char *columns[] = {(char *)"message", (char *)"", (char *)"a"};
	uint8_t which = size ? data[0] : 0;
	const struct parser_link pair[2] = {
		{
			.name = "x",
			.kind = (enum parser_kind)(1 + which % 7),
			.columns = columns,
			.n_columns = 1 + which / 16 % 3,
			.delimiter = ',',
			.header = which / 8 % 2,
		},
		{.name = "y", .kind = PARSER_JSON},
	};
	struct slice first[PARSER_FIELDS_MAX], second[PARSER_FIELDS_MAX];
	struct pattern_scratch *scratch;
	struct arena arena = ARENA_NULL;
	struct parser_input input;
	struct parser_stop stop;
	struct parser *parser;
	int r;

	if (size == 0)
		return 0;
	scratch = pattern_scratch_new();
	parser = compile(pair, which & 128 ? 2 : 1);
	/* A header is the first half of the line. */
	input = (struct parser_input){.line = {(const char *)data + 1, size - 1},
				      .header = {(const char *)data + 1, (size - 1) / 2}};
	r = parser_extract(parser, scratch, &input, &arena, first);
	if (r < 0 || r != parser_extract(parser, scratch, &input, &arena, second))
		abort();
	for (size_t i = 0; (r == 0 || r == PARSER_E_PARTLY) && i < NAMES_N; i++) {
		touch(first[i]);
		if (!first[i].at != !second[i].at ||
		    (first[i].at && !slice_eq(first[i], second[i])))
			abort();
	}
	if (parser_explain(parser, scratch, &input, &arena, &stop))
		abort();
	if (!stop.link != (r == 0) || stop.end > stop.text.len || stop.start > stop.end)
		abort();
	arena_deinit(&arena);
	parser_free(parser);
	pattern_scratch_free(scratch);
	return 0;
}
