/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that move, over real directories with inotify and a real store: which lines are read, in
 * which order, and that a restart goes on exactly where the last checkpoint stands.
 */
#include "base/clock.h"
#include "follow/follow.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "files/poll.h"
#include "tests/support/follow_rig.h"

#define NOBODY 65534

static struct follow_rig *rig;

static void begin(void)
{
	rig = malloc(sizeof *rig);
	rig_begin(rig, "app.log");
	rig_start(rig);
}

static void end(void)
{
	rig_end(rig);
	free(rig);
}

TestSuite(follow, .init = begin, .fini = end, .timeout = 60);

#define SEE(want) cr_assert_str_eq(rig_run(rig), want, "\"%s\"", rig->lines)
#define PUT(name, text) rig_append(rig, name, text)

static void restart(void)
{
	rig_stop(rig);
	rig_start(rig);
}

static void rotate(const char *from, const char *to)
{
	rig_rename(rig, from, to);
}

/* ---- rotation while it runs ---- */

/* Scenario A01 */
Test(follow, a_renamed_file_is_read_to_its_end_before_the_next_one)
{
	PUT("app.log", "a1\n");
	SEE("a1 ");
	PUT("app.log", "a2\n");
	rotate("app.log", "app.log.1");
	PUT("app.log", "b1\n");
	PUT("app.log.1", "a3\n");
	SEE("a2 a3 b1 ");
	PUT("app.log", "b2\n");
	PUT("app.log.1", "a4\n");
	rig->quiet = true;
	rig_run(rig);
	cr_assert(strstr(rig->lines, "b2 ") && strstr(rig->lines, "a4 "), "%s", rig->lines);
	cr_assert_eq(rig_file(rig, "app.log.1")->state, FILE_FINISHED);
	cr_assert_eq(rig->counters.rotations, 1);
	cr_assert_eq(rig->counters.files_lost, 0);
}

/* Scenario A15 */
Test(follow, the_next_generation_waits_until_the_one_before_is_settled)
{
	rig->hold = true;
	PUT("app.log", "a1\n");
	SEE("a1 ");
	rotate("app.log", "app.log.1");
	PUT("app.log", "b1\n");
	SEE("");
	cr_assert_eq(rig_file(rig, "app.log")->state, FILE_WAITING);
	rotate("app.log", "app.log.2");
	PUT("app.log", "c1\n");
	SEE("");
	rig_deliver(rig);
	SEE("b1 ");
	rig_deliver(rig);
	SEE("c1 ");
}

/* Scenario A02 */
Test(follow, several_generations_between_two_looks_come_in_their_order)
{
	PUT("app.log", "a1\n");
	SEE("a1 ");
	rotate("app.log", "app.log.1");
	PUT("app.log", "b1\n");
	rotate("app.log.1", "app.log.2");
	rotate("app.log", "app.log.1");
	PUT("app.log", "c1\n");
	/*
	 * b lies outside the pattern and had its name for a moment only: it may be missed, not c.
	 */
	rig_run(rig);
	cr_assert(strstr(rig->lines, "c1 "), "%s", rig->lines);
	PUT("app.log.2", "a2\n");
	rig->quiet = true;
	SEE("a2 ");
	cr_assert_eq(rig_file(rig, "app.log.2")->state, FILE_FINISHED);
}

/* Scenario A16 */
Test(follow, an_unlinked_file_is_read_to_its_end_and_forgotten)
{
	int fd;

	PUT("app.log", "a1\n");
	SEE("a1 ");
	fd = open(rig_path(rig, "app.log"), O_WRONLY | O_APPEND | O_CLOEXEC);
	rig_remove(rig, "app.log");
	cr_assert_eq(write(fd, "a2\nrest", 7), 7);
	SEE("a2 ");
	rig->quiet = true;
	SEE("rest ");
	close(fd);
	SEE("");
	cr_assert_eq(map_count(rig->files.by_inode), 0);
	rig->quiet = false;
	rig_stop(rig);
	rig_start(rig);
	cr_assert_eq(rig->n_rows, 0);
	cr_assert_eq(rig->counters.files_lost, 0);
}

