/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHANGE_PLAN_H
#define CHANGE_PLAN_H

#include <stdbool.h>

#include "conf/conf.h"

/* What a reload has to do: how the configuration that is there now differs from that in force. */

enum plan_way {
	PLAN_NOTHING, /* both say the same */
	PLAN_LIMITS,  /* what differs can be changed while all goes on */
	PLAN_SOURCES, /* and of some sources the files have to be left and met again */
	PLAN_RESTART, /* a restart in place */
};

struct plan {
	enum plan_way way;
	/* Settings and sources of other limits, as many as fit; PLAN_RESTART: what asks for it. */
	char what[160];
	size_t come, go, change; /* sources */
	bool *clusters;          /* of each in force: its kafka block says something else */
	/* PLAN_SOURCES: */
	size_t n_places;    /* of sources, those that come included */
	size_t *places;     /* of each source of next */
	size_t *order;      /* places by rank, all of them */
	bool *touched;      /* by place: its files are left */
	bool *stays;        /* by place: next has it */
	const char **names; /* by place; borrowed from both */
	uint32_t *topics;   /* of each topic of next the number in force, also of one that comes */
	size_t n_topics;    /* those that come included */
};

/*
 * now: as live_new makes it. state_dir_counts: false where it was given on the command line. 0:
 * *ret_plan, which borrows from both, is for plan_deinit. -ENOMEM.
 */
int plan_make(const struct conf *now, const struct conf *next, bool state_dir_counts,
	      struct plan *ret_plan) MUSTCHECK;
void plan_deinit(struct plan *plan);

/* Where the source of that name is in the list, gone or not; n_sources: nowhere. */
size_t plan_place(const struct conf *conf, const char *name);

/* Nothing but a restart in place will do after all; what: why, copied. */
void plan_restart(struct plan *plan, const char *what);

#endif
