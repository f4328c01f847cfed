/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a first start takes for generations of one path, and what for files of their own, when the
 * path itself is not there, or when several processes write to names that look rotated.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "follow/follow.h"
#include "tests/support/follow_rig.h"

static struct follow_rig *rig;

#define SEE(want) cr_assert_str_eq(rig_run(rig), want, "\"%s\"", rig->lines)
#define PUT(name, text) rig_append(rig, name, text)

static void begin(void)
{
	rig = malloc(sizeof *rig);
	rig_begin(rig, "app*");
}

static void end(void)
{
	rig_end(rig);
	free(rig);
}

TestSuite(follow_start, .init = begin, .fini = end, .timeout = 60);

/*
 * The file system's clock has ticks of some milliseconds: what is made now is younger than before.
 */
static void tick(void)
{
	struct statx first, now;

	PUT("tick", "");
	statx(AT_FDCWD, rig_path(rig, "tick"), 0, STATX_BTIME, &first);
	do {
		rig_remove(rig, "tick");
		PUT("tick", "");
		statx(AT_FDCWD, rig_path(rig, "tick"), 0, STATX_BTIME, &now);
	} while (memcmp(&now.stx_btime, &first.stx_btime, sizeof now.stx_btime) == 0);
	rig_remove(rig, "tick");
}

/* Restored from elsewhere: their times of writing are all that is known. */
static void written_at(const char *name, time_t seconds)
{
	struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};

	cr_assert_eq(utimensat(AT_FDCWD, rig_path(rig, name), times, 0), 0);
}

static void end_well(void)
{
	cr_assert_eq(rig->counters.files_lost, 0);
	rig_stop(rig);
	rig_start(rig);
	SEE("");
	cr_assert_eq(rig->counters.files_lost, 0);
}

/* ---- the path itself is not there ---- */

/* Two generations, nothing acknowledged: the third one, which comes later, waits for both. */
static void without_the_path(const char *oldest, const char *newer)
{
	PUT(oldest, "a1\n");
	tick();
	PUT(newer, "b1\n");
	rig->hold = true;
	rig_start(rig);
	SEE("a1 ");
	PUT("app.log", "c1\n");
	SEE("");
	cr_assert_eq(rig_file(rig, "app.log")->older, rig_file(rig, newer));
	rig_deliver(rig);
	SEE("b1 ");
	rig_deliver(rig);
	SEE("c1 ");
	rig_deliver(rig);
	rig->hold = false;
	PUT("app.log", "c2\n");
	SEE("c2 ");
	end_well();
}

/* Scenario A15 */
Test(follow_start, numbered_generations_without_their_path_are_one_lineage)
{
	without_the_path("app.log.2", "app.log.1");
}

/* Scenario A15 */
Test(follow_start, generations_with_dates_without_their_path_are_one_lineage)
{
	without_the_path("app.log-20260101", "app.log-20260102");
}

/* Scenario A15 */
Test(follow_start, generations_with_words_without_their_path_are_one_lineage)
{
	without_the_path("app.log.old1", "app.log.old");
}

/* Scenario A15 */
Test(follow_start, restored_generations_without_their_path_come_in_the_order_of_writing)
{
	PUT("app.log.1", "b1\n");
	tick();
	PUT("app.log.2", "a1\n");
	written_at("app.log.1", 1700003600);
	written_at("app.log.2", 1700000000);
	rig_start(rig);
	SEE("a1 b1 ");
	end_well();
}

/* Scenario A15: a rotated file has a last line, once its path is somebody else's. */
Test(follow_start, the_last_line_of_a_generation_is_whole_when_the_next_one_comes)
{
	PUT("app.log.1", "a1\na2");
	rig_start(rig);
	rig->quiet = true;
	SEE("a1 ");
	PUT("app.log", "b1\n");
	SEE("a2 b1 ");
	end_well();
}

/* Scenario A15: a date in the name of a file that is written to: nobody renames it. */
Test(follow_start, a_writer_with_the_date_in_the_name_keeps_its_half_line)
{
	PUT("app-20260101.log", "a1\n");
	tick();
	PUT("app-20260102.log", "b1\nb2 in ");
	rig_start(rig);
	SEE("a1 b1 ");
	rig->quiet = true;
	SEE("");
	PUT("app-20260102.log", "two pieces\nb3 in ");
	SEE("b2 in two pieces ");
	rig_stop(rig);
	rig_start(rig);
	SEE("");
	PUT("app-20260102.log", "two pieces\n");
	SEE("b3 in two pieces ");
	PUT("app-20260103.log", "c1\nc2 in ");
	SEE("c1 ");
	PUT("app-20260103.log", "two pieces\n");
	SEE("c2 in two pieces ");
	end_well();
}

/* ---- numbers that are no rotation's ---- */

/* As if the older of two had been made long before the other. */
static void see_no_order(const char *one, const char *other)
{
	rig_start(rig);
	cr_assert_str_eq(rig_file(rig, one)->lineage, rig_path(rig, one));
	cr_assert_str_eq(rig_file(rig, other)->lineage, rig_path(rig, other));
	rig->hold = true;
	rig_run(rig);
	cr_assert(strstr(rig->lines, "a1 ") && strstr(rig->lines, "x1 "), "%s", rig->lines);
	rig->quiet = true;
	SEE("");
	PUT(one, "two pieces\n");
	SEE("x2 in two pieces ");
	rig_deliver(rig);
	rig->hold = false;
	end_well();
}

/* Scenario A15: "app.1" is no generation of "app": both are written to, hours after both began. */
Test(follow_start, a_numbered_file_that_is_still_written_to_is_no_generation)
{
	PUT("app", "a1\n");
	PUT("app.1", "x1\nx2 in ");
	written_at("app.1", time(NULL) + 3600);
	see_no_order("app.1", "app");
}

/* Scenario A15 */
Test(follow_start, numbered_files_that_are_all_written_to_are_no_generations)
{
	PUT("app.1", "x1\nx2 in ");
	tick();
	PUT("app.2", "a1\n");
	written_at("app.1", time(NULL) + 3600);
	see_no_order("app.1", "app.2");
}

/*
 * ---- the path itself is there ----
 *
 * The writer of the oldest one went on after the next one was made: what was made before its last
 * write is no generation that came unseen, and what the scan found has its place.
 */
/* Scenario A15 */
Test(follow_start, generations_with_a_late_writer_come_in_their_order)
{
	PUT("app.log.3", "a1\n");
	tick();
	PUT("app.log.2", "b1\n");
	tick();
	PUT("app.log.3", "a2\n");
	tick();
	PUT("app.log.1", "c1\n");
	tick();
	PUT("app.log", "d1\n");
	rig_start(rig);
	SEE("a1 a2 b1 c1 d1 ");
	cr_assert_eq(rig->counters.generations_unseen, 0);
	end_well();
}
