/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHANGE_LIVE_H
#define CHANGE_LIVE_H

#include "change/plan.h"
#include "conf/conf.h"

/*
 * The configuration that a running agent goes by: that of its start, of which reloads exchange
 * parts. A source has its place in the list for as long as the agent runs, whatever becomes of it;
 * topics, clusters and rules keep their numbers. All that a part points to belongs to the
 * configuration that it came from, to which there is a reference for as long.
 */

/* With a reference to base. Freed as any other, by conf_unref. NULL: no memory. */
struct conf *live_new(struct conf *base);

/*
 * What plan_make calls limits is that of next from now on, and so are the marks and the kafka
 * blocks that changed: who has something of what these were before has lost it.
 */
void live_take_limits(struct conf *live, struct conf *next);

/*
 * Sources that come, go or change, by the plan made of both, are those of next: nothing may use the
 * old ones any more. The limits of all, too. 0 or -ENOMEM: then the agent cannot go on.
 */
int live_take_sources(struct conf *live, struct conf *next, const struct plan *plan) MUSTCHECK;

#endif
