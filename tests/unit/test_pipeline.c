/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The promises of the pipeline as properties: random steps of writers, clock, output, checkpoints
 * and crashes, over real files that grow and rotate, and a judge that knows every line. What
 * is under test is what the agent's loop calls (turns, reports, ticks, checkpoints, hints), with
 * the loop, the clock, the output and the store's thread played from here.
 *
 *   WAYBILL_TEST_SEED=17     this seed only     WAYBILL_TEST_SEEDS=5000   so many
 *   WAYBILL_TEST_TRACE=1     every step on stderr
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/world_doubles.h"

#ifdef __SANITIZE_ADDRESS__
#define SEEDS 80
#else
#define SEEDS 300
#endif
#define STEPS 400

/* ---- the writers ---- */

static bool is_known(const struct world *world, const struct log_file *log)
{
	const struct file *file =
		files_by_inode(&world->agent->files, log->identity.device, log->identity.inode);

	return file && identity_same_inode(&file->identity, &log->identity);
}

/* A writer goes on with a file that was renamed under it only for a while. */
static bool may_write(const struct world *world, const struct log_file *log)
{
	return log->path[0] && !log->ended &&
	       world->now_us + US_PER_S < log->written_us + LOGS_ROTATE_WAIT_MS * US_PER_MS;
}

/* The latest generation, which is written to: also when it was renamed, and the next not made. */
static struct log_file *latest(const struct world *world, int lineage)
{
	for (size_t i = world->logs.n_files; i-- > 0;)
		if (world->logs.files[i]->lineage == lineage)
			return world->logs.files[i];
	return NULL;
}

static void write_somewhere(struct world *world)
{
	int lineage = (int)random_below(&world->random, LOGS_LINEAGES);
	struct log_file *log = logs_current(&world->logs, lineage), *older = latest(world, lineage);
	uint32_t lines =
		random_percent(&world->random, 5) ? 200 : random_between(&world->random, 1, 12);

	if (!log) {
		if (older && may_write(world, older) && random_percent(&world->random, 50))
			log = older;
		else
			log = logs_create(&world->logs, lineage);
	}
	WORLD_TRACE(world, "write %u lines to %s", lines, strrchr(log->path, '/'));
	logs_write(&world->logs, log, lines);
}

/*
 * Whether an agent that starts can find out that the file is a generation, once it is rotated: by
 * its row, or by that of an older one which is not where it was (resume/resume.c).
 */
static bool can_be_found(const struct world *world, const struct log_file *log)
{
	if (fake_store_row(&world->store, &log->identity))
		return true;
	for (size_t i = 0; i < world->logs.n_files; i++) {
		const struct log_file *older = world->logs.files[i];
		const struct store_file *row = fake_store_row(&world->store, &older->identity);

		if (older->lineage == log->lineage && older->path[0] && row &&
		    strcmp(row->path, older->path) != 0)
			return true;
	}
	return false;
}

static void rotate_somewhere(struct world *world)
{
	int lineage = (int)random_below(&world->random, LOGS_LINEAGES);
	struct log_file *log = logs_current(&world->logs, lineage);

	if (!log || !log->len)
		return;
	if (!can_be_found(world, log))
		return;
	WORLD_TRACE(world, "rotate %s", log->path);
	logs_rotate(&world->logs, lineage);
	if (random_percent(&world->random, 70))
		logs_create(&world->logs, lineage);
}

/* Whether the store has a row of every generation after this one. */
static bool newer_are_stored(const struct world *world, const struct log_file *log)
{
	for (size_t i = 0; i < world->logs.n_files; i++) {
		const struct log_file *newer = world->logs.files[i];

		if (newer->lineage == log->lineage && newer->generation > log->generation &&
		    newer->path[0] && !fake_store_row(&world->store, &newer->identity))
			return false;
	}
	return true;
}

/* A generation is deleted by whoever rotates; the agent has it open, and knows what came after. */
static void unlink_somewhere(struct world *world)
{
	for (size_t i = 0; i < world->logs.n_files; i++) {
		struct log_file *log = world->logs.files[i];

		if (!log->path[0] || log == logs_current(&world->logs, log->lineage) ||
		    !is_known(world, log) || !newer_are_stored(world, log) ||
		    random_percent(&world->random, 80))
			continue;
		WORLD_TRACE(world, "unlink %s", log->path);
		logs_unlink(&world->logs, log);
		return;
	}
}

/* ---- a step, and a life ---- */

