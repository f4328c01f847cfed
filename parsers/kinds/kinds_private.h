/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_KINDS_KINDS_PRIVATE_H
#define PARSERS_KINDS_KINDS_PRIVATE_H

#include <string.h>

#include "parsers/kinds/parser.h"

/* Between parser.c (the chain) and the kinds, a file each. */

/* One call of a kind. */
struct kind_run {
	struct pattern_scratch *scratch;
	struct arena *arena;
	struct slice *fields; /* by the numbers of parser_fields; those that are found are set */
	struct slice header;  /* the first line of the file; at == NULL: not known */
	const char *stop;     /* set with PARSER_E_MISS: the byte that does not fit */
};

/* What somebody wants: fields of these numbers. */
struct kind_wants {
	const struct parser_fields *fields;
	uint64_t wanted;
};

struct kind {
	const char *const *names; /* of its fields, NULL at the end; NULL: the link says them */
	const char *open;         /* names that begin so are fields, too; NULL: no others */
	/* 0: *ret_state is for free. -ENOMEM. PARSER_E_NAME. */
	int (*compile)(const struct parser_link *link, const struct kind_wants *wants,
		       void **ret_state, uint32_t *ret_field);
	void *(*free)(void *state);
	/* 0, PARSER_E_MISS, PARSER_E_LIMIT, -ENOMEM. What is not found is left as it is. */
	int (*extract)(const void *state, struct slice text, struct kind_run *run);
};

extern const struct kind kind_regex, kind_json, kind_logfmt, kind_csv, kind_syslog, kind_cri,
	kind_docker;

/* Of the patterns of a link, where the one that gets furthest stops. */
void kind_regex_stop(const struct parser_link *link, struct pattern_scratch *scratch,
		     struct slice text, size_t *ret_start, size_t *ret_end);

/* Names that nobody wants have this number. */
#define KIND_UNWANTED (-1)

/* The number of a field, or KIND_UNWANTED. */
static inline int8_t kind_slot(const struct kind_wants *wants, const char *name)
{
	for (size_t i = 0; i < wants->fields->n; i++) {
		if ((wants->wanted >> i & 1) && strcmp(wants->fields->names[i], name) == 0)
			return (int8_t)i;
	}
	return KIND_UNWANTED;
}

static inline void kind_set(const struct kind_run *run, int8_t slot, const char *at,
			    const char *end)
{
	if (slot >= 0)
		run->fields[slot] = (struct slice){at, (size_t)(end - at)};
}

static inline int kind_miss(struct kind_run *run, const char *stop)
{
	run->stop = stop;
	return PARSER_E_MISS;
}

#endif
