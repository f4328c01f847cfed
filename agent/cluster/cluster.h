/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLUSTER_CLUSTER_H
#define CLUSTER_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "client/options.h"

/* A Kafka cluster: what its kafka block says, and the topics of it that sources name. */
struct cluster {
	char *name;         /* "": it is the only one, and has none */
	char *label;        /* what messages call its block: kafka "NAME" */
	struct prop *props; /* names with dots; secrets already resolved */
	size_t n_props;
	struct login *login; /* for tokens, or NULL */
	bool idempotent;     /* the producer is; all its records wait for acks=all then */
	struct hash128 mark; /* what the block says, to be compared (settings/marks.h) */
	/*
	 * Its topics; names, partitioners and what is in plans are borrowed. numbers: which each is
	 * among all topics.
	 */
	size_t n_topics;
	uint32_t *numbers;
	const char **topics;
	const struct partitioner **partitioners;
	struct topic_settings *topic_settings;
	struct topic_plan *plans; /* NULL: none of the configuration's topics has one */
};

/* What the block says of a property (name with dots), or NULL; borrowed. */
const char *cluster_value(const struct cluster *cluster, const char *name);

/* Frees what it owns. */
void cluster_deinit(struct cluster *cluster);

#endif
