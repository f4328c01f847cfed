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
#include <unistd.h>

#include "base/clock.h"
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

TestSuite(churn, .init = begin, .fini = end, .timeout = 60);

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
	cr_expect_leq(mallinfo2().uordblks, memory + (16 << 10), "%zu, %lu before",
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
	cr_assert_eq(follow_check_paths(&rig->files, rig->discover), 0);
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
	cr_assert_eq(follow_check_paths(&rig->files, rig->discover), 0);
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
