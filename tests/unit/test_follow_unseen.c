/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that were renamed, moved or unlinked before anybody looked at them: which of them are read,
 * in which order, and which are counted as missed.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "follow/follow.h"
#include "tests/support/follow_rig.h"

static struct follow_rig *rig;

#define SEE(want) cr_assert_str_eq(rig_run(rig), want, "\"%s\"", rig->lines)
#define PUT(name, text) rig_append(rig, name, text)
#define MISSED(n)                                                 \
	cr_assert_eq(rig->counters.generations_missed, n, "%llu", \
		     (unsigned long long)rig->counters.generations_missed)

static void begin_with(const char *pattern)
{
	rig = malloc(sizeof *rig);
	rig_begin(rig, pattern);
	rig_start(rig);
	SEE("");
}

static void begin(void)
{
	begin_with("app.log");
}

static void end(void)
{
	rig_end(rig);
	free(rig);
}

static void again_with(const char *pattern)
{
	end();
	begin_with(pattern);
}

static void end_well(void)
{
	cr_assert_eq(rig->counters.files_lost, 0);
	rig_stop(rig);
	rig_start(rig);
	SEE("");
	cr_assert_eq(rig->counters.files_lost, 0);
}

TestSuite(follow_unseen, .init = begin, .fini = end, .timeout = 60);

/* ---- the first file that a path ever had ---- */

static void first_renamed(const char *name)
{
	PUT("app.log", "a1\n");
	rig_rename(rig, "app.log", name);
	SEE("a1 ");
	PUT(name, "a2\n");
	SEE("a2 ");
	PUT("app.log", "b1\n");
	SEE("b1 ");
	MISSED(0);
	end_well();
}

/* Scenario A02 */
Test(follow_unseen, the_first_file_of_a_path_is_read_under_its_rotated_name)
{
	first_renamed("app.log.1");
}

/* Scenario A02 */
Test(follow_unseen, the_first_file_of_a_path_is_read_under_any_name)
{
	first_renamed("kept by hand");
}

/* Scenario A02 */
Test(follow_unseen, the_first_file_is_read_before_the_one_that_has_its_path)
{
	PUT("app.log", "a1\n");
	rig_rename(rig, "app.log", "kept");
	PUT("app.log", "b1\n");
	SEE("a1 b1 ");
	cr_assert_eq(rig_file(rig, "app.log")->lineage[0], '/');
	MISSED(0);
	end_well();
}

/* Scenario A02, A15 */
Test(follow_unseen, three_generations_of_an_unknown_path_come_in_their_order)
{
	PUT("app.log", "a1\n");
	rig_rename(rig, "app.log", "app.log.1");
	PUT("app.log", "b1\n");
	rig_rename(rig, "app.log.1", "app.log.2");
	rig_rename(rig, "app.log", "app.log.1");
	PUT("app.log", "c1\n");
	SEE("a1 b1 c1 ");
	MISSED(0);
	end_well();
}

/* Scenario A02, A15 */
Test(follow_unseen, three_generations_with_odd_names_come_in_their_order)
{
	PUT("app.log", "a1\n");
	SEE("a1 ");
	rig_rename(rig, "app.log", "z");
	PUT("app.log", "b1\n");
	rig_rename(rig, "app.log", "y");
	PUT("app.log", "c1\n");
	rig_rename(rig, "app.log", "x");
	PUT("app.log", "d1\n");
	SEE("b1 c1 d1 ");
	PUT("y", "b2\n");
	SEE("b2 ");
	MISSED(0);
	end_well();
}

/* Scenario A02, A15 */
Test(follow_unseen, generations_that_the_pattern_matches_come_in_their_order)
{
	again_with("app*");
	PUT("app.log", "a1\n");
	rig_rename(rig, "app.log", "app.log.1");
	PUT("app.log", "b1\n");
	rig_rename(rig, "app.log.1", "app.log.2");
	rig_rename(rig, "app.log", "app.log.1");
	PUT("app.log", "c1\n");
	SEE("a1 b1 c1 ");
	MISSED(0);
	end_well();
}

/*
 * Scenario A02, D05: a directory lists its files in any order, and nobody told when they came. Of
 * several directories one lists the newer file first.
 */
Test(follow_unseen, generations_that_come_with_their_directory_come_in_their_order)
{
	again_with("*/app*");
	for (int i = 0; i < 8; i++) {
		char dir[16], old[32], name[32];

		snprintf(dir, sizeof dir, "d%d", i);
		snprintf(old, sizeof old, "%s/app%d.log.1", dir, i);
		snprintf(name, sizeof name, "%s/app%d.log", dir, i);
		cr_assert_eq(mkdir(rig_path(rig, dir), 0777), 0);
		PUT(name, "a1\n");
		rig_rename(rig, name, old);
		usleep(10000); /* Files that are born in one tick have no order. */
		PUT(name, "b1\n");
		SEE("a1 b1 ");
	}
	end_well();
}

/* Written, and the same bytes beside it: what a copy is no line is read of. */
static void copy(const char *from, const char *to)
{
	char bytes[64];
	int fd = open(rig_path(rig, from), O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, bytes, sizeof bytes - 1);

	cr_assert_gt(n, 0);
	bytes[n] = '\0';
	close(fd);
	usleep(10000);
	PUT(to, bytes);
}

