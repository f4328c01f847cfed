/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chain. Nearly all parsers are a single pattern, which parser_extract calls without coming
 * here; all others pay for a loop over their links and for emptying the fields.
 *
 * Every link is tried, whatever became of the others: of a line of a container that is no JSON the
 * time and the stream are still known, and a path of another shape takes nothing from the line.
 * That a link has nothing to read is as if it did not match.
 */
#include "parsers/kinds/parser.h"

#include <errno.h>
#include <stdlib.h>

#include "parsers/kinds/kinds_private.h"

#define MESSAGE "message"

enum reads { READS_LINE, READS_PATH, READS_NAME, READS_FOUND, READS_FIELD };

struct link {
	const struct parser_link *link;
	const struct kind *kind;
	enum reads reads;
	uint32_t field;
	void *state; /* of the kind */
};

struct parser {
	struct parser_single single; /* the first, see parser_extract */
	uint64_t wanted;
	struct parser_fields fields; /* whose names the kinds borrow */
	size_t n;
	struct link links[PARSER_LINKS_MAX];
};

static const struct kind *const kinds[] = {
	[PARSER_REGEX] = &kind_regex,   [PARSER_JSON] = &kind_json,
	[PARSER_LOGFMT] = &kind_logfmt, [PARSER_CSV] = &kind_csv,
	[PARSER_TSV] = &kind_csv,       [PARSER_SYSLOG] = &kind_syslog,
	[PARSER_CRI] = &kind_cri,       [PARSER_DOCKER] = &kind_docker,
};

bool parser_link_may_have(const struct parser_link *link, struct slice name)
{
	struct slice open = slice_of(kinds[link->kind]->open);

	return link->header ||
	       (open.at && name.len > open.len && memcmp(name.at, open.at, open.len) == 0);
}

static const char *regex_field(const struct parser_link *link, size_t index)
{
	for (size_t i = 0; i < link->n_patterns; i++) {
		size_t n = pattern_n_fields(link->patterns[i]);

		if (index < n)
			return pattern_field(link->patterns[i], index);
		index -= n;
	}
	return NULL;
}

const char *parser_link_field(const struct parser_link *link, size_t index)
{
	const char *const *names = kinds[link->kind]->names;

	if (link->kind == PARSER_REGEX)
		return regex_field(link, index);
	if (link->kind == PARSER_CSV || link->kind == PARSER_TSV)
		return index < link->n_columns ? link->columns[index] : NULL;
	for (size_t i = 0; names && names[i]; i++) {
		if (i == index)
			return names[i];
	}
	return NULL;
}

static bool has_field(const struct parser_link *link, const char *name)
{
	const char *field;

	if (parser_link_may_have(link, slice_of(name)))
		return true;
	for (size_t i = 0; (field = parser_link_field(link, i)); i++) {
		if (strcmp(field, name) == 0)
			return true;
	}
	return false;
}

const char *parser_link_from(const struct parser_link *const *links, size_t index)
{
	const char *from = links[index]->from;

	if (from)
		return from;
	/* What reads something else than the line is no part of its wrapping. */
	for (size_t i = 0; i < index; i++) {
		if (!links[i]->from && has_field(links[i], MESSAGE))
			return MESSAGE;
	}
	for (size_t i = 0; i < index; i++) {
		if (!links[i]->from)
			return NULL;
	}
	return "line";
}

int parser_fields_add(struct parser_fields *fields, struct slice name, uint32_t *ret_index)
{
	char *copy;

	for (size_t i = 0; i < fields->n; i++) {
		if (slice_eq(name, slice_of(fields->names[i]))) {
			*ret_index = (uint32_t)i;
			return 0;
		}
	}
	if (fields->n == PARSER_FIELDS_MAX)
		return PARSER_E_FULL;
	copy = strndup(name.at, name.len);
	if (!copy)
		return -ENOMEM;
	fields->names[fields->n] = copy;
	*ret_index = (uint32_t)fields->n++;
	return 0;
}

void parser_fields_deinit(struct parser_fields *fields)
{
	for (size_t i = 0; i < fields->n; i++)
		free(fields->names[i]);
	fields->n = 0;
}

/* Whether the numbers of the pattern's groups are those of the fields. */
static bool is_single(const struct parser_link *const *links, size_t n,
		      const struct parser_fields *fields)
{
	const struct pattern *pattern;

	if (n != 1 || links[0]->kind != PARSER_REGEX || links[0]->n_patterns != 1 ||
	    strcmp(parser_link_from(links, 0), "line") != 0)
		return false;
	pattern = links[0]->patterns[0];
	/* Those behind them are not the parser's. */
	if (pattern_n_fields(pattern) > fields->n)
		return false;
	for (size_t i = 0; i < pattern_n_fields(pattern); i++) {
		if (strcmp(fields->names[i], pattern_field(pattern, i)) != 0)
			return false;
	}
	return true;
}

