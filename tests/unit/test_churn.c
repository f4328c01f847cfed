/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that come and go for ever: what the agent keeps of them, in memory and in its state, and
 * which of them it reads when they go faster than it looks.
 */
#include <criterion/criterion.h>
#include <malloc.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent_private.h"
#include "base/clock.h"
#include "files/kept.h"
#include "tests/support/follow_rig.h"

#define ROUNDS 50
#define FILES 100

static struct follow_rig *rig;

static void begin_with(const char *pattern)
{
	rig = malloc(sizeof *rig);
	rig_begin(rig, pattern);
	rig_start(rig);
}

static void begin(void)
{
	begin_with("*.log");
}

static void end(void)
{
	rig_end(rig);
	free(rig);
}

TestSuite(churn, .init = begin, .fini = end, .timeout = 300);

#define SEE(want) cr_assert_str_eq(rig_run(rig), want, "\"%s\"", rig->lines)
#define PUT(name, text) rig_append(rig, name, text)

static void begin_again(const char *pattern)
{
	end();
	begin_with(pattern);
}

/* ---- what is kept ---- */

/* The agent is down. */
static void expect_rows(size_t want)
{
	struct store_file *rows;
	struct store *store;
	size_t n;

	cr_assert_eq(store_open(rig->state, &store, NULL, 0), 0);
	cr_assert_eq(store_load(store, &rows, &n), 0);
	cr_expect_eq(n, want, "%zu", n);
	store_files_free(rows, n);
	store_close(store);
}

/* So many files, of which so many are open; all that was forgotten is out of the store, too. */
static void expect_known(size_t want, size_t open)
{
	const struct files *files = &rig->files;

	cr_expect_eq(map_count(files->by_inode), want, "%zu", map_count(files->by_inode));
	cr_expect_eq(map_count(files->by_path), want, "%zu", map_count(files->by_path));
	cr_expect_leq(map_count(files->by_lineage), want, "%zu", map_count(files->by_lineage));
	cr_expect_eq(map_count(files->refused), 0, "%zu", map_count(files->refused));
	cr_expect_eq(files->n_open, open, "%zu", files->n_open);
	cr_expect_eq(files->n_removed, 0, "%zu", files->n_removed);
	cr_expect_eq(rig->counters.files_lost, 0);
}

static uint64_t size_of(const char *name)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", rig->state, name);
	return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/*
 * Does `round` again and again: from the tenth time on neither memory nor the state may grow, but
 * for what an allocator and a database need to move in.
 */
static void go_round(void (*round)(int number))
{
	uint64_t memory = 0, state = 0;

	for (int i = 0; i < ROUNDS; i++) {
		round(i);
		rig_checkpoint(rig);
		if (i == 9) {
			memory = mallinfo2().uordblks;
			state = size_of("waybill.db");
		}
	}
	/* Freed blocks that a thread keeps count as used; 4,000 lost ones would be more. */
	cr_expect_leq(mallinfo2().uordblks, memory + (64 << 10), "%zu, %lu before",
		      mallinfo2().uordblks, memory);
	cr_expect_leq(size_of("waybill.db"), state + (64 << 10), "%lu, %lu before",
		      size_of("waybill.db"), state);
	cr_expect_leq(size_of("waybill.db-wal"), 8 << 20);
}

static PRINTF_LIKE(1, 2) const char *name_of(const char *format, ...)
{
	static char name[64];
	va_list args;

	va_start(args, format);
	vsnprintf(name, sizeof name, format, args);
	va_end(args);
	return name;
}

static void files_come_and_go(int round)
{
	for (int i = 0; i < FILES; i++)
		PUT(name_of("%d-%d.log", round, i), "line\n");
	rig_run(rig);
	cr_assert_eq(strlen(rig->lines), FILES * 5);
	expect_known(FILES, FILES);
	for (int i = 0; i < FILES; i++)
		rig_remove(rig, name_of("%d-%d.log", round, i));
	rig->quiet = true;
	SEE("");
	rig->quiet = false;
	rig_checkpoint(rig);
	expect_known(0, 0);
}

/* Scenario B08 */
Test(churn, five_thousand_files_that_come_and_go_leave_nothing)
{
	go_round(files_come_and_go);
	rig_stop(rig);
	expect_rows(0);
	rig_start(rig);
}

static void directories_come_and_go(int round)
{
	char dir[64];

	for (int i = 0; i < FILES / 4; i++) {
		snprintf(dir, sizeof dir, "%s", name_of("%d-%d", round, i));
		cr_assert_eq(mkdir(rig_path(rig, dir), 0755), 0);
		PUT(strcat(dir, "/a.log"), "line\n");
	}
	rig_run(rig);
	cr_assert_eq(strlen(rig->lines), FILES / 4 * 5);
	for (int i = 0; i < FILES / 4; i++) {
		rig_remove(rig, name_of("%d-%d/a.log", round, i));
		cr_assert_eq(rmdir(rig_path(rig, name_of("%d-%d", round, i))), 0);
	}
	rig->quiet = true;
	SEE("");
	rig->quiet = false;
	rig_checkpoint(rig);
	expect_known(0, 0);
}

