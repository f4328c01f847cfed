/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLUSTER_WATCH_H
#define CLUSTER_WATCH_H

#include "cluster/cluster.h"
#include "login/renewal.h"

/* What of a kafka block stands in files, which may be replaced while it is in use. */
struct cluster_watch {
	struct renewal *files; /* of certificates, keys, passwords; NULL: it names none */
	struct renewal *token; /* the file that tokens are in; NULL: there is none */
	bool due; /* something was replaced between the reading of the configuration and this */
};

/* 0 or -ENOMEM; *ret_watch is for cluster_watch_close in both cases. */
int cluster_watch_open(const struct cluster *cluster, struct cluster_watch *ret_watch) MUSTCHECK;

/* Zeroed it is fine. */
void cluster_watch_close(struct cluster_watch *watch);

/*
 * Whether there is something new in `files`; ret_what (len bytes) says in which, as renewal_look
 * has it. To be called about once a second.
 */
bool cluster_watch_look(struct cluster_watch *watch, const struct cluster *cluster, uint64_t now_us,
			char *ret_what, size_t len);

enum {
	CLUSTER_E_UNAVAILABLE = 1, /* something that a property refers to cannot be had */
};

/*
 * The properties of the block, with what references refer to now. 0: *ret_props, n_props of them,
 * is for kafka_props_free. CLUSTER_E_UNAVAILABLE: ret_message (len bytes) says which and why.
 * -ENOMEM and other errno.
 */
int cluster_fetch(const struct cluster *cluster, struct prop **ret_props, char *ret_message,
		  size_t len) MUSTCHECK;

#endif
