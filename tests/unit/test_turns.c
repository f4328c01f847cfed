/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many files at once, and one that is written without pause: who is read when, counted in bytes in
 * the order in which the output gets them, and what of it all is in memory.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hints/hints.h"
#include "tests/support/world_doubles.h"

#define LINE_BYTES 128
/* Of one file's turn: agent_turn.c says so. */
#define TURN_LINES ((64 << 10) / LINE_BYTES)

static struct world world;
static size_t n_written;        /* by number: lines that this file has */
static struct stat stats[4000]; /* of the files, by number */
static uint32_t got[4000];      /* lines that the output got, by file */
static size_t n_made, n_out, misplaced;

static void begin(size_t memory)
{
	here = &world;
	world_init(&world, 1);
	world.memory = memory;
	world.scripted.queue = UINT32_MAX;
	world_start(&world, false);
}

static const char *path_of(size_t number)
{
	static char path[128];

	snprintf(path, sizeof path, "%s/ax%zu.log", world.dir, number);
	return path;
}

static void tell(enum hint_kind kind, size_t number)
{
	struct hint hint = {.kind = kind, .path = path_of(number)};

	cr_assert_eq(
		hints_follow(&world.agent->files, world.agent->discover, &hint, clock_real_ms()),
		0);
}

/* So many lines more; the hint of it is followed at once. */
static void append(size_t number, size_t lines)
{
	static const char start[] = "L1 t0 k0 ";
	char line[LINE_BYTES];
	FILE *out = fopen(path_of(number), "ae");

	memset(line, 'x', sizeof line);
	memcpy(line, start, sizeof start - 1);
	line[LINE_BYTES - 1] = '\n';
	for (size_t i = 0; i < lines; i++)
		cr_assert_eq(fwrite(line, sizeof line, 1, out), 1);
	cr_assert_eq(fflush(out), 0);
	cr_assert_eq(fstat(fileno(out), &stats[number]), 0);
	fclose(out);
	tell(number < n_made ? HINT_CHANGED : HINT_FOUND, number);
	n_made = number < n_made ? n_made : number + 1;
	n_written += lines;
}

static size_t number_of(uint64_t inode)
{
	for (size_t i = 0; i < n_made; i++)
		if (stats[i].st_ino == inode)
			return i;
	cr_assert_fail("a record of no file");
	return 0;
}

/* What the output got since the last call, in its order. */
static void take_notes(void (*see)(size_t number))
{
	for (size_t i = 0; i < world.scripted.n_notes; i++) {
		const struct scripted_note *note = &world.scripted.notes[i];
		size_t number;

		if (note->what != SCRIPTED_SUBMITTED)
			continue;
		number = number_of(note->inode);
		misplaced += note->position != (uint64_t)got[number] * LINE_BYTES;
		got[number]++;
		n_out++;
		if (see)
			see(number);
	}
	scripted_forget(&world.scripted);
}

static void deliver(void)
{
	do {
		scripted_drain(&world.scripted);
		world_take_reports(&world);
		take_notes(NULL);
	} while (world.scripted.in_flight);
}

static void end(void)
{
	cr_expect_eq(n_out, n_written);
	cr_expect_eq(misplaced, 0);
	deliver();
	cr_expect_eq(world.agent->counters.lines_delivered, n_written);
	world_kill(&world, false);
	cr_expect_str_eq(world.judge.verdict, "");
	for (size_t i = 0; i < n_made; i++)
		unlink(path_of(i));
	world_deinit(&world);
}

TestSuite(turns, .timeout = 120);

/* ---- fairness ---- */

static size_t most_ahead;

static void compare_two(size_t number)
{
	size_t ahead = got[0] > got[1] ? got[0] - got[1] : got[1] - got[0];

	(void)number;
	most_ahead = ahead > most_ahead ? ahead : most_ahead;
}

/* Scenario D09. Neither is ever more than one turn ahead. */
Test(turns, two_backlogs_are_read_by_turns_of_64_kib)
{
	begin(16 << 20);
	append(0, 20 * TURN_LINES);
	append(1, 20 * TURN_LINES);
	while (!TAILQ_EMPTY(&world.agent->files.ready))
		world_turn(&world);
	take_notes(compare_two);
	cr_expect_eq(most_ahead, TURN_LINES);
	end();
}

