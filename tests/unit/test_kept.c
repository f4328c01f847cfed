/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent knows of generations that have no name any more, when nothing came behind them:
 * what is made of the last one later is no generation that nobody saw.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "files/kept.h"
#include "tests/support/follow_rig.h"
#include "tests/support/pack.h"

static struct follow_rig *rig;

/* Two generations that were read and closed, and nothing at the path. */
static void begin(void)
{
	rig = malloc(sizeof *rig);
	rig_begin(rig, "app.log");
	rig_start(rig);
	rig_append(rig, "app.log", "a1\n");
	cr_assert_str_eq(rig_run(rig), "a1 ");
	rig_rename(rig, "app.log", "app.log-20260101");
	rig_append(rig, "app.log", "b1\n");
	cr_assert_str_eq(rig_run(rig), "b1 ");
	rig_rename(rig, "app.log", "app.log-20260102");
	cr_assert_str_eq(rig_run(rig), "");
	files_close(&rig->files, rig_file(rig, "app.log-20260101"));
	files_close(&rig->files, rig_file(rig, "app.log-20260102"));
}

static void finish(void)
{
	rig->quiet = true;
	cr_assert_str_eq(rig_run(rig), "");
}

static void end(void)
{
	rig_end(rig);
	free(rig);
}

TestSuite(kept, .init = begin, .fini = end, .timeout = 60);

/* As agent_look.c does it: two looks, before what they find is believed. */
static void look_twice(void)
{
	for (int i = 0; i < 2; i++) {
		follow_begin_look(&rig->files);
		cr_assert_str_eq(rig_rescan(rig), "", "\"%s\"", rig->lines);
		cr_assert_eq(files_forget_gone(&rig->files), 0);
		follow_check_paths(&rig->files);
		cr_assert_eq(follow_check_some(&rig->files, rig->discover, CLOCK_NEVER), 0);
	}
}

