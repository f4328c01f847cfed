/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a pattern can be driven into endless backtracking is hard to prove and easy to try. From
 * the pattern's text a line is made that it would match; then every part of that line is repeated,
 * as an attacker or a broken application would, and the end is spoilt so that the match has to go
 * back. The judge is the match itself with the limit that run has, so nothing is said about a
 * pattern that merely looks dangerous: "(\w+\s)+" is harmless.
 *
 * 256 bytes a line: with quadratic effort, which most patterns have on some line, the limit of
 * 100,000 steps is not reached, with cubic or exponential it is.
 *
 * Not understood: conditions, recursion, backreferences. What is missed costs some milliseconds a
 * line at run time, and is counted there.
 */
#include "cmd/check/trial.h"

#include <ctype.h>
#include <string.h>

/* Groups within groups; deeper ones are passed over. */
#define DEPTH_MAX 32

/* ---- a text that matches ---- */

/* One character for a class of a backslash; 0: it stands for no character. */
static char escaped(char c, char filler)
{
	if (c == 'd')
		return '0';
	if (strchr("wSNVH", c))
		return filler;
	if (c == 'D')
		return 'a';
	if (c == 's' || c == 'h' || c == 'W')
		return ' ';
	if (c == 't')
		return '\t';
	return isalnum((unsigned char)c) ? 0 : c;
}

/* Behind the class that begins at at ('['); *ret_c is one of its characters. */
static const char *skip_class(const char *at, char filler, char *ret_c)
{
	bool negated = at[1] == '^';
	const char *first = at + 1 + negated;

	at = first;
	if (*at == ']')
		at++;
	while (*at && *at != ']') {
		const char *named = at[0] == '[' && at[1] == ':' ? strstr(at + 2, ":]") : NULL;

		if (named)
			at = named + 2;
		else
			at += at[0] == '\\' && at[1] ? 2 : 1;
	}
	if (negated)
		*ret_c = memchr(first, filler, (size_t)(at - first)) ? '!' : filler;
	else if (*first == '\\')
		*ret_c = escaped(first[1], filler);
	else
		*ret_c = first[0] == '[' && first[1] == ':' ? filler : *first;
	return *at ? at + 1 : at;
}

/* Behind the "?<name>", "?:", "?=" of a group that began at at - 1. */
static const char *skip_group_head(const char *at)
{
	if (*at != '?')
		return at;
	at++;
	if (*at == 'P')
		at++;
	if ((*at == '<' && at[1] != '=' && at[1] != '!') || *at == '\'') {
		at += strcspn(at + 1, ">'") + 1;
		return *at ? at + 1 : at;
	}
	while (*at && !strchr(":=!>|)", *at))
		at++;
	return *at && *at != ')' ? at + 1 : at;
}

/* Behind a quantifier, if there is one. */
static const char *skip_quantifier(const char *at)
{
	if (*at == '{' && isdigit((unsigned char)at[1]) && strchr(at, '}'))
		at = strchr(at, '}') + 1;
	else if (*at && strchr("*+?", *at))
		at++;
	else
		return at;
	return *at && strchr("?+", *at) ? at + 1 : at;
}

/* Behind the alternatives that follow the first one: to the ')' that ends their group. */
static const char *skip_alternatives(const char *at)
{
	int depth = 0;
	char c;

	while (*at && !(depth == 0 && *at == ')')) {
		if (*at == '[') {
			at = skip_class(at, 'a', &c);
			continue;
		}
		if (*at == '\\' && at[1])
			at++;
		else if (*at == '(' || *at == ')')
			depth += *at == '(' ? 1 : -1;
		at++;
	}
	return at;
}

