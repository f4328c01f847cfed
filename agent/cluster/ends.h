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

struct log;

/* Tells a certificate that is not good any more, or not for longer than warning_ms. */
void cluster_ends_tell(const struct cluster *cluster, const struct expiry *expiry,
		       uint64_t warning_ms, struct log *log);

/*
 * Tells a token that ends within warning_ms though another should have come by then. *told_ms: the
 * end of the one that was told last, which is not told again; 0 at first.
 */
void cluster_ends_tell_token(const struct cluster *cluster, uint64_t warning_ms, int64_t *told_ms,
			     struct log *log);

#endif