/* gzip, long after the file was closed, as long as that is there. */
static void pack_beside(const char *name, const char *text)
{
	struct slice packed = pack(PACKED_GZIP, text, strlen(text));
	char to[64];
	int fd;

	snprintf(to, sizeof to, "%s.gz", name);
	fd = open(rig_path(rig, to), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	cr_assert_eq(write(fd, packed.at, packed.len), (ssize_t)packed.len);
	close(fd);
	free((char *)packed.at);
}

static void compress(const char *name, const char *text)
{
	pack_beside(name, text);
	rig_remove(rig, name);
}

static void expect_nothing_after_a_restart(void)
{
	rig_restart(rig);
	cr_assert_str_eq(rig_run(rig), "", "\"%s\"", rig->lines);
	look_twice();
	cr_expect_eq(rig->counters.generations_unseen, 0);
	cr_expect_eq(rig->counters.files_lost, 0);
}

Test(kept, the_last_generation_is_compressed_while_an_older_one_is_there)
{
	finish();
	compress("app.log-20260102", "b1\n");
	look_twice();
	look_twice();
	expect_nothing_after_a_restart();
}

Test(kept, the_last_generation_is_compressed_and_then_the_older_one_deleted)
{
	compress("app.log-20260102", "b1\n");
	cr_assert_str_eq(rig_run(rig), "");
	rig_remove(rig, "app.log-20260101");
	cr_assert_str_eq(rig_run(rig), "");
	expect_nothing_after_a_restart();
}

/* Scenario B08 */
Test(kept, a_lineage_of_which_nothing_is_left_is_forgotten)
{
	uint64_t committed;

	finish();
	rig_remove(rig, "app.log-20260102");
	look_twice();
	look_twice();
	cr_expect_eq(map_count(rig->files.by_inode), 2);
	rig_remove(rig, "app.log-20260101");
	for (int i = 0; i < 3; i++)
		look_twice();
	cr_expect_eq(map_count(rig->files.by_inode), 0);
	rig_stop(rig);
	cr_expect_eq(rig_stored(rig, "app.log-20260102", &committed), 0);
}

/*
 * It goes from its path, and an older one is there: the beginning of it in a file that a rotation
 * may have made is none that came behind that.
 */
Test(kept, a_copy_of_the_last_one_which_was_deleted_at_its_path)
{
	finish();
	rig->quiet = false;
	rig_append(rig, "app.log", "c1\n");
	cr_assert_str_eq(rig_run(rig), "c1 ");
	rig_append(rig, "app.log-20260103", "c1\n");
	usleep(20000);
	rig_append(rig, "app.log", "c2\n");
	cr_assert_str_eq(rig_run(rig), "c2 ");
	files_close(&rig->files, rig_file(rig, "app.log"));
	rig_remove(rig, "app.log");
	cr_assert_str_eq(rig_run(rig), "");
	look_twice();
	look_twice();
	expect_nothing_after_a_restart();
}

/* It has the path of one that is known still, for it may come again compressed. */
Test(kept, a_new_file_at_the_path_of_one_that_was_deleted_is_read)
{
	end();
	rig = malloc(sizeof *rig);
	rig_begin(rig, "app.log");
	rig->sources[0].compressed = true;
	rig_start(rig);
	rig_append(rig, "app.log", "a1\n");
	cr_assert_str_eq(rig_run(rig), "a1 ");
	files_close(&rig->files, rig_file(rig, "app.log"));
	rig_remove(rig, "app.log");
	cr_assert_str_eq(rig_run(rig), "");
	cr_assert_eq(map_count(rig->files.by_inode), 1);
	rig_append(rig, "app.log", "b1\n");
	cr_assert_str_eq(rig_run(rig), "b1 ", "\"%s\"", rig->lines);
	rig_restart(rig);
	cr_assert_str_eq(rig_run(rig), "", "\"%s\"", rig->lines);
}

/*
 * It is not looked at as long as nobody knows what took the path, and no hint tells of it then: the
 * next look at all paths finds it, and it is known still, though another one went behind it.
 */
Test(kept, one_that_is_compressed_while_the_one_behind_it_is_replaced)
{
	end();
	rig = malloc(sizeof *rig);
	rig_begin(rig, "app.log*");
	rig->sources[0].compressed = true;
	rig_start(rig);
	rig_append(rig, "app.log", "a1\n");
	cr_assert_str_eq(rig_run(rig), "a1 ");
	rig_rename(rig, "app.log", "app.log-20260101");
	rig_append(rig, "app.log", "b1\n");
	cr_assert_str_eq(rig_run(rig), "b1 ");
	finish();
	rig->quiet = false;
	rig_append(rig, "edited", "c1\n");
	rig_rename(rig, "edited", "app.log");
	pack_beside("app.log-20260101", "a1\n");
	cr_assert_str_eq(rig_run(rig), "c1 ", "\"%s\"", rig->lines);
	rig_remove(rig, "app.log-20260101");
	cr_assert_str_eq(rig_run(rig), "");
	finish();
	look_twice();
	look_twice();
	expect_nothing_after_a_restart();
}

static void begin_anew(const char *pattern)
{
	end();
	rig = malloc(sizeof *rig);
	rig_begin(rig, pattern);
	cr_assert_eq(mkdir(rig_path(rig, "sub"), 0755), 0);
	rig_start(rig);
}

/* sed -i: other lines, in a new file, take the path. */
static void edit(const char *name, const char *text)
{
	rig_append(rig, "edited", text);
	rig_rename(rig, "edited", name);
}

/* ---- what took the path of a file without a name, and has none itself ---- */

/* What it holds is behind the descriptor only. Scenario A07 */
Test(kept, one_that_is_replaced_while_it_is_held_is_read)
{
	begin_anew("sub/app.log");
	rig->hold = true;
	rig_append(rig, "sub/app.log", "a1\n");
	cr_assert_str_eq(rig_run(rig), "a1 ");
	edit("sub/app.log", "b1\n");
	cr_assert_str_eq(rig_run(rig), "", "\"%s\"", rig->lines);
	edit("sub/app.log", "c1\n");
	cr_assert_str_eq(rig_run(rig), "", "\"%s\"", rig->lines);
	rig->hold = false;
	rig_deliver(rig);
	cr_assert_str_eq(rig_run(rig), "b1 c1 ", "\"%s\"", rig->lines);
	rig_append(rig, "sub/app.log", "c2\n");
	cr_assert_str_eq(rig_run(rig), "c2 ", "\"%s\"", rig->lines);
	rig_rename(rig, "sub", "gone");
	cr_assert_str_eq(rig_run(rig), "", "\"%s\"", rig->lines);
	expect_nothing_after_a_restart();
}

/* lumberjack while nothing is acknowledged: which of them the compressed one is shows last. */
Test(kept, one_that_is_rotated_and_compressed_while_it_is_held_comes_once)
{
	begin_anew("app.log");
	rig->hold = true;
	rig_append(rig, "app.log", "a1\n");
	cr_assert_str_eq(rig_run(rig), "a1 ");
	rig_rename(rig, "app.log", "app.log-20260101");
	compress("app.log-20260101", "a1\n");
	rig_append(rig, "app.log", "b1\n");
	rig_rename(rig, "app.log", "app.log-20260102");
	cr_assert_str_eq(rig_run(rig), "", "\"%s\"", rig->lines);
	compress("app.log-20260102", "b1\n");
	rig->hold = false;
	rig_deliver(rig);
	cr_assert_str_eq(rig_run(rig), "b1 ", "\"%s\"", rig->lines);
	expect_nothing_after_a_restart();
}
