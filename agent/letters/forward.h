/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LETTERS_FORWARD_H
#define LETTERS_FORWARD_H

#include "conf/conf.h"
#include "ops/counters.h"
#include "ops/log.h"
#include "output/output.h"
#include "pipeline/pipeline.h"
#include "state/letters.h"
#include "state/store.h"

/* How far the dead letters of one topic are on their way there. */
struct forward_topic;

/* What sends dead letters to the topics that their sources have for them. */
struct forward {
	/* Of the running agent, borrowed: */
	const struct conf *conf;
	struct store *store;
	struct letters *letters;
	struct pipeline *pipeline;
	struct output *output;
	struct counters *counters;
	struct log *log;

	/* Ours: */
	struct forward_topic *topics; /* each topic of dead letters once */
	size_t n_topics;
	uint64_t wait_to_us; /* so long they are waited for at the end; 0: not yet */
};

/* The parts are set, the rest is zeroed; conf says which topics there are. 0 or -ENOMEM. */
int forward_open(struct forward *forward) MUSTCHECK;

/*
 * Sources may have other topics of dead letters now: all letters are looked at again. What is under
 * way goes where it was sent to.
 */
void forward_look_again(struct forward *forward);

/* Frees what it holds. The output is gone. A zeroed one, or one that was closed, is fine. */
void forward_close(struct forward *forward);

/* The letters that an order sends, by their ids: they are its matter. Borrowed. */
struct forward_busy {
	const uint64_t *ids;
	size_t n;
};

/* Whether that one is among them. */
bool forward_is_busy(struct forward_busy busy, uint64_t id);

/* How things are while a step is made. */
struct forward_now {
	bool may_send; /* nobody writes to the store, and a letter may be begun */
	struct forward_busy busy;
	uint64_t now_us; /* CLOCK_MONOTONIC */
};

/*
 * Takes reports of letters that went to their topics, and sends the next ones, for at most 2 ms.
 * *ret_moved: whether there was a report. 0, or negative errno, with which the agent cannot go on.
 */
int forward_step(struct forward *forward, const struct forward_now *now, bool *ret_moved) MUSTCHECK;

/* The letter of that id goes another way; should it stay, it is looked at again. */
void forward_let_go(struct forward *forward, uint64_t id);

/*
 * All else is shipped: whether some are expected to go. No longer than shutdown_timeout from the
 * first question on.
 */
bool forward_waits(struct forward *forward, uint64_t now_us);

#endif