/* Scenario B08 */
Test(churn, directories_that_come_and_go_leave_nothing)
{
	begin_again("*/a.log");
	go_round(directories_come_and_go);
	rig_stop(rig);
	expect_rows(0);
	rig_start(rig);
}

static void refused_come_and_go(int round)
{
	for (int i = 0; i < FILES; i++)
		cr_assert_eq(mkfifo(rig_path(rig, name_of("%d-%d.log", round, i)), 0644), 0);
	SEE("");
	cr_expect_eq(map_count(rig->files.refused), FILES);
	for (int i = 0; i < FILES; i++)
		rig_remove(rig, name_of("%d-%d.log", round, i));
	SEE("");
	expect_known(0, 0);
}

/* Scenario B08: their paths were kept for ever, so that each is warned about once. */
Test(churn, what_is_refused_and_goes_leaves_nothing)
{
	go_round(refused_come_and_go);
}

/* As agent_look.c does it. */
static void look(void)
{
	follow_begin_look(&rig->files);
	rig_rescan(rig);
	cr_assert_eq(files_forget_gone(&rig->files), 0);
	follow_check_paths(&rig->files);
	cr_assert_eq(follow_check_some(&rig->files, rig->discover, CLOCK_NEVER), 0);
}

static void generations_come_and_go(int round)
{
	for (int i = 0; i < 10; i++) {
		PUT("app.log", "line\n");
		SEE("line ");
		if (round + i > 1)
			rig_rename(rig, "app.log.1", "app.log.2");
		if (round + i > 0)
			rig_rename(rig, "app.log", "app.log.1");
		rig->quiet = true;
		/* Else the one before may be known to be gone before the others are moved. */
		rig->files.seek_at_us = 0;
		SEE("");
		rig->quiet = false;
	}
	look();
	look();
	rig_checkpoint(rig);
	expect_known(2, 0);
}

/* Scenario B08: those that were closed when they were renamed over stayed known. */
Test(churn, generations_beyond_those_that_are_kept_leave_nothing)
{
	begin_again("app.log*");
	PUT("app.log", "line\n");
	SEE("line ");
	rig_rename(rig, "app.log", "app.log.1");
	SEE("");
	go_round(generations_come_and_go);
	rig_stop(rig);
	expect_rows(2);
	rig_start(rig);
	SEE("");
}

/* Scenario B08, A04 */
Test(churn, a_finished_generation_that_was_renamed_or_is_not_mounted_stays_known)
{
	struct file *file;

	begin_again("logs/app.log*");
	cr_assert_eq(mkdir(rig_path(rig, "logs"), 0755), 0);
	PUT("logs/app.log", "line\n");
	SEE("line ");
	rig_rename(rig, "logs/app.log", "logs/app.log.1");
	rig->quiet = true;
	SEE("");
	file = rig_file(rig, "logs/app.log.1");
	cr_assert_eq(file->state, FILE_FINISHED);
	/* Between a look and the hint of its new name. */
	rig_rename(rig, "logs/app.log.1", "logs/app.log.2");
	follow_begin_look(&rig->files);
	cr_assert_eq(files_forget_gone(&rig->files), 0);
	cr_assert(file->gone);
	look();
	cr_assert_eq(rig_file(rig, "logs/app.log.2"), file);
	cr_assert_not(file->gone);
	/* All of its directory is away, and comes back. */
	rig_rename(rig, "logs", "away");
	look();
	look();
	look();
	rig_rename(rig, "away", "logs");
	PUT("logs/app.log", "next\n");
	look();
	cr_assert_str_eq(rig->lines, "next ");
	expect_known(2, 1);
}

/* Scenario B08 */
Test(churn, files_that_go_while_the_agent_is_down_are_forgotten)
{
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < FILES; i++)
			PUT(name_of("%d-%d.log", round, i), "line\n");
		rig_run(rig);
		cr_assert_eq(strlen(rig->lines), FILES * 5);
		rig_stop(rig);
		expect_rows(FILES);
		for (int i = 0; i < FILES; i++)
			rig_remove(rig, name_of("%d-%d.log", round, i));
		rig_start(rig);
		SEE("");
		expect_known(0, 0);
	}
	rig_stop(rig);
	expect_rows(0);
	rig_start(rig);
}

/* ---- faster than anybody looks ---- */

#define GENERATIONS 141 /* the first, and 140 after it */
#define LINES 3
#define EVERY_MS 20

/* Lines as <generation>.<line>, in the order in which they came. */
static struct {
	int next_line[GENERATIONS];
	int newest;
	bool wrong;
} seen;

