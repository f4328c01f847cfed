/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files in which nothing happens take 200 bytes, and are the same files as before when something
 * does: written to, rotated, rewritten, deleted, seen by no hint.
 */
#include "base/clock.h"
#include "files/doze.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/follow_rig.h"

#define LONG_AGO 1700000000

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

TestSuite(doze, .init = begin, .fini = end, .timeout = 120);

#define SEE(want) cr_assert_str_eq(rig_run(rig), want, "\"%s\"", rig->lines)
#define PUT(name, text) rig_append(rig, name, text)

/* A look at all paths, as the agent's. The lines that it found. */
static const char *look(void)
{
	follow_begin_look(&rig->files);
	rig_rescan(rig);
	follow_check_paths(&rig->files);
	cr_assert_eq(follow_check_some(&rig->files, rig->discover, CLOCK_NEVER), 0);
	doze_end_look(&rig->files);
	quota_end_look(&rig->files.awake);
	return rig->lines;
}

/* As the limit of descriptors does, and another look. */
static void close_all(void)
{
	struct file *file;
	void *cursor = NULL;

	rig_checkpoint(rig);
	while ((file = map_next(rig->files.by_inode, &cursor))) {
		if (file->queue == FILE_QUEUE_NONE && file_is_settled(file))
			files_close(&rig->files, file);
	}
	cr_assert_str_eq(look(), "");
}

static void sleep_with(const char *name, const char *text)
{
	PUT(name, text);
	rig_set_mtime(rig, name, LONG_AGO);
	rig_run(rig);
	close_all();
}

static size_t dormant(void)
{
	return rig->files.dormants.n;
}

Test(doze, a_quiet_file_goes_on_where_it_was)
{
	sleep_with("app.log", "a1\n");
	cr_assert_eq(dormant(), 1);
	cr_expect_eq(map_count(rig->files.by_inode), 0);
	cr_expect_eq(files_count(&rig->files), 1);
	cr_expect_str_eq(look(), "");
	cr_expect_eq(dormant(), 1);
	PUT("app.log", "a2\n");
	SEE("a2 ");
	cr_expect_eq(dormant(), 0);
	cr_expect_eq(rig->counters.truncations, 0);
	rig_restart(rig);
	PUT("app.log", "a3\n");
	SEE("a3 ");
}

Test(doze, a_write_of_which_no_hint_tells_is_found_by_a_look)
{
	struct hint hint;

	sleep_with("app.log", "a1\n");
	PUT("app.log", "a2\n");
	while (discover_next(rig->discover, &hint) == 0)
		;
	cr_expect_str_eq(look(), "a2 ");
	cr_expect_eq(rig_file(rig, "app.log")->silent_looks, 1);
}

Test(doze, a_rotation_is_seen_and_late_lines_are_read)
{
	sleep_with("app.log", "a1\n");
	rig_rename(rig, "app.log", "app.log.1");
	PUT("app.log.1", "a2\n");
	PUT("app.log", "b1\n");
	SEE("a2 b1 ");
	PUT("app.log.1", "a3\n");
	SEE("a3 ");
	cr_expect_eq(rig->counters.rotations, 1);
	cr_expect_eq(dormant(), 0);
}

Test(doze, what_was_rewritten_meanwhile_is_read_anew)
{
	sleep_with("app.log", "a1\na2\n");
	cr_assert_eq(truncate(rig_path(rig, "app.log"), 0), 0);
	PUT("app.log", "b1\n");
	SEE("b1 ");
	cr_expect_eq(rig->counters.truncations, 1);
	sleep_with("other.log", "x1\n");
	cr_assert_eq(dormant(), 1);
	cr_assert_eq(truncate(rig_path(rig, "other.log"), 0), 0);
	PUT("other.log", "y1\n");
	SEE("y1 ");
}

Test(doze, a_deleted_file_is_forgotten_after_two_looks)
{
	struct hint hint;
	uint64_t committed;

	sleep_with("app.log", "a1\n");
	rig_remove(rig, "app.log");
	while (discover_next(rig->discover, &hint) == 0)
		;
	look();
	cr_expect_eq(dormant(), 1);
	look();
	cr_expect_eq(dormant(), 0);
	cr_expect_eq(rig->files.quota.shares[0].n, 0);
	rig_stop(rig);
	cr_expect_eq(rig_stored(rig, "app.log", &committed), 0);
	rig_start(rig);
}

Test(doze, an_inode_that_is_used_again_is_another_file)
{
	sleep_with("app.log", "a1\n");
	rig_remove(rig, "app.log");
	PUT("app.log", "b1\nb2\n");
	SEE("b1 b2 ");
	cr_expect_eq(rig->counters.files_lost, 0);
}

