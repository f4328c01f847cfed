/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_DEMO_SAMPLE_H
#define CMD_DEMO_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"

/* The lines of a shop that logs what becomes of its orders: the sample application of the demo. */

/* No line is longer, its LF included. */
#define SAMPLE_LINE_MAX 128

#define SAMPLE_RATE 200   /* lines a second */
#define SAMPLE_ROTATE 500 /* after so many lines in a file it is rotated */

/* No sample has more lines: five times what is written in the time that the demo may take. */
#define SAMPLE_LINES_MAX 60000

/* Puts the line of this number (from 0), LF included, into to. Returns its length. */
size_t sample_line(char to[SAMPLE_LINE_MAX], unsigned number, int64_t now_ms);

/* Finds the number in a line. False: there is none below SAMPLE_LINES_MAX. */
bool sample_number(struct slice line, unsigned *ret_number) MUSTCHECK;

/* Finds the number (from 0) of an order in its name, the key. False: it is none of the shop's. */
bool sample_order(struct slice key, unsigned *ret_order) MUSTCHECK;

#endif