size_t check_pattern_sample(const char *at, char filler, char ret_sample[CHECK_SAMPLE_MAX + 1])
{
	size_t n = 0;

	while (*at && n < CHECK_SAMPLE_MAX) {
		char c = 0;

		if (*at == '\\' && at[1]) {
			c = escaped(at[1], filler);
			at += 2;
		} else if (*at == '[') {
			at = skip_class(at, filler, &c);
		} else if (*at == '(') {
			at = skip_group_head(at + 1);
			continue;
		} else if (*at == '|') {
			at = skip_alternatives(at + 1);
			continue;
		} else {
			c = strchr("^$)", *at) ? 0 : *at == '.' ? filler : *at;
			at++;
		}
		if (c)
			ret_sample[n++] = c;
		at = skip_quantifier(at);
	}
	ret_sample[n] = '\0';
	return n;
}

/* ---- a quantifier on a quantifier ---- */

/* Whether an unbounded quantifier stands at at that can give back what it took. */
static bool is_greedy_for_ever(const char *at)
{
	const char *end = skip_quantifier(at);

	if (end == at || *at == '?' || (end - at > 1 && end[-1] == '+'))
		return false;
	if (*at != '{')
		return true;
	at = strpbrk(at, ",}");
	return at && *at == ',' && at[1] == '}';
}

bool check_pattern_nested(const char *pattern, size_t *ret_at)
{
	struct {
		size_t start;
		bool repeats, atomic;
	} groups[DEPTH_MAX] = {{0}};
	const char *at = pattern;
	size_t depth = 0;
	char c;

	while (*at) {
		bool closed = false;

		if (*at == '(' && depth + 1 < DEPTH_MAX) {
			groups[++depth].start = (size_t)(at - pattern);
			groups[depth].repeats = false;
			groups[depth].atomic = strncmp(at, "(?>", 3) == 0;
			at = skip_group_head(at + 1);
			continue;
		}
		if (*at == '[') {
			at = skip_class(at, 'a', &c);
		} else {
			closed = *at == ')' && depth > 0;
			at += *at == '\\' && at[1] ? 2 : 1;
		}
		if (closed && groups[depth].repeats && !groups[depth].atomic) {
			groups[depth - 1].repeats = true;
			if (is_greedy_for_ever(at)) {
				*ret_at = groups[depth].start;
				return true;
			}
		}
		depth -= closed;
		if (is_greedy_for_ever(at))
			groups[depth].repeats = true;
		at = skip_quantifier(at);
	}
	return false;
}

/* ---- trials ---- */

/* What is put behind the repeated part: a byte that few patterns want, two blanks, nothing. */
static const char *const ends[] = {"\x01", "  \x01", ""};

/*
 * With and without the rest of the sample at its end: PCRE2 does not even begin when a character
 * that must come later is not there.
 */
static bool gives_up(const struct pattern *compiled, struct pattern_scratch *scratch,
		     struct slice sample, size_t before, size_t unit)
{
	char text[2 * CHECK_SAMPLE_MAX + CHECK_TRIAL_LEN + 8];
	size_t repeated = CHECK_TRIAL_LEN / unit * unit, behind = before + unit, len;

	memcpy(text, sample.at, before);
	for (size_t i = 0; i < repeated; i++)
		text[before + i] = sample.at[before + i % unit];
	for (size_t e = 0; e < 2 * ARRAY_LEN(ends); e++) {
		const char *end = ends[e / 2];

		len = before + repeated;
		memcpy(text + len, end, strlen(end));
		len += strlen(end);
		if (e % 2) {
			memcpy(text + len, sample.at + behind, sample.len - behind);
			len += sample.len - behind;
		}
		if (pattern_match(compiled, scratch, (struct slice){text, len}, PATTERN_NO_FIELDS,
				  NULL) == PATTERN_E_LIMIT)
			return true;
	}
	return false;
}

bool check_pattern_backtracks(const struct pattern *compiled, struct pattern_scratch *scratch,
			      const char *sample, size_t len, const char **ret_unit,
			      size_t *ret_len)
{
	for (size_t unit = 1; unit <= CHECK_UNIT_MAX; unit++) {
		for (size_t at = 0; at + unit <= len; at++) {
			if (!gives_up(compiled, scratch, (struct slice){sample, len}, at, unit))
				continue;
			*ret_unit = sample + at;
			*ret_len = unit;
			return true;
		}
	}
	return false;
}
