/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_DEMO_PRINT_H
#define CMD_DEMO_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/result.h"
#include "base/slice.h"
#include "output/consumer.h"

/* How the demo writes to a person: the width it has, and colours or none. */
struct demo_paper {
	FILE *to;
	size_t width;                         /* columns */
	const char *bold, *dim, *key, *plain; /* sequences, or all "" */
	bool redraws;                         /* a line can be written over */
	size_t drawn;                         /* columns of the line that is to be written over */
};

/*
 * For stdout. Colours only on a terminal and without NO_COLOR; 80 columns where there is none. No
 * line is written over on a terminal that is narrower than 80 columns or cannot do it.
 */
void demo_paper_init(struct demo_paper *paper, FILE *to);

/* Writes a line, up to 79 columns of ASCII, over the one drawn before: only where `redraws`. */
void demo_paper_draw(struct demo_paper *paper, const char *text);

/* Before anything else is printed: takes away the line that was drawn. */
void demo_paper_clear(struct demo_paper *paper);

/*
 * Prints text in at most `columns` columns, "..." where it is cut. What is no printable character
 * in the user's locale is shown as \xHH: a log line cannot command the terminal. Returns columns.
 */
size_t demo_print_text(const struct demo_paper *paper, struct slice text, size_t columns);

/* The whole path, escaped likewise. */
void demo_print_path(const struct demo_paper *paper, const char *path);

void demo_print_title(const struct demo_paper *paper, const char *title);

/* Topic, partition, offset, key; the headers; the value. */
void demo_print_record(const struct demo_paper *paper, const struct consumed *record);

/* The file as it is, indented. */
void demo_print_file(const struct demo_paper *paper, const char *path);

#endif
