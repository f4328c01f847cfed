/* SPDX-License-Identifier: Apache-2.0 */
/*
 * level=info msg="not yet" id=17: pairs with blanks between them, and nothing else. A value without
 * quotes ends at a blank and may hold anything but quotes; one in quotes has the escapes of JSON.
 * Of pairs of the same name the last one wins.
 *
 * A word without "=" does not match, although some libraries take it for a name with an empty
 * value: in "msg=connection refused" the rest of the message would be lost without a word.
 */
#include <errno.h>
#include <stdlib.h>

#include "parsers/kinds/kinds_private.h"
#include "parsers/kinds/logfmt_private.h"
#include "parsers/kinds/text.h"

struct logfmt {
	size_t n;
	struct {
		struct slice name; /* borrowed from the fields */
		int8_t slot;
	} of[PARSER_FIELDS_MAX];
};

static int compile(const struct parser_link *link UNUSED, const struct kind_wants *wants,
		   void **ret_state, uint32_t *ret_field UNUSED)
{
	struct logfmt *logfmt = calloc(1, sizeof *logfmt);

	if (!logfmt)
		return -ENOMEM;
	for (size_t i = 0; i < wants->fields->n; i++) {
		if (!(wants->wanted >> i & 1))
			continue;
		logfmt->of[logfmt->n].name = slice_of(wants->fields->names[i]);
		logfmt->of[logfmt->n++].slot = (int8_t)i;
	}
	*ret_state = logfmt;
	return 0;
}

static void *discard(void *state)
{
	free(state);
	return NULL;
}

static int8_t find(const struct logfmt *logfmt, struct slice name)
{
	for (size_t i = 0; i < logfmt->n; i++) {
		if (logfmt->of[i].name.len == name.len &&
		    memcmp(logfmt->of[i].name.at, name.at, name.len) == 0)
			return logfmt->of[i].slot;
	}
	return KIND_UNWANTED;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool logfmt_take_pair(const char **at, const char *end, struct logfmt_pair *ret_pair)
{
	const char *here = *at;

	ret_pair->escaped = false;
	while (here < end && (unsigned char)*here > ' ' && *here != '=' && *here != '"')
		here++;
	ret_pair->name = (struct slice){*at, (size_t)(here - *at)};
	*at = here;
	if (here == end || *here != '=' || ret_pair->name.len == 0)
		return false;
	here++;
	if (here < end && *here == '"') {
		const char *close = text_string_end(here + 1, end, &ret_pair->escaped, at);

		if (!close)
			return false;
		ret_pair->value = (struct slice){here + 1, (size_t)(close - here - 1)};
		here = close + 1;
	} else {
		const char *start = here;

		while (here < end && (unsigned char)*here > ' ' && *here != '"')
			here++;
		ret_pair->value = (struct slice){start, (size_t)(here - start)};
	}
	*at = here;
	return here == end || is_blank(*here);
}

static int extract(const void *state, struct slice text, struct kind_run *run)
{
	const struct logfmt *logfmt = state;
	const char *at = text.at, *end = at + text.len;
	struct slice found[PARSER_FIELDS_MAX];
	uint64_t set = 0;

	for (;;) {
		struct logfmt_pair pair;
		int8_t slot;

		while (at < end && is_blank(*at))
			at++;
		if (at == end)
			break;
		if (!logfmt_take_pair(&at, end, &pair))
			return kind_miss(run, at);
		slot = find(logfmt, pair.name);
		if (slot < 0)
			continue;
		if (pair.escaped && text_unescape(pair.value, run->arena, &pair.value))
			return -ENOMEM;
		found[slot] = pair.value;
		set |= (uint64_t)1 << slot;
	}
	if (UNLIKELY(text.len == 0))
		return kind_miss(run, at);
	for (; set; set &= set - 1)
		run->fields[__builtin_ctzll(set)] = found[__builtin_ctzll(set)];
	return 0;
}

const struct kind kind_logfmt = {NULL, "", compile, discard, extract};
