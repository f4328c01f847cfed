/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_IMPORT_LOGSTASH_H
#define CMD_IMPORT_LOGSTASH_H

#include <stdio.h>

#include "cmd/import/write.h"

/* A pipeline of Logstash while it is written as ours: what its two modules share. */

/* A list of ours while it is made. */
struct made {
	FILE *to;
	char *text;
	size_t len;
	unsigned n;
};

/* Of the members of a value, by name. */
#define LOGSTASH_NAMES_MAX 64

struct logstash {
	struct entries *entries;
	unsigned input, output;
	const char *type;    /* of the input at hand, or NULL */
	char name[64];       /* of its source */
	char message[128];   /* the field with what the line says; "line": the line */
	bool nested;         /* fields are paths of JSON */
	struct made parsers; /* of all sources */
	struct made chain, fields, rules, redact, members;
	char *time; /* the settings of the timestamp, malloc'ed; NULL: none */
	bool skips; /* lines that a pattern does not match are left out */
	bool groks; /* there is such a pattern */
	char *names[LOGSTASH_NAMES_MAX];
	size_t n_names;
};

/* The beginning of a row of the list, behind what is there; the row is written to made->to. */
FILE *logstash_row(struct made *made);

/* Such a row, written: `{ name = "..."; value = "..."; MORE}`. */
void logstash_named_row(struct made *made, const char *name, const char *value, const char *more);

/* Writes NAME, the rows and CLOSE behind an indent, if there are any, and empties the list. */
void logstash_write(FILE *to, struct made *made, int indent, const char *name, const char *close);

/* Their text with "%{...}" as a template of ours. malloc'ed; NULL when memory is out. */
char *logstash_template(struct logstash *c, const char *text);

/* The name of a field, "[a][b]", as ours. */
void logstash_field(const struct logstash *c, struct slice theirs, char *name, size_t len);

/* A member of the value with that name, once; value NULL: there will be none of it. */
void logstash_member(struct logstash *c, const char *name, const char *value, const char *more);

/* A member with the field of that name, if the line has it. */
void logstash_add(struct logstash *c, const char *name);

/* Their pattern, whose macros are written out where it has some. malloc'ed or NULL. */
char *logstash_pattern(const char *text);

/* A filter that is looked at. */
struct logstash_filter {
	struct logstash *c;
	unsigned number;
	const char *kind;
};

/* A setting of it, or NULL. */
const char *logstash_value(struct logstash_filter *f, const char *name);

/* The element of a list, or NULL. */
const char *logstash_element(struct logstash_filter *f, const char *name, size_t i);

/* The next setting "NAME.KEY" of it from entry *at on, which moves on: its key; NULL: no more. */
const char *logstash_key(struct logstash_filter *f, const char *name, size_t *at,
			 struct entry **ret_entry);

bool logstash_mutate(struct logstash_filter *f);

/*
 * A filter that drops lines, all of them or so many of a hundred, where the condition holds ("":
 * anywhere). False: that is no rule of ours, and nothing was written.
 */
bool logstash_drop(struct logstash_filter *f, const char *condition);

/* What the filters say of the lines of the input at hand goes into the lists. */
void logstash_filters(struct logstash *c);

#endif
