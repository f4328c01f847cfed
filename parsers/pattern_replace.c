/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replacing is PCRE2's own substitution: matches of nothing, groups without part and the syntax of
 * replacements have more corners than a loop of ours would get right. It is asked only for a line
 * that holds a match: pcre2_jit_match, without the checks, says no to all others, and they cost
 * nothing but that. The first match of a line with one is thus found twice. Handing it over
 * (PCRE2_SUBSTITUTE_MATCHED) was rejected: PCRE2 then copies the match data into memory that it
 * allocates for each call.
 *
 * PCRE2 reads a replacement only when it replaces something. To know at the start that it is right,
 * it is tried on a pattern with the same groups that matches the empty text.
 *
 * Accepted: each match has the effort of PATTERN_MATCH_LIMIT, so a long line with many matches that
 * nearly reach it takes a multiple of a millisecond. Such patterns are found by `waybill check`.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parsers/pattern_private.h"

#define OPTIONS (PCRE2_SUBSTITUTE_GLOBAL | PCRE2_SUBSTITUTE_UNSET_EMPTY)

/* First guess of what a line grows by; redaction nearly always makes it shorter. */
#define GROWTH 64

/* "(?<name>)" for each group with a name, "()" for the others. NULL when memory is out. */
static char *empty_groups(const struct pattern *pattern, size_t *ret_len)
{
	uint32_t n_groups = 0, field = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, ret_len);

	if (!out)
		return NULL;
	pcre2_pattern_info(pattern->code, PCRE2_INFO_CAPTURECOUNT, &n_groups);
	for (uint32_t group = 1; group <= n_groups; group++) {
		if (field < pattern->n_fields && pattern->groups[field] == group)
			fprintf(out, "(?<%s>)", pattern->names[field++]);
		else
			fputs("()", out);
	}
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

/* What PCRE2 says of a replacement, to the user. */
static int explain(int code, size_t at, size_t len, struct pattern_error *ret_error)
{
	if (code == PCRE2_ERROR_NOMEMORY)
		return -ENOMEM;
	ret_error->at = at < len ? at : len;
	if (code == PCRE2_ERROR_NOSUBSTRING)
		snprintf(ret_error->message, sizeof ret_error->message,
			 "the pattern has no such group");
	else
		pcre2_get_error_message(code, (PCRE2_UCHAR *)ret_error->message,
					sizeof ret_error->message);
	return PATTERN_E_SYNTAX;
}

int pattern_check_replacement(const struct pattern *pattern, const char *text, size_t len,
			      struct pattern_error *ret_error)
{
	size_t groups_len = 0, n = len + 1;
	char *groups = empty_groups(pattern, &groups_len), *out = malloc(n);
	pcre2_code *code = NULL;
	int r = -ENOMEM, error;
	PCRE2_SIZE at;

	if (groups && out)
		code = pcre2_compile((PCRE2_SPTR)groups, groups_len, 0, &error, &at, NULL);
	if (code) {
		r = pcre2_substitute(code, (PCRE2_SPTR) "", 0, 0, OPTIONS, NULL, NULL,
				     (PCRE2_SPTR)text, len, (PCRE2_UCHAR *)out, &n);
		r = r < 0 ? explain(r, n, len, ret_error) : 0;
	}
	pcre2_code_free(code);
	free(groups);
	free(out);
	return r;
}

/* One try with `room` bytes, the NUL included. */
static int substitute(const struct pattern *pattern, struct pattern_scratch *scratch,
		      struct slice line, struct slice replacement, char *out, size_t *room)
{
	return pcre2_substitute(pattern->code, (PCRE2_SPTR)line.at, line.len, 0,
				OPTIONS | PCRE2_SUBSTITUTE_OVERFLOW_LENGTH, scratch->data,
				scratch->context, (PCRE2_SPTR)replacement.at, replacement.len,
				(PCRE2_UCHAR *)out, room);
}

int pattern_replace(const struct pattern *pattern, struct pattern_scratch *scratch,
		    struct slice line, struct slice replacement, struct arena *arena,
		    struct slice *ret_line)
{
	struct slice bytes = {line.at ? line.at : "", line.len};
	size_t room = line.len + GROWTH, len = room;
	char *out;
	int r = pattern_match(pattern, scratch, bytes, PATTERN_NO_FIELDS, NULL);

	if (LIKELY(r))
		return r;
	out = arena_alloc(arena, room);
	if (!out)
		return -ENOMEM;
	r = substitute(pattern, scratch, bytes, replacement, out, &len);
	if (r == PCRE2_ERROR_NOMEMORY && len > room) {
		if (len > PATTERN_REPLACED_MAX)
			return PATTERN_E_LIMIT;
		room = len;
		out = arena_alloc(arena, room);
		if (!out)
			return -ENOMEM;
		r = substitute(pattern, scratch, bytes, replacement, out, &len);
	}
	if (r <= 0)
		return PATTERN_E_LIMIT;
	arena_trim(arena, out + room, room - len);
	*ret_line = (struct slice){out, len};
	return 0;
}
