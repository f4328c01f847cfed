/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that is known stays known: however old and quiet it is, under whatever pattern, source or
 * directory it is met again, and when its descriptor was closed meanwhile.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/follow_rig.h"

static struct follow_rig *rig;

static void begin(void)
{
	rig = malloc(sizeof *rig);
	rig_begin(rig, "*.log");
	rig_start(rig);
}

static void end(void)
{
	rig_end(rig);
	free(rig);
}

TestSuite(known, .init = begin, .fini = end, .timeout = 30);

#define SEE(want) cr_assert_str_eq(rig_run(rig), want, "\"%s\"", rig->lines)
#define PUT(name, text) rig_append(rig, name, text)

#define STORED(rows, name, want)                                             \
	do {                                                                 \
		uint64_t committed_;                                         \
                                                                             \
		cr_expect_eq(rig_stored(rig, name, &committed_), rows);      \
		cr_expect_eq(committed_, want, "%s: %lu", name, committed_); \
	} while (0)

static void expect_nothing_lost(void)
{
	cr_expect_eq(rig->counters.truncations, 0);
	cr_expect_eq(rig->counters.files_lost, 0);
	cr_expect_eq(rig->counters.bytes_lost, 0);
}

/* ---- known, old and quiet ---- */

/* As from here on, however it is called: an old file that nobody knows is left out. */
static void ignore_older(void)
{
	rig->sources[0].ignore_older_ms = 3600 * 1000;
	rig->sources[0].start_at = SOURCE_START_END;
}

/* Scenario B09 */
Test(known, a_known_file_with_an_old_time_is_not_forgotten)
{
	ignore_older();
	PUT("a.log", "one\ntwo\n");
	PUT("b.log", "half");
	SEE("one two ");
	for (int i = 1; i <= 5; i++) {
		rig_set_mtime(rig, "a.log", 1000000000 / i);
		rig_set_mtime(rig, "b.log", 1000000000 / i);
		SEE("");
		rig_stop(rig);
		STORED(2, "a.log", 8);
		STORED(2, "b.log", 0);
		rig_start(rig);
		SEE("");
	}
	PUT("a.log", "three\n");
	PUT("b.log", " a line\n");
	rig_set_mtime(rig, "a.log", 1000000000);
	rig_set_mtime(rig, "b.log", 1000000000);
	rig_restart(rig);
	SEE("three half a line ");
	rig_restart(rig);
	SEE("");
	expect_nothing_lost();
}

/* Scenario B09: written to while nobody looked, and then given an old time. */
Test(known, an_old_file_goes_on_where_it_was_after_a_start)
{
	ignore_older();
	PUT("a.log", "one\n");
	SEE("one ");
	rig_stop(rig);
	PUT("a.log", "two\n");
	rig_set_mtime(rig, "a.log", 86400);
	rig_start(rig);
	SEE("two ");
	rig_stop(rig);
	STORED(1, "a.log", 8);
	rig_start(rig);
}

/* Scenario B09: its lineage went on without it, and it is closed. */
Test(known, a_finished_generation_stays_known_for_as_long_as_it_is_there)
{
	rig_stop(rig);
	free(rig->paths[0][0]);
	rig->paths[0][0] = strdup(rig_path(rig, "a.log*"));
	rig_start(rig);
	PUT("a.log", "one\n");
	SEE("one ");
	rig_rename(rig, "a.log", "a.log.1");
	PUT("a.log", "two\n");
	rig->quiet = true;
	SEE("two ");
	cr_assert_eq(rig_file(rig, "a.log.1")->state, FILE_FINISHED);
	rig_set_mtime(rig, "a.log.1", 1000000000);
	for (int i = 0; i < 5; i++) {
		rig_stop(rig);
		STORED(2, "a.log.1", 4);
		rig_start(rig);
		SEE("");
	}
	rig_remove(rig, "a.log.1");
	rig_restart(rig);
	SEE("");
	rig_stop(rig);
	STORED(1, "a.log", 4);
	rig_start(rig);
	expect_nothing_lost();
}

/* ---- another configuration ---- */

static void set_pattern(size_t source, const char *pattern)
{
	free(rig->paths[source][0]);
	rig->paths[source][0] = strdup(rig_path(rig, pattern));
}

static void three_files(void)
{
	PUT("a.log", "a1\n");
	PUT("b.log", "b1\n");
	PUT("c.log", "c1\n");
	SEE("a1 b1 c1 ");
	rig_stop(rig);
	PUT("a.log", "a2\n");
	PUT("b.log", "b2\n");
	PUT("c.log", "c2\n");
}

/* All that was written since is read, and nothing else; now, and at two more starts. */
static void goes_on(const char *want)
{
	rig_start(rig);
	SEE(want);
	rig_restart(rig);
	SEE("");
	rig_restart(rig);
	SEE("");
	expect_nothing_lost();
}

/* Scenario B11 */
Test(known, a_source_is_renamed)
{
	three_files();
	rig->sources[0].name = "other";
	rig->sources[0].start_at = SOURCE_START_END;
	goes_on("a2 b2 c2 ");
}

/* Scenario B11 */
Test(known, a_source_is_split_into_two_and_joined_again)
{
	three_files();
	set_pattern(0, "[ab].log");
	rig_also(rig, "c.log");
	/* By turns of the sources. */
	goes_on("a2 c2 b2 ");
	cr_expect_eq(rig_file(rig, "c.log")->source, &rig->sources[1]);
	rig_stop(rig);
	PUT("c.log", "c3\n");
	set_pattern(0, "*.log");
	set_pattern(1, "none");
	goes_on("c3 ");
	cr_expect_eq(rig_file(rig, "c.log")->source, &rig->sources[0]);
}