/* Where the link reads; a field is among those of the parser. */
static void set_input(struct link *link, const char *from, const struct parser_fields *fields)
{
	link->reads = strcmp(from, "line") == 0            ? READS_LINE :
		      strcmp(from, "file.path") == 0       ? READS_PATH :
		      strcmp(from, "file.name") == 0       ? READS_NAME :
		      strcmp(from, PARSER_FROM_FOUND) == 0 ? READS_FOUND :
							     READS_FIELD;
	for (uint32_t i = 0; link->reads == READS_FIELD && i < fields->n; i++) {
		if (strcmp(fields->names[i], from) == 0)
			link->field = i;
	}
}

static int compile_link(struct parser *parser, const struct parser_link *const *links, size_t index,
			const struct kind_wants *wants, uint32_t *ret_field)
{
	struct link *link = &parser->links[parser->n++];

	*link = (struct link){links[index], kinds[links[index]->kind]};
	set_input(link, parser_link_from(links, index), wants->fields);
	return link->kind->compile(links[index], wants, &link->state, ret_field);
}

int parser_new(const struct parser_link *const *links, size_t n, struct parser_fields *fields,
	       uint64_t wanted, struct parser **ret_parser, uint32_t *ret_field)
{
	struct parser *parser = calloc(1, sizeof *parser);
	struct kind_wants wants = {fields, wanted};
	int r = 0;

	if (!parser)
		return -ENOMEM;
	parser->wanted = wanted;
	if (is_single(links, n, fields))
		parser->single = (struct parser_single){links[0]->patterns[0], wanted};
	for (size_t i = 0; i < n && r == 0; i++)
		r = compile_link(parser, links, i, &wants, ret_field);
	if (r) {
		parser_free(parser);
		return r;
	}
	parser->fields = *fields;
	fields->n = 0;
	*ret_parser = parser;
	return 0;
}

struct parser *parser_free(struct parser *parser)
{
	if (parser) {
		for (size_t i = 0; i < parser->n; i++)
			parser->links[i].kind->free(parser->links[i].state);
		parser_fields_deinit(&parser->fields);
		free(parser);
	}
	return NULL;
}

const struct parser_single *parser_single(const struct parser *parser)
{
	return parser->single.pattern ? &parser->single : NULL;
}

static struct slice input_of(const struct link *link, const struct parser_input *input,
			     const struct slice *fields)
{
	switch (link->reads) {
	case READS_LINE:
		return input->line.at ? input->line : slice_of("");
	case READS_PATH:
		return input->path;
	case READS_NAME:
		return input->name;
	case READS_FOUND:
		return input->found;
	default:
		return fields[link->field];
	}
}

/* As extract of a kind. A path that does not match may be a link to one that does. */
static int extract(const struct link *link, const struct parser_input *input, struct slice text,
		   struct kind_run *run)
{
	int r = text.at ? link->kind->extract(link->state, text, run) : PARSER_E_MISS;

	if (UNLIKELY(r == PARSER_E_MISS && link->reads == READS_FOUND && input->real.at))
		r = link->kind->extract(link->state, input->real, run);
	return r;
}

static void empty_fields(const struct parser *parser, struct slice *fields)
{
	for (uint64_t left = parser->wanted; left; left &= left - 1)
		fields[__builtin_ctzll(left)] = SLICE_NONE;
}

int parser_run(const struct parser *parser, struct pattern_scratch *scratch,
	       const struct parser_input *input, struct arena *arena, struct slice *ret_fields)
{
	struct kind_run run = {scratch, arena, ret_fields, input->header};
	size_t matched = 0;
	bool limit = false;

	empty_fields(parser, ret_fields);
	for (size_t i = 0; i < parser->n; i++) {
		const struct link *link = &parser->links[i];
		struct slice text = input_of(link, input, ret_fields);
		int r = extract(link, input, text, &run);

		if (UNLIKELY(r < 0))
			return r;
		matched += r == 0;
		limit |= r == PARSER_E_LIMIT;
	}
	if (LIKELY(matched == parser->n))
		return 0;
	return matched ? PARSER_E_PARTLY : limit ? PARSER_E_LIMIT : PARSER_E_MISS;
}

int parser_explain(const struct parser *parser, struct pattern_scratch *scratch,
		   const struct parser_input *input, struct arena *arena,
		   struct parser_stop *ret_stop)
{
	struct slice fields[PARSER_FIELDS_MAX];
	struct kind_run run = {scratch, arena, fields, input->header};

	*ret_stop = (struct parser_stop){0};
	empty_fields(parser, fields);
	for (size_t i = 0; i < parser->n; i++) {
		const struct link *link = &parser->links[i];
		struct slice text = input_of(link, input, fields);
		int r;

		run.stop = text.at;
		r = extract(link, input, text, &run);
		if (r == 0)
			continue;
		if (r < 0)
			return r;
		*ret_stop = (struct parser_stop){link->link, !text.at, text};
		if (link->link->kind == PARSER_REGEX && text.at)
			kind_regex_stop(link->link, scratch, text, &ret_stop->start,
					&ret_stop->end);
		else if (text.at)
			ret_stop->end = (size_t)(run.stop - text.at);
		break;
	}
	return 0;
}