/* Scenario A06 */
Test(follow, a_truncated_file_is_read_again_from_its_start)
{
	PUT("app.log", "a1\na2\n");
	SEE("a1 a2 ");
	cr_assert_eq(truncate(rig_path(rig, "app.log"), 0), 0);
	SEE("");
	PUT("app.log", "b1\n");
	SEE("b1 ");
	cr_assert_eq(rig->counters.truncations, 1);
}

/* ---- names ---- */

/* Scenario A14 */
Test(follow, a_second_name_and_a_link_are_read_once)
{
	rig_also(rig, "*.log");
	rig_stop(rig);
	rig_start(rig);
	PUT("app.log", "a1\n");
	SEE("a1 ");
	cr_assert_eq(link(rig_path(rig, "app.log"), rig_path(rig, "hard.log")), 0);
	cr_assert_eq(symlink("app.log", rig_path(rig, "soft.log")), 0);
	SEE("");
	PUT("hard.log", "a2\n");
	SEE("a2 ");
	rig_rescan(rig);
	cr_assert(!rig_file(rig, "app.log")->left_path);
	cr_assert_eq(rig->counters.rotations, 0);
	/* Its first name goes: it lives on under the second. */
	rig_remove(rig, "app.log");
	PUT("hard.log", "a3\n");
	rig_rescan(rig);
	cr_assert_str_eq(rig->lines, "a3 ");
	cr_assert_eq(map_count(rig->files.by_inode), 1);
}

/* Scenario A13 */
Test(follow, the_target_of_a_link_is_watched_and_exchanged)
{
	cr_assert_eq(mkdir(rig_path(rig, "away"), 0755), 0);
	PUT("away/one", "a1\n");
	cr_assert_eq(symlink("away/one", rig_path(rig, "app.log")), 0);
	SEE("a1 ");
	PUT("away/one", "a2\n");
	SEE("a2 ");
	PUT("away/two", "b1\n");
	cr_assert_eq(symlink("away/two", rig_path(rig, "new")), 0);
	rotate("new", "app.log");
	SEE("b1 ");
	PUT("away/one", "a3\n");
	PUT("away/two", "b2\n");
	rig_run(rig);
	cr_assert(strstr(rig->lines, "b2 ") && strstr(rig->lines, "a3 "), "%s", rig->lines);
}

/* ---- restarts ---- */

Test(follow, a_restart_goes_on_where_it_was)
{
	PUT("app.log", "a1\na2\n");
	SEE("a1 a2 ");
	rig_stop(rig);
	PUT("app.log", "a3\n");
	rig_start(rig);
	SEE("a3 ");
}

Test(follow, what_was_not_checkpointed_is_read_again_and_nothing_else)
{
	PUT("app.log", "a1\n");
	SEE("a1 ");
	rig_checkpoint(rig);
	rig->hold = true;
	PUT("app.log", "a2\na3\na4\n");
	SEE("a2 a3 a4 ");
	/* Of the three the last two are acknowledged: settled ahead of the position. */
	account_report(&rig_file(rig, "app.log")->account, rig->in_flight[1], SLOT_DELIVERED);
	account_report(&rig_file(rig, "app.log")->account, rig->in_flight[2], SLOT_DELIVERED);
	files_dirty(&rig->files, rig_file(rig, "app.log"));
	rig_stop(rig);
	rig->hold = false;
	rig_start(rig);
	PUT("app.log", "a5\n");
	SEE("a2 a5 ");
}

