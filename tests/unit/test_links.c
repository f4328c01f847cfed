/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files behind symbolic links, over real directories with inotify and a real store: what is renamed
 * behind a link, links that lead elsewhere, directories on the way that are links.
 */
#include "follow/follow.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/follow_rig.h"

static struct follow_rig *rig;

#define SEE(want) cr_assert_str_eq(rig_run(rig), want, "\"%s\"", rig->lines)
#define PUT(name, text) rig_append(rig, name, text)

static void make_dir(const char *name)
{
	cr_assert_eq(mkdir(rig_path(rig, name), 0755), 0);
}

static void make_link(const char *target, const char *name)
{
	cr_assert_eq(symlink(target, rig_path(rig, name)), 0);
}

/* As `ln -sfn` or a container runtime: the link is never away. */
static void turn_link(const char *target, const char *name)
{
	make_link(target, "turned");
	rig_rename(rig, "turned", name);
}

static void restart(void)
{
	rig_stop(rig);
	rig_start(rig);
}

/* Nothing is told as lost or comes again, not after another start either. */
static void end_well(void)
{
	cr_assert_eq(rig->counters.files_lost, 0);
	restart();
	SEE("");
	cr_assert_eq(rig->counters.files_lost, 0);
}

static void begin(void)
{
	rig = malloc(sizeof *rig);
	rig_begin(rig, "app.log");
	make_dir("pods");
	PUT("pods/0.log", "a1\n");
	make_link("pods/0.log", "app.log");
	rig_start(rig);
	SEE("a1 ");
}

static void end(void)
{
	rig_end(rig);
	free(rig);
}

TestSuite(links, .init = begin, .fini = end, .timeout = 60);

/* ---- what is behind a link is renamed (A13) ---- */

/* Scenario A11, A13 */
Test(links, a_target_renamed_beside_itself_while_down_is_read_to_its_end)
{
	rig_stop(rig);
	PUT("pods/0.log", "a2\n");
	rig_rename(rig, "pods/0.log", "pods/0.log.20260101-101112");
	PUT("pods/0.log", "b1\n");
	rig_start(rig);
	SEE("a2 b1 ");
	PUT("pods/0.log.20260101-101112", "a3\n");
	SEE("a3 ");
	end_well();
}

/* Scenario A11, A13 */
Test(links, generations_of_a_target_that_came_and_went_while_down_are_read)
{
	rig_stop(rig);
	PUT("pods/0.log", "a2\n");
	rig_rename(rig, "pods/0.log", "pods/0.log.20260101-101112");
	PUT("pods/0.log", "b1\n");
	rig_rename(rig, "pods/0.log", "pods/0.log.20260101-101122");
	PUT("pods/0.log", "c1\n");
	rig_rename(rig, "pods/0.log", "pods/0.log.20260101-101132");
	PUT("pods/0.log", "d1\n");
	rig_start(rig);
	SEE("a2 b1 c1 d1 ");
	end_well();
}

/* Scenario A13 */
Test(links, a_target_that_is_gone_and_has_no_next_one_is_read_to_its_end)
{
	rig_stop(rig);
	PUT("pods/0.log", "a2\n");
	rig_rename(rig, "pods/0.log", "pods/0.log.1");
	rig_start(rig);
	SEE("a2 ");
	PUT("pods/0.log", "b1\n");
	SEE("b1 ");
	end_well();
}

/* The hint for a rotation behind the link is there at once, not at the next reconcile. */
static bool has_hint(int timeout_ms)
{
	struct pollfd wait = {.fd = discover_fd(rig->discover), .events = POLLIN};

	return poll(&wait, 1, timeout_ms) == 1;
}

/* Scenario A13 */
Test(links, a_target_renamed_while_it_runs_is_seen_at_once)
{
	char want[32], text[8], name[32];

	for (int i = 0; i < 3; i++) {
		snprintf(text, sizeof text, "x%d\n", i);
		PUT("pods/0.log", text);
		snprintf(name, sizeof name, "pods/0.log.20260101-10111%d", i);
		rig_rename(rig, "pods/0.log", name);
		snprintf(text, sizeof text, "y%d\n", i);
		PUT("pods/0.log", text);
		cr_assert(has_hint(100));
		snprintf(want, sizeof want, "x%d y%d ", i, i);
		SEE(want);
	}
	cr_assert_eq(rig->counters.rotations, 3);
	rig->quiet = true;
	SEE("");
	end_well();
}

/* Scenario A13 */
Test(links, three_rotations_behind_a_link_between_two_looks_come_in_their_order)
{
	PUT("pods/0.log", "a2\n");
	rig_rename(rig, "pods/0.log", "pods/0.log.20260101-101112");
	PUT("pods/0.log", "b1\n");
	rig_rename(rig, "pods/0.log", "pods/0.log.20260101-101122");
	PUT("pods/0.log", "c1\n");
	rig_rename(rig, "pods/0.log", "pods/0.log.20260101-101132");
	PUT("pods/0.log", "d1\n");
	SEE("a2 b1 c1 d1 ");
	end_well();
}

