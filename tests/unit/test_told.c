/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said of files, and how often: their owner decides how many there are and what becomes of
 * them.
 */
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/follow_rig.h"
#include "tests/support/said.h"

static struct follow_rig *rig;

static void begin(void)
{
	rig = malloc(sizeof *rig);
	rig_begin(rig, "*.log");
	rig->log = said_begin();
	rig_start(rig);
}

static void end(void)
{
	rig_end(rig);
	free(rig);
}

TestSuite(told, .init = begin, .fini = end, .timeout = 300);

/* Good for two calls. */
PRINTF_LIKE(1, 2)
static const char *name_of(const char *format, ...)
{
	static char names[2][64];
	static int next;
	char *name = names[next++ & 1];
	va_list args;

	va_start(args, format);
	vsnprintf(name, sizeof names[0], format, args);
	va_end(args);
	return name;
}

/* What the log holds back is said when a minute is over, or now. */
static void stop_listening(void)
{
	rig_crash(rig);
	rig->log = said_end(rig->log);
	rig_start(rig);
}

/* Scenario C12. 20,000 of them were 20,000 warnings at each start. */
Test(told, many_fifos_are_two_lines)
{
	for (int i = 0; i < 20000; i++)
		cr_assert_eq(mkfifo(rig_path(rig, name_of("%d.log", i)), 0600), 0);
	rig_rescan(rig);
	rig_rescan(rig);
	cr_expect_eq(said_times("\n"), 2);
	cr_expect_eq(said_times("more than 1000 of its paths"), 1);
	stop_listening();
	cr_expect_eq(said_times("\n"), 3);
	cr_expect_eq(said_times("a FIFO: it is not followed"), 2);
	cr_expect_eq(said_times("(suppressed 998 of 999 like it within a minute, source log)"), 1);
}

/* What is remembered of it ends, for one source and not for all. */
Test(told, what_was_told_is_remembered_up_to_a_limit)
{
	for (int i = 0; i < 3000; i++)
		cr_assert_eq(mkfifo(rig_path(rig, name_of("%d.log", i)), 0600), 0);
	rig_rescan(rig);
	cr_expect_eq(map_count(rig->files.refused), 1001, "%zu", map_count(rig->files.refused));
	cr_expect_eq(said_times("more than 1000 of its paths are refused"), 1);
	for (int i = 0; i < 3000; i++)
		rig_remove(rig, name_of("%d.log", i));
	rig_run(rig);
	cr_expect_eq(map_count(rig->files.refused), 0);
	cr_expect_eq(rig->files.shares[0].n_told, 0);
	stop_listening();
}

/* 2,500 lines in 14 s. */
Test(told, many_renames_are_two_lines)
{
	for (int i = 0; i < 100; i++) {
		rig_append(rig, "a.log", name_of("%d\n", i));
		rig_rename(rig, "a.log", name_of("a.log.%d", 2 * i));
		rig_append(rig, "a.log", name_of("again %d\n", i));
		rig_rename(rig, "a.log", name_of("a.log.%d", 2 * i + 1));
		rig_append(rig, "a.log", "last\n");
		rig_run(rig);
	}
	cr_expect_geq(rig->counters.generations_unseen, 99);
	stop_listening();
	cr_expect_eq(said_times("came and was rotated before it was seen"), 2);
	cr_expect_eq(said_times("\n"), 2);
}

/* 5,000 of them were 5,000 lines at the start behind it. */
Test(told, many_lost_files_are_two_lines)
{
	for (int i = 0; i < 500; i++)
		rig_append(rig, name_of("%d.log", i), "shipped\nnot the end");
	rig_run(rig);
	rig_stop(rig);
	for (int i = 0; i < 500; i++)
		rig_remove(rig, name_of("%d.log", i));
	rig_start(rig);
	cr_expect_eq(rig->counters.files_lost, 500);
	stop_listening();
	cr_expect_eq(said_times(": gone while waybill was down"), 2);
	cr_expect_eq(said_times("\n"), 2);
}

#define NOBODY 65534

/* Who may not read what is closed, root included. */
static void become_nobody(void)
{
	if (geteuid() != 0)
		return;
	cr_assert_eq(chown(rig->top, NOBODY, NOBODY), 0);
	cr_assert_eq(seteuid(NOBODY), 0);
}

/* Scenario D10. It was told each half minute, with each look at all paths. */
Test(told, an_unreadable_file_is_told_once_until_it_can_be_read)
{
	become_nobody();
	rig_append(rig, "a.log", "1\n");
	cr_assert_eq(chmod(rig_path(rig, "a.log"), 0), 0);
	for (int i = 0; i < 5; i++)
		rig_rescan(rig);
	cr_expect_eq(said_times("a.log: permission denied"), 1);
	cr_assert_eq(chmod(rig_path(rig, "a.log"), 0600), 0);
	rig_run(rig);
	cr_expect_eq(said_times("a.log: it can be read now"), 1);
	/* Of another file at that path it is news. */
	rig_remove(rig, "a.log");
	rig_run(rig);
	rig_append(rig, "a.log", "2\n");
	cr_assert_eq(chmod(rig_path(rig, "a.log"), 0), 0);
	rig_rescan(rig);
	rig->files.log = said_end(rig->files.log);
	cr_expect_eq(said_times("\n"), 3);
	cr_expect_eq(said_times("a.log: permission denied"), 2);
	cr_expect_eq(said_times("(held back for up to a minute)"), 1, "the second time");
}

/* Once: with the first line. */
static void store_now(struct follow_rig *of, struct slice line)
{
	(void)line;
	of->on_line = NULL;
	rig_checkpoint(of);
}

/* It was told that all was shipped: the row of a file that was not read to its end has no size. */
Test(told, a_file_that_was_deleted_before_its_end_was_read_is_lost)
{
	rig->on_line = store_now;
	rig_append(rig, "a.log", "1\n2\n3\n");
	rig_run(rig);
	rig_crash(rig);
	rig_remove(rig, "a.log");
	rig_start(rig);
	cr_expect_eq(rig->counters.files_lost, 1);
	stop_listening();
	cr_expect_eq(said_times("a.log: gone while waybill was down: 6 bytes after position 0"), 1);
	cr_expect_eq(said_times("is shipped"), 0);
}

/* Scenario G01. What was wholly shipped is no loss, however it went. */
Test(told, files_that_were_wholly_shipped_are_not_lost)
{
	for (int i = 0; i < 20; i++)
		rig_append(rig, name_of("%d.log", i), "shipped\n");
	rig_run(rig);
	for (int i = 0; i < 10; i++)
		rig_remove(rig, name_of("%d.log", i));
	rig_run(rig);
	rig_rescan(rig);
	rig_stop(rig);
	for (int i = 10; i < 20; i++)
		rig_remove(rig, name_of("%d.log", i));
	rig_start(rig);
	rig_run(rig);
	cr_expect_eq(rig->counters.files_lost, 0);
	cr_expect_eq(rig->counters.bytes_lost, 0);
	stop_listening();
	cr_expect_eq(said_times("lost"), 0);
}
