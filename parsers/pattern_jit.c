/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which patterns the JIT may have. PCRE2 up to 10.42, which is Debian 12's, makes wrong code from
 * two kinds of pattern, and a line that does not match by mistake loses its key, or is not
 * redacted:
 *
 *   (?:11|1)b*1   does not match "11". Where a match begins, it remembers how far b* went, and
 *                 does not go there again; but the other alternative has to. (PCRE2 issue 336.)
 *   (y)*+z|$      on "y" gives the group the "y" of an attempt that failed. (PCRE2 issue 324.)
 *
 * The memory of the first kind is one of the optimizations of a match's start: without them the
 * JIT's code is right, and slower only in finding where a match may begin. An anchored pattern
 * has none. The second kind is left to the interpreter.
 *
 * The defects are asked for, not the version: distributions mend a library without changing its
 * number. The fuzzer compares JIT and interpreter, which is how these two were found.
 */
#include <string.h>

#include "parsers/pattern_private.h"

/* jit_compile also returns 0 when the pattern itself forbids it, with (*NO_JIT): ask for code. */
static bool try_jit(pcre2_code *code)
{
	size_t size = 0;

	return pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) == 0 &&
	       pcre2_pattern_info(code, PCRE2_INFO_JITSIZE, &size) == 0 && size > 0;
}

/* Whether the JIT finds the pattern in the line, and sets no group. Without a JIT it is right. */
static bool jit_is_right(const char *pattern, const char *line)
{
	int error, r = 1;
	PCRE2_SIZE at;
	pcre2_code *code =
		pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, 0, &error, &at, NULL);
	pcre2_match_data *data = pcre2_match_data_create(2, NULL);

	if (code && data && try_jit(code))
		r = pcre2_jit_match(code, (PCRE2_SPTR)line, strlen(line), 0, 0, data, NULL);
	pcre2_match_data_free(data);
	pcre2_code_free(code);
	return r == 1;
}

/* Whether a group is repeated possessively. A class that looks like one counts as one. */
static bool repeats_group_possessively(const char *text, size_t len)
{
	const char *end = text + len;

	for (const char *at = text; at < end; at++) {
		if (*at == '\\') {
			at++;
			continue;
		}
		if (*at != ')')
			continue;
		if (at + 2 < end && strchr("*+?", at[1]) && at[2] == '+')
			return true;
		if (at + 1 < end && at[1] == '{') {
			const char *brace = memchr(at, '}', (size_t)(end - at));

			if (brace && brace + 1 < end && brace[1] == '+')
				return true;
		}
	}
	return false;
}

uint32_t pattern_jit_options(const pcre2_code *code, const char *text, size_t len)
{
	uint32_t options = 0;

	pcre2_pattern_info(code, PCRE2_INFO_ALLOPTIONS, &options);
	if ((options & PCRE2_ANCHORED) || !memchr(text, '|', len) ||
	    jit_is_right("(?:11|1)b*1", "11"))
		return 0;
	return PCRE2_NO_START_OPTIMIZE;
}

bool pattern_jit_compile(pcre2_code *code, const char *text, size_t len)
{
	if (repeats_group_possessively(text, len) && !jit_is_right("(y)*+z|$", "y"))
		return false;
	return try_jit(code);
}
