/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROUTE_ROUTE_PRIVATE_H
#define ROUTE_ROUTE_PRIVATE_H

#include "route/route.h"

/* Shared by route.c and its parts, one file for each part of a record that has rules of its own. */

struct route {
	struct route_parts parts;
	struct slice *topic_names;
	bool constant_topic;
	bool prepares;       /* computes fields, or has rules */
	bool constant_known; /* the constant topic is in the list, as constant_index */
	uint32_t constant_index;
	uint64_t fields; /* that any of its templates holds */
};

/* Sets record->key and what the outcome says of keys. 0 or -ENOMEM. */
int route_set_key(const struct route *route, const struct template_facts *facts,
		  struct arena *arena, struct record *record, struct outcome *outcome) MUSTCHECK;

/* Sets record->timestamp_ms, *facts of it, and what the outcome says of times. 0 or -ENOMEM. */
int route_set_time(const struct route *route, struct template_facts *facts, struct arena *arena,
		   struct record *record, struct outcome *outcome) MUSTCHECK;

/* Sets record->partition for a route that has a template for it. 0 or -ENOMEM. */
int route_set_partition(const struct route *route, const struct template_facts *facts,
			struct arena *arena, struct record *record, struct outcome *outcome)
	MUSTCHECK;

#endif
