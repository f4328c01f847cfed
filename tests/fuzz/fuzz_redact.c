/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any replacement for any line, by a fixed pattern and by one that the input chooses. A replacement
 * that was found right never fails later; a line is changed only where there is a match, and is
 * then the same whether PCRE2 has a JIT or not. The first two bytes of the input say how many of
 * the next ones make the replacement and the chosen pattern.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parsers/redact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const PIECES[] = {"a", "\\d", "\\b", "[^a]+", "(x)", "(?<n>\\w)", "|",
				     "^", "$",   "*?",  "{2}",   "+",   "\\xff",     "(?=b)"};
#define PATTERN_MAX 512
#define NO_JIT "(*NO_JIT)"

static const char FIXED[] = "(?<a>a)(b)?(?<long_name>c)?";

static void need(bool good)
{
	if (!good)
		abort();
}

/* The rule with and without JIT on the line. always: the pattern cannot give up. */
static void try_rule(const char *pattern, const char *replacement, struct slice line, bool always)
{
	char slow[PATTERN_MAX + sizeof NO_JIT];
	const char *texts[2] = {pattern, slow};
	struct pattern_scratch *scratch = pattern_scratch_new();
	struct arena arena = ARENA_NULL;
	struct pattern_error error = {0};
	struct slice lines[2] = {line, line};
	int r[2] = {-1, -1};

	snprintf(slow, sizeof slow, NO_JIT "%s", pattern);
	for (size_t i = 0; i < 2; i++) {
		struct pattern *compiled = NULL;
		struct redact redact;

		if (pattern_compile(texts[i], strlen(texts[i]), &compiled, &error))
			break;
		if (pattern_check_replacement(compiled, replacement, strlen(replacement), &error)) {
			need(error.at <= strlen(replacement) && error.message[0]);
			pattern_free(compiled);
			break;
		}
		need(redact_init(&redact, NULL, 1) == 0);
		need(redact_add(&redact, compiled, replacement) == 0);
		r[i] = redact_line(&redact, scratch, &arena, &lines[i]);
		need(r[i] >= 0);
		need(r[i] != 0 || (lines[i].at == line.at && lines[i].len == line.len));
		need(r[i] != REDACT_E_WITHHELD || !always);
		redact_deinit(&redact);
		if (r[i] == REDACT_E_WITHHELD)
			break;
	}
	if (r[0] >= 0 && r[1] >= 0 && r[0] != REDACT_E_WITHHELD && r[1] != REDACT_E_WITHHELD)
		need(r[0] == r[1] && slice_eq(lines[0], lines[1]));
	arena_deinit(&arena);
	pattern_scratch_free(scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char replacement[256] = "", pattern[PATTERN_MAX] = "";
	size_t n_replacement, n_pattern;
	struct slice line;

	if (size < 2)
		return 0;
	n_replacement = data[0] < size - 2 ? data[0] : size - 2;
	memcpy(replacement, data + 2, n_replacement);
	n_pattern = data[1] % 32;
	if (n_pattern > size - 2 - n_replacement)
		n_pattern = size - 2 - n_replacement;
	for (size_t i = 0; i < n_pattern; i++)
		strcat(pattern, PIECES[data[2 + n_replacement + i] % ARRAY_LEN(PIECES)]);
	line = (struct slice){(const char *)data + 2 + n_replacement + n_pattern,
			      size - 2 - n_replacement - n_pattern};
	try_rule(FIXED, replacement, line, true);
	try_rule(pattern, replacement, line, false);
	return 0;
}
