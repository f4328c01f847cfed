/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that left their directory: moved to another one (olddir), with theirs, or without a name;
 * and where they are looked for at the next start. Over real directories and a real store.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "follow/follow.h"
#include "tests/support/follow_rig.h"
#include "tests/support/pack.h"

static struct follow_rig *rig;
static char *rotated[2];

#define SEE(want) cr_assert_str_eq(rig_run(rig), want, "\"%s\"", rig->lines)
#define PUT(name, text) rig_append(rig, name, text)

static void begin(void)
{
	rig = malloc(sizeof *rig);
	rig_begin(rig, "app.log");
	cr_assert_eq(mkdir(rig_path(rig, "old"), 0755), 0);
	rig_start(rig);
	PUT("app.log", "a1\n");
	SEE("a1 ");
}

static void end(void)
{
	rig_end(rig);
	free(rig);
	free(rotated[0]);
}

static void look_in(const char *pattern)
{
	rotated[0] = strdup(rig_path(rig, pattern));
	rig->sources[0].rotated = rotated;
}

static void restart(void)
{
	rig_stop(rig);
	rig_start(rig);
}

static void end_well(void)
{
	cr_assert_eq(rig->counters.files_lost, 0);
	cr_assert_eq(rig->counters.bytes_lost, 0);
	restart();
	SEE("");
	cr_assert_eq(rig->counters.files_lost, 0);
}

/* Lines that come one by one, each after rotate_wait: the file was closed before it. */
static void write_late(const char *name)
{
	char text[8], want[8];

	rig->quiet = true;
	for (int i = 0; i < 4; i++) {
		SEE("");
		snprintf(text, sizeof text, "l%d\n", i);
		snprintf(want, sizeof want, "l%d ", i);
		PUT(name, text);
		SEE(want);
	}
	rig->quiet = false;
}

TestSuite(moved, .init = begin, .fini = end, .timeout = 60);

/* ---- while it runs (A17, A18) ---- */

/*
 * A path that was looked at is renamed before the file there is asked who it is: another one has
 * the path then, which says nothing of the first. That one was forgotten, and read again.
 */
Test(moved, renamed_between_two_looks_at_its_path)
{
	struct file *file = rig_file(rig, "app.log");
	struct stat st;

	rig->quiet = true;
	cr_assert_eq(stat(rig_path(rig, "app.log"), &st), 0);
	rig_rename(rig, "app.log", "old/app.log.1");
	PUT("app.log", "b1\n");
	SEE("b1 ");
	cr_assert_eq(file->state, FILE_FINISHED);
	cr_expect_eq(files_at(&rig->files, rig_path(rig, "app.log"), st.st_dev, st.st_ino), file);
	end_well();
}

/* Scenario A17, A18 */
Test(moved, a_writer_that_keeps_a_file_moved_to_another_directory_is_read)
{
	rig_rename(rig, "app.log", "old/app.log.1");
	PUT("app.log", "b1\n");
	SEE("b1 ");
	write_late("old/app.log.1");
	rig_rename(rig, "old/app.log.1", "old/app.log.2");
	PUT("old/app.log.2", "a9\n");
	SEE("a9 ");
	rig_stop(rig);
	rig_rename(rig, "old/app.log.2", "old/app.log.3");
	PUT("old/app.log.3", "a10\n");
	rig_start(rig);
	SEE("a10 ");
	end_well();
}

/* Scenario A17, A18 */
Test(moved, a_writer_that_keeps_a_file_of_a_renamed_directory_is_read)
{
	rig_end(rig);
	rig_begin(rig, "app/*.log");
	cr_assert_eq(mkdir(rig_path(rig, "app"), 0755), 0);
	PUT("app/a.log", "a1\n");
	rig_start(rig);
	SEE("a1 ");
	rig_rename(rig, "app", "gone");
	SEE("");
	write_late("gone/a.log");
	end_well();
}

/* Scenario A16 */
Test(moved, a_deleted_file_is_read_as_long_as_somebody_writes_to_it)
{
	int fd = open(rig_path(rig, "app.log"), O_WRONLY | O_APPEND | O_CLOEXEC);
	char text[8], want[8];

	rig_remove(rig, "app.log");
	PUT("app.log", "b1\n");
	SEE("b1 ");
	rig->quiet = true;
	for (int i = 0; i < 4; i++) {
		SEE("");
		snprintf(text, sizeof text, "l%d\n", i);
		snprintf(want, sizeof want, "l%d ", i);
		cr_assert_eq(write(fd, text, 3), 3);
		SEE(want);
	}
	cr_assert_gt(rig->files.held_deleted_bytes, 0);
	/* What was written last is read, and then nobody holds the space any more (A16). */
	cr_assert_eq(write(fd, "end\n", 4), 4);
	close(fd);
	SEE("end ");
	SEE("");
	cr_assert_eq(rig->files.n_open, 1);
	rig->quiet = false;
	end_well();
}

