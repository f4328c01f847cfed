/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_FACTS_H
#define PARSERS_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/result.h"
#include "base/slice.h"

/*
 * What a template may name besides the fields of the parser: one row each in facts.c, from which
 * follow what compiles, what is guessed in messages, how it is written, and the list in
 * waybill.conf(5). A new fact is a row there, and a member here that somebody fills.
 */

/* What names mean where a template is compiled; all borrowed for the call. */
struct template_scope {
	const char *const *fields; /* names of the parser's groups */
	size_t n_fields;
	const char *host;                     /* not NULL */
	const char *source;                   /* not NULL */
	const char *(*env)(const char *name); /* getenv, or the test's own */
	/*
	 * For parsers that take the names of fields from what they read, else NULL: whether a name
	 * that is not in `fields` may be one; and the number of a field of either sort, whose place
	 * in `fields` is none then. 0, TEMPLATE_E_FULL, -ENOMEM.
	 */
	bool (*may_have)(void *context, struct slice name);
	int (*number)(void *context, struct slice name, uint32_t *ret_index);
	void *context;
};

/* Of a scope's number(): no more fields. */
#define TEMPLATE_E_FULL 101

/* What a template sees of one event; all borrowed. */
struct template_facts {
	const struct slice *fields; /* as the parser gave them; NULL when there was no match */
	struct slice line;
	struct slice path;
	struct slice name;
	uint64_t position;
	int64_t read_ms;  /* when it was read, ms since 1970 */
	int64_t event_ms; /* the record's timestamp; filled in by the route */
	bool partly;      /* some links of the parser did not match */
};

enum fact_kind {
	FACT_TEXT,     /* a slice of the facts: no copy */
	FACT_NUMBER,   /* a uint64_t of the facts, in decimal */
	FACT_TIME,     /* an int64_t of the facts, ms since 1970, in ISO 8601 */
	FACT_CONSTANT, /* a string of the scope: part of the template once it is compiled */
	FACT_ENV,      /* the same, what the scope's env() says of the name behind the colon */
};

struct fact {
	const char *name;
	enum fact_kind kind;
	uint16_t width; /* bytes of what is written for it, at most; 0: it is not written anew */
	size_t from;    /* of the facts or the scope, as the kind says */
	const char *help;
};

/* The table; *ret_n rows. */
const struct fact *facts_all(size_t *ret_n);

/* The fact that a reference names ("env:HOME" is that of all variables), or NULL. */
const struct fact *fact_named(struct slice name);

/* Whether a FACT_TIME can be written so: "epoch_s", "epoch_ms", or directives of strftime. */
bool fact_time_format_valid(const char *format);

/* A FACT_TIME in a format that is valid, in UTC. 0 or -ENOMEM. */
int fact_time(const struct fact *fact, const struct template_facts *facts, const char *format,
	      struct arena *arena, struct slice *ret_text) MUSTCHECK;

/* A FACT_CONSTANT. */
const char *fact_constant(const struct fact *fact, const struct template_scope *scope);

/*
 * A fact of one event: TEXT, NUMBER or TIME. *ret_text borrows from the facts or is in the arena.
 * 0 or -ENOMEM.
 */
int fact_text(const struct fact *fact, const struct template_facts *facts, struct arena *arena,
	      struct slice *ret_text) MUSTCHECK;

/* The fact that other agents, and habit, call so; NULL: none. */
const char *facts_by_other_name(const char *name);

#endif
