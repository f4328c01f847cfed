/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that are not where they were at a start: in a directory with another name, on a volume that
 * is not mounted yet, deleted. Which rows are kept, and for how long.
 */
#include <criterion/criterion.h>
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
#define LOST(n) cr_assert_eq(rig->counters.files_lost, n)

static void begin_with(const char *pattern)
{
	rig = malloc(sizeof *rig);
	rig_begin(rig, pattern);
}

static void begin(void)
{
	begin_with("pods/*/app.log");
}

static void end(void)
{
	rig_end(rig);
	free(rig);
}

TestSuite(follow_away, .init = begin, .fini = end, .timeout = 60);

static void make_dir(const char *name)
{
	cr_assert_eq(mkdir(rig_path(rig, name), 0755), 0);
}

static void set_pattern(const char *pattern)
{
	free(rig->paths[0][0]);
	rig->paths[0][0] = strdup(rig_path(rig, pattern));
}

/* Of another device, as if a volume had been there. */
static void make_foreign(void)
{
	struct store *store;
	struct store_file *rows;
	size_t n;

	cr_assert_eq(store_open(rig->state, &store, NULL, 0), 0);
	cr_assert_eq(store_load(store, &rows, &n), 0);
	for (size_t i = 0; i < n; i++)
		rows[i].device ^= 0xff;
	cr_assert_eq(
		store_write(store, &(struct store_batch){.files = rows, .n_files = n}, NULL, 0), 0);
	store_files_free(rows, n);
	store_close(store);
}

static void expect_rows(size_t want)
{
	struct store *store;
	struct store_file *rows;
	size_t n;

	rig_stop(rig);
	cr_assert_eq(store_open(rig->state, &store, NULL, 0), 0);
	cr_assert_eq(store_load(store, &rows, &n), 0);
	store_files_free(rows, n);
	store_close(store);
	cr_assert_eq(n, want, "%zu", n);
	rig_start(rig);
}

/* A line is shipped, another one is not. */
static void stop_with_a_line(const char *dir)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/app.log", dir);
	PUT(path, "a1\n");
	rig_start(rig);
	SEE("a1 ");
	rig_stop(rig);
	PUT(path, "a2\n");
}

static void begin_in(const char *top, const char *dir)
{
	make_dir(top);
	if (strcmp(top, dir) != 0)
		make_dir(dir);
	stop_with_a_line(dir);
}

static void end_well(size_t rows)
{
	LOST(0);
	expect_rows(rows);
	SEE("");
	LOST(0);
}

/* ---- a directory has another name ---- */

/* Scenario A17, D06 */
Test(follow_away, a_directory_that_was_renamed_while_down_is_read_on)
{
	begin_in("pods", "pods/one");
	rig_rename(rig, "pods/one", "pods/two");
	rig_start(rig);
	SEE("a2 ");
	PUT("pods/two/app.log", "a3\n");
	SEE("a3 ");
	end_well(1);
}

/* Scenario A17, D06 */
Test(follow_away, a_directory_that_was_renamed_out_of_the_pattern_is_read_to_its_end)
{
	set_pattern("logs/app.log");
	begin_in("logs", "logs");
	rig_rename(rig, "logs", "logs.old");
	rig_start(rig);
	SEE("a2 ");
	PUT("logs.old/app.log", "a3\n");
	SEE("a3 ");
	end_well(1);
}

/* Scenario A17, D06 */
Test(follow_away, a_directory_that_was_renamed_and_made_again_has_both_files_read)
{
	set_pattern("logs/app.log");
	begin_in("logs", "logs");
	rig_rename(rig, "logs", "logs.old");
	make_dir("logs");
	PUT("logs/app.log", "b1\n");
	rig_start(rig);
	SEE("a2 b1 ");
	end_well(2);
}

/* Scenario A17, D06 */
Test(follow_away, a_directory_above_that_was_renamed_is_read_on)
{
	set_pattern("top/logs/app.log");
	begin_in("top", "top/logs");
	rig_rename(rig, "top", "bottom");
	rig_start(rig);
	SEE("a2 ");
	rig_rename(rig, "bottom", "top");
	PUT("top/logs/app.log", "a3\n");
	SEE("a3 ");
	end_well(1);
}