/* Scenario A06: both are new, in the place of one that was removed. */
Test(follow_unseen, a_file_and_its_copy_that_are_both_new)
{
	again_with("app*");
	PUT("app.log", "in pieces");
	SEE("");
	rig_remove(rig, "app.log");
	PUT("app.log", "b1\n");
	copy("app.log", "app.log.1");
	rig->quiet = true;
	SEE("in pieces b1 ");
	end_well();
}

/* Scenario A06: the copy is older than the file in which the original goes on since. */
Test(follow_unseen, a_copy_that_is_older_than_what_replaced_its_original_while_down)
{
	again_with("app*");
	PUT("app.log", "a1\n");
	SEE("a1 ");
	rig_checkpoint(rig);
	rig_crash(rig);
	copy("app.log", "app.log.1");
	copy("app.log", "edited");
	rig_rename(rig, "edited", "app.log");
	rig->quiet = true;
	rig_start(rig);
	SEE("");
	end_well();
}

/* Scenario A06: of what has its bytes the one that has more is what goes on. */
Test(follow_unseen, a_copy_beside_what_replaced_its_original_and_was_rotated_while_down)
{
	again_with("app.log");
	PUT("app.log", "a1\n");
	SEE("a1 ");
	rig_stop(rig);
	copy("app.log", "app.log-20260101");
	copy("app.log", "edited");
	rig_rename(rig, "edited", "app.log");
	PUT("app.log", "a2\n");
	rig_rename(rig, "app.log", "app.log.1");
	rig->quiet = true;
	rig_start(rig);
	SEE("a2 ");
	end_well();
}

/* Scenario A17: made under one name and moved to the one that counts: it is no generation. */
Test(follow_unseen, a_file_that_is_made_under_another_name_keeps_its_half_line)
{
	again_with("app*");
	PUT("app.tmp", "a1\na2 in ");
	rig_rename(rig, "app.tmp", "app.log");
	SEE("a1 ");
	rig->quiet = true;
	SEE("");
	PUT("app.log", "two pieces\n");
	SEE("a2 in two pieces ");
	end_well();
}

/* Scenario A17 */
Test(follow_unseen, a_file_that_comes_from_elsewhere_and_is_rotated_at_once_is_read)
{
	char away[PATH_MAX];

	snprintf(away, sizeof away, "%s/away", rig->state);
	PUT("kept", "a1\n");
	cr_assert_eq(rename(rig_path(rig, "kept"), away), 0);
	cr_assert_eq(rename(away, rig_path(rig, "app.log")), 0);
	rig_rename(rig, "app.log", "app.log.1");
	PUT("app.log", "b1\n");
	SEE("a1 b1 ");
	MISSED(0);
	end_well();
}

/* Old files that are copied there together: nobody asked for those that the pattern leaves out. */
Test(follow_unseen, old_files_that_are_restored_beside_a_new_path_are_left_alone)
{
	PUT("app.log.2", "x1\n");
	PUT("app.log.1", "x2\n");
	PUT("app.log", "a1\n");
	SEE("a1 ");
	end_well();
}

/* ---- what is gone ---- */

/* Scenario A02 */
Test(follow_unseen, a_file_that_was_written_and_unlinked_unseen_is_counted)
{
	PUT("app.log", "a1\n");
	rig_remove(rig, "app.log");
	SEE("");
	MISSED(1);
	PUT("app.log", "b1\n");
	SEE("b1 ");
	rig_remove(rig, "app.log");
	SEE("");
	MISSED(1);
	end_well();
}

/* Scenario A02 */
Test(follow_unseen, a_generation_that_another_one_replaced_unseen_is_counted)
{
	for (int i = 0; i < 5; i++) {
		char text[8];

		snprintf(text, sizeof text, "%c1\n", 'a' + i);
		PUT("app.log", text);
		rig_rename(rig, "app.log", "app.log.1");
	}
	SEE("e1 ");
	MISSED(4);
	end_well();
}

/* Scenario A02 */
Test(follow_unseen, a_file_that_was_moved_unseen_to_where_nobody_looks_is_counted)
{
	char away[PATH_MAX];

	snprintf(away, sizeof away, "%s/away", rig->state);
	PUT("app.log", "a1\n");
	cr_assert_eq(rename(rig_path(rig, "app.log"), away), 0);
	PUT("app.log", "b1\n");
	SEE("b1 ");
	MISSED(1);
	end_well();
}

/* Nothing was in it, or it was seen: nothing is missed. */
Test(follow_unseen, nothing_is_counted_where_nothing_is_lost)
{
	again_with("app*");
	PUT("app.log", "");
	rig_remove(rig, "app.log");
	SEE("");
	PUT("app.log", "a1\n");
	SEE("a1 ");
	cr_assert_eq(link(rig_path(rig, "app.log"), rig_path(rig, "app.second")), 0);
	rig_remove(rig, "app.second");
	SEE("");
	for (int i = 0; i < 3; i++) {
		rig_rename(rig, "app.log", "app.other");
		rig_rename(rig, "app.other", "app.log");
	}
	PUT("app.log", "a2\n");
	SEE("a2 ");
	rig_remove(rig, "app.log");
	SEE("");
	MISSED(0);
	end_well();
}
