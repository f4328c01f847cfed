/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_WORLD_H
#define SUPPORT_WORLD_H

#include "agent_private.h"
#include "tests/support/fake_store.h"
#include "tests/support/judge.h"

/*
 * An agent without a loop among logs, a scripted output and a fake store: everything that its loop
 * does to files is called from here, in any order and at any time that the test says. The clock is
 * the world's; the test's doubles of clock_mono_us and clock_real_ms give it to the agent.
 */
struct world {
	int step;
	bool trace; /* every step on stderr */
	struct random random;
	uint64_t now_us;
	char dir[64];
	struct conf *conf;
	struct discover *discover;
	struct logs logs;
	struct scripted scripted;
	struct judge judge; /* its verdict says what went wrong first */
	struct fake_store store;
	struct agent *agent; /* NULL: it is down */
	size_t memory;
	uint64_t letters_max;
	uint64_t reconcile_at_us;
};

#define WORLD_TRACE(world, ...)                                      \
	do {                                                         \
		if ((world)->trace) {                                \
			fprintf(stderr, "%4d %9.3f ", (world)->step, \
				(double)(world)->now_us / 1e6);      \
			fprintf(stderr, __VA_ARGS__);                \
			fputc('\n', stderr);                         \
		}                                                    \
	} while (0)

/* A directory with nothing in it, no agent yet. Aborts when the system refuses something. */
void world_init(struct world *world, uint64_t seed);

/* The same, and each line goes to the topic u3, too. */
void world_init_also(struct world *world, uint64_t seed);

/* The agent must be down. */
void world_deinit(struct world *world);

/* The agent starts on what the store has, as agent_start.c does it. */
void world_start(struct world *world, bool until_eof);

/* It is gone at once; stored: whether the batch under way got through. */
void world_kill(struct world *world, bool stored);

/* SIGTERM: nothing more is read, what is in flight comes back, the state is stored. */
void world_stop(struct world *world);

/* Follows so many of the hints that wait. */
void world_take_hints(struct world *world, size_t max);

/* What the loop does on its turn, on reports, and at each tick. */
void world_turn(struct world *world);
void world_take_reports(struct world *world);
void world_tick(struct world *world);

/* All that is in flight comes to its end, and what is sent because of that, too. */
void world_drain(struct world *world);

/* The batch under way is stored, or not. */
void world_end_batch(struct world *world, bool ok);

/* For the double of writer_submit: what happened before the checkpoint is judged before it. */
void world_submit(struct world *world, const struct store_batch *batch);

/* What happened since the last time, and how the agent stands now. */
void world_judge(struct world *world);

/*
 * With an output that works and writers that are done, everything must come to its end; then the
 * agent is stopped, for good, and judged. until_eof: it is stopped and started again as with that
 * option before.
 */
void world_settle_all(struct world *world, bool until_eof);

#endif
