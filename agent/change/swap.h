/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHANGE_SWAP_H
#define CHANGE_SWAP_H

#include "change/plan.h"
#include "files/files.h"
#include "input/discover.h"
#include "output/output.h"
#include "pipeline/pipeline.h"
#include "state/letters.h"
#include "state/store.h"

/* Sources of a running agent come, go or change: what that means for its parts, all borrowed. */
struct swap {
	struct conf *conf; /* as live_new makes it */
	struct files *files;
	struct discover *discover;
	struct letters *letters;
	struct pipeline *pipeline;
	struct store *store; /* to which nobody writes now */
};

/* Adds to a plan of PLAN_SOURCES those whose files would be another's. 0 or negative errno. */
int swap_find_touched(const struct swap *swap, const struct conf *next, struct plan *plan)
	MUSTCHECK;

/*
 * Files of these sources, too, have no turns until files_halt says so. halted: by place, those of
 * which that is so.
 */
void swap_halt(struct files *files, bool *halted, const bool *touched);

/* Whether all that the plan touches are halted. */
bool swap_has_halted(const struct files *files, const bool *halted, const struct plan *plan);

/* How many records of those that are halted are under way. */
uint64_t swap_records(const struct files *files, const struct output *output,
		      const struct pipeline *pipeline, const bool *halted);

/*
 * Sources are those of next, by the plan: those that it touches are quiet (files_are_quiet), and
 * the store has all that is settled of them. Their files are gone then; the limits of all sources
 * are to be handed on. 0, or negative errno, with which the agent cannot go on; so in swap_meet.
 */
int swap_exchange(const struct swap *swap, struct conf *next, const struct plan *plan) MUSTCHECK;

/*
 * Then the files of those that were touched are met, as at a start. A checkpoint is due before any
 * is read. now_ms: CLOCK_REALTIME.
 */
int swap_meet(const struct swap *swap, const bool *touched, int64_t now_ms) MUSTCHECK;

#endif
