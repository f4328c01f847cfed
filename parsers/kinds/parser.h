/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_KINDS_PARSER_H
#define PARSERS_KINDS_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/result.h"
#include "base/slice.h"
#include "parsers/pattern.h"

/*
 * What cuts a line into fields: a chain of links, each of a kind (a pattern, JSON, ...). A link
 * reads the line, the file's path, or a field that a link before it found. Compiled for a source,
 * with the fields that somebody wants: nothing else is cut out or decoded. Immutable once compiled.
 */
struct parser;

/* Fields that one source may use, and links of a chain. */
#define PARSER_FIELDS_MAX 64
#define PARSER_LINKS_MAX 9

enum parser_kind {
	PARSER_REGEX,
	PARSER_JSON,
	PARSER_LOGFMT,
	PARSER_CSV,
	PARSER_TSV,
	PARSER_SYSLOG,
	PARSER_CRI,
	PARSER_DOCKER,
};

/* What path_pattern reads: the path under which a file was found, or what links led to. */
#define PARSER_FROM_FOUND \
	"\x1f"            \
	"found"

/* One parser as the configuration has it; serves any number of chains, and has to outlive them. */
struct parser_link {
	const char *name;
	enum parser_kind kind;
	/* a field, "line", "file.path", "file.name", PARSER_FROM_FOUND; NULL: see below */
	const char *from;
	struct pattern **patterns; /* regex: tried in their order */
	size_t n_patterns;
	char **columns; /* csv, tsv: names in their order; "" for one without */
	size_t n_columns;
	char delimiter; /* csv */
	bool header;    /* csv, tsv: the first line of the file has their names */
};

/* The fields of a chain by number: those that templates name, in the order of their naming. */
struct parser_fields {
	size_t n;
	char *names[PARSER_FIELDS_MAX]; /* owned */
};

enum {
	PARSER_E_MISS = PATTERN_E_MISS, /* parser_extract: no link matches */
	PARSER_E_LIMIT =
		PATTERN_E_LIMIT, /* parser_extract: a pattern gave up, and no link matches */
	PARSER_E_PARTLY = 100,   /* parser_extract: some of the links match */
	PARSER_E_FULL,           /* parser_fields_add: there are PARSER_FIELDS_MAX */
	PARSER_E_NAME,           /* parser_new: that cannot be the name of a field */
};

/* Whether a link may have a field of that name, because what it reads names its fields. */
bool parser_link_may_have(const struct parser_link *link, struct slice name);

/* Names of fields that the link surely knows, by number from 0 on; NULL behind the last. */
const char *parser_link_field(const struct parser_link *link, size_t index);

/*
 * What the link at `index` of a chain reads: its `from`; else the first one the line, any other the
 * field "message" if a link before it has one. NULL: nothing, and its user has to say.
 */
const char *parser_link_from(const struct parser_link *const *links, size_t index);

/* The number of that name, which is added when it is new. 0, PARSER_E_FULL, -ENOMEM. */
int parser_fields_add(struct parser_fields *fields, struct slice name, uint32_t *ret_index)
	MUSTCHECK;

void parser_fields_deinit(struct parser_fields *fields);

/*
 * Compiles a chain of n links for the fields of the set `wanted` (a bit for each number), to which
 * what the links read has been added. A field that several links have is that of the last one which
 * finds it. 0: *ret_parser is the caller's, the fields are consumed. PARSER_E_NAME: *ret_field is
 * the number of a field whose name no JSON path can be. -ENOMEM.
 */
int parser_new(const struct parser_link *const *links, size_t n, struct parser_fields *fields,
	       uint64_t wanted, struct parser **ret_parser, uint32_t *ret_field) MUSTCHECK;

/* NULL is fine. Returns NULL. */
struct parser *parser_free(struct parser *parser);

/* What a parser reads. */
struct parser_input {
	struct slice line, path, name;
	struct slice
		found; /* the path at which the file was first; looked at where a link reads it */
	struct slice header; /* the first line of its file, for a link that reads that */
	struct slice real;   /* what links led to from there; at == NULL: none did */
};

/* Of parser_extract, for what is not a single pattern. */
int parser_run(const struct parser *parser, struct pattern_scratch *scratch,
	       const struct parser_input *input, struct arena *arena, struct slice *ret_fields)
	MUSTCHECK;

/* The pattern, when the parser is nothing but one that reads the line; else NULL. */
struct parser_single {
	const struct pattern *pattern;
	uint64_t wanted;
};

const struct parser_single *parser_single(const struct parser *parser);

/*
 * 0: of ret_fields those that are wanted are slices of the input or lie in the arena (at == NULL:
 * the line has none), the others are untouched. PARSER_E_PARTLY: likewise, but not all links
 * match, so some are missing. PARSER_E_MISS, PARSER_E_LIMIT: ret_fields are nothing. -ENOMEM.
 */
MUSTCHECK static inline int parser_extract(const struct parser *parser,
					   struct pattern_scratch *scratch,
					   const struct parser_input *input, struct arena *arena,
					   struct slice *ret_fields)
{
	/* The first member of every parser. */
	const struct parser_single *single = (const struct parser_single *)parser;

	if (LIKELY(single->pattern))
		return pattern_match(single->pattern, scratch, input->line, single->wanted,
				     ret_fields);
	return parser_run(parser, scratch, input, arena, ret_fields);
}

/* Where the first link that does not match stops. */
struct parser_stop {
	const struct parser_link *link; /* NULL: all match */
	bool missing;                   /* there is nothing for it to read */
	struct slice text;              /* that it reads; borrowed as fields are */
	size_t start, end; /* bytes start .. end agree with it, as pattern_furthest says */
};

/* For people. 0 or -ENOMEM. */
int parser_explain(const struct parser *parser, struct pattern_scratch *scratch,
		   const struct parser_input *input, struct arena *arena,
		   struct parser_stop *ret_stop) MUSTCHECK;

#endif