static void rotated_while_down(int times)
{
	static const char *const names[] = {"app.log", "app.log.1", "app.log.2", "app.log.3"};
	char want[64] = "a2 ", text[8];
	struct timespec stamp[2] = {{.tv_sec = 1700000000}, {.tv_sec = 1700000000}};

	PUT("app.log", "a1\n");
	SEE("a1 ");
	rig_stop(rig);
	PUT("app.log", "a2\n");
	for (int i = 1; i <= times; i++) {
		/* Times of writing, not of this test's speed, are what tells the order. */
		stamp[0].tv_sec = stamp[1].tv_sec += 3600;
		cr_assert_eq(utimensat(AT_FDCWD, rig_path(rig, "app.log"), stamp, 0), 0);
		for (int k = i - 1; k >= 0; k--)
			rotate(names[k], names[k + 1]);
		snprintf(text, sizeof text, "%c1\n", 'a' + i);
		PUT("app.log", text);
		snprintf(want + strlen(want), 8, "%c1 ", 'a' + i);
	}
	rig_start(rig);
	SEE(want);
	cr_assert_eq(rig->counters.files_lost, 0);
	restart();
	SEE("");
	PUT("app.log", "z\n");
	SEE("z ");
}

/* Scenario A11 */
Test(follow, rotated_once_while_down)
{
	rotated_while_down(1);
}

/* Scenario A11 */
Test(follow, rotated_twice_while_down)
{
	rotated_while_down(2);
}

/* Scenario A11 */
Test(follow, rotated_three_times_while_down)
{
	rotated_while_down(3);
}

/*
 * Another file, empty, with the inode that app.log had; just another one, and false, if the kernel
 * gives none.
 */
static bool use_again(void)
{
	struct stat before, after = {0};
	char name[16];

	cr_assert_eq(stat(rig_path(rig, "app.log"), &before), 0);
	rig_remove(rig, "app.log");
	for (int i = 0; i < 50 && after.st_ino != before.st_ino; i++) {
		snprintf(name, sizeof name, "try%d", i);
		PUT(name, "");
		cr_assert_eq(stat(rig_path(rig, name), &after), 0);
	}
	rotate(name, "app.log");
	return after.st_ino == before.st_ino;
}

/* replaced: what is wanted if the inode is another's by then. */
static void used_again_while_down(const char *text, const char *want, const char *replaced)
{
	bool again;

	PUT("app.log", "a1\na2\n");
	SEE("a1 a2 ");
	rig_stop(rig);
	again = use_again();
	PUT("app.log", text);
	rig_start(rig);
	SEE(again ? want : replaced);
	restart();
	SEE("");
	cr_assert_eq(rig->n_rows, 1);
}

/* Scenario A03 */
Test(follow, an_inode_used_again_while_down_is_a_new_file)
{
	used_again_while_down("a1\nb2\nb3\n", "a1 b2 b3 ", "a1 b2 b3 ");
}

/* Scenario A03 */
Test(follow, an_inode_used_again_while_down_for_the_same_lines_is_a_new_file)
{
	used_again_while_down("a1\na2\nb3\n", "a1 a2 b3 ", "b3 ");
}

Test(follow, a_file_whose_first_line_is_another_after_a_restart_is_read_from_its_start)
{
	char text[201];
	int fd;

	memset(text, 'x', 200);
	memcpy(text + 9, "\n", 1);
	memcpy(text + 199, "\n", 2);
	PUT("app.log", text);
	rig_run(rig);
	rig_stop(rig);
	fd = open(rig_path(rig, "app.log"), O_WRONLY | O_CLOEXEC);
	cr_assert_eq(write(fd, "y", 1), 1);
	close(fd);
	rig_start(rig);
	rig_run(rig);
	cr_assert_eq(strlen(rig->lines), 200);
	cr_assert_eq(rig->lines[0], 'y');
}

/* Scenario A03 */
Test(follow, an_inode_used_again_after_its_file_was_finished_is_a_new_file)
{
	PUT("app.log", "a1\n");
	SEE("a1 ");
	rotate("app.log", "app.log.1");
	rig->quiet = true;
	SEE("");
	cr_assert_eq(rig_file(rig, "app.log.1")->state, FILE_FINISHED);
	/* Closed, so its inode is free at once when its name goes. */
	rig_remove(rig, "app.log.1");
	PUT("app.log", "b1\nb2\n");
	SEE("b1 b2 ");
	for (int i = 0; i < 2; i++) {
		rig_stop(rig);
		rig_start(rig);
		SEE("");
	}
	cr_assert_eq(rig->n_rows, 1);
}

