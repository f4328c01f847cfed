/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any pattern on any line. The first byte of the input says how many of the next ones make the
 * pattern, the rest is the line. Every field lies within the line, and JIT and interpreter agree
 * unless one of them gives up.
 *
 * PCRE2 is not built for the fuzzer, which therefore learns nothing of what goes on within it. So
 * the pattern's bytes choose from a list of pieces: most of what comes by chance then compiles. An
 * odd first byte takes them as they are.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "parsers/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const PIECES[] = {
	"a",      "b",      " ",      ".",    "\\w",  "\\S+", "\\d", "[^a]",  "[a-c]",
	"\\x00",  "\xff",   "^",      "$",    "\\b",  "(",    "(",   "(?:",   "(?=",
	"(?!",    "(?>",    "(?|",    ")",    ")",    ")",    ")",   ")",     "|",
	"*",      "+",      "?",      "*?",   "+?",   "*+",   "{2}", "{1,3}", "\\1",
	"(?<f0>", "(?<f1>", "(?<f2>", "(?i)", "(?s)",
};

/* At most 128 pieces of at most 6 bytes. */
#define PATTERN_MAX 1024
#define NO_JIT "(*NO_JIT)"

static size_t write_pattern(char *text, const uint8_t *data, size_t n, bool raw)
{
	size_t len = 0;

	if (raw) {
		memcpy(text, data, n);
		return n;
	}
	for (size_t i = 0; i < n; i++) {
		const char *piece = PIECES[data[i] % (sizeof PIECES / sizeof PIECES[0])];

		memcpy(text + len, piece, strlen(piece));
		len += strlen(piece);
	}
	return len;
}

static void expect_inside(const struct pattern *pattern, struct slice line,
			  const struct slice *fields)
{
	for (size_t i = 0; i < pattern_n_fields(pattern); i++) {
		if (fields[i].at && (fields[i].at < line.at || fields[i].len > line.len ||
				     fields[i].at + fields[i].len > line.at + line.len))
			abort();
	}
}

static void expect_same(const struct pattern *pattern, const struct slice *a, const struct slice *b)
{
	for (size_t i = 0; i < pattern_n_fields(pattern); i++) {
		if (a[i].at != b[i].at || a[i].len != b[i].len)
			abort();
	}
}

static void try_match(const struct pattern *fast, const struct pattern *slow, struct slice line)
{
	struct pattern_scratch *scratch = pattern_scratch_new();
	struct slice a[PATTERN_FIELDS_MAX], b[PATTERN_FIELDS_MAX];
	int fast_r = pattern_match(fast, scratch, line, PATTERN_ALL_FIELDS, a);
	int slow_r = pattern_match(slow, scratch, line, PATTERN_ALL_FIELDS, b);

	if (fast_r == 0)
		expect_inside(fast, line, a);
	if (slow_r == 0)
		expect_inside(slow, line, b);
	if (fast_r != PATTERN_E_LIMIT && slow_r != PATTERN_E_LIMIT && fast_r != slow_r)
		abort();
	if (fast_r == 0 && slow_r == 0)
		expect_same(fast, a, b);
	pattern_scratch_free(scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pattern *fast = NULL, *slow = NULL;
	struct pattern_error error = {0};
	char text[sizeof NO_JIT - 1 + PATTERN_MAX] = NO_JIT, *bare = text + sizeof NO_JIT - 1;
	struct slice line;
	size_t n, len;

	if (size < 1)
		return 0;
	n = data[0] / 2 < size - 1 ? data[0] / 2 : size - 1;
	len = write_pattern(bare, data + 1, n, data[0] & 1);
	line = (struct slice){(const char *)data + 1 + n, size - 1 - n};
	if (pattern_compile(bare, len, &fast, &error) != 0) {
		if (error.at > len)
			abort();
	} else if (pattern_compile(text, (size_t)(bare - text) + len, &slow, &error) == 0) {
		try_match(fast, slow, line);
	}
	pattern_free(fast);
	pattern_free(slow);
	return 0;
}
