/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns that are tried in their order: the first that matches says what the fields are. A line
 * of several forms is told by as many patterns, which are read more easily than one with all of
 * them as alternatives, and a name may be in each.
 *
 * A match writes its groups by their own numbers into an array on the stack, from which those that
 * somebody wants go to where the chain has them. A parser that is a single pattern does not come
 * here (parser_extract): it writes where they belong.
 */
#include <errno.h>
#include <stdlib.h>

#include "parsers/kinds/kinds_private.h"

struct one {
	const struct pattern *pattern; /* borrowed from the link */
	uint64_t wanted;               /* groups by their own number */
	int8_t slots[PATTERN_FIELDS_MAX];
};

struct regex {
	size_t n;
	struct one patterns[];
};

static void compile_one(struct one *one, const struct pattern *pattern,
			const struct kind_wants *wants)
{
	one->pattern = pattern;
	for (size_t i = 0; i < pattern_n_fields(pattern); i++) {
		one->slots[i] = kind_slot(wants, pattern_field(pattern, i));
		if (one->slots[i] >= 0)
			one->wanted |= (uint64_t)1 << i;
	}
}

static int compile(const struct parser_link *link, const struct kind_wants *wants, void **ret_state,
		   uint32_t *ret_field UNUSED)
{
	struct regex *regex = calloc(1, sizeof *regex + link->n_patterns * sizeof(struct one));

	if (!regex)
		return -ENOMEM;
	for (size_t i = 0; i < link->n_patterns; i++)
		compile_one(&regex->patterns[regex->n++], link->patterns[i], wants);
	*ret_state = regex;
	return 0;
}

static void *discard(void *state)
{
	free(state);
	return NULL;
}

static void take(const struct one *one, const struct slice *groups, struct slice *fields)
{
	for (uint64_t left = one->wanted; left; left &= left - 1) {
		int i = __builtin_ctzll(left);

		if (groups[i].at)
			fields[one->slots[i]] = groups[i];
	}
}

static int extract(const void *state, struct slice text, struct kind_run *run)
{
	const struct regex *regex = state;
	struct slice groups[PATTERN_FIELDS_MAX];
	bool limit = false;

	for (size_t i = 0; i < regex->n; i++) {
		const struct one *one = &regex->patterns[i];
		int r = pattern_match(one->pattern, run->scratch, text, one->wanted, groups);

		if (r == 0) {
			take(one, groups, run->fields);
			return 0;
		}
		limit |= r == PATTERN_E_LIMIT;
	}
	return limit ? PARSER_E_LIMIT : PARSER_E_MISS;
}

void kind_regex_stop(const struct parser_link *link, struct pattern_scratch *scratch,
		     struct slice text, size_t *ret_start, size_t *ret_end)
{
	*ret_start = *ret_end = 0;
	for (size_t i = 0; i < link->n_patterns; i++) {
		size_t start, end;

		pattern_furthest(link->patterns[i], scratch, text, &start, &end);
		if (end - start <= *ret_end - *ret_start)
			continue;
		*ret_start = start;
		*ret_end = end;
	}
}

const struct kind kind_regex = {NULL, NULL, compile, discard, extract};
