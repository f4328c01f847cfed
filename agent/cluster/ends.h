/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLUSTER_ENDS_H
#define CLUSTER_ENDS_H

#include "cluster/cluster.h"
#include "login/expiry.h"

/* When the certificates end that a kafka block names: of each setting one. */
struct cluster_ends {
	size_t n;
	struct expiry at[EXPIRY_SETTINGS];
};

/*
 * As they are now: files are read, and references followed, again. What cannot be read is left out.
 * 0: *ret_ends is filled. -ENOMEM.
 */
int cluster_ends_read(const struct cluster *cluster, struct cluster_ends *ret_ends) MUSTCHECK;

#endif