/* Scenario A08 */
Test(follow, a_file_that_shrank_while_down_is_read_from_its_start)
{
	char text[2048];

	memset(text, 'x', sizeof text);
	for (size_t i = 99; i < sizeof text; i += 100)
		text[i] = '\n';
	text[2000] = '\0';
	PUT("app.log", text);
	rig_run(rig);
	for (size_t size = 1500; size; size = size == 1500 ? 500 : 0) {
		rig_stop(rig);
		cr_assert_eq(truncate(rig_path(rig, "app.log"), (off_t)size), 0);
		rig_start(rig);
		rig_run(rig);
		cr_assert_eq(strlen(rig->lines), size, "%zu", size);
	}
}

/* Scenario A04, B09 */
Test(follow, a_directory_that_is_away_at_the_start_keeps_its_positions)
{
	char away[PATH_MAX];

	snprintf(away, sizeof away, "%s/umounted", rig->state);
	rig_stop(rig);
	rig->paths[0][0] = (free(rig->paths[0][0]), strdup(rig_path(rig, "disk/app.log")));
	cr_assert_eq(mkdir(rig_path(rig, "disk"), 0755), 0);
	PUT("disk/app.log", "a1\n");
	rig_start(rig);
	SEE("a1 ");
	rig_stop(rig);
	PUT("disk/app.log", "a2\n");
	cr_assert_eq(rename(rig_path(rig, "disk"), away), 0);
	rig_start(rig);
	SEE("");
	cr_assert_eq(rename(away, rig_path(rig, "disk")), 0);
	rig_rescan(rig);
	cr_assert_str_eq(rig->lines, "a2 ");
	restart();
	SEE("");
	cr_assert_eq(rig->n_rows, 1);
	cr_assert_eq(rig->counters.files_lost, 0);
}

/* Scenario B09 */
Test(follow, a_file_that_may_not_be_read_at_the_start_keeps_its_position)
{
	bool root = geteuid() == 0;

	PUT("app.log", "a1\n");
	SEE("a1 ");
	rig_stop(rig);
	PUT("app.log", "a2\n");
	cr_assert_eq(chmod(rig_path(rig, "app.log"), 0), 0);
	if (root) {
		cr_assert_eq(chmod(rig->top, 0755), 0);
		cr_assert_eq(chmod(rig->state, 0777), 0);
		cr_assert_eq(chown(rig->state, NOBODY, NOBODY), 0);
		for (const char **name = (const char *[]){"waybill.db", "lock", NULL}; *name;
		     name++) {
			char path[128];

			snprintf(path, sizeof path, "%s/%s", rig->state, *name);
			cr_assert_eq(chown(path, NOBODY, NOBODY), 0);
		}
		cr_assert_eq(seteuid(NOBODY), 0);
	}
	rig_start(rig);
	SEE("");
	if (root)
		cr_assert_eq(seteuid(0), 0);
	cr_assert_eq(chmod(rig_path(rig, "app.log"), 0644), 0);
	rig_rescan(rig);
	cr_assert_str_eq(rig->lines, "a2 ");
	cr_assert_eq(rig->counters.files_lost, 0);
}

Test(follow, an_old_generation_that_comes_back_does_not_stop_the_one_that_is_read)
{
	struct file *newer;

	PUT("app.log", "a1\n");
	SEE("a1 ");
	rig_stop(rig);
	rig->paths[0][0] = (free(rig->paths[0][0]), strdup(rig_path(rig, "other.log")));
	rig_start(rig);
	rig->hold = true;
	PUT("other.log", "b1\n");
	SEE("b1 ");
	newer = rig_file(rig, "other.log");
	rotate("other.log", "other.log.1");
	PUT("app.log", "a2\n");
	rotate("app.log", "other.log");
	SEE("a2 ");
	cr_assert_neq(newer, rig_file(rig, "other.log"));
	/* Its record may still come back: only a file that is read can drain. */
	cr_assert_eq(newer->state, FILE_READING);
}

