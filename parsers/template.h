/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_TEMPLATE_H
#define PARSERS_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "parsers/facts.h"

/*
 * "text ${field} ${field:-default}": how a key, a header, a topic or a value is made of fields and
 * facts. "$$" is one dollar sign, and so is a "$" before anything but "{". A default reaches to
 * the next "}" and is taken as it is. Immutable once compiled.
 *
 *   ${order_id}        a field of the source's parser
 *   ${.host.name}      the same where a fact has that name: what begins with a point is a field
 *   ${file.position}   a fact: facts.h
 *   ${event.time:%F}   a time in a format of strftime, "epoch_s" or "epoch_ms", in UTC
 *   ${host.name}       a constant: folded in when compiled
 *
 * A field that took no part in the match and has no default makes the whole template missing; one
 * that matched nothing is empty, not missing. An env variable that is not set and has no default
 * is an error when compiled. A field that the parser surely has goes before a fact of the same name
 * ("line"), a fact before what a line may have.
 */
struct template;

enum {
	TEMPLATE_E_SYNTAX = 1, /* template_compile: unclosed "${", empty name, over 64 parts */
	TEMPLATE_E_UNKNOWN,    /* template_compile: no such field, or env variable not set */
	TEMPLATE_E_MISSING,    /* template_render: a field without default is missing */
};

struct template_error {
	size_t at;         /* byte of the template */
	char message[256]; /* "no field \"ordr_id\" (did you mean \"order_id\"?)" */
};

/* 0, TEMPLATE_E_SYNTAX, TEMPLATE_E_UNKNOWN (both fill *ret_error), -ENOMEM. text is copied. */
int template_compile(const char *text, const struct template_scope *scope,
		     struct template **ret_template, struct template_error *ret_error) MUSTCHECK;

/* NULL is fine. Returns NULL. */
struct template *template_free(struct template *template);

/* True when it holds constants only: its text is then template_text(). */
bool template_is_constant(const struct template *template);

/* The constant text, borrowed; SLICE_NONE when not constant. */
struct slice template_text(const struct template *template);

/* True when it holds ${line}. */
bool template_holds_line(const struct template *template);

/* True when it holds the time of reading or of the event, as ISO 8601 has it. */
bool template_holds_time(const struct template *template);

/* The fields that it holds: a bit for each index. */
uint64_t template_fields(const struct template *template);

/* True when it has a field without default: it is missing for some lines, or may be. */
bool template_may_be_missing(const struct template *template);

/*
 * 0: *ret_text is borrowed from the template (constant), from the facts (a lone field: no copy)
 * or from the arena (the rest; valid until arena_reset). TEMPLATE_E_MISSING. -ENOMEM.
 */
int template_render(const struct template *template, const struct template_facts *facts,
		    struct arena *arena, struct slice *ret_text) MUSTCHECK;

#endif