/* Scenario B11 */
Test(known, a_pattern_is_another_one_for_the_same_files)
{
	three_files();
	set_pattern(0, "?.l*");
	goes_on("a2 b2 c2 ");
	rig_stop(rig);
	PUT("b.log", "b3\n");
	set_pattern(0, "**/*.log");
	goes_on("b3 ");
	rig_stop(rig);
	STORED(3, "b.log", 9);
	rig_start(rig);
}

/* Scenario B11 */
Test(known, the_directory_is_moved_and_the_pattern_with_it)
{
	cr_assert_eq(mkdir(rig_path(rig, "old"), 0755), 0);
	rig_stop(rig);
	set_pattern(0, "old/*.log");
	rig_start(rig);
	PUT("old/a.log", "a1\n");
	PUT("old/b.log", "b1\n");
	SEE("a1 b1 ");
	rig_stop(rig);
	PUT("old/a.log", "a2\n");
	rig_rename(rig, "old", "new");
	PUT("new/c.log", "c1\n");
	set_pattern(0, "new/*.log");
	goes_on("a2 c1 ");
	rig_stop(rig);
	STORED(3, "new/a.log", 6);
	STORED(3, "new/b.log", 3);
	rig_start(rig);
}

/* Scenario B11: the files only, to a directory that has others, while that of the old is there. */
Test(known, files_are_moved_to_where_the_pattern_leads_now)
{
	cr_assert_eq(mkdir(rig_path(rig, "new"), 0755), 0);
	three_files();
	rig_rename(rig, "a.log", "new/a.log");
	rig_rename(rig, "b.log", "new/c.log");
	PUT("new/z.log", "z1\n");
	set_pattern(0, "new/*.log");
	goes_on("a2 b2 z1 ");
	rig_stop(rig);
	STORED(4, "new/c.log", 6);
	rig_start(rig);
}

/* Scenario B11 */
Test(known, a_source_that_is_left_out_for_a_while_goes_on_where_it_was)
{
	three_files();
	set_pattern(0, "none");
	goes_on("");
	rig_stop(rig);
	PUT("a.log", "a3\n");
	set_pattern(0, "*.log");
	goes_on("a2 a3 b2 c2 ");
}

/* ---- closed for want of descriptors ---- */

#define OPEN_FILES 3
#define FILES 8

/* One more line for each file, which are all that is read. */
static void round_of_lines(int round)
{
	char name[16], line[16], want[FILES * 8] = "";

	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof name, "%d.log", i);
		snprintf(line, sizeof line, "%d.%02d\n", i, round);
		PUT(name, line);
		sprintf(want + strlen(want), "%d.%02d ", i, round);
	}
	SEE(want);
}

/* All is acknowledged; the next file that is opened closes others. */
static void settle_and_close(int round)
{
	char name[16];

	rig_deliver(rig);
	SEE("");
	snprintf(name, sizeof name, "new%02d.log", round);
	PUT(name, "new\n");
	SEE("new ");
	cr_assert_eq(rig->files.n_open, OPEN_FILES);
}

/*
 * Scenario B03. More files lie open than may be while nothing is acknowledged, and none of those is
 * closed: not even the one that was just opened and has nothing in flight yet. Then they are, and
 * are opened again for the next line. In flight are up to three lines of each.
 */
Test(known, files_closed_and_opened_with_lines_in_flight_go_on_where_they_were)
{
	char name[] = "0.log";

	for (int round = 0; round < 40; round++) {
		rig->hold = round % 4 != 3;
		rig->files.max_open = OPEN_FILES;
		round_of_lines(round);
		cr_assert_eq(rig->n_in_flight, FILES * (round % 4 < 3 ? round % 4 + 1 : 3));
		cr_assert_geq(rig->files.n_open, FILES);
		if (round % 4 == 3)
			settle_and_close(round);
		if (round % 8 == 7)
			rig_restart(rig);
	}
	rig_stop(rig);
	for (int i = 0; i < FILES; i++, name[0]++)
		STORED(FILES + 10, name, 40 * 5);
	rig_start(rig);
	SEE("");
	expect_nothing_lost();
}

/* Scenario B03: the descriptor itself goes while a line is in flight (an error does that). */
Test(known, a_file_closed_with_lines_in_flight_goes_on_behind_them)
{
	struct file *file;

	PUT("a.log", "one\n");
	SEE("one ");
	file = rig_file(rig, "a.log");
	rig->hold = true;
	for (int i = 0; i < 3; i++) {
		PUT("a.log", "two\n");
		SEE("two ");
		files_close(&rig->files, file);
	}
	cr_expect_eq(file->account.committed, 4);
	PUT("a.log", "three\n");
	SEE("three ");
	files_close(&rig->files, file);
	rig_checkpoint(rig);
	rig_crash(rig);
	STORED(1, "a.log", 4);
	rig_start(rig);
	SEE("two two two three ");
	rig_deliver(rig);
	files_close(&rig->files, rig_file(rig, "a.log"));
	PUT("a.log", "four\n");
	SEE("four ");
	rig_deliver(rig);
	rig_stop(rig);
	STORED(1, "a.log", 27);
	rig_start(rig);
	SEE("");
	expect_nothing_lost();
}
