/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCRE2, kept in this one file. Everything that costs is done when a pattern is compiled: names
 * are resolved to group numbers, the JIT is tried, the number of groups is bounded. A match is
 * then one call and one short loop over the fields that the caller wants, without allocation.
 *
 * One match data and one JIT stack serve all patterns of a thread, with room for the largest
 * number of groups that we accept (4 KiB). PCRE2 touches only as many pairs as the pattern at hand
 * has groups, so the room that is left over costs nothing.
 *
 * pcre2_jit_match skips checks that we need not (no UTF, no options, JIT known to be there) and is
 * some 8 ns faster; where there is no JIT, pcre2_match interprets the same code more slowly.
 *
 * Bytes, not UTF-8: with UTF a single bad byte either fails the match or costs a check of every
 * line. The price: "." is one byte, and \w knows ASCII only.
 *
 * Replacing stands in pattern_replace.c, what the JIT must not have in pattern_jit.c.
 *
 * The effort is limited in steps, not in time. A line can thus cost at most a millisecond or so
 * per pattern, and a pattern that needs more than the JIT stack gives up although a larger one
 * would do. Giving up is an outcome that the caller counts.
 */
#include "parsers/pattern.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parsers/pattern_private.h"

/* Longest text of a pattern (scenario C05). */
#define PATTERN_TEXT_MAX 65536

/* 32 KiB serve nearly every pattern; 1 MiB is reached by lines of some 10 KB with (?:(x)|\s)*. */
#define JIT_STACK_START (32 * 1024)
#define JIT_STACK_MAX (1024 * 1024)

/* Memory of the interpreter, in the KiB that PCRE2 counts in. Its own default is 20 GB. */
#define HEAP_LIMIT_KIB 1024

static int refuse(struct pattern_error *ret_error, size_t at, const char *message)
{
	ret_error->at = at;
	snprintf(ret_error->message, sizeof ret_error->message, "%s", message);
	return PATTERN_E_SYNTAX;
}

static int compile_code(const char *text, size_t len, uint32_t options, pcre2_code **ret_code,
			struct pattern_error *ret_error)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	pcre2_code *code;
	PCRE2_SIZE at = 0;
	int error = 0;

	if (!context)
		return -ENOMEM;
	pcre2_set_max_pattern_length(context, PATTERN_TEXT_MAX);
	code = pcre2_compile((PCRE2_SPTR)text, len, PCRE2_NEVER_UTF | options, &error, &at,
			     context);
	pcre2_compile_context_free(context);
	if (code) {
		*ret_code = code;
		return 0;
	}
	/* PCRE2 says "no memory" in its compile errors, with a positive number. */
	if (error == PCRE2_ERROR_HEAP_FAILED)
		return -ENOMEM;
	ret_error->at = at;
	pcre2_get_error_message(error, (PCRE2_UCHAR *)ret_error->message,
				sizeof ret_error->message);
	return PATTERN_E_SYNTAX;
}

/* Puts one name where its group number belongs. */
static void insert_field(struct pattern *pattern, uint16_t group, const char *name)
{
	uint32_t i = pattern->n_fields++;

	for (; i > 0 && pattern->groups[i - 1] > group; i--) {
		pattern->groups[i] = pattern->groups[i - 1];
		pattern->names[i] = pattern->names[i - 1];
	}
	pattern->groups[i] = group;
	pattern->names[i] = name;
}

