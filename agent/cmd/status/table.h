/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_STATUS_TABLE_H
#define CMD_STATUS_TABLE_H

#include "base/slice.h"
#include "cmd/paper.h"
#include "cmd/status/worst.h"
#include "cmd/stuck.h"

/* An answer for a person, in 80 columns. Embedded; paper set up, the rest zeroed. */
struct table {
	struct paper paper;
	struct worst worst;
	struct stuck stuck;
	bool one;     /* one name is asked about: partitions of it are told that are all right */
	bool sources; /* their head is printed */
	bool known;   /* by its last line: what was asked about is known */
	long long files;
};

/* Takes a line; prints what can be printed as it comes. 0 or -ENOMEM. */
int table_line(struct table *table, const struct object *line) MUSTCHECK;

/* Prints what had to wait for the end, and frees. */
void table_end(struct table *table);

#endif