/* ---- links that lead elsewhere ---- */

/* Scenario A13, A18 */
Test(links, a_writer_that_stays_with_the_old_target_is_read_as_long_as_it_writes)
{
	PUT("pods/1.log", "b1\n");
	turn_link("pods/1.log", "app.log");
	SEE("b1 ");
	/* rotate_wait is over before each of its lines: the old file was closed meanwhile. */
	rig->quiet = true;
	for (int i = 2; i < 6; i++) {
		char text[8], want[8];

		SEE("");
		snprintf(text, sizeof text, "a%d\n", i);
		snprintf(want, sizeof want, "a%d ", i);
		PUT("pods/0.log", text);
		SEE(want);
	}
	PUT("pods/1.log", "b2\n");
	SEE("b2 ");
	rig_stop(rig);
	PUT("pods/0.log", "a6\n");
	rig_start(rig);
	SEE("a6 ");
	end_well();
}

/* Scenario A13 */
Test(links, a_link_that_goes_to_and_fro_repeats_nothing)
{
	PUT("pods/1.log", "b1\n");
	turn_link("pods/1.log", "app.log");
	SEE("b1 ");
	turn_link("pods/0.log", "app.log");
	SEE("");
	cr_assert(rig_file(rig, "pods/1.log")->left_path);
	PUT("pods/0.log", "a2\n");
	SEE("a2 ");
	PUT("pods/1.log", "b2\n");
	SEE("b2 ");
	end_well();
}

/* Scenario A13 */
Test(links, a_link_behind_the_link_that_leads_elsewhere_is_seen_at_once)
{
	make_dir("docker");
	PUT("docker/one", "b1\n");
	make_link("../docker/one", "pods/1.log");
	turn_link("pods/1.log", "app.log");
	SEE("b1 ");
	PUT("docker/two", "c1\n");
	turn_link("../docker/two", "pods/1.log");
	cr_assert(has_hint(100));
	SEE("c1 ");
	PUT("docker/one", "b2\n");
	SEE("b2 ");
	end_well();
}

/* Scenario A13 */
Test(links, a_directory_behind_the_link_that_leads_elsewhere_is_seen_at_once)
{
	make_dir("r1");
	make_dir("r2");
	PUT("r1/x.log", "b1\n");
	PUT("r2/x.log", "c1\n");
	make_link("r1", "current");
	turn_link("current/x.log", "app.log");
	SEE("b1 ");
	turn_link("r2", "current");
	cr_assert(has_hint(100));
	SEE("c1 ");
	end_well();
}

/* Scenario A13: sed -i on the target: it is behind the link still. */
Test(links, a_target_that_was_replaced_and_is_overwritten_then)
{
	make_dir("r1");
	PUT("r1/x.log", "a1\n");
	turn_link("r1/x.log", "app.log");
	SEE("a1 ");
	PUT("r1/new", "a1\n");
	rig_rename(rig, "r1/new", "r1/x.log");
	SEE("");
	cr_expect(!rig_file(rig, "app.log")->left_path);
	usleep(20000);
	cr_assert_eq(truncate(rig_path(rig, "r1/x.log"), 0), 0);
	PUT("r1/x.log", "b1\n");
	SEE("b1 ");
	end_well();
}

/* Scenario A13: glog: a file for each day, and a link to that of today, all of one pattern. */
Test(links, a_link_and_its_targets_in_one_pattern_are_read_once)
{
	rig_end(rig);
	rig_begin(rig, "*.log");
	PUT("app.20260101.log", "a1\n");
	make_link("app.20260101.log", "app.log");
	rig_start(rig);
	SEE("a1 ");
	PUT("app.20260102.log", "b1\n");
	turn_link("app.20260102.log", "app.log");
	SEE("b1 ");
	PUT("app.20260101.log", "a2\n");
	PUT("app.20260102.log", "b2\n");
	rig_run(rig);
	cr_assert(strlen(rig->lines) == 6 && strstr(rig->lines, "a2 ") && strstr(rig->lines, "b2 "),
		  "%s", rig->lines);
	rig_rescan(rig);
	cr_assert_str_eq(rig->lines, "");
	end_well();
}

/* ---- a directory on the way is a link ---- */

static void begin_current(void)
{
	rig_end(rig);
	rig_begin(rig, "current/app.log");
	make_dir("r1");
	make_dir("r2");
	PUT("r1/app.log", "a1\n");
	PUT("r2/app.log", "b1\n");
	make_link("r1", "current");
	rig_start(rig);
	SEE("a1 ");
}