/* The name table is sorted by name: an entry is a big-endian group number and a C string. */
static int resolve_fields(struct pattern *pattern, struct pattern_error *ret_error)
{
	uint32_t n_groups = 0, n_names = 0, entry_size = 0;
	const char *previous = NULL;
	PCRE2_SPTR entry = NULL;

	pcre2_pattern_info(pattern->code, PCRE2_INFO_CAPTURECOUNT, &n_groups);
	pcre2_pattern_info(pattern->code, PCRE2_INFO_NAMECOUNT, &n_names);
	pcre2_pattern_info(pattern->code, PCRE2_INFO_NAMEENTRYSIZE, &entry_size);
	pcre2_pattern_info(pattern->code, PCRE2_INFO_NAMETABLE, &entry);
	if (n_groups >= PATTERN_PAIRS_MAX)
		return refuse(ret_error, 0, "more than 255 groups");
	if (n_names > PATTERN_FIELDS_MAX)
		return refuse(ret_error, 0, "more than 64 named groups");
	for (uint32_t i = 0; i < n_names; i++, entry += entry_size) {
		const char *name = (const char *)entry + 2;

		/* Only (?J) within the pattern makes this possible. */
		if (previous && strcmp(previous, name) == 0)
			return refuse(ret_error, 0, "two groups have the same name");
		insert_field(pattern, (uint16_t)(entry[0] << 8 | entry[1]), name);
		previous = name;
	}
	return 0;
}

/*
 * Some patterns need other options for the JIT, which shows in the compiled code only: such a
 * pattern is compiled twice.
 */
static int compile_for_jit(struct pattern *pattern, const char *text, size_t len,
			   struct pattern_error *ret_error)
{
	uint32_t options;
	int r = compile_code(text, len, 0, &pattern->code, ret_error);

	if (r != 0)
		return r;
	options = pattern_jit_options(pattern->code, text, len);
	if (options == 0)
		return 0;
	pcre2_code_free(pattern->code);
	pattern->code = NULL;
	return compile_code(text, len, options, &pattern->code, ret_error);
}

int pattern_compile(const char *text, size_t len, struct pattern **ret_pattern,
		    struct pattern_error *ret_error)
{
	struct pattern *pattern = calloc(1, sizeof *pattern);
	int r;

	if (!pattern)
		return -ENOMEM;
	r = compile_for_jit(pattern, text, len, ret_error);
	if (r == 0)
		r = resolve_fields(pattern, ret_error);
	if (r != 0) {
		pattern_free(pattern);
		return r;
	}
	if (pattern->n_fields)
		pattern->all_fields = PATTERN_ALL_FIELDS >> (64 - pattern->n_fields);
	pattern->jit = pattern_jit_compile(pattern->code, text, len);
	*ret_pattern = pattern;
	return 0;
}

struct pattern *pattern_free(struct pattern *pattern)
{
	if (pattern) {
		pcre2_code_free(pattern->code);
		free(pattern);
	}
	return NULL;
}

bool pattern_jit_works(void)
{
	struct pattern_error error;
	struct pattern *pattern;
	bool works;

	if (pattern_compile("a+", 2, &pattern, &error) != 0)
		return false;
	works = pattern->jit;
	pattern_free(pattern);
	return works;
}

size_t pattern_n_fields(const struct pattern *pattern)
{
	return pattern->n_fields;
}

const char *pattern_field(const struct pattern *pattern, size_t index)
{
	return pattern->names[index];
}

bool pattern_has_jit(const struct pattern *pattern)
{
	return pattern->jit;
}

void pattern_library_version(char *ret_text, size_t len)
{
	char version[64] = "";

	if (pcre2_config(PCRE2_CONFIG_VERSION, NULL) <= (int)sizeof version)
		pcre2_config(PCRE2_CONFIG_VERSION, version);
	snprintf(ret_text, len, "%s", version);
}

struct pattern_scratch *pattern_scratch_new(void)
{
	struct pattern_scratch *scratch = calloc(1, sizeof *scratch);

	if (!scratch)
		return NULL;
	scratch->data = pcre2_match_data_create(PATTERN_PAIRS_MAX, NULL);
	scratch->context = pcre2_match_context_create(NULL);
	if (!scratch->data || !scratch->context)
		return pattern_scratch_free(scratch);
	scratch->pairs = pcre2_get_ovector_pointer(scratch->data);
	pcre2_set_match_limit(scratch->context, PATTERN_MATCH_LIMIT);
	pcre2_set_heap_limit(scratch->context, HEAP_LIMIT_KIB);
	/*
	 * Without a stack of its own, the JIT uses 32 KiB of the machine's: less reach, not
	 * wrong.
	 */
	scratch->stack = pcre2_jit_stack_create(JIT_STACK_START, JIT_STACK_MAX, NULL);
	if (scratch->stack)
		pcre2_jit_stack_assign(scratch->context, NULL, scratch->stack);
	return scratch;
}