static void see_line(struct follow_rig *of, struct slice line)
{
	int generation = -1, n = -1;
	char text[32];

	(void)of;
	snprintf(text, sizeof text, "%.*s", (int)line.len, line.at);
	seen.wrong |= sscanf(text, "%d.%d", &generation, &n) != 2 || generation < seen.newest ||
		      generation >= GENERATIONS || seen.next_line[generation] != n;
	if (seen.wrong)
		return;
	seen.newest = generation;
	seen.next_line[generation]++;
}

/* Generations of which nothing came; of all others every line came, once and in order. */
static int count_unseen(void)
{
	int unseen = 0;

	cr_expect_not(seen.wrong, "behind generation %d", seen.newest);
	for (int i = 0; i < GENERATIONS; i++) {
		unseen += !seen.next_line[i];
		cr_expect(!seen.next_line[i] || seen.next_line[i] == LINES, "%d: %d", i,
			  seen.next_line[i]);
	}
	return unseen;
}

/* The generation before gets its last line late; two older ones are kept. */
static void write_generation(int generation)
{
	char name[] = "app.log";

	if (generation > 1)
		rig_rename(rig, "app.log.1", "app.log.2");
	if (generation > 0) {
		rig_rename(rig, name, "app.log.1");
		PUT("app.log.1", name_of("%d.%d\n", generation - 1, LINES - 1));
	}
	for (int i = 0; i < (generation < GENERATIONS - 1 ? LINES - 1 : LINES); i++)
		PUT(name, name_of("%d.%d\n", generation, i));
}

static void begin_generations(void)
{
	begin_again("app.log");
	memset(&seen, 0, sizeof seen);
	rig->on_line = see_line;
	write_generation(0);
	rig_run(rig);
}

/* Looks after so many rotations: of those in between, the last three have a name still. */
static void look_after_each(int rotations)
{
	begin_generations();
	for (int i = 1; i < GENERATIONS; i++) {
		write_generation(i);
		if (i % rotations == 0)
			rig_run(rig);
	}
	rig->quiet = true;
	rig_run(rig);
}

/* Scenario A02 */
Test(churn, generations_that_have_a_name_at_the_next_look_are_read_in_full)
{
	for (int rotations = 1; rotations <= 3; rotations++) {
		look_after_each(rotations);
		cr_expect_eq(count_unseen(), 0, "%d: %d", rotations, count_unseen());
		cr_expect_eq(rig->counters.files_lost, 0);
	}
}

/* Scenario A02: what was never seen is lost, and counted, and nothing else is. */
Test(churn, generations_that_have_no_name_at_the_next_look_are_all_that_is_lost)
{
	for (int rotations = 4; rotations <= 10; rotations += 3) {
		look_after_each(rotations);
		cr_expect_eq(count_unseen(), (GENERATIONS - 1) / rotations * (rotations - 3),
			     "%d: %d", rotations, count_unseen());
		cr_expect_eq(rig->counters.generations_missed, count_unseen(), "%llu: %d",
			     (unsigned long long)rig->counters.generations_missed, count_unseen());
	}
}

/* A process of its own: it writes whether anybody looks or not. */
static pid_t start_writer(void)
{
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (pid)
		return pid;
	for (int i = 1; i < GENERATIONS; i++) {
		clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){0, EVERY_MS * 1000000},
				NULL);
		write_generation(i);
	}
	_exit(0);
}

/* Looks until the writer is done. How many generations may have come and gone between two looks. */
static int look_while(pid_t writer)
{
	struct pollfd hints = {discover_fd(rig->discover), POLLIN, 0};
	uint64_t looked_us = clock_mono_us(), began_us;
	int status = -1, missable = 0, rotations;
	bool over;

	do {
		over = waitpid(writer, &status, WNOHANG) == writer;
		began_us = clock_mono_us();
		rig_run(rig);
		rotations = (int)((clock_mono_us() - looked_us) / (EVERY_MS * 1000)) + 1;
		missable += rotations > 3 ? rotations - 3 : 0;
		looked_us = began_us;
		poll(&hints, 1, EVERY_MS);
	} while (!over);
	cr_assert_eq(status, 0);
	return missable;
}

/* Scenario A02: nothing, as long as this process is given its turn every 60 ms. */
Test(churn, a_generation_every_20_ms_of_which_two_are_kept_is_read_in_full)
{
	int missable;

	begin_generations();
	missable = look_while(start_writer());
	rig->quiet = true;
	rig_run(rig);
	cr_expect_leq(count_unseen(), missable, "%d, %d", count_unseen(), missable);
	cr_expect_eq(rig->counters.generations_missed, count_unseen(), "%llu: %d",
		     (unsigned long long)rig->counters.generations_missed, count_unseen());
	cr_expect_lt(missable, GENERATIONS / 2, "%d: too slow to say anything", missable);
	cr_expect_eq(rig->counters.files_lost, 0);
}
