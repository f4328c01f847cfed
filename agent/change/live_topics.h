/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHANGE_LIVE_TOPICS_H
#define CHANGE_LIVE_TOPICS_H

#include "change/plan.h"
#include "conf/conf.h"

/* The topics of the configuration that an agent goes by (live.h), and of its clusters. */
struct live_topics {
	struct conf **owners; /* of each: what it points to is of that configuration, or NULL */
};

/*
 * Those of base, with room for TOPICS_SPARE more; conf is a copy of base, and has lists of its own
 * from now on. 0; -ENOMEM: it is for live_topics_deinit all the same.
 */
int live_topics_init(struct live_topics *topics, struct conf *conf, struct conf *base) MUSTCHECK;
void live_topics_deinit(struct live_topics *topics, struct conf *conf);

/* Those that next has and conf has not, by the numbers of the plan. 0 or -ENOMEM. */
int live_topics_take(struct live_topics *topics, struct conf *conf, struct conf *next,
		     const struct plan *plan) MUSTCHECK;

/* Sources are others now: notes what goes to each topic. */
void live_topics_see_use(struct conf *conf);

#endif
