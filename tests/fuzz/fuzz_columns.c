/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any header and any line of csv and tsv, held against a splitter that is written the other way
 * round, byte by byte: both take the line or neither does, and the columns have the same text. The
 * first byte of the input chooses kind and delimiter, the header goes to the first NUL.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "parsers/kinds/parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const wanted[] = {"a", "b", "message"};

#define WANTED_N (sizeof wanted / sizeof wanted[0])
#define COLUMNS_MAX 256

struct columns {
	size_t n;
	bool good, full;
	char *text; /* all of them, one behind the other */
	struct slice of[COLUMNS_MAX];
};

enum where { START, PLAIN, QUOTED, BEHIND };

static void split(struct slice line, char delimiter, bool quotes, struct columns *to)
{
	enum where where = START;
	char *out = to->text = malloc(line.len + 1), *start = out;

	to->good = true;
	for (size_t i = 0; i <= line.len && to->good; i++) {
		char c = i < line.len ? line.at[i] : 0;
		bool ends = i == line.len || (c == delimiter && where != QUOTED);

		if (i == line.len && where == QUOTED) {
			to->good = false;
		} else if (ends) {
			to->full |= to->n == COLUMNS_MAX;
			if (!to->full)
				to->of[to->n++] = (struct slice){start, (size_t)(out - start)};
			start = out;
			where = START;
		} else if (quotes && c == '"' && where == START) {
			where = QUOTED;
		} else if (quotes && c == '"' && where == QUOTED) {
			where = BEHIND;
		} else if (quotes && c == '"' && where == BEHIND) {
			*out++ = c;
			where = QUOTED;
		} else if (where == BEHIND || (quotes && c == '"')) {
			to->good = false;
		} else {
			*out++ = c;
			where = where == START ? PLAIN : where;
		}
	}
}

static struct parser *make(const struct parser_link *link)
{
	struct parser_fields fields = {0};
	struct parser *parser;
	uint32_t number;

	for (size_t i = 0; i < WANTED_N; i++) {
		if (parser_fields_add(&fields, slice_of(wanted[i]), &number))
			abort();
	}
	if (parser_new(&link, 1, &fields, (1u << WANTED_N) - 1, &parser, &number))
		abort();
	return parser;
}

/* The last column of that name. */
static struct slice find(const struct columns *header, const struct columns *line, const char *name)
{
	for (size_t i = header->n; i > 0; i--) {
		if (slice_eq(header->of[i - 1], slice_of(name)))
			return line->of[i - 1];
	}
	return SLICE_NONE;
}

static void compare(const struct parser_link *link, const struct parser_input *input)
{
	struct columns header = {0}, line = {0};
	struct slice found[WANTED_N];
	struct arena arena = ARENA_NULL;
	struct parser *parser = make(link);
	bool quotes = link->kind == PARSER_CSV, same;
	char delimiter = quotes ? link->delimiter : '\t';
	int r = parser_extract(parser, NULL, input, &arena, found);

	split(input->header, delimiter, quotes, &header);
	split(input->line, delimiter, quotes, &line);
	same = header.good && line.good && header.n == line.n;
	if (!header.full && !line.full && same != (r == 0))
		abort();
	for (size_t i = 0; r == 0 && !header.full && i < WANTED_N; i++) {
		struct slice value = find(&header, &line, wanted[i]);

		if (!value.at != !found[i].at || (value.at && !slice_eq(value, found[i])))
			abort();
	}
	parser_free(parser);
	arena_deinit(&arena);
	free(header.text);
	free(line.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct parser_link link = {.name = "x", .header = true};
	struct parser_input input;
	const char *at = (const char *)data + 1, *nul;

	if (size < 2)
		return 0;
	link.kind = data[0] & 1 ? PARSER_CSV : PARSER_TSV;
	link.delimiter = ",;| "[data[0] / 2 % 4];
	nul = memchr(at, '\0', size - 1);
	if (!nul)
		return 0;
	input = (struct parser_input){.header = {at, (size_t)(nul - at)},
				      .line = {nul + 1, size - 2 - (size_t)(nul - at)}};
	compare(&link, &input);
	return 0;
}