/* Scenario A16 */
Test(moved, a_deleted_file_is_open_until_its_lines_are_acknowledged_and_no_longer)
{
	struct file *file = rig_file(rig, "app.log");

	rig->hold = true;
	PUT("app.log", "a2\n");
	rig_remove(rig, "app.log");
	rig->quiet = true;
	SEE("a2 ");
	SEE("");
	cr_assert_geq(file->tail.fd, 0);
	rig_deliver(rig);
	SEE("");
	cr_assert_eq(map_count(rig->files.by_inode), 0);
	cr_assert_eq(rig->counters.files_lost, 0);
}

/* Scenario A17 */
Test(moved, a_file_renamed_over_another_waits_until_that_one_is_read)
{
	PUT("app.log", "a2\n");
	PUT("new", "b1\n");
	rig_rename(rig, "new", "app.log");
	PUT("app.log", "b2\n");
	SEE("a2 b1 b2 ");
	end_well();
}

/* Scenario A17 */
Test(moved, a_file_that_is_moved_in_begins_at_its_start_or_where_it_was)
{
	PUT("old/b.log", "b1\n");
	rig_rename(rig, "app.log", "old/app.log");
	rig_rename(rig, "old/b.log", "app.log");
	SEE("b1 ");
	PUT("old/app.log", "a2\n");
	rig_rename(rig, "app.log", "old/b.log");
	rig_rename(rig, "old/app.log", "app.log");
	SEE("a2 ");
	PUT("app.log", "a3\n");
	PUT("old/b.log", "b2\n");
	rig_run(rig);
	cr_assert(strlen(rig->lines) == 6 && strstr(rig->lines, "a3 ") && strstr(rig->lines, "b2 "),
		  "%s", rig->lines);
	end_well();
}

/* ---- starts ---- */

/* Scenario A11, A17 */
Test(moved, a_file_that_was_moved_with_lines_unacknowledged_goes_on_after_a_restart)
{
	rig->hold = true;
	PUT("app.log", "a2\na3\n");
	SEE("a2 a3 ");
	rig_rename(rig, "app.log", "old/app.log.1");
	PUT("app.log", "b1\n");
	SEE("");
	rig_stop(rig);
	rig->hold = false;
	rig_start(rig);
	SEE("a2 a3 b1 ");
	end_well();
}

/* Scenario A11, A17: the move came after the last hint that was taken. */
Test(moved, a_file_that_is_moved_while_the_agent_stops_goes_on_after_a_restart)
{
	rig->hold = true;
	PUT("app.log", "a2\n");
	SEE("a2 ");
	rig_rename(rig, "app.log", "old/app.log.1");
	follow_begin_look(&rig->files);
	follow_check_paths(&rig->files);
	cr_assert_eq(follow_check_some(&rig->files, rig->discover, CLOCK_NEVER), 0);
	rig_stop(rig);
	rig->hold = false;
	rig_start(rig);
	SEE("a2 ");
	end_well();
}

/* Scenario A11, A17 */
Test(moved, a_file_that_was_moved_while_down_is_found_where_earlier_ones_went)
{
	rig_rename(rig, "app.log", "old/app.log.1");
	PUT("app.log", "b1\n");
	SEE("b1 ");
	rig_remove(rig, "old/app.log.1");
	rig->quiet = true;
	SEE("");
	rig_stop(rig);
	PUT("app.log", "b2\n");
	rig_rename(rig, "app.log", "old/app.log.3");
	PUT("app.log", "c1\n");
	rig_rename(rig, "app.log", "old/app.log.2");
	PUT("app.log", "d1\n");
	rig->quiet = false;
	rig_start(rig);
	SEE("b2 c1 d1 ");
	end_well();
}