/* Scenario A17, D06 */
Test(follow_away, a_file_that_was_rotated_in_a_renamed_directory_is_read_on)
{
	set_pattern("logs/app.log");
	begin_in("logs", "logs");
	rig_rename(rig, "logs/app.log", "logs/app.log.1");
	PUT("logs/app.log", "b1\n");
	rig_rename(rig, "logs", "logs.old");
	rig_start(rig);
	SEE("a2 ");
	LOST(0);
}

/* ---- a volume is not mounted yet ---- */

/* Scenario A04, B09 */
Test(follow_away, an_empty_mount_point_keeps_the_rows_of_its_volume)
{
	char away[PATH_MAX];

	set_pattern("disk/app.log");
	begin_in("disk", "disk");
	snprintf(away, sizeof away, "%s/disk", rig->state);
	cr_assert_eq(rename(rig_path(rig, "disk"), away), 0);
	make_foreign();
	make_dir("disk");
	PUT("disk/.not-mounted", "");
	rig_start(rig);
	SEE("");
	LOST(0);
	rig_remove(rig, "disk/.not-mounted");
	cr_assert_eq(rmdir(rig_path(rig, "disk")), 0);
	cr_assert_eq(rename(away, rig_path(rig, "disk")), 0);
	rig_rescan(rig);
	cr_assert_str_eq(rig->lines, "a2 ", "\"%s\"", rig->lines);
	end_well(1);
}

/* Behind a wildcard, too. */
static void volume_of_a_wildcard(bool mount_point)
{
	char away[PATH_MAX];

	begin_in("pods", "pods/one");
	snprintf(away, sizeof away, "%s/one", rig->state);
	cr_assert_eq(rename(rig_path(rig, "pods/one"), away), 0);
	make_foreign();
	if (mount_point)
		make_dir("pods/one");
	rig_start(rig);
	SEE("");
	LOST(0);
	if (mount_point)
		cr_assert_eq(rmdir(rig_path(rig, "pods/one")), 0);
	cr_assert_eq(rename(away, rig_path(rig, "pods/one")), 0);
	rig_rescan(rig);
	cr_assert_str_eq(rig->lines, "a2 ", "\"%s\"", rig->lines);
	end_well(1);
}

/* Scenario A04, B09 */
Test(follow_away, an_empty_mount_point_behind_a_wildcard_keeps_its_rows)
{
	volume_of_a_wildcard(true);
}

/* Scenario A04, B09 */
Test(follow_away, a_mount_point_that_is_not_made_yet_keeps_its_rows)
{
	volume_of_a_wildcard(false);
}

/* ---- gone for good ---- */

/* Scenario B08: it was kept for ever, and nothing was told. */
Test(follow_away, a_directory_of_a_wildcard_that_was_removed_is_forgotten_and_its_loss_told)
{
	make_dir("pods");
	make_dir("pods/one");
	PUT("pods/one/app.log", "a1\na2\n");
	rig->hold = true;
	rig_start(rig);
	SEE("a1 a2 ");
	rig_stop(rig);
	rig->hold = false;
	rig_remove(rig, "pods/one/app.log");
	cr_assert_eq(rmdir(rig_path(rig, "pods/one")), 0);
	rig_start(rig);
	SEE("");
	LOST(1);
	expect_rows(0);
}

/* Scenario B08, B11 */
Test(follow_away, a_row_that_no_source_wants_is_kept_as_long_as_its_file_is_there)
{
	begin_in("pods", "pods/one");
	set_pattern("none");
	rig_start(rig);
	SEE("");
	expect_rows(1);
	rig_rename(rig, "pods/one/app.log", "pods/one/renamed");
	expect_rows(1);
	rig_rename(rig, "pods/one", "pods/two");
	expect_rows(1);
	rig_rename(rig, "pods/two", "pods/one");
	rig_stop(rig);
	set_pattern("pods/*/app.log");
	rig_start(rig);
	SEE("a2 ");
	rig_stop(rig);
	set_pattern("none");
	rig_start(rig);
	rig_remove(rig, "pods/one/renamed");
	rig_stop(rig);
	rig_start(rig);
	expect_rows(0);
	LOST(0);
}
