/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INSTANCE_PLANS_H
#define INSTANCE_PLANS_H

#include "instance/topics.h"

/*
 * Topics that are to be made when they are not there at the start. What is there is never altered,
 * and what was there once is not made again: somebody took it away. For the helper thread.
 */
struct plans {
	bool *seen;             /* of each topic: it was there */
	bool *made;             /* by us, and not told yet */
	uint64_t at_us, gap_us; /* when to try again what was refused */
};

/* 0 or -ENOMEM. Embedded; zeroed it is fine for plans_deinit. */
int plans_init(struct plans *plans, size_t n_topics) MUSTCHECK;
void plans_deinit(struct plans *plans);

/* Takes what was learned of the topics: which are there, and which of those that were made. */
void plans_see(struct plans *plans, struct topics *topics);

/* The snapshot is handed over: what it says was made is told. */
void plans_told(struct plans *plans, const struct topics *topics);

/*
 * plans_see, and has those made that are missing. True: one was, so that
 * the brokers are to be asked again. Why one was not is added to its reason. Blocks up to
 * timeout_ms for each.
 */
bool plans_follow(struct plans *plans, const struct kafka_options *options,
		  struct producer *producer, struct topics *topics, int timeout_ms,
		  uint64_t now_us);

#endif