/* Scenario A11, A17 */
Test(moved, a_file_that_was_moved_while_down_is_found_where_rotated_says)
{
	look_in("old/*/app.log*");
	cr_assert_eq(mkdir(rig_path(rig, "old/2026"), 0755), 0);
	rig_stop(rig);
	PUT("app.log", "a2\n");
	PUT("old/2026/app.log-20200101", "x1\n");
	PUT("old/2026/other.log", "x2\n");
	/* Of long ago: it came before the known one. */
	cr_assert_eq(utimensat(AT_FDCWD, rig_path(rig, "old/2026/app.log-20200101"),
			       (struct timespec[]){{.tv_sec = 1577836800}, {.tv_sec = 1577836800}},
			       0),
		     0);
	rig_rename(rig, "app.log", "old/2026/app.log-20260101");
	PUT("app.log", "b1\n");
	rig_start(rig);
	SEE("a2 b1 ");
	PUT("old/2026/app.log-20260101", "a3\n");
	SEE("a3 ");
	PUT("old/2026/other.log", "x3\n");
	SEE("");
	end_well();
}

/* Scenario A11, A17 */
Test(moved, a_closed_file_that_was_moved_unseen_is_found_where_rotated_says)
{
	struct file *file = rig_file(rig, "app.log");

	look_in("old/**");
	cr_assert_eq(mkdir(rig_path(rig, "old/x"), 0755), 0);
	PUT("app.log", "a2\n");
	files_close(&rig->files, file);
	rig_rename(rig, "app.log", "old/x/app.log.1");
	SEE("a2 ");
	cr_assert(file->left_path);
	end_well();
}

/* Scenario A11, A17: killed before the move was stored. */
Test(moved, a_file_that_was_moved_to_a_directory_beside_it_is_found_after_a_crash)
{
	rig_checkpoint(rig);
	PUT("app.log", "a2\n");
	SEE("a2 ");
	rig_rename(rig, "app.log", "old/app.log.1");
	PUT("app.log", "b1\n");
	rig_rename(rig, "app.log", "old/app.log.2");
	PUT("app.log", "c1\n");
	rig_crash(rig);
	rig_start(rig);
	SEE("a2 b1 c1 ");
	end_well();
}

/* ---- what is told ---- */

/* Where nobody looks. */
static void rotate_away_while_down(void)
{
	char name[32], text[8], want[8];

	cr_assert_eq(mkdir(rig_path(rig, "old/x"), 0755), 0);
	for (int i = 0; i < 5; i++) {
		rig_stop(rig);
		snprintf(name, sizeof name, "old/x/%d", i);
		rig_rename(rig, "app.log", name);
		snprintf(text, sizeof text, "g%d\n", i);
		snprintf(want, sizeof want, "g%d ", i);
		PUT("app.log", text);
		rig_start(rig);
		SEE(want);
	}
}

/* gzip in a directory, which is renamed then: nobody saw the compressed file there. */
static void compressed_and_away(bool closed)
{
	struct slice packed = pack(PACKED_GZIP, "a1\n", 3);
	int fd;

	end();
	rig = malloc(sizeof *rig);
	rig_begin(rig, "logs/app.log*");
	cr_assert_eq(mkdir(rig_path(rig, "logs"), 0755), 0);
	rig_start(rig);
	PUT("logs/app.log", "a1\n");
	SEE("a1 ");
	rig_rename(rig, "logs/app.log", "logs/app.log.1");
	PUT("logs/app.log", "b1\n");
	rig->quiet = closed;
	SEE("b1 ");
	SEE("");
	fd = open(rig_path(rig, "logs/app.log.1.gz"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	cr_assert_eq(write(fd, packed.at, packed.len), (ssize_t)packed.len);
	close(fd);
	free((char *)packed.at);
	rig_remove(rig, "logs/app.log.1");
	rig_rename(rig, "logs", "away");
	SEE("");
	end_well();
}

/* Scenario A12 */
Test(moved, a_compressed_generation_in_a_directory_that_was_renamed_is_not_shipped_again)
{
	compressed_and_away(false);
	compressed_and_away(true);
}

Test(moved, five_files_that_were_wholly_shipped_are_not_told_as_lost)
{
	rotate_away_while_down();
	end_well();
}

Test(moved, bytes_that_were_seen_and_not_shipped_are_told_when_they_are_gone)
{
	rig->hold = true;
	PUT("app.log", "a2\nwas shipped\na3\nhalf a line");
	SEE("a2 was shipped a3 ");
	account_report(&rig_file(rig, "app.log")->account, rig->in_flight[1], SLOT_DELIVERED);
	files_dirty(&rig->files, rig_file(rig, "app.log"));
	rig_stop(rig);
	rig_remove(rig, "app.log");
	rig->hold = false;
	rig_start(rig);
	SEE("");
	cr_assert_eq(rig->counters.files_lost, 1);
	cr_assert_eq(rig->counters.bytes_lost, strlen("a2\n"
						      "a3\n"
						      "half a line"));
	restart();
	cr_assert_eq(rig->counters.files_lost, 1);
}
