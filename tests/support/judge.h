/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_JUDGE_H
#define SUPPORT_JUDGE_H

#include "files/files.h"
#include "state/letters.h"
#include "tests/support/logs.h"
#include "tests/support/scripted.h"

/*
 * Says whether what an agent did with the lines of some logs keeps the promises. It sees what was
 * handed to the output and what the output said, and the agent's accounts, counters and stored rows
 * from outside; the first broken promise is put into words and kept.
 */
struct judge {
	struct logs *logs;
	bool until_eof; /* last lines without LF go at once */
	bool limbo;     /* some line is in LINE_LIMBO */
	/* In this life of the agent: */
	uint64_t lines_read; /* were handed to the output; filtered ones are not seen */
	uint64_t delivered;
	uint64_t dead;
	uint64_t finished;            /* lines of which all branches are done */
	unsigned branches;            /* of each line */
	const struct source *sources; /* by the number of a lineage modulo 2 */
	bool may_repeat;              /* some life ended before all that was delivered was stored */
	char verdict[512];            /* "" as long as all is well */
};

void judge_init(struct judge *judge, struct logs *logs);

/* Follows what the output noted, in order, and the dead letters that wait for the store. */
void judge_notes(struct judge *judge, const struct scripted *scripted,
		 const struct letters *letters);

/* The agent between two steps: positions, accounts, memory, counters. */
void judge_agent(struct judge *judge, const struct files *files, const struct chunk_pools *pools,
		 const struct counters *counters);

/* A checkpoint is taken: what is done now is durable once it succeeds. */
void judge_snapshot(struct judge *judge, const struct store_batch *batch);

/* It succeeded: the letters of the batch are stored. */
void judge_stored(struct judge *judge, const struct store_batch *batch);

/* The agent died: what is not durable must be sent again. */
void judge_crash(struct judge *judge);

/* Whether all lines are done. */
bool judge_all_done(const struct judge *judge);

/* It should have come to its end by now: says what does not. */
void judge_gives_up(struct judge *judge);

/*
 * All lines are done and all is stored: each was delivered, once if no life ended too early for the
 * store to know of it, or is one dead letter.
 */
void judge_end(struct judge *judge);

/* Another verdict, if there is none yet. */
void judge_says(struct judge *judge, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