/* It was noticed by the next walk through all patterns only, up to half a minute later. */
Test(follow, a_directory_that_is_renamed_out_of_all_patterns_is_noticed_at_once)
{
	struct file *file;

	rig_end(rig);
	rig_begin(rig, "app*/*.log");
	mkdir(rig_path(rig, "app"), 0755);
	rig_append(rig, "app/a.log", "1\n");
	rig_start(rig);
	cr_assert_str_eq(rig_run(rig), "1 ");
	file = rig_file(rig, "app/a.log");
	cr_assert_not(file->left_path);
	rename(rig_path(rig, "app"), rig_path(rig, "old"));
	rig_append(rig, "old/a.log", "2\n");
	cr_expect_str_eq(rig_run(rig), "2 ");
	cr_expect(file->left_path);
}

Test(follow, a_directory_whose_parent_is_renamed_is_noticed_at_once)
{
	rig_end(rig);
	rig_begin(rig, "app*/logs/*.log");
	mkdir(rig_path(rig, "app"), 0755);
	mkdir(rig_path(rig, "app/logs"), 0755);
	rig_append(rig, "app/logs/a.log", "1\n");
	rig_start(rig);
	cr_assert_str_eq(rig_run(rig), "1 ");
	rename(rig_path(rig, "app"), rig_path(rig, "old"));
	rig_append(rig, "old/logs/a.log", "2\n");
	cr_expect_str_eq(rig_run(rig), "2 ");
	cr_expect(rig_file(rig, "old/logs/a.log")->left_path);
}

Test(follow, a_rotation_that_only_a_scan_sees_is_counted)
{
	PUT("app.log", "a1\n");
	SEE("a1 ");
	rig->discover = discover_free(rig->discover);
	rotate("app.log", "app.log.1");
	PUT("app.log", "b1\n");
	cr_assert_eq(discover_new(&rig->discover), 0);
	cr_assert_eq(discover_add(rig->discover, 0, rig->paths[0], NULL, NULL, 0), 0);
	rig_rescan(rig);
	cr_assert_str_eq(rig->lines, "b1 ");
	cr_assert_eq(rig->counters.rotations, 1);
}

/* Scenario A02: and there is no file at the path when that look comes. */
Test(follow, two_rotations_that_no_hint_told_of)
{
	PUT("app.log", "a1\n");
	SEE("a1 ");
	rig->discover = discover_free(rig->discover);
	rotate("app.log", "app.log.2");
	PUT("app.log", "b1\n");
	rotate("app.log", "app.log.1");
	cr_assert_eq(discover_new(&rig->discover), 0);
	cr_assert_eq(discover_add(rig->discover, 0, rig->paths[0], NULL, NULL, 0), 0);
	follow_begin_look(&rig->files);
	rig_rescan(rig);
	follow_check_paths(&rig->files);
	cr_assert_eq(follow_check_some(&rig->files, rig->discover, CLOCK_NEVER), 0);
	SEE("b1 ");
	cr_assert_eq(rig->counters.rotations, 2);
}

/*
 * Rotated files stood in the way of the new ones, which were not found before the next look, half a
 * minute later.
 */
Test(follow, more_files_than_descriptors_are_rotated_at_once)
{
	struct rlimit limit = {300, 300};
	char name[32], rotated[32];
	size_t lines = 0;

	rig_stop(rig);
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	free(rig->paths[0][0]);
	rig->paths[0][0] = strdup(rig_path(rig, "f*.log"));
	rig_start(rig);
	for (int i = 0; i < 400; i++) {
		snprintf(name, sizeof name, "f%d.log", i);
		PUT(name, "old\n");
	}
	rig_run(rig);
	for (int i = 0; i < 400; i++) {
		snprintf(name, sizeof name, "f%d.log", i);
		snprintf(rotated, sizeof rotated, "f%d.log.1", i);
		rotate(name, rotated);
		PUT(name, "new\n");
	}
	for (const char *at = rig_run(rig); (at = strstr(at, "new ")); at++)
		lines++;
	cr_assert_eq(lines, 400);
	cr_assert_eq(rig->counters.rotations, 400);
	/* Late lines of one that had to be closed. */
	PUT("f7.log.1", "late\n");
	SEE("late ");
}

/*
 * All descriptors were in use when the directory was to be read: no new file was found until
 * rotate_wait was over.
 */
