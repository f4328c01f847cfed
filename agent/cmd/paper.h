/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_PAPER_H
#define CMD_PAPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/slice.h"

/* How a command writes to a person: the width there is, and colours or none. */
struct paper {
	FILE *to;
	size_t width;                         /* columns */
	const char *bold, *dim, *key, *plain; /* sequences, or all "" */
	const char *good, *bad;               /* what is as it should be, and what is not */
	bool redraws;                         /* a line can be written over */
	size_t drawn;                         /* columns of the line that is to be written over */
};

/*
 * For stdout. Colours only on a terminal and without NO_COLOR; 80 columns where there is none. No
 * line is written over on a terminal that is narrower than 80 columns or cannot do it.
 */
void paper_init(struct paper *paper, FILE *to);

/* Writes a line, up to 79 columns of ASCII, over the one drawn before: only where `redraws`. */
void paper_draw(struct paper *paper, const char *text);

/* Before anything else is printed: takes away the line that was drawn. */
void paper_clear(struct paper *paper);

/* Columns of the whole text, counted up to one more than limit. */
size_t paper_columns(struct slice text, size_t limit);

/*
 * Prints text in at most `columns` columns, "..." where it is cut. What is no printable character
 * in the user's locale is shown as \xHH: a log line cannot command the terminal. Returns columns.
 */
size_t paper_print(const struct paper *paper, struct slice text, size_t columns);

/* As much of it as fits into `columns` columns, at least 4; returns the rest, for the next line. */
struct slice paper_print_line(const struct paper *paper, struct slice text, size_t columns,
			      size_t *ret_used);

/* Like paper_print, but cut at its beginning: the end of a long path says more. */
size_t paper_print_end(const struct paper *paper, struct slice text, size_t columns);

/* The whole path, escaped likewise. */
void paper_print_path(const struct paper *paper, const char *path);

#endif
