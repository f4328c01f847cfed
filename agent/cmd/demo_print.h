/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_DEMO_PRINT_H
#define CMD_DEMO_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/result.h"
#include "base/slice.h"
#include "cmd/demo_file.h"
#include "output/embedded.h"

/* How the demo writes to a person: the width it has, and colours or none. */
struct demo_paper {
	FILE *to;
	size_t width;                         /* columns */
	const char *bold, *dim, *key, *plain; /* sequences, or all "" */
};

/* For stdout. Colours only on a terminal and without NO_COLOR; 80 columns where there is none. */
void demo_paper_init(struct demo_paper *paper, FILE *to);

/*
 * Prints text in at most `columns` columns, "..." where it is cut. What is no printable character
 * in the user's locale is shown as \xHH: a log line cannot command the terminal. Returns columns.
 */
size_t demo_print_text(const struct demo_paper *paper, struct slice text, size_t columns);

/* The whole path, escaped likewise. */
void demo_print_path(const struct demo_paper *paper, const char *path);

void demo_print_title(const struct demo_paper *paper, const char *title);

/* Topic, partition, offset, key; the headers; the value. */
void demo_print_record(const struct demo_paper *paper, const struct embedded_record *record);

/* The file as it is, indented. */
void demo_print_file(const struct demo_paper *paper, const char *path);

#endif