Test(doze, its_row_stays_and_a_start_goes_on)
{
	sleep_with("app.log", "a1\n");
	rig_crash(rig);
	rig_start(rig);
	SEE("");
	PUT("app.log", "a2\n");
	SEE("a2 ");
}

Test(doze, half_a_line_keeps_a_file_awake)
{
	sleep_with("app.log", "a1\nhalf");
	cr_expect_eq(dormant(), 0);
	PUT("app.log", " a line\n");
	SEE("half a line ");
}

/* ---- many ---- */

static const char *name_of(int i)
{
	static char name[32];

	snprintf(name, sizeof name, "empty-%06d.log", i);
	return name;
}

static void make(int n)
{
	for (int i = 0; i < n; i++) {
		PUT(name_of(i), "");
		rig_set_mtime(rig, name_of(i), LONG_AGO);
	}
}

/* A sanitizer has an allocator of its own, of which mallinfo2 knows nothing. */
#ifdef __SANITIZE_ADDRESS__
#define MEASURED 0
#else
#define MEASURED 1
#endif

static size_t in_use(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* 400,000 empty files took 1 GB. */
Test(doze, a_file_in_which_nothing_happens_takes_200_bytes)
{
	const size_t n = 1500;
	size_t before, awake, asleep;

	/* What an agent takes without them. */
	sleep_with("first.log", "a1\n");
	PUT("first.log", "a2\n");
	rig_run(rig);
	before = in_use();
	rig->files.max_open = 1;
	make((int)n);
	rig_run(rig);
	awake = (in_use() - before) / n;
	close_all();
	cr_assert_eq(dormant(), n + 1);
	PUT("first.log", "a3\n");
	rig_run(rig);
	rig_checkpoint(rig);
	/* The store keeps pages of the rows in memory, up to 2 MB. */
	asleep = (in_use() - before) / n;
	cr_expect_leq(asleep, 600, "%zu", asleep);
	cr_expect_leq(awake, 1800, "%zu", awake);
	before = in_use();
	dormants_deinit(&rig->files.dormants);
	asleep = (before - in_use()) / n;
	cr_expect_leq(asleep, 200, "%zu", asleep);
	cr_expect_geq(asleep, MEASURED ? 150 : 0, "%zu: it is not measured", asleep);
	cr_assert_eq(dormants_init(&rig->files.dormants), 0);
}

/* A start with more files than can be open opens none of those that are as they were. */
Test(doze, a_start_with_many_files_goes_on_with_all_of_them)
{
	struct rlimit few = {400, 400};
	const int n = 300;

	rig_stop(rig);
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	make(n);
	PUT(name_of(0), "a1\n");
	PUT(name_of(1), "b1\n");
	PUT(name_of(2), "c1\n");
	rig_set_mtime(rig, name_of(0), LONG_AGO);
	rig_set_mtime(rig, name_of(1), LONG_AGO);
	rig_set_mtime(rig, name_of(2), LONG_AGO);
	rig_start(rig);
	cr_expect_eq(strlen(rig_run(rig)), 9, "%s", rig->lines);
	rig_stop(rig);
	PUT(name_of(1), "b2\n");
	rig_rename(rig, name_of(2), "empty-000002.log.1");
	PUT(name_of(2), "d1\n");
	rig_start(rig);
	cr_expect_eq(dormant(), n - 2, "%zu", dormant());
	cr_expect_eq(rig->files.n_rows, 0);
	cr_expect_eq(files_count(&rig->files), n + 1);
	rig_run(rig);
	cr_expect(strstr(rig->lines, "b2 ") && strstr(rig->lines, "d1 ") && strlen(rig->lines) == 6,
		  "%s", rig->lines);
	cr_expect_eq(dormant(), n - 2, "%zu", dormant());
	PUT(name_of(0), "a2\n");
	SEE("a2 ");
	cr_expect_eq(rig->counters.files_lost, 0);
}

/* Whoever touches all of his files has no more of them awake than there is room for. */
Test(doze, who_touches_all_files_wakes_a_share_of_them)
{
	const size_t n = 100, max = 40;

	rig_stop(rig);
	make(n);
	rig_start(rig);
	rig_run(rig);
	close_all();
	cr_assert_eq(dormant(), n);
	cr_assert_eq(files_set_max(&rig->files, 1000, max), 0);
	for (size_t i = 0; i < n; i++)
		PUT(name_of((int)i), "x\n");
	rig_run(rig);
	cr_expect_eq(dormant(), n - max);
	cr_expect_eq(strlen(rig->lines), 2 * max);
	cr_expect_geq(quota_waiting(&rig->files.awake), n - max);
	for (int i = 0; i < 3; i++) {
		for (size_t k = 0; k < n; k++)
			rig_set_mtime(rig, name_of((int)k), LONG_AGO);
		rig_run(rig);
		close_all();
		look();
	}
	cr_expect_eq(rig->counters.files_lost, 0);
}
