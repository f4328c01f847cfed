/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_PROBLEMS_H
#define SETTINGS_PROBLEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/result.h"
#include "parsers/pattern.h"

/* What is wrong with a configuration, collected, so that all of it is said at once and in order. */

/* One file, in the order of reading. */
struct conf_file {
	char *name; /* as it is printed; owned by whoever made this */
	unsigned order;
};

struct conf_place {
	const struct conf_file *file; /* borrowed; must outlive the problems */
	unsigned line;                /* 0: the file as a whole */
};

struct conf_problem {
	struct conf_place place;
	size_t order; /* of noticing: keeps the sort stable */
	bool warning;
	char *text; /* may hold control characters of a value */
};

struct conf_problems {
	struct conf_problem *items; /* the first CONF_PROBLEMS_MAX */
	size_t n;
	size_t n_errors; /* without the warnings */
	bool no_memory;  /* something could not be noted down: the caller returns -ENOMEM */
};

#define CONF_PROBLEMS_NULL ((struct conf_problems){0})

/* More than these are counted only. */
#define CONF_PROBLEMS_MAX 200

/* Notes an error. Never fails: see no_memory. */
void conf_problem(struct conf_problems *problems, struct conf_place place, const char *format, ...)
	PRINTF_LIKE(3, 4);

/* Notes something that works but is probably not meant. */
void conf_warning(struct conf_problems *problems, struct conf_place place, const char *format, ...)
	PRINTF_LIKE(3, 4);

/* Notes what PCRE2 says of a pattern, with the piece of it where it went wrong. */
void conf_problem_of_pattern(struct conf_problems *problems, struct conf_place place,
			     const char *label, const char *text,
			     const struct pattern_error *error);

/* "file:line: message" or "file:line: warning: message", one a line, by file and line. */
void conf_problems_print(struct conf_problems *problems, FILE *out);

void conf_problems_deinit(struct conf_problems *problems);

#endif
