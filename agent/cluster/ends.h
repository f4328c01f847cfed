/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLUSTER_ENDS_H
#define CLUSTER_ENDS_H

#include "cluster/cluster.h"
#include "login/expiry.h"
#include "login/life.h"

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

/* The worst last. */
enum ends_state {
	ENDS_LATER,
	ENDS_SOON, /* within the time of a warning; a token: though another should have come */
	ENDS_OVER,
};

/*
 * What is the matter with a certificate, or a token, and what to do about it, in words; "" with
 * ENDS_LATER.
 */
#define ENDS_WORDS_MAX 640
enum ends_state cluster_ends_judge(const struct cluster *cluster, const struct expiry *expiry,
				   int64_t now_ms, uint64_t warning_ms, char *ret_words,
				   size_t len);
enum ends_state cluster_ends_judge_token(const struct cluster *cluster, const struct life *life,
					 int64_t now_ms, uint64_t warning_ms, char *ret_words,
					 size_t len);

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
