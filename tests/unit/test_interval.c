/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many checkpoints there are, over a real store: what `checkpoint_interval` says, and not one
 * a tick.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent_private.h"
#include "base/clock.h"
#include "tests/support/follow_rig.h"

static struct follow_rig *rig;
static struct conf conf;
static struct agent *agent;

static void begin(void)
{
	rig = malloc(sizeof *rig);
	rig_begin(rig, "*.log");
	rig_start(rig);
	agent = calloc(1, sizeof *agent);
	agent->conf = &conf;
	checkpoint_init(&agent->checkpoint, rig->writer, &rig->files, &rig->letters,
			&rig->counters);
	agent->checkpoint.sources_written = true;
	rig->counters.checkpoints = 0;
}

static void end(void)
{
	checkpoint_deinit(&agent->checkpoint);
	free(agent);
	rig_end(rig);
	free(rig);
}

TestSuite(interval, .init = begin, .fini = end, .timeout = 60);

static void move(size_t n_files)
{
	char name[32];

	for (size_t i = 0; i < n_files; i++) {
		snprintf(name, sizeof name, "%zu.log", i);
		rig_append(rig, name, "x\n");
	}
	rig_run(rig);
}

/* The loop, a second later; the writer is done by the next one. */
static void tick(uint64_t second)
{
	char message[256];

	agent_tick_checkpoint(agent, second * US_PER_S);
	cr_assert_eq(checkpoint_finish(&agent->checkpoint, 10000, message, sizeof message), 0);
}

static size_t checkpoints_in_a_minute(uint32_t interval_ms)
{
	conf.checkpoint_interval_ms = interval_ms;
	for (uint64_t second = 1; second <= 60; second++) {
		move(1);
		tick(second);
	}
	return rig->counters.checkpoints;
}

Test(interval, of_a_second)
{
	cr_expect_eq(checkpoints_in_a_minute(1000), 60);
}

Test(interval, of_twenty_seconds)
{
	cr_expect_eq(checkpoints_in_a_minute(20000), 3);
}

/* They would hold their files, and memory, for as long. */
Test(interval, letters_do_not_wait_for_it)
{
	struct letters none = {0};

	agent->letters.n = agent->letters.n_told = 1;
	agent->checkpoint.letters = &none;
	cr_expect_eq(checkpoints_in_a_minute(20000), 60);
}

Test(interval, what_failed_does_not_wait_for_it)
{
	agent->checkpoint_failing = true;
	cr_expect_eq(checkpoints_in_a_minute(20000), 60);
}

/* Scenario B07 */
Test(interval, more_files_than_a_batch_may_have_go_tick_by_tick)
{
	conf.checkpoint_interval_ms = 20000;
	move(CHECKPOINT_ROWS_MAX + 1);
	tick(1);
	cr_expect_eq(agent->checkpoint.n_files, CHECKPOINT_ROWS_MAX);
	tick(2);
	cr_expect_eq(agent->checkpoint.n_files, 1);
	move(1);
	for (uint64_t second = 3; second < 22; second++)
		tick(second);
	cr_expect_eq(rig->counters.checkpoints, 2);
	tick(22);
	cr_expect_eq(rig->counters.checkpoints, 3);
}

static size_t checkpoints_with_rows_wanted(uint64_t now_us)
{
	char message[256];

	move(1);
	agent->files.row_wanted = true;
	agent_start_wanted(agent, now_us);
	cr_assert_eq(checkpoint_finish(&agent->checkpoint, 10000, message, sizeof message), 0);
	return rig->counters.checkpoints;
}

/* Of a file that left its path before it had one; where that happens all the time, for all. */
Test(interval, of_a_row_that_is_wanted)
{
	cr_expect_eq(checkpoints_with_rows_wanted(US_PER_S), 1);
	cr_expect_not(agent->files.row_wanted);
	cr_expect_eq(checkpoints_with_rows_wanted(US_PER_S + 99999), 1);
	cr_expect(agent->files.row_wanted);
	cr_expect_eq(checkpoints_with_rows_wanted(US_PER_S + 100000), 2);
}
