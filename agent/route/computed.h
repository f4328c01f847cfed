/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROUTE_COMPUTED_H
#define ROUTE_COMPUTED_H

#include <stdint.h>

#include "base/arena.h"
#include "base/result.h"
#include "parsers/template.h"

/* Fields that a source makes of others, before its record is made of all of them. */

#define COMPUTED_MAX 32

enum computed_case { COMPUTED_CASE_KEEP, COMPUTED_CASE_LOWER, COMPUTED_CASE_UPPER };

/* One row of a table: what stands for what. Both owned. */
struct computed_pair {
	char *from, *to;
};

struct computed_field {
	struct template *value; /* owned */
	uint32_t number;        /* of the field that it becomes */
	enum computed_case letters;
	size_t n_pairs;
	struct computed_pair *pairs; /* owned */
	char *fallback; /* of what is missing or not in the table; NULL: as it is. Owned */
};

/* Zeroed: none. */
struct computed {
	size_t n;
	struct computed_field of[COMPUTED_MAX];
};

/*
 * Computes the fields in their order and puts them into `fields`, by number; one may be made of
 * those before it. What its template misses is missing, or its fallback. Letters are made small
 * or large first, then the table is looked at. 0 or -ENOMEM. Slices borrow from all of it.
 */
int computed_fill(const struct computed *computed, const struct template_facts *facts,
		  struct arena *arena, struct slice *fields) MUSTCHECK;

/* The fields that they are made of, and those that they are: a bit for each number. */
uint64_t computed_reads(const struct computed *computed);
uint64_t computed_numbers(const struct computed *computed);

void computed_deinit(struct computed *computed);

#endif
