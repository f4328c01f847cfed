/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any path, with what links led to from it, and any line: fields of the path come from the first
 * of the two that one of its patterns matches, patterns in their order, and stay what they are
 * whatever the line says. The input is "path NUL path behind links NUL line".
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "parsers/kinds/parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const texts[] = {
	"/(?<ns>[a-z0-9-]+)_(?<pod>[a-z0-9.-]+)/(?<n>[0-9]+)\\.log[^/]*$",
	"/(?<pod>[a-z0-9.-]+)_(?<ns>[a-z0-9-]+)\\.log$",
};
static const char *const names[] = {"ns", "pod", "n"};

#define NAMES_N (sizeof names / sizeof names[0])

static struct slice take(const char **at, const char *end)
{
	const char *nul = *at < end ? memchr(*at, '\0', (size_t)(end - *at)) : NULL;
	struct slice text = {*at, (size_t)((nul ? nul : end) - *at)};

	*at = nul ? nul + 1 : end;
	return text;
}

static struct parser *make(struct pattern *patterns[2], bool with_line)
{
	const struct parser_link line = {.name = "line", .kind = PARSER_LOGFMT};
	const struct parser_link path = {.name = "path",
					 .kind = PARSER_REGEX,
					 .from = PARSER_FROM_FOUND,
					 .patterns = patterns,
					 .n_patterns = 2};
	const struct parser_link *links[] = {&line, &path};
	struct parser_fields fields = {0};
	struct parser *parser;
	uint32_t number;

	for (size_t i = 0; i < NAMES_N; i++) {
		if (parser_fields_add(&fields, slice_of(names[i]), &number))
			abort();
	}
	if (parser_new(with_line ? links : &links[1], with_line ? 2 : 1, &fields,
		       (1u << NAMES_N) - 1, &parser, &number))
		abort();
	return parser;
}

static bool is_in(struct slice piece, struct slice text)
{
	return text.at && piece.at >= text.at && piece.at + piece.len <= text.at + text.len;
}

/* By hand: the fields of the first text that one of the patterns matches. */
static bool expect(struct pattern *patterns[2], struct pattern_scratch *scratch,
		   const struct parser_input *input, struct slice fields[NAMES_N])
{
	const struct slice paths[] = {input->found, input->real};
	struct slice groups[PATTERN_FIELDS_MAX];

	for (size_t i = 0; i < 4; i++) {
		const struct pattern *pattern = patterns[i % 2];

		if (!paths[i / 2].at ||
		    pattern_match(pattern, scratch, paths[i / 2], PATTERN_ALL_FIELDS, groups))
			continue;
		for (size_t k = 0; k < pattern_n_fields(pattern); k++) {
			for (size_t n = 0; n < NAMES_N; n++) {
				if (strcmp(names[n], pattern_field(pattern, k)) == 0)
					fields[n] = groups[k];
			}
		}
		return true;
	}
	return false;
}

static void check(struct pattern *patterns[2], struct pattern_scratch *scratch,
		  const struct parser_input *input)
{
	struct slice wanted[NAMES_N] = {0}, alone[NAMES_N] = {0}, both[NAMES_N] = {0};
	struct parser *path = make(patterns, false), *chain = make(patterns, true);
	struct arena arena = ARENA_NULL;
	bool matches = expect(patterns, scratch, input, wanted);
	int r = parser_extract(path, scratch, input, &arena, alone);
	int r_both = parser_extract(chain, scratch, input, &arena, both);

	if (matches != (r == 0) || (matches && r_both && r_both != PARSER_E_PARTLY))
		abort();
	for (size_t i = 0; matches && i < NAMES_N; i++) {
		if (wanted[i].at != alone[i].at || wanted[i].len != alone[i].len)
			abort();
		if (wanted[i].at && wanted[i].at != both[i].at)
			abort();
		if (alone[i].at && !is_in(alone[i], input->found) && !is_in(alone[i], input->real))
			abort();
	}
	arena_deinit(&arena);
	parser_free(path);
	parser_free(chain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;
	struct pattern_scratch *scratch = pattern_scratch_new();
	struct pattern *patterns[2];
	struct pattern_error error;
	struct parser_input input = {.found = take(&at, end)};

	input.real = take(&at, end);
	if (!input.real.len)
		input.real = SLICE_NONE;
	input.line = (struct slice){at, (size_t)(end - at)};
	for (size_t i = 0; i < 2; i++) {
		if (pattern_compile(texts[i], strlen(texts[i]), &patterns[i], &error))
			abort();
	}
	check(patterns, scratch, &input);
	pattern_free(patterns[0]);
	pattern_free(patterns[1]);
	pattern_scratch_free(scratch);
	return 0;
}
