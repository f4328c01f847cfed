/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLUSTER_BUILD_H
#define CLUSTER_BUILD_H

#include "base/result.h"
#include "cluster/cluster.h"
#include "settings/problems.h"
#include "settings/tree.h"

/* One kafka block while it becomes a cluster. All but the cluster is borrowed and only read. */
struct cluster_build {
	const struct conf_node *block; /* NULL: there is none */
	struct cluster *cluster;       /* with name and label */
	struct conf_problems *problems;
	bool no_secrets; /* a reference is not followed: its property is left out */
};

/*
 * The parts, in the order in which they are called: properties, asked of the library; what is about
 * tokens; what goes together (max_line: bytes of the longest line that is sent to it). Each notes
 * its problems. 0 or -ENOMEM.
 */
int cluster_build_block(const struct cluster_build *build) MUSTCHECK;
int cluster_build_login(const struct cluster_build *build) MUSTCHECK;
int cluster_build_producer(const struct cluster_build *build, size_t max_line) MUSTCHECK;

/* Notes what the protocol has no use for, and a mechanism of SASL that there is not. */
void cluster_check_protocol(const struct cluster_build *build);

/* Where a setting of the block stands, by the name that it has there; else the block's place. */
struct conf_place cluster_place(const struct cluster_build *build, const char *setting);

/* Warns where everybody can read the file in which a secret of the block stands. */
void cluster_warn_of_readers(const struct cluster_build *build, const struct conf_node *node);

/* Warns of what is given up with acks other than "all"; label stands before it ("kafka."). */
void cluster_warn_of_acks(struct conf_problems *problems, struct conf_place place,
			  const char *label, const char *acks);

/* Notes a level that the codec has not. codec == NULL: waybill's default; level == NULL: none. */
void cluster_check_compression(struct conf_problems *problems, struct conf_place place,
			       const char *label, const char *codec, const char *level);

#endif