#define SLOW 1000

static size_t busy_before_the_last, slow_left;

static void await_slow(size_t number)
{
	if (number)
		slow_left--;
	else if (slow_left)
		busy_before_the_last++;
}

/*
 * Scenario D09. The first file never comes to its end; all others get their line out before it has
 * its second turn, or, when they come while it stands in the queue, its third.
 */
Test(turns, a_busy_file_does_not_hold_up_a_thousand_slow_ones)
{
	begin(64 << 20);
	append(0, 4 * TURN_LINES);
	for (size_t round = 1; round <= 3; round++) {
		for (size_t i = 1; i <= SLOW; i++)
			append(i, 1);
		slow_left = SLOW;
		busy_before_the_last = 0;
		while (slow_left) {
			/* It is never dry, and what is in memory ends. */
			if (n_written - n_out < 3 * TURN_LINES + slow_left)
				append(0, TURN_LINES);
			world_turn(&world);
			take_notes(await_slow);
		}
		cr_expect_eq(busy_before_the_last, TURN_LINES, "round %zu: %zu", round,
			     busy_before_the_last);
	}
	while (!TAILQ_EMPTY(&world.agent->files.ready))
		world_turn(&world);
	take_notes(NULL);
	end();
}

/* ---- memory ---- */

#define MEMORY ((size_t)4 << 20)

static void turn_within_memory(void)
{
	while (!TAILQ_EMPTY(&world.agent->files.ready)) {
		world_turn(&world);
		cr_assert_leq(world.agent->pools.budget.used, MEMORY);
	}
	take_notes(NULL);
}

/* Scenario D08. Three times as many files as there are chunks, and an output that is stuck. */
Test(turns, files_wait_for_memory_and_all_of_them_get_it)
{
	size_t at_first;

	begin(MEMORY);
	for (size_t i = 0; i < 3000; i++)
		append(i, 1);
	turn_within_memory();
	at_first = n_out;
	/* Another source would have the last quarter. */
	cr_expect_gt(at_first, 600);
	cr_expect_lt(at_first, MEMORY / 4096 / 4 * 3);
	cr_expect(files_any_held(&world.agent->files));
	for (int round = 0; n_out < n_written && round < 10; round++) {
		deliver();
		files_release_some(&world.agent->files);
		turn_within_memory();
	}
	deliver();
	chunk_pools_trim(&world.agent->pools);
	cr_expect_eq(world.agent->pools.budget.used, 0);
	end();
}

/* Scenario D08. What is read of 32 MiB and not delivered stays below 4 MiB. */
Test(turns, a_backlog_waits_in_its_file)
{
	begin(MEMORY);
	append(0, (32 << 20) / LINE_BYTES);
	turn_within_memory();
	cr_expect_gt(n_out * LINE_BYTES, MEMORY / 2);
	cr_expect_lt(n_out * LINE_BYTES, MEMORY);
	for (int round = 0; n_out < n_written && round < 20; round++) {
		deliver();
		files_release_some(&world.agent->files);
		turn_within_memory();
	}
	deliver();
	chunk_pools_trim(&world.agent->pools);
	cr_expect_eq(world.agent->pools.budget.used, 0);
	end();
}

/* ---- files that wait ---- */

static size_t n_queued(enum file_queue queue)
{
	void *cursor = NULL;
	struct file *file;
	size_t n = 0;

	while ((file = map_next(world.agent->files.by_inode, &cursor)))
		n += file->queue == queue;
	return n;
}

/*
 * Scenario F05. Of 20,000 that waited for a broker all were tried, each second, and took longer:
 * the watchdog, and /healthz, found files that could be read and that nothing was read of.
 */
