/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_DEMO_SAMPLE_H
#define CMD_DEMO_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

/* A shop that logs what becomes of its orders: the sample application of the demo. */

/* No line is longer, its LF included. */
#define DEMO_SAMPLE_LINE_MAX 128

/* So many lines still fit into what the demo accounts for of one file (DEMO_FILE_MAX). */
#define DEMO_SAMPLE_LINES_MAX 5000

/* Puts the line of this number (from 0), LF included, into to. Returns its length. */
size_t demo_sample_line(char to[DEMO_SAMPLE_LINE_MAX], unsigned number, int64_t now_ms);

/* Appends a line to the log as applications do: one write. 0, negative errno. */
int demo_sample_append(int fd, const char *line, size_t len) MUSTCHECK;

#endif