static void rotated_while_down_beyond_descriptors(const char *rest)
{
	struct rlimit limit = {300, 300};
	char name[32], rotated[32];
	size_t lines = 0;

	rig_stop(rig);
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	free(rig->paths[0][0]);
	rig->paths[0][0] = strdup(rig_path(rig, "f*.log"));
	rig_start(rig);
	for (int i = 0; i < 400; i++) {
		snprintf(name, sizeof name, "f%d.log", i);
		PUT(name, "old\n");
	}
	rig_run(rig);
	rig_stop(rig);
	for (int i = 0; i < 400; i++) {
		snprintf(name, sizeof name, "f%d.log", i);
		snprintf(rotated, sizeof rotated, "f%d.log.1", i);
		PUT(name, rest);
		rotate(name, rotated);
		PUT(name, "new\n");
	}
	rig_start(rig);
	for (const char *at = rig_run(rig); (at = strstr(at, "new ")); at++)
		lines++;
	cr_assert_eq(lines, 400, "%zu", lines);
	cr_assert_eq(strlen(rig->lines), 400 * (4 + strlen(rest)));
	cr_assert_eq(rig->counters.rotations, 400);
	cr_assert_eq(rig->counters.files_lost, 0);
}

/* Scenario D03 */
Test(follow, more_files_than_descriptors_are_rotated_while_down)
{
	rotated_while_down_beyond_descriptors("");
}

/* Scenario D03 */
Test(follow, more_files_than_descriptors_are_rotated_while_down_with_lines_unread)
{
	rotated_while_down_beyond_descriptors("rest\n");
}

/* ---- writes that nobody tells of ---- */

/* A double: the kind of file system that a test says. */
static long unseen_magic;

int statfs(const char *path, struct statfs *ret_fs)
{
	(void)path;
	*ret_fs = (struct statfs){.f_type = unseen_magic};
	return 0;
}

/* Through another hard link, where no directory is watched. */
static void write_unseen(const char *text)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof path, "%s/link", rig->state);
	if (access(path, F_OK) < 0)
		cr_assert_eq(link(rig_path(rig, "app.log"), path), 0);
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static const char *run_at(uint64_t s)
{
	poll_files(&rig->files, s * 1000000);
	return rig_run(rig);
}

/* Scenario C09 */
Test(follow, on_a_network_file_system_sizes_are_asked)
{
	unseen_magic = 0x6969;
	PUT("app.log", "a1\n");
	SEE("a1 ");
	cr_assert_eq(rig->counters.polled_files, 1);
	write_unseen("a2\n");
	SEE("");
	cr_assert_str_eq(run_at(100), "a2 ");
	/* Quiet, it is asked less often: after 2, 3, 4, 5 and 5 s. */
	write_unseen("a3\n");
	cr_assert_str_eq(run_at(100), "", "a second is not over");
	cr_assert_str_eq(run_at(101), "a3 ");
	run_at(102), run_at(104), run_at(107), run_at(111), run_at(116);
	write_unseen("a4\n");
	cr_assert_str_eq(run_at(120), "");
	cr_assert_str_eq(run_at(121), "a4 ");
	rig_remove(rig, "app.log");
	rig->quiet = true;
	SEE("");
}

/* Scenario C09: by experience, where the file system's kind says nothing. */
Test(follow, a_file_that_grows_without_a_hint_is_asked_for_its_size)
{
	PUT("app.log", "a1\n");
	SEE("a1 ");
	/* Before the first of them there was a hint. */
	for (int look = 0; look < 3; look++) {
		cr_assert_eq(rig->counters.polled_files, 0);
		write_unseen("late\n");
		SEE("");
		follow_begin_look(&rig->files);
		cr_assert_str_eq(rig_rescan(rig), "late ");
	}
	cr_assert_eq(rig->counters.polled_files, 1);
	write_unseen("a2\n");
	cr_assert_str_eq(run_at(100), "a2 ");
}

