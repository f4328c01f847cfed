/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Columns with names. csv is RFC 4180: a value that begins with a quote ends with one, and ""
 * within it is a quote; only a value with such pairs is written anew. tsv has tabs and knows no
 * quotes. A line with another number of columns does not match, nor does one with a quote in the
 * midst of a value: its columns would be counted wrongly.
 *
 * Where the first line of a file has the names, it is read together with each line: that costs as
 * much as the line, and nothing has to be kept of a file but that line.
 */
#include <errno.h>
#include <stdlib.h>

#include "parsers/kinds/kinds_private.h"

struct csv {
	char delimiter;
	bool quotes;
	bool header;     /* the first line has the names of the columns */
	uint64_t wanted; /* then: the numbers of those that are, by these names */
	const char *names[PARSER_FIELDS_MAX];
	size_t n;
	int8_t slots[]; /* of each column */
};

static int compile(const struct parser_link *link, const struct kind_wants *wants, void **ret_state,
		   uint32_t *ret_field UNUSED)
{
	struct csv *csv = calloc(1, sizeof *csv + link->n_columns);

	if (!csv)
		return -ENOMEM;
	csv->quotes = link->kind == PARSER_CSV;
	csv->delimiter = (char)(csv->quotes ? link->delimiter : '\t');
	csv->header = link->header;
	csv->wanted = wants->wanted;
	for (size_t i = 0; i < wants->fields->n; i++)
		csv->names[i] = wants->fields->names[i];
	csv->n = link->n_columns;
	for (size_t i = 0; i < csv->n; i++)
		csv->slots[i] = kind_slot(wants, link->columns[i]);
	*ret_state = csv;
	return 0;
}

static void *discard(void *state)
{
	free(state);
	return NULL;
}

/* Text in which each quote stands twice, with one of each. */
static int join_quotes(struct slice text, struct arena *arena, struct slice *ret_text)
{
	char *room = arena_alloc(arena, text.len), *to = room;

	if (!room)
		return -ENOMEM;
	for (size_t i = 0; i < text.len; i++) {
		*to++ = text.at[i];
		i += text.at[i] == '"';
	}
	*ret_text = (struct slice){room, (size_t)(to - room)};
	return 0;
}

/* The value behind a quote; *at is then behind the closing one. False: there is none. */
static bool take_quoted(const char **at, const char *end, struct slice *ret_value, bool *ret_pairs)
{
	const char *start = *at, *quote = start;

	*ret_pairs = false;
	for (;; quote += 2) {
		quote = memchr(quote, '"', (size_t)(end - quote));
		if (!quote)
			return false;
		if (end - quote < 2 || quote[1] != '"')
			break;
		*ret_pairs = true;
	}
	*ret_value = (struct slice){start, (size_t)(quote - start)};
	*at = quote + 1;
	return true;
}

/* One column. 0, PARSER_E_MISS, -ENOMEM. */
static int take_column(const struct csv *csv, const char **at, const char *end,
		       struct kind_run *run, int8_t slot, struct slice *ret_value)
{
	const char *stop;
	bool pairs;

	if (csv->quotes && *at < end && **at == '"') {
		(*at)++;
		if (!take_quoted(at, end, ret_value, &pairs))
			return kind_miss(run, *at);
		return pairs && slot >= 0 ? join_quotes(*ret_value, run->arena, ret_value) : 0;
	}
	stop = memchr(*at, csv->delimiter, (size_t)(end - *at));
	*ret_value = (struct slice){*at, (size_t)((stop ? stop : end) - *at)};
	stop = csv->quotes ? memchr(ret_value->at, '"', ret_value->len) : NULL;
	if (stop)
		return kind_miss(run, stop);
	*at += ret_value->len;
	return 0;
}

/* The columns of a line, one after the other; those of its header go with them. */
struct walk {
	const char *at, *end;
	const char *name, *names_end;
};

/*
 * The next column is of that number, or of none (KIND_UNWANTED), and *ret_last. 0, PARSER_E_MISS
 * (the header is none), -ENOMEM.
 */
static int next_slot(const struct csv *csv, struct walk *walk, size_t i, struct kind_run *run,
		     int8_t *ret_slot, bool *ret_last)
{
	struct slice name;
	int r;

	if (!csv->header) {
		*ret_slot = csv->slots[i];
		*ret_last = i + 1 == csv->n;
		return 0;
	}
	r = take_column(csv, &walk->name, walk->names_end, run, 0, &name);
	*ret_last = walk->name == walk->names_end;
	if (!r && !*ret_last && *walk->name++ != csv->delimiter)
		r = kind_miss(run, walk->at);
	*ret_slot = KIND_UNWANTED;
	for (uint64_t left = csv->wanted; !r && left; left &= left - 1) {
		if (slice_eq(name, slice_of(csv->names[__builtin_ctzll(left)])))
			*ret_slot = (int8_t)__builtin_ctzll(left);
	}
	return r;
}

static int extract(const void *state, struct slice text, struct kind_run *run)
{
	const struct csv *csv = state;
	struct walk walk = {text.at, text.at + text.len, run->header.at,
			    run->header.at ? run->header.at + run->header.len : NULL};
	struct slice found[PARSER_FIELDS_MAX];
	uint64_t set = 0;
	bool last = false;

	if (csv->header && !run->header.at)
		return kind_miss(run, walk.at);
	for (size_t i = 0; !last; i++) {
		struct slice value;
		int8_t slot;
		int r = next_slot(csv, &walk, i, run, &slot, &last);

		if (!r)
			r = take_column(csv, &walk.at, walk.end, run, slot, &value);
		if (r)
			return r;
		if (!last ? walk.at == walk.end || *walk.at != csv->delimiter : walk.at != walk.end)
			return kind_miss(run, walk.at);
		walk.at += !last;
		if (slot < 0)
			continue;
		found[slot] = value;
		set |= (uint64_t)1 << slot;
	}
	for (; set; set &= set - 1)
		run->fields[__builtin_ctzll(set)] = found[__builtin_ctzll(set)];
	return 0;
}

const struct kind kind_csv = {NULL, NULL, compile, discard, extract};