static void change_weather(struct world *world)
{
	static const struct scripted_weather weathers[] = {
		{0},
		{.full = 5, .hold = 10, .refuse = 10, .fail = 3, .gone = 2},
		{.full = 20, .hold = 30, .refuse = 30, .fail = 20, .gone = 5},
		{.full = 5, .hold = 60},
		{.fail = 50},
		{.refuse = 60},
	};

	scripted_change(&world->scripted,
			&weathers[random_below(&world->random, ARRAY_LEN(weathers))]);
}

static void restart(struct world *world)
{
	bool orderly = random_percent(&world->random, 40);

	if (orderly)
		world_stop(world);
	else
		world_kill(world, random_percent(&world->random, 50));
	for (size_t i = random_below(&world->random, 8); i > 0; i--) {
		world->logs.now_us = world->now_us;
		if (random_percent(&world->random, 50))
			rotate_somewhere(world);
		else
			write_somewhere(world);
	}
	world_start(world, false);
}

static void step(struct world *world)
{
	uint32_t what = (uint32_t)random_below(&world->random, 1000);

	world->now_us += random_below(&world->random, 5000);
	world->logs.now_us = world->now_us;
	if (what < 200) {
		write_somewhere(world);
	} else if (what < 300) {
		world_take_hints(world, random_between(&world->random, 1, 10));
	} else if (what < 600) {
		world_turn(world);
	} else if (what < 780) {
		scripted_step(&world->scripted, random_below(&world->random, 6));
		world_take_reports(world);
	} else if (what < 900) {
		world->now_us += random_below(&world->random, 3000000);
		world_tick(world);
	} else if (what < 940) {
		world_end_batch(world, random_percent(&world->random, 80));
	} else if (what < 960) {
		change_weather(world);
	} else if (what < 980) {
		rotate_somewhere(world);
	} else if (what < 990) {
		world->logs.n_hints = 0; /* the inotify queue ran over */
		logs_scan(&world->logs);
	} else if (what < 992) {
		unlink_somewhere(world);
	} else if (what < 995) {
		world->agent->letters.stored = world->store.letters_bytes = 0;
	} else {
		restart(world);
	}
	world_judge(world);
}

/* Small limits, so that all of them are met. */
static void set_limits(struct world *world)
{
	static const size_t memories[] = {3 << 18, 1 << 20, 4 << 20};
	size_t max_lines[] = {64, random_percent(&world->random, 50) ? 200 : 5000};

	world->scripted.queue = random_between(&world->random, 5, 400);
	world->memory = memories[random_below(&world->random, ARRAY_LEN(memories))];
	world->letters_max = random_percent(&world->random, 30) ? 150 : 1 << 20;
	for (int i = 0; i < LOGS_LINEAGES; i++)
		world->logs.rules[i] =
			(struct logs_rules){.max_line = max_lines[i % 2], .skip = i % 2 == 0};
	for (int i = 0; i < 2; i++)
		world->conf->sources[i].rules.max_line = max_lines[i];
}

static void fail_if_judged(const struct world *world, uint64_t seed)
{
	if (world->judge.verdict[0])
		cr_fatal("seed %llu, step %d: %s", (unsigned long long)seed, world->step,
			 world->judge.verdict);
}

static void live(uint64_t seed, bool also)
{
	struct world world;

	here = &world;
	if (also)
		world_init_also(&world, seed);
	else
		world_init(&world, seed);
	world.trace = getenv("WAYBILL_TEST_TRACE") != NULL;
	set_limits(&world);
	world_start(&world, false);
	for (world.step = 0; world.step < STEPS; world.step++) {
		step(&world);
		fail_if_judged(&world, seed);
	}
	world_settle_all(&world, random_percent(&world.random, 40));
	fail_if_judged(&world, seed);
	world_deinit(&world);
}

/* Scenario A15, B02, E35, G01 */
Test(pipeline, nothing_is_lost_repeated_or_overtaken, .timeout = 280)
{
	const char *seeds = getenv("WAYBILL_TEST_SEEDS");

	FOR_SEEDS(seed, seeds ? strtoull(seeds, NULL, 10) : SEEDS)
	live(seed, false);
}

/* Scenario E37. Each of two topics gets each line once, whatever becomes of it in the other one. */
Test(pipeline, of_two_topics_none_repeats_for_the_other, .timeout = 280)
{
	const char *seeds = getenv("WAYBILL_TEST_SEEDS");

	FOR_SEEDS(seed, seeds ? strtoull(seeds, NULL, 10) : SEEDS)
	live(seed, true);
}