Test(follow, a_file_with_a_hint_on_its_way_is_not_asked)
{
	PUT("app.log", "a1\n");
	SEE("a1 ");
	for (int look = 0; look < 5; look++) {
		PUT("app.log", "b\n");
		follow_begin_look(&rig->files);
		cr_assert_str_eq(rig_rescan(rig), "b ");
	}
	cr_assert_eq(rig->counters.polled_files, 0);
}

/* They may be a hole, and are not read: nothing grows, though the file goes on behind the line. */
Test(follow, a_file_that_ends_in_nuls_does_not_grow)
{
	char path[PATH_MAX];

	PUT("app.log", "a1\n");
	snprintf(path, sizeof path, "%s", rig_path(rig, "app.log"));
	cr_assert_eq(truncate(path, 5), 0);
	SEE("a1 ");
	for (int look = 0; look < 5; look++) {
		follow_begin_look(&rig->files);
		cr_assert_str_eq(rig_rescan(rig), "");
	}
	cr_assert_eq(rig->counters.polled_files, 0);
	/* What grows behind them does. */
	for (int look = 0; look < 3; look++) {
		write_unseen("\n");
		follow_begin_look(&rig->files);
		cr_assert_str_neq(rig_rescan(rig), "");
	}
	cr_assert_eq(rig->counters.polled_files, 1);
}

/* ---- where new files begin ---- */

Test(follow, start_at_end_holds_for_the_first_start_only)
{
	rig_crash(rig);
	rig->sources[0].name = "other";
	rig->sources[0].start_at = SOURCE_START_END;
	PUT("app.log", "old\nhalf");
	rig_start(rig);
	SEE("");
	PUT("app.log", " and new\n");
	SEE("half and new ");
	rotate("app.log", "app.log.1");
	PUT("app.log", "b1\n");
	SEE("b1 ");
	rig_stop(rig);
	rig_remove(rig, "app.log");
	PUT("app.log", "c1\n");
	rig_start(rig);
	SEE("c1 ");
}

Test(follow, ignore_older_starts_old_files_at_their_end)
{
	struct timespec old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};

	rig_crash(rig);
	rig->sources[0].name = "other";
	rig->sources[0].ignore_older_ms = 3600 * 1000;
	rig_also(rig, "new.log");
	PUT("app.log", "old\n");
	PUT("new.log", "fresh\n");
	cr_assert_eq(utimensat(AT_FDCWD, rig_path(rig, "app.log"), old, 0), 0);
	rig_start(rig);
	SEE("fresh ");
	PUT("app.log", "alive\n");
	SEE("alive ");
}

/* Not before the first start only: what is moved in later was shipped however old it was. */
Test(follow, ignore_older_holds_for_what_is_moved_in_while_it_runs)
{
	struct timespec old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};

	rig->sources[0].ignore_older_ms = 3600 * 1000;
	PUT("elsewhere", "old\n");
	cr_assert_eq(utimensat(AT_FDCWD, rig_path(rig, "elsewhere"), old, 0), 0);
	rotate("elsewhere", "app.log");
	SEE("");
	PUT("app.log", "alive\n");
	SEE("alive ");
	rotate("app.log", "app.log.1");
	PUT("app.log", "next\n");
	SEE("next ");
}

/* It may have come, and been written, while nobody looked. */
Test(follow, ignore_older_leaves_nothing_out_that_came_while_down)
{
	struct timespec old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};

	rig->sources[0].ignore_older_ms = 3600 * 1000;
	rig_stop(rig);
	PUT("app.log", "a1\n");
	cr_assert_eq(utimensat(AT_FDCWD, rig_path(rig, "app.log"), old, 0), 0);
	rig_start(rig);
	SEE("a1 ");
}

/* A source is known by its paths: under a new name it is no new one. */
Test(follow, a_source_that_was_renamed_does_not_start_at_the_end_again)
{
	PUT("app.log", "a1\n");
	SEE("a1 ");
	rig_stop(rig);
	rotate("app.log", "app.log.1");
	PUT("app.log", "b1\n");
	rig->sources[0].name = "renamed";
	rig->sources[0].start_at = SOURCE_START_END;
	rig_start(rig);
	SEE("b1 ");
}

