/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_GROK_H
#define PARSERS_GROK_H

#include <stddef.h>

#include "base/result.h"
#include "base/slice.h"

/*
 * Grok, the macros of Logstash, as a pattern of PCRE2: "%{IP:client} %{WORD:method}". A macro is
 * one of those given, else one of the usual ones (grok_names.c). "%{NAME:field:int}" is
 * "%{NAME:field}"; of a field's name all but letters, digits and underscores become an underscore,
 * and brackets that stand for nesting ("[http][method]") one between the names.
 */

/* A macro of the user's. */
struct grok_macro {
	struct slice name, text; /* borrowed */
};

/* Macros within macros, and the length that a pattern may grow to. */
#define GROK_DEPTH_MAX 16
#define GROK_PATTERN_MAX ((size_t)64 << 10)

enum {
	GROK_E_SYNTAX = 1, /* not closed, an unknown macro, too deep, too long */
};

struct grok_error {
	char message[256];
};

/* 0: *ret_pattern is malloc'ed. GROK_E_SYNTAX fills *ret_error. -ENOMEM. */
int grok_translate(struct slice text, const struct grok_macro *macros, size_t n_macros,
		   char **ret_pattern, struct grok_error *ret_error) MUSTCHECK;

/* The text of one of the usual macros, or NULL. */
const char *grok_usual(struct slice name);

/* The name of the usual macro of that index; NULL behind the last. */
const char *grok_usual_name(size_t index);

#endif