/* Scenario A13, A18 */
Test(links, a_writer_that_stays_in_the_old_directory_is_read_as_long_as_it_writes)
{
	begin_current();
	PUT("r1/app.log", "a2\n");
	SEE("a2 ");
	turn_link("r2", "current");
	SEE("b1 ");
	rig->quiet = true;
	SEE("");
	PUT("r1/app.log", "a3\n");
	SEE("a3 ");
	PUT("r2/app.log", "b2\n");
	SEE("b2 ");
	rig_stop(rig);
	PUT("r1/app.log", "a4\n");
	rig_start(rig);
	SEE("a4 ");
	end_well();
}

/* Scenario A11, A13 */
Test(links, a_directory_that_leads_elsewhere_while_down_has_its_old_file_read_to_its_end)
{
	begin_current();
	rig_stop(rig);
	PUT("r1/app.log", "a2\n");
	turn_link("r2", "current");
	rig_start(rig);
	SEE("a2 b1 ");
	PUT("r1/app.log", "a3\n");
	SEE("a3 ");
	end_well();
}

/* ---- two links to one file ---- */

static void begin_two(void)
{
	rig_also(rig, "other.log");
	make_link("pods/0.log", "other.log");
	restart();
	SEE("");
}

/* Scenario A11, A13 */
Test(links, one_of_two_links_removed_while_down_repeats_nothing)
{
	begin_two();
	rig_stop(rig);
	rig_remove(rig, "app.log");
	PUT("pods/0.log", "a2\n");
	rig_start(rig);
	SEE("a2 ");
	PUT("pods/0.log", "a3\n");
	SEE("a3 ");
	end_well();
}

/* Scenario A13 */
Test(links, one_of_two_links_removed_while_it_runs_repeats_nothing)
{
	begin_two();
	rig_remove(rig, "app.log");
	PUT("pods/0.log", "a2\n");
	SEE("a2 ");
	rig_rescan(rig);
	PUT("pods/0.log", "a3\n");
	SEE("a3 ");
	rig->quiet = true;
	SEE("");
	PUT("pods/0.log", "a4\n");
	SEE("a4 ");
	end_well();
}

/* Scenario A13 */
Test(links, one_of_two_links_removed_and_the_target_rotated_is_read_by_the_other)
{
	begin_two();
	rig_remove(rig, "app.log");
	SEE("");
	PUT("pods/0.log", "a2\n");
	rig_rename(rig, "pods/0.log", "pods/0.log.20260101-101112");
	PUT("pods/0.log", "b1\n");
	rig_rescan(rig);
	cr_assert_str_eq(rig->lines, "a2 b1 ", "\"%s\"", rig->lines);
	end_well();
}

/* ---- links that lead nowhere yet ---- */

static void begin_dangling(const char *target)
{
	rig_end(rig);
	rig_begin(rig, "app.log");
	make_link(target, "app.log");
	rig_start(rig);
	SEE("");
}

/* Scenario A13: it was followed by the next look, up to half a minute later. */
Test(links, a_target_that_is_made_after_its_link_is_read_at_once)
{
	begin_dangling("pods/0.log");
	make_dir("pods");
	PUT("pods/0.log", "a1\n");
	SEE("a1 ");
	PUT("pods/0.log", "a2\n");
	SEE("a2 ");
	end_well();
}

/* Scenario A13 */
Test(links, a_target_that_is_made_in_directories_made_one_by_one_is_read_at_once)
{
	begin_dangling("run/pods/uid/0.log");
	make_dir("run");
	SEE("");
	make_dir("made");
	make_dir("made/uid");
	SEE("");
	rig_rename(rig, "made", "run/pods");
	SEE("");
	PUT("run/pods/uid/0.log", "a1\n");
	SEE("a1 ");
	end_well();
}

/* Scenario A13 */
Test(links, a_target_behind_links_that_lead_nowhere_is_read_at_once)
{
	begin_dangling("two");
	make_link("three/0.log", "two");
	SEE("");
	make_link("pods", "three");
	SEE("");
	make_dir("pods");
	SEE("");
	PUT("kept", "a1\n");
	rig_rename(rig, "kept", "pods/0.log");
	SEE("a1 ");
	end_well();
}

/* Scenario A13 */
Test(links, a_link_made_while_it_runs_waits_for_its_target)
{
	rig_end(rig);
	rig_begin(rig, "*.log");
	rig_start(rig);
	make_link("pods/0", "a.log");
	make_link("pods/0", "b.log");
	make_link("pods/1", "c.log");
	SEE("");
	make_dir("pods");
	SEE("");
	PUT("pods/1", "c1\n");
	SEE("c1 ");
	PUT("pods/0", "a1\n");
	SEE("a1 ");
	rig_remove(rig, "a.log");
	PUT("pods/0", "a2\n");
	SEE("a2 ");
	end_well();
}

/* Scenario A13 */
Test(links, a_link_that_leads_elsewhere_before_its_target_was_there_is_read_there)
{
	begin_dangling("pods/0");
	turn_link("pods/1", "app.log");
	make_dir("pods");
	SEE("");
	PUT("pods/0", "x1\n");
	SEE("");
	PUT("pods/1", "b1\n");
	SEE("b1 ");
	end_well();
}