/* ---- lines in two pieces ---- */

Test(follow, start_at_end_in_a_long_line_ships_no_fragment)
{
	static char text[200001];

	memset(text, 'x', sizeof text - 1);
	rig_crash(rig);
	rig->sources[0].name = "other";
	rig->sources[0].start_at = SOURCE_START_END;
	rig->sources[0].rules.max_line = 300000;
	PUT("app.log", "old\nfirst ");
	PUT("app.log", text);
	rig_start(rig);
	PUT("app.log", "\nb\n");
	cr_assert_eq(strncmp(rig_run(rig), "first xxx", 9), 0);
	cr_assert_str_eq(rig->lines + 200006, " b ");
}

Test(follow, a_live_file_with_a_number_in_its_name_is_not_rotated)
{
	rig_stop(rig);
	free(rig->paths[0][0]);
	rig->paths[0][0] = strdup(rig_path(rig, "node*"));
	PUT("node", "n1\n");
	PUT("node-1", "m1\nm2 in ");
	rig_start(rig);
	rig->quiet = true;
	rig_run(rig);
	cr_assert_null(strstr(rig->lines, "m2"), "\"%s\"", rig->lines);
	PUT("node-1", "two pieces\n");
	SEE("m2 in two pieces ");
	PUT("node", "n2 in ");
	SEE("");
	PUT("node", "two pieces\n");
	SEE("n2 in two pieces ");
}

/* Moved away, nobody knows where to, and back: its half line was shipped as a rotated file's. */
Test(follow, a_file_that_comes_back_to_its_path_is_not_rotated)
{
	char away[PATH_MAX];

	snprintf(away, sizeof away, "%s/away", rig->state);
	PUT("app.log", "a1\na2 in ");
	SEE("a1 ");
	cr_assert_eq(rename(rig_path(rig, "app.log"), away), 0);
	SEE("");
	cr_assert_eq(rename(away, rig_path(rig, "app.log")), 0);
	SEE("");
	rig->quiet = true;
	SEE("");
	PUT("app.log", "two pieces\n");
	SEE("a2 in two pieces ");
	rotate("app.log", "app.log.1");
	PUT("app.log", "b1\n");
	SEE("b1 ");
}

/* Scenario A04. The row says another device, everything else of the file agrees. */
Test(follow, another_device_number_after_a_boot_is_the_same_file)
{
	struct store *store;
	struct store_file *files;
	size_t n;

	PUT("app.log", "a1\n");
	SEE("a1 ");
	rig_stop(rig);
	cr_assert_eq(store_open(rig->state, &store, NULL, 0), 0);
	cr_assert_eq(store_load(store, &files, &n), 0);
	cr_assert_eq(n, 1);
	files[0].device ^= 0xff;
	cr_assert_eq(
		store_write(store, &(struct store_batch){.files = files, .n_files = 1}, NULL, 0),
		0);
	store_files_free(files, n);
	store_close(store);
	PUT("app.log", "a2\n");
	rig_start(rig);
	SEE("a2 ");
	cr_assert_eq(rig->counters.files_lost, 0);
}

/* Rotated generations beside the live file, all matched by the pattern, met for the first time. */
Test(follow, a_first_scan_takes_generations_in_the_order_of_their_writing)
{
	struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};

	rig_stop(rig);
	free(rig->paths[0][0]);
	rig->paths[0][0] = strdup(rig_path(rig, "app.log*"));
	PUT("app.log.1", "c\n");
	PUT("app.log.2", "b\n");
	PUT("app.log.10", "a\n");
	PUT("app.log", "d\n");
	for (const char **name = (const char *[]){"app.log.10", "app.log.2", "app.log.1", NULL};
	     *name; name++, times[1].tv_sec++)
		cr_assert_eq(utimensat(AT_FDCWD, rig_path(rig, *name), times, 0), 0);
	/* The live file is the last one even when it was written first. */
	times[1].tv_sec = 1;
	cr_assert_eq(utimensat(AT_FDCWD, rig_path(rig, "app.log"), times, 0), 0);
	rig_start(rig);
	SEE("a b c d ");
}
