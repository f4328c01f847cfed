/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One source takes all that it can get of what all sources share, and another one must not feel it:
 * counted in turns, bytes and descriptors, so that what it costs the other does not hang on the
 * machine. Source a is the one with many files, b the other.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "hints/hints.h"
#include "tests/support/world_doubles.h"

#define LINE_BYTES 128
/* Of one file's turn: agent_turn.c says so. */
#define TURN_LINES ((64 << 10) / LINE_BYTES)
#define MEMORY ((size_t)4 << 20)
#define FILES 3000

static struct world world;
static uint64_t other_inode[FILES]; /* files of b */
static size_t n_of_b;
static size_t out[2];      /* lines that the output got, by source */
static size_t most_behind; /* lines that it got of a since the last of b, while b had more */
static size_t behind, left_of_b;

static void begin(size_t memory)
{
	here = &world;
	world_init(&world, 1);
	world.memory = memory;
	world.scripted.queue = UINT32_MAX;
	world_start(&world, false);
}

static void end(void)
{
	DIR *dir = opendir(world.dir);
	struct dirent *entry;

	scripted_drain(&world.scripted);
	world_take_reports(&world);
	scripted_forget(&world.scripted);
	world_kill(&world, false);
	while ((entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	world_deinit(&world);
}

TestSuite(shares, .timeout = 120);

static void write_lines(const char *path, size_t lines, struct stat *ret_stat)
{
	static const char start[] = "L1 t0 k0 ";
	char line[LINE_BYTES];
	FILE *file = fopen(path, "ae");

	memset(line, 'x', sizeof line);
	memcpy(line, start, sizeof start - 1);
	line[LINE_BYTES - 1] = '\n';
	for (size_t i = 0; i < lines; i++)
		cr_assert_eq(fwrite(line, sizeof line, 1, file), 1);
	cr_assert_eq(fflush(file), 0);
	cr_assert_eq(fstat(fileno(file), ret_stat), 0);
	fclose(file);
}

/* A new file of the source, which is followed at once. */
static void make(char source, size_t number, size_t lines)
{
	char path[128];
	struct stat st;
	struct hint hint = {.kind = HINT_FOUND, .source = source - 'a', .path = path};

	snprintf(path, sizeof path, "%s/%cx%zu.log", world.dir, source, number);
	write_lines(path, lines, &st);
	if (source == 'b') {
		other_inode[n_of_b++] = st.st_ino;
		left_of_b += lines;
	}
	cr_assert_eq(
		hints_follow(&world.agent->files, world.agent->discover, &hint, clock_real_ms()),
		0);
}

static bool is_of_b(uint64_t inode)
{
	for (size_t i = 0; i < n_of_b; i++)
		if (other_inode[i] == inode)
			return true;
	return false;
}

static void take_notes(void)
{
	for (size_t i = 0; i < world.scripted.n_notes; i++) {
		bool of_b = is_of_b(world.scripted.notes[i].inode);

		if (world.scripted.notes[i].what != SCRIPTED_SUBMITTED)
			continue;
		out[of_b]++;
		left_of_b -= of_b;
		behind = of_b || !left_of_b ? 0 : behind + 1;
		most_behind = behind > most_behind ? behind : most_behind;
	}
	scripted_forget(&world.scripted);
}

/* Turns until nobody has one, b has no more to read, or the output takes nothing. */
static void turn(bool until_b_is_read)
{
	size_t before = SIZE_MAX;

	while (!TAILQ_EMPTY(&world.agent->files.ready) && (!until_b_is_read || left_of_b) &&
	       (output_has_room(&world.scripted.output) || out[0] + out[1] != before)) {
		before = out[0] + out[1];
		world_turn(&world);
		take_notes();
	}
}

/* ---- turns ---- */

/* Scenario D09. A line of another source waits for one turn, however many files have more. */
Test(shares, a_line_waits_for_one_turn_of_a_source_with_many_files)
{
	begin(64 << 20);
	for (size_t i = 0; i < 1000; i++)
		make('a', i, 2 * TURN_LINES);
	world_turn(&world);
	take_notes();
	make('b', 0, 1);
	turn(true);
	cr_expect_eq(left_of_b, 0);
	cr_expect_leq(most_behind, TURN_LINES);
	end();
}

/* Scenario D09. What is read of b while a has one backlog, or a thousand: every second turn. */
Test(shares, a_backlog_has_its_half_whatever_the_other_source_has)
{
	begin(64 << 20);
	for (size_t i = 0; i < 1000; i++)
		make('a', i, 2 * TURN_LINES);
	make('b', 0, 20 * TURN_LINES);
	turn(true);
	cr_expect_eq(out[1], 20 * TURN_LINES);
	cr_expect_leq(out[0], 20 * TURN_LINES);
	cr_expect_leq(most_behind, TURN_LINES);
	end();
}

/* Scenario D05. There is always another hint of a, and what came with it waits for the last one. */
Test(shares, a_new_file_does_not_wait_for_hints_that_never_end)
{
	char path[128], other[128];
	struct hint hint = {.kind = HINT_FOUND, .source = 1, .path = path, .more = true};
	struct hint more = {.kind = HINT_CHANGED, .source = -1, .path = other, .more = true};
	struct files *files;
	struct stat st;
	size_t n = 0;

	begin(64 << 20);
	files = &world.agent->files;
	snprintf(path, sizeof path, "%s/bx0.log", world.dir);
	snprintf(other, sizeof other, "%s/ax0.log", world.dir);
	write_lines(path, 1, &st);
	cr_assert_eq(hints_follow(files, world.agent->discover, &hint, clock_real_ms()), 0);
	cr_expect_null(files_by_inode(files, st.st_dev, st.st_ino));
	for (; n < 10000 && !files_by_inode(files, st.st_dev, st.st_ino); n++)
		cr_assert_eq(hints_follow(files, world.agent->discover, &more, clock_real_ms()), 0);
	cr_expect_lt(n, 10000);
	end();
}

/* ---- memory ---- */

/* Scenario D08. Nothing is acknowledged, and a takes what it gets. */
Test(shares, memory_is_left_to_another_source)
{
	size_t taken;

	begin(MEMORY);
	for (size_t i = 0; i < FILES; i++)
		make('a', i, 1);
	turn(false);
	taken = world.agent->pools.budget.used;
	cr_expect_gt(taken, MEMORY / 10 * 6, "%zu", taken);
	cr_expect_leq(taken, MEMORY / 4 * 3);
	cr_expect(files_any_held(&world.agent->files));
	for (size_t i = 0; i < 100; i++)
		make('b', i, 1);
	turn(true);
	cr_expect_eq(out[1], 100, "%zu", out[1]);
	make('b', 100, 4 * TURN_LINES);
	turn(true);
	cr_expect_eq(out[1], 100 + 4 * TURN_LINES, "%zu", out[1]);
	end();
}

/* What a may not have is no reason to try all its files at each report of b. */
Test(shares, a_source_at_its_limit_is_not_tried_in_vain)
{
	struct files_share *a;
	struct file *file;
	size_t tried = 0;

	begin(MEMORY);
	for (size_t i = 0; i < FILES; i++)
		make('a', i, 1);
	turn(false);
	a = files_share_of(&world.agent->files, &world.agent->conf->sources[0]);
	cr_assert_not(TAILQ_EMPTY(&a->room));
	agent_wake_held(world.agent);
	TAILQ_FOREACH (file, &a->ready, queue_link)
		tried++;
	cr_expect_leq(tried, 1, "%zu", tried);
	turn(false);
	scripted_drain(&world.scripted);
	world_take_reports(&world);
	tried = 0;
	TAILQ_FOREACH (file, &a->ready, queue_link)
		tried++;
	cr_expect_gt(tried, 100, "%zu", tried);
	end();
}

/* ---- descriptors ---- */

#define OPEN 40

/* Scenario D03. Files with a line under way cannot be closed. */
Test(shares, descriptors_are_left_to_another_source)
{
	struct files *files;

	begin(MEMORY);
	files = &world.agent->files;
	files->max_open = OPEN;
	for (size_t i = 0; i < 4 * OPEN; i++) {
		make('a', i, 1);
		turn(false);
	}
	cr_expect_leq(files->n_open, OPEN / 4 * 3 + 1, "%zu", files->n_open);
	cr_expect_geq(files->n_open, OPEN / 4 * 3, "%zu", files->n_open);
	for (size_t i = 0; i < 5; i++)
		make('b', i, 1);
	turn(true);
	cr_expect_eq(out[1], 5);
	cr_expect_leq(files->n_open, OPEN);
	end();
}

/* What is settled is closed for others, and then of the source that has most. */
Test(shares, the_source_with_most_descriptors_closes_one)
{
	struct files *files;

	begin(MEMORY);
	files = &world.agent->files;
	files->max_open = OPEN;
	for (size_t i = 0; i < 4 * OPEN; i++) {
		make('a', i, 1);
		make('b', i, i % 16 == 0);
		turn(false);
		scripted_drain(&world.scripted);
		world_take_reports(&world);
		take_notes();
	}
	cr_expect_eq(out[0], 4 * OPEN);
	cr_expect_leq(files->n_open, OPEN);
	cr_expect_geq(files->shares[1].n_open, OPEN / 4, "%zu", files->shares[1].n_open);
	end();
}

/* ---- the queue of records ---- */

#define QUEUE 1000

/* Scenario D09. Nothing is acknowledged, and a has more than may be under way. */
Test(shares, the_queue_is_left_to_another_source)
{
	begin(64 << 20);
	world.scripted.queue = QUEUE;
	for (size_t i = 0; i < 10; i++)
		make('a', i, TURN_LINES);
	turn(false);
	cr_expect_eq(out[0], QUEUE / 4 * 3 + 1, "%zu", out[0]);
	for (size_t i = 0; i < 10; i++)
		make('b', i, 10);
	turn(true);
	cr_expect_eq(out[1], 100, "%zu", out[1]);
	end();
}

/* Its turns come back with its reports, and all of it goes in the end. */
Test(shares, a_source_with_its_share_of_the_queue_goes_on_with_its_reports)
{
	struct files_share *a;

	begin(64 << 20);
	world.scripted.queue = QUEUE;
	make('a', 0, 20 * TURN_LINES);
	make('b', 0, 1);
	turn(false);
	a = files_share_of(&world.agent->files, &world.agent->conf->sources[0]);
	cr_expect(a->spent);
	cr_expect_eq(a->under_way->records, out[0]);
	for (int i = 0; i < 100 && out[0] < 20 * TURN_LINES; i++) {
		scripted_drain(&world.scripted);
		world_take_reports(&world);
		cr_expect_not(a->spent);
		cr_expect_eq(a->under_way->records, 0);
		cr_expect_eq(a->under_way->bytes, 0);
		turn(false);
	}
	cr_expect_eq(out[0], 20 * TURN_LINES, "%zu", out[0]);
	cr_expect_eq(out[1], 1);
	end();
}

/* Whose turns come back first takes most of what came back: with 20 sources a third more. */
Test(shares, sources_with_their_share_of_the_queue_come_back_by_turns)
{
	struct files *files;
	size_t first[2] = {0, 0};

	begin(64 << 20);
	world.scripted.queue = QUEUE;
	files = &world.agent->files;
	for (int round = 0; round < 10; round++) {
		make('a', (size_t)round, 1);
		make('b', (size_t)round, 1);
		for (int i = 0; i < 2; i++)
			files_pause(files, &world.agent->conf->sources[i]);
		agent_wake_spent(world.agent);
		first[TAILQ_FIRST(&files->ready) - files->shares]++;
		turn(false);
		scripted_drain(&world.scripted);
		world_take_reports(&world);
	}
	cr_expect_eq(first[0], 5);
	cr_expect_eq(first[1], 5);
	end();
}

/* What came back is not under way any more, and is when it is sent again. */
Test(shares, records_that_come_back_are_given_back)
{
	struct files_share *a;

	begin(64 << 20);
	world.scripted.queue = QUEUE;
	make('a', 0, 2 * TURN_LINES);
	turn(false);
	a = files_share_of(&world.agent->files, &world.agent->conf->sources[0]);
	world.scripted.weather.gone = 100;
	scripted_step(&world.scripted, 0);
	world.scripted.weather.gone = 0;
	world_take_reports(&world);
	cr_expect_eq(a->under_way->records, 0);
	cr_expect_not(a->spent);
	turn(false);
	cr_expect_eq(a->under_way->records, QUEUE / 4 * 3 + 1, "%zu",
		     (size_t)a->under_way->records);
	end();
}

/* ---- dead letters ---- */

#define DEAD 300

/* A new file of b with a line that Kafka refuses. */
static void make_dead(size_t number)
{
	char path[128];
	struct hint hint = {.kind = HINT_FOUND, .source = 1, .path = path};
	FILE *file;

	snprintf(path, sizeof path, "%s/bx%zu.log", world.dir, number);
	file = fopen(path, "we");
	fputs("L1 t0 k0 POISON\n", file);
	fclose(file);
	cr_assert_eq(
		hints_follow(&world.agent->files, world.agent->discover, &hint, clock_real_ms()),
		0);
}

/* All goes, comes back, and goes alone. */
static void refuse_all(void)
{
	for (int round = 0; round < 2 * DEAD && world.agent->files.n_open; round++) {
		turn(false);
		scripted_drain(&world.scripted);
		world_take_reports(&world);
		if (TAILQ_EMPTY(&world.agent->files.ready) && !world.scripted.in_flight)
			return;
	}
}

static size_t n_of(const struct file_list *list)
{
	const struct file *file;
	size_t n = 0;

	TAILQ_FOREACH (file, list, queue_link)
		n++;
	return n;
}

/* Each second all of them were read and parsed, for as long as nobody drops a letter. */
Test(shares, of_files_that_wait_for_room_for_letters_a_few_are_tried)
{
	struct letters *letters;
	struct files_share *b;

	begin(64 << 20);
	letters = &world.agent->letters;
	b = &world.agent->files.shares[1];
	cr_assert_eq(letters_share(letters, "b", 0), 0);
	for (size_t i = 0; i < DEAD; i++)
		make_dead(i);
	refuse_all();
	cr_expect_eq(n_of(&b->letters), DEAD, "%zu", n_of(&b->letters));
	for (int second = 0; second < 3; second++) {
		files_release_some(&world.agent->files);
		files_release_letters(&world.agent->files, letters);
		cr_expect_eq(n_of(&b->ready), 16, "%zu", n_of(&b->ready));
		refuse_all();
	}
	letters->shares[0].max_bytes = 1 << 20;
	files_release_letters(&world.agent->files, letters);
	refuse_all();
	cr_expect_eq(world.agent->counters.lines_dead, DEAD);
	cr_expect_eq(n_of(&b->letters), 0);
	end();
}

/* ---- the rule itself ---- */

static size_t take_all(struct chunk_pools *pools, struct chunk_share *share)
{
	size_t n = 0;

	while (chunk_new(pools, share, NULL, 0, CHUNK_SMALL, 0))
		n++;
	return n;
}

/* k sources that take all they get leave 1/(3k + 1), to the slab. */
Test(shares, k_sources_leave_one_of_three_k_and_one)
{
	struct chunk_share shares[8] = {0};
	size_t max = (size_t)64 << 20;

	for (size_t k = 1; k < 8; k++) {
		struct chunk_pools pools;

		memset(shares, 0, sizeof shares);
		cr_assert_eq(chunk_pools_init(&pools, max), 0);
		/* By turns, so that each has what the others let it have. */
		for (size_t took = 1; took;) {
			took = 0;
			for (size_t i = 0; i < k; i++)
				took += chunk_new(&pools, &shares[i], NULL, 0, CHUNK_SMALL, 0) !=
					NULL;
		}
		cr_expect_geq(max - pools.budget.used, max / (3 * k + 1), "%zu", k);
		cr_expect_leq(max - pools.budget.used, max / (3 * k + 1) + 2 * POOL_SLAB_BYTES,
			      "%zu: %zu", k, max - pools.budget.used);
		cr_expect_gt(chunk_pools_room(&pools, &shares[7]), 0);
		cr_expect_gt(take_all(&pools, &shares[7]), 0);
		cr_expect_eq(chunk_pools_room(&pools, &shares[0]), 0);
		cr_expect_gt(take_all(&pools, NULL), 0, "alone, one may take all");
		cr_expect_leq(pools.budget.used, max);
		chunk_pools_deinit(&pools);
	}
}

/* Of large chunks, which half of the memory is for when they are only wished for, some are left. */
Test(shares, large_chunks_are_left_too)
{
	struct chunk_share shares[2] = {0};
	struct chunk_pools pools;
	struct chunk *chunk;
	size_t large = 0;

	cr_assert_eq(chunk_pools_init(&pools, (size_t)16 << 20), 0);
	while ((chunk = chunk_new(&pools, &shares[0], NULL, 0, CHUNK_LARGE, 0)) &&
	       chunk->class == CHUNK_LARGE)
		large++;
	cr_expect_geq(large, 20, "%zu", large);
	for (int i = 0; i < 6; i++)
		cr_expect_eq(chunk_new(&pools, &shares[1], NULL, 0, CHUNK_LARGE, 0)->class,
			     CHUNK_LARGE);
	chunk_pools_deinit(&pools);
}