struct pattern_scratch *pattern_scratch_free(struct pattern_scratch *scratch)
{
	if (scratch) {
		pcre2_match_data_free(scratch->data);
		pcre2_match_context_free(scratch->context);
		pcre2_jit_stack_free(scratch->stack);
		free(scratch);
	}
	return NULL;
}

int pattern_match(const struct pattern *pattern, struct pattern_scratch *scratch, struct slice line,
		  uint64_t wanted, struct slice *ret_fields)
{
	const char *at = line.at ? line.at : "";
	int r;

	if (LIKELY(pattern->jit))
		r = pcre2_jit_match(pattern->code, (PCRE2_SPTR)at, line.len, 0, 0, scratch->data,
				    scratch->context);
	else
		r = pcre2_match(pattern->code, (PCRE2_SPTR)at, line.len, 0, 0, scratch->data,
				scratch->context);
	if (UNLIKELY(r < 0))
		return r == PCRE2_ERROR_NOMATCH ? PATTERN_E_MISS : PATTERN_E_LIMIT;
	/* From bit to bit of the set. */
	for (wanted &= pattern->all_fields; wanted; wanted &= wanted - 1) {
		int i = __builtin_ctzll(wanted);
		const PCRE2_SIZE *pair = scratch->pairs + 2 * (size_t)pattern->groups[i];

		if (pair[0] == PCRE2_UNSET)
			ret_fields[i] = SLICE_NONE;
		else
			ret_fields[i] = (struct slice){at + pair[0], pair[1] - pair[0]};
	}
	return 0;
}

/* Starts that are tried in a line where the pattern may start anywhere. */
#define STARTS_MAX 256

/*
 * Whether the pattern, starting at `start`, reaches the end of the first `end` bytes of the line.
 */
static bool reaches(const struct pattern *pattern, struct pattern_scratch *scratch,
		    struct slice line, size_t start, size_t end)
{
	/* A match that needs no byte at the end reaches it, too. */
	int r = pcre2_match(pattern->code, (PCRE2_SPTR)line.at, end, start,
			    PCRE2_PARTIAL_HARD | PCRE2_ANCHORED | PCRE2_NO_JIT, scratch->data,
			    scratch->context);

	return r == PCRE2_ERROR_PARTIAL || r > 0;
}

/* The largest end from `least` on, which is known to be reached. */
static size_t furthest_from(const struct pattern *pattern, struct pattern_scratch *scratch,
			    struct slice line, size_t start, size_t least)
{
	size_t most = line.len;

	/* What reaches a byte has reached each one before it, so halving finds it. */
	while (least < most) {
		size_t middle = least + (most - least + 1) / 2;

		if (reaches(pattern, scratch, line, start, middle))
			least = middle;
		else
			most = middle - 1;
	}
	return least;
}

void pattern_furthest(const struct pattern *pattern, struct pattern_scratch *scratch,
		      struct slice line, size_t *ret_start, size_t *ret_end)
{
	struct slice bytes = {line.at ? line.at : "", line.len};
	size_t starts = bytes.len < STARTS_MAX ? bytes.len : STARTS_MAX;
	uint32_t options = 0;

	*ret_start = *ret_end = 0;
	pcre2_pattern_info(pattern->code, PCRE2_INFO_ALLOPTIONS, &options);
	if (options & PCRE2_ANCHORED)
		starts = starts > 0;
	for (size_t start = 0; start < starts; start++) {
		size_t longer = start + (*ret_end - *ret_start) + 1;

		if (longer > bytes.len)
			break;
		if (!reaches(pattern, scratch, bytes, start, longer))
			continue;
		*ret_start = start;
		*ret_end = furthest_from(pattern, scratch, bytes, start, longer);
	}
}