Test(turns, of_thousands_that_wait_a_tick_tries_some)
{
	void *cursor = NULL;
	struct file *file;

	begin(64 << 20);
	for (size_t i = 0; i < 3000; i++)
		append(i, 1);
	while ((file = map_next(world.agent->files.by_inode, &cursor)))
		files_hold(&world.agent->files, file, FILE_WAITS_TOPIC);
	for (size_t held = 3000; held; held = n_queued(FILE_QUEUE_HELD)) {
		files_release_some(&world.agent->files);
		cr_expect_lt(n_queued(FILE_QUEUE_HELD), held, "none is passed over for ever");
		cr_expect_lt(n_queued(FILE_QUEUE_READY), 1500);
		while (!TAILQ_EMPTY(&world.agent->files.ready))
			world_turn(&world);
	}
	take_notes(NULL);
	/* What a rule's limit holds back has no other wake-up. */
	cursor = NULL;
	while ((file = map_next(world.agent->files.by_inode, &cursor)))
		files_hold(&world.agent->files, file, FILE_WAITS_RATE);
	files_release_some(&world.agent->files);
	cr_expect_eq(n_queued(FILE_QUEUE_HELD), 0);
	while (!TAILQ_EMPTY(&world.agent->files.ready))
		world_turn(&world);
	end();
}

/* ---- files that left their path ---- */

#define ROTATED 300

static size_t finished(void)
{
	void *cursor = NULL;
	struct file *file;
	size_t n = 0;

	while ((file = map_next(world.agent->files.by_inode, &cursor)))
		n += file->state == FILE_FINISHED;
	return n;
}

/*
 * Scenario D09. To look at each takes the kernel up to a millisecond: lines of others waited for
 * thousands of them, once a second.
 */
Test(turns, files_that_left_their_path_are_looked_at_between_turns)
{
	void *cursor = NULL;
	struct file *file;

	begin(64 << 20);
	for (size_t i = 0; i < ROTATED; i++)
		append(i, 1);
	while (!TAILQ_EMPTY(&world.agent->files.ready))
		world_turn(&world);
	take_notes(NULL);
	deliver();
	while ((file = map_next(world.agent->files.by_inode, &cursor)))
		files_left_path(&world.agent->files, file);
	world.now_us += 3600 * US_PER_S;
	agent_age_files(world.agent, clock_mono_us());
	cr_expect_gt(world.agent->files.to_age, ROTATED / 2);
	append(ROTATED, 1);
	world_turn(&world);
	take_notes(NULL);
	cr_expect_eq(n_out, n_written);
	cr_expect_gt(world.agent->files.to_age, ROTATED / 2);
	for (int i = 0; i < ROTATED && world.agent->files.to_age; i++)
		world_turn(&world);
	cr_expect_eq(finished(), ROTATED, "%zu", finished());
	end();
}

static size_t n_to_check(void)
{
	const struct file *file;
	size_t n = 0;

	TAILQ_FOREACH (file, &world.agent->files.to_check, check_link)
		n++;
	return n;
}

/*
 * Scenario D09. A directory is renamed, and all paths below it were looked at with one hint: 80 ms
 * for 8,000 of them, in which nobody had a turn.
 */
Test(turns, files_of_a_directory_that_went_are_looked_at_between_turns)
{
	struct hint hint = {.kind = HINT_LEFT_TREE, .source = -1, .path = world.dir};
	size_t left;

	begin(64 << 20);
	for (size_t i = 0; i < ROTATED; i++)
		append(i, 1);
	while (!TAILQ_EMPTY(&world.agent->files.ready))
		world_turn(&world);
	take_notes(NULL);
	deliver();
	cr_assert_eq(
		hints_follow(&world.agent->files, world.agent->discover, &hint, clock_real_ms()),
		0);
	cr_expect_eq(n_to_check(), ROTATED);
	for (size_t turns = 0; (left = n_to_check()); turns++) {
		append(ROTATED + turns, 1);
		world_turn(&world);
		take_notes(NULL);
		cr_expect_eq(n_out, n_written, "each turn has its line");
		/* The clock goes on by up to 1.5 ms with each look at it. */
		cr_expect_geq(n_to_check() + 10, left);
		cr_assert_lt(n_to_check(), left);
	}
	end();
}
