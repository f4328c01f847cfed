/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generations that nobody saw, and files that only look like some: which of them are shipped, and
 * in which order, over real directories and a real store.
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
#include "tests/support/pack.h"

static struct follow_rig *rig;

#define SEE(want) cr_assert_str_eq(rig_run(rig), want, "\"%s\"", rig->lines)
#define PUT(name, text) rig_append(rig, name, text)

static void begin_with(const char *pattern)
{
	rig = malloc(sizeof *rig);
	rig_begin(rig, pattern);
}

static void begin(void)
{
	begin_with("app.log");
	rig_start(rig);
	PUT("app.log", "a1\n");
	SEE("a1 ");
	rig_stop(rig);
	PUT("app.log", "a2\n");
}

static void end(void)
{
	rig_end(rig);
	free(rig);
}

static void restart(void)
{
	rig_stop(rig);
	rig_start(rig);
}

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

static void written_at(const char *name, time_t seconds)
{
	struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};

	cr_assert_eq(utimensat(AT_FDCWD, rig_path(rig, name), times, 0), 0);
}

static void end_well(void)
{
	cr_assert_eq(rig->counters.files_lost, 0);
	restart();
	SEE("");
	cr_assert_eq(rig->counters.files_lost, 0);
}

TestSuite(generations, .init = begin, .fini = end, .timeout = 120);

/* ---- names (A11) ---- */

static void three_rotations(const char *one, const char *two, const char *three)
{
	const char *const names[] = {one, two, three};
	char text[8];

	for (int i = 0; i < 3; i++) {
		rig_rename(rig, "app.log", names[i]);
		snprintf(text, sizeof text, "%c1\n", 'b' + i);
		PUT("app.log", text);
	}
	rig_start(rig);
	SEE("a2 b1 c1 d1 ");
	cr_assert_eq(rig->counters.generations_unseen, 2);
	PUT(three, "c2\n");
	PUT("app.log", "d2\n");
	rig_run(rig);
	cr_assert(strstr(rig->lines, "c2 ") && strstr(rig->lines, "d2 "), "%s", rig->lines);
	end_well();
}

/* Scenario A11 */
Test(generations, with_dates_before_the_extension_are_found_after_a_stop)
{
	three_rotations("app-2026-01-01T10-00-00.log", "app-2026-01-01T11-00-00.log",
			"app-2026-01-01T12-00-00.log");
}

/* Scenario A11 */
Test(generations, with_dates_at_the_end_are_found_after_a_stop)
{
	three_rotations("app.log-20260101", "app.log-20260102", "app.log-20260103");
}

/* Scenario A11 */
Test(generations, with_words_and_numbers_that_go_up_are_found_after_a_stop)
{
	three_rotations("app.log.old1", "app.log.old2", "app.log.old3");
}

/* Scenario A11 */
Test(generations, with_numbers_before_the_extension_are_found_after_a_stop)
{
	three_rotations("app.1.log", "app.2.log", "app.3.log");
}

/* Scenario A11 */
Test(generations, named_by_several_rules_are_found_after_a_stop)
{
	rig_rename(rig, "app.log", "app.log.old1");
	tick();
	PUT("app.log", "b1\n");
	rig_rename(rig, "app.log", "app-2026-01-01T10-00-00.log");
	tick();
	PUT("app.log", "c1\n");
	rig_rename(rig, "app.log", "app.log.1");
	tick();
	PUT("app.log", "d1\n");
	rig_start(rig);
	SEE("a2 b1 c1 d1 ");
	end_well();
}

/* Scenario A11 */
Test(generations, of_a_hundred_rotations_are_all_found)
{
	char from[32], to[32], text[8];
	char *want = calloc(1, 4096);

	strcpy(want, "a2 ");
	for (int i = 1; i <= 100; i++) {
		for (int k = i - 1; k >= 0; k--) {
			snprintf(from, sizeof from, k ? "app.log.%d" : "app.log", k);
			snprintf(to, sizeof to, "app.log.%d", k + 1);
			rig_rename(rig, from, to);
		}
		snprintf(text, sizeof text, "g%d\n", i);
		PUT("app.log", text);
		snprintf(want + strlen(want), 8, "g%d ", i);
	}
	rig_start(rig);
	SEE(want);
	cr_assert_eq(rig->counters.generations_unseen, 99);
	free(want);
	end_well();
}

/* ---- times ---- */

/* Scenario A11 */
Test(generations, come_after_a_file_whose_clock_was_an_hour_ahead)
{
	written_at("app.log", time(NULL) + 3600);
	rig_rename(rig, "app.log", "app.log.1");
	PUT("app.log", "b1\n");
	rig_rename(rig, "app.log.1", "app.log.2");
	rig_rename(rig, "app.log", "app.log.1");
	PUT("app.log", "c1\n");
	rig_start(rig);
	SEE("a2 b1 c1 ");
	end_well();
}

/* Scenario A11 */
Test(generations, a_late_writer_does_not_make_the_older_one_the_newer)
{
	rig_rename(rig, "app.log", "app.log.2");
	tick();
	PUT("app.log", "b1\n");
	rig_rename(rig, "app.log", "app.log.1");
	tick();
	PUT("app.log", "c1\n");
	tick();
	PUT("app.log.1", "b2\n");
	tick();
	PUT("app.log.2", "a3\n");
	rig_start(rig);
	SEE("a2 a3 b1 b2 c1 ");
	end_well();
}

/* Scenario A15 */
Test(generations, that_were_restored_come_in_the_order_of_their_writing)
{
	time_t then = time(NULL) - 86400;

	rig_rename(rig, "app.log", "app.log-20260101");
	/* Born now, in no order, and written then: a backup was played back. */
	PUT("app.log-20260103", "c1\n");
	tick();
	PUT("app.log-20260102", "b1\n");
	tick();
	PUT("app.log", "d1\n");
	written_at("app.log-20260101", then);
	written_at("app.log-20260102", then + 60);
	written_at("app.log-20260103", then + 120);
	rig_start(rig);
	SEE("a2 b1 c1 d1 ");
	end_well();
}

static void compress(const char *name)
{
	char bytes[64], packed_name[64];
	int fd = open(rig_path(rig, name), O_RDONLY | O_CLOEXEC);
	struct slice packed = pack(PACKED_GZIP, bytes, (size_t)read(fd, bytes, sizeof bytes));

	close(fd);
	snprintf(packed_name, sizeof packed_name, "%s.gz", name);
	fd = open(rig_path(rig, packed_name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	cr_assert_eq(write(fd, packed.at, packed.len), (ssize_t)packed.len);
	close(fd);
	free((char *)packed.at);
	rig_remove(rig, name);
}

/*
 * As kubelet does: a generation is compressed when the one behind it is complete, the archive is
 * younger than that. It came last. Scenario A11
 */
Test(generations, come_in_their_order_though_the_older_one_was_compressed_last)
{
	rig_rename(rig, "app.log", "app.log.20260101-100000");
	tick();
	PUT("app.log", "b1\n");
	tick();
	compress("app.log.20260101-100000");
	rig_rename(rig, "app.log", "app.log.20260101-100001");
	tick();
	PUT("app.log", "c1\n");
	tick();
	compress("app.log.20260101-100001");
	rig_rename(rig, "app.log", "app.log.20260101-100002");
	tick();
	PUT("app.log", "d1\n");
	rig_start(rig);
	SEE("a2 b1 c1 d1 ");
	end_well();
}

/* Scenario A11 */
Test(generations, are_found_though_the_known_one_was_deleted)
{
	rig_rename(rig, "app.log", "app.log.2");
	tick();
	PUT("app.log", "b1\n");
	rig_rename(rig, "app.log", "app.log.1");
	rig_remove(rig, "app.log.2");
	PUT("app.log", "c1\n");
	rig_start(rig);
	SEE("b1 c1 ");
	restart();
	SEE("");
}

/* Scenario A11 */
Test(generations, that_were_there_before_the_known_one_are_left_alone)
{
	rig_end(rig);
	rig_begin(rig, "app.log");
	PUT("app.log.1", "old\n");
	PUT("app-20200101.log", "older\n");
	tick();
	rig_start(rig);
	PUT("app.log", "a1\n");
	SEE("a1 ");
	rig_stop(rig);
	rig_rename(rig, "app.log.1", "app.log.2");
	rig_rename(rig, "app.log", "app.log.1");
	PUT("app.log", "b1\n");
	rig_start(rig);
	SEE("b1 ");
	end_well();
}

/* Scenario A11: made within one tick of the file system's clock, before anybody looked. */
Test(generations, that_were_there_with_the_known_one_are_left_alone)
{
	rig_end(rig);
	rig_begin(rig, "app.log");
	PUT("app.log.1", "old\n");
	PUT("app.log", "a1\n");
	rig_start(rig);
	SEE("a1 ");
	rig_stop(rig);
	rig_rename(rig, "app.log.1", "app.log.2");
	rig_rename(rig, "app.log", "app.log.1");
	PUT("app.log", "b1\n");
	rig_start(rig);
	SEE("b1 ");
	end_well();
}

/* cp, while the file is at its path. */
static void copy(const char *to)
{
	char bytes[64];
	int fd = open(rig_path(rig, "app.log"), O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, bytes, sizeof bytes - 1);

	cr_assert_geq(n, 0);
	close(fd);
	bytes[n] = '\0';
	tick();
	PUT(to, bytes);
	tick();
}

/* Scenario A06: of two that nobody saw, the other one was written on. */
Test(generations, a_copy_of_one_that_was_written_on_is_none)
{
	rig_rename(rig, "app.log", "app.log-20260101");
	PUT("app.log", "b1\n");
	copy("app.log-20260102");
	PUT("app.log", "b2\n");
	rig_rename(rig, "app.log", "app.log-20260103");
	rig_start(rig);
	SEE("a2 b1 b2 ");
	end_well();
}

/* A program that writes the same each time it starts: a repeat is better than a loss. */
Test(generations, of_the_same_bytes_are_all_read)
{
	rig_rename(rig, "app.log", "app.log-20260101");
	for (int i = 2; i < 5; i++) {
		char to[32];

		snprintf(to, sizeof to, "app.log-2026010%d", i);
		PUT("app.log", "banner\n");
		rig_rename(rig, "app.log", to);
		tick();
	}
	rig_start(rig);
	SEE("a2 banner banner banner ");
	end_well();
}

/* Scenario A06: the known one is closed. */
Test(generations, a_copy_of_a_closed_one_that_was_written_on_is_none)
{
	rig_start(rig);
	SEE("a2 ");
	copy("app.log-20260102");
	PUT("app.log", "a3\n");
	SEE("a3 ");
	rig_rename(rig, "app.log", "app.log-20260103");
	rig->quiet = true;
	SEE("");
	cr_assert_eq(rig_file(rig, "app.log-20260103")->state, FILE_FINISHED);
	PUT("app.log", "b1\n");
	SEE("b1 ");
	end_well();
}

/* ---- foreign files ---- */

static void begin_worker(const char *rotated)
{
	rig_end(rig);
	rig_begin(rig, "worker");
	PUT("worker", "a1\n");
	rig_start(rig);
	SEE("a1 ");
	tick();
	PUT("worker-8081", "x1\n");
	PUT("worker-80", "x2\n");
	rig_stop(rig);
	PUT("worker", "a2\n");
	rig_rename(rig, "worker", rotated);
	tick();
	PUT("worker", "b1\n");
}

/* Scenario A11 */
Test(generations, a_live_file_with_a_number_is_none_after_a_stop)
{
	begin_worker("worker.1");
	rig_start(rig);
	SEE("a2 b1 ");
	PUT("worker-8081", "x3\n");
	SEE("");
	end_well();
}

/* Scenario A11 */
Test(generations, a_live_file_named_like_a_generation_is_none_without_the_numbers_between)
{
	begin_worker("worker-1");
	rig_start(rig);
	SEE("a2 b1 ");
	end_well();
}

/* Scenario A11: began behind the known one, and is written to long after the next one was made. */
Test(generations, a_live_file_with_a_number_at_its_end_is_none_after_a_stop)
{
	begin_worker("worker-20260101");
	PUT("worker.1", "x1\n");
	written_at("worker.1", time(NULL) + 3600);
	rig_remove(rig, "worker");
	tick();
	PUT("worker", "b1\n");
	rig_start(rig);
	SEE("a2 b1 ");
	end_well();
}

/* Scenario A11 */
Test(generations, a_live_file_with_a_number_is_none_while_it_runs)
{
	begin_worker("worker.1");
	rig_start(rig);
	SEE("a2 b1 ");
	rig_rename(rig, "worker", "worker.2");
	PUT("worker", "c1\n");
	SEE("c1 ");
	rig_remove(rig, "worker");
	PUT("worker-8081", "x3\n");
	PUT("new", "x4\n");
	rig_rename(rig, "new", "worker-8082");
	PUT("worker", "d1\n");
	SEE("d1 ");
	end_well();
}

/* Scenario A11 */
Test(generations, what_is_excluded_is_none)
{
	rig->exclude[0][0] = strdup("*.old[0-9]");
	rig_rename(rig, "app.log", "app.log.1");
	tick();
	PUT("app.log.old1", "x1\n");
	PUT("app.log", "b1\n");
	rig_start(rig);
	SEE("a2 b1 ");
	end_well();
}

/* Scenario A11: but what is known is read to its end, whatever its name is now. */
Test(generations, the_known_one_is_read_under_an_excluded_name)
{
	rig->exclude[0][0] = strdup("*.old[0-9]");
	rig_rename(rig, "app.log", "app.log.old1");
	PUT("app.log", "b1\n");
	rig_start(rig);
	SEE("a2 b1 ");
	end_well();
}

/* Scenario A11 */
Test(generations, what_another_source_wants_is_that_ones)
{
	rig_also(rig, "app.log-*");
	rig_rename(rig, "app.log", "app.log.1");
	tick();
	PUT("app.log-20260101", "x1\n");
	PUT("app.log", "b1\n");
	rig_start(rig);
	rig_run(rig);
	cr_assert_eq(rig_file(rig, "app.log-20260101")->source, &rig->sources[1]);
	cr_assert(strstr(rig->lines, "a2 ") < strstr(rig->lines, "b1 "), "%s", rig->lines);
	cr_assert(strstr(rig->lines, "x1 "), "%s", rig->lines);
	end_well();
}

/* Scenario A11, A14 */
Test(generations, a_hard_link_of_one_is_read_once)
{
	rig_rename(rig, "app.log", "app.log.2");
	tick();
	PUT("app.log", "b1\n");
	rig_rename(rig, "app.log", "app.log.1");
	cr_assert_eq(link(rig_path(rig, "app.log.1"), rig_path(rig, "app.log.bak")), 0);
	PUT("app.log", "c1\n");
	rig_start(rig);
	SEE("a2 b1 c1 ");
	end_well();
}

/* ---- order ---- */

/* Scenario A15 */
Test(generations, two_rotations_between_two_looks_under_one_pattern_come_in_their_order)
{
	rig_end(rig);
	rig_begin(rig, "app.log*");
	rig_start(rig);
	PUT("app.log", "a1\n");
	SEE("a1 ");
	PUT("app.log", "a2\n");
	rig_rename(rig, "app.log", "app.log.1");
	PUT("app.log", "b1\n");
	rig_rename(rig, "app.log.1", "app.log.2");
	rig_rename(rig, "app.log", "app.log.1");
	PUT("app.log", "c1\n");
	SEE("a2 b1 c1 ");
	end_well();
}

/* Scenario A15 */
Test(generations, two_rotations_that_only_a_scan_sees_come_in_their_order)
{
	rig_end(rig);
	rig_begin(rig, "app.log*");
	rig_start(rig);
	PUT("app.log", "a1\n");
	SEE("a1 ");
	rig->discover = discover_free(rig->discover);
	PUT("app.log", "a2\n");
	rig_rename(rig, "app.log", "app.log.2");
	PUT("app.log", "b1\n");
	rig_rename(rig, "app.log", "app.log.1");
	PUT("app.log", "c1\n");
	cr_assert_eq(discover_new(&rig->discover), 0);
	cr_assert_eq(discover_add(rig->discover, 0, rig->paths[0], NULL, NULL, 0), 0);
	rig_rescan(rig);
	cr_assert_str_eq(rig->lines, "a2 b1 c1 ", "\"%s\"", rig->lines);
	end_well();
}

/* Scenario A15 */
Test(generations, a_first_start_reads_each_lineage_in_its_order)
{
	rig_end(rig);
	rig_begin(rig, "app*.log");
	rig_also(rig, "mail*");
	PUT("app-1.log", "a1\n");
	PUT("mail.err.1", "c1\n");
	tick();
	PUT("app.log", "a2\n");
	PUT("mail.err", "c2\n");
	PUT("mail", "d1\n");
	rig_start(rig);
	rig_run(rig);
	cr_assert(strstr(rig->lines, "a1 ") < strstr(rig->lines, "a2 "), "%s", rig->lines);
	cr_assert(strstr(rig->lines, "c1 ") < strstr(rig->lines, "c2 "), "%s", rig->lines);
	cr_assert(strstr(rig->lines, "d1 "), "%s", rig->lines);
	end_well();
}

/*
 * Scenario A15: node-1 is alive: it is no generation of node, and its half line waits for the rest.
 */
Test(generations, a_live_file_with_a_number_beside_another_keeps_its_half_line)
{
	rig_end(rig);
	rig_begin(rig, "node*");
	PUT("node-1", "half");
	PUT("node", "a1\n");
	rig->quiet = true;
	rig_start(rig);
	SEE("a1 ");
	PUT("node-1", " and half\n");
	PUT("node", "a2\n");
	rig_run(rig);
	cr_assert(strstr(rig->lines, "half and half ") && strstr(rig->lines, "a2 "), "%s",
		  rig->lines);
	restart();
	PUT("node-1", "half");
	SEE("");
	PUT("node-1", " again\n");
	SEE("half again ");
}

/* Scenario A15 */
Test(generations, a_file_with_a_number_that_was_written_later_is_a_lineage_of_its_own)
{
	rig_end(rig);
	rig_begin(rig, "node*");
	PUT("node", "a1\n");
	tick();
	PUT("node-1", "x1\n");
	rig_start(rig);
	cr_assert_null(rig_file(rig, "node")->older);
	cr_assert_str_eq(rig_file(rig, "node-1")->lineage, rig_path(rig, "node-1"));
	rig_run(rig);
	end_well();
}

/* Scenario A11: a copy beside a file that is known and in its place is no next generation of it. */
Test(generations, a_rotated_name_beside_a_known_file_does_not_take_its_place)
{
	rig_end(rig);
	rig_begin(rig, "app.log*");
	rig_start(rig);
	PUT("app.log", "a1\n");
	SEE("a1 ");
	rig_stop(rig);
	PUT("app.log.1", "x1\n");
	rig_start(rig);
	SEE("x1 ");
	cr_assert_not(rig_file(rig, "app.log")->left_path);
}

/* The agent makes a checkpoint at once, where it would be too late a second later. Scenario A11 */
Test(generations, a_file_that_is_rotated_before_a_row_tells_of_it_is_read_after_a_kill)
{
	end();
	begin_with("*.log");
	rig_start(rig);
	rig->hold = true;
	PUT("new.log", "n1\n");
	SEE("n1 ");
	cr_assert_not(rig->files.row_wanted);
	rig_rename(rig, "new.log", "new.log.1");
	PUT("new.log", "");
	SEE("");
	cr_assert(rig->files.row_wanted);
	rig_checkpoint(rig);
	rig_crash(rig);
	rig->hold = false;
	rig_start(rig);
	SEE("n1 ");
	PUT("new.log", "n2\n");
	SEE("n2 ");
}

/* README.md says that it is not covered: it came, the agent was killed in one second, it left. */
Test(generations, of_a_file_that_no_row_tells_of_yet_are_nobodys_after_a_kill)
{
	end();
	begin_with("*.log");
	rig_start(rig);
	rig->hold = true;
	PUT("new.log", "n1\n");
	SEE("n1 ");
	rig_crash(rig);
	rig_rename(rig, "new.log", "new.log.1");
	PUT("new.log", "");
	rig->hold = false;
	rig_start(rig);
	SEE("");
	PUT("new.log", "n2\n");
	SEE("n2 ");
}

/* ---- behind a file that was cut off ---- */

/* Copied twice and cut off, renamed; then others came to the path, before anybody looked. */
static void cut_off_and_renamed(const char *const names[4], bool live, bool down)
{
	end();
	begin();
	rig_start(rig);
	SEE("a2 ");
	if (down)
		rig_stop(rig);
	for (int i = 0; i < 2; i++) {
		copy(names[i]);
		cr_assert_eq(truncate(rig_path(rig, "app.log"), 0), 0);
		PUT("app.log", i ? "c1\n" : "b1\n");
	}
	for (int i = 2; i < 4; i++) {
		tick();
		rig_rename(rig, "app.log", names[i]);
		if (i == 2 || live)
			PUT("app.log", i == 2 ? "d1\n" : "e1\n");
	}
	if (down)
		rig_start(rig);
	SEE(live ? "b1 c1 d1 e1 " : "b1 c1 d1 ");
	end_well();
}

/* Scenario A06, A11 */
Test(generations, that_came_behind_a_file_that_was_cut_off_and_renamed_go_behind_it)
{
	static const char *const names[][4] = {
		{"app.log-20260101", "app.log-20260102", "app.log-20260103", "app.log-20260104"},
		{"app.log.4", "app.log.3", "app.log.2", "app.log.1"},
		{"app.log-20260101", "app.log-20260102", "app.log.2", "app.log.1"},
		{"app.log.2", "app.log.1", "app.log-20260103", "app.log-20260104"},
		{"app.log.2", "app.log-20260102", "app.log.1", "app.log-20260104"},
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		for (int live = 0; live < 2; live++) {
			cut_off_and_renamed(names[i], live, false);
			cut_off_and_renamed(names[i], live, true);
		}
	}
}

/* ---- copies of some that were known ---- */

/* Copied, written on, renamed and compressed before anybody looked. */
static void copied_written_on_and_compressed(const char *pattern, const char *name)
{
	end();
	begin_with(pattern);
	rig_start(rig);
	PUT("app.log", "a1\n");
	SEE("a1 ");
	copy(name);
	PUT("app.log", "a2\n");
	rig_rename(rig, "app.log", "app.log.1");
	compress("app.log.1");
	PUT("app.log", "b1\n");
	SEE("a2 b1 ");
	rig->quiet = true;
	SEE("");
	end_well();
}

/* Scenario A06, A12 */
Test(generations, a_copy_from_before_the_last_lines_of_one_that_was_compressed_is_none)
{
	copied_written_on_and_compressed("app.log", "app.log.2");
	copied_written_on_and_compressed("app.log*", "app.log.2");
	copied_written_on_and_compressed("app.log", "app.log-20260101");
	copied_written_on_and_compressed("app.log*", "app.log-20260101");
}

/* gzip leaves a file the time of its last write. */
static void compress_as_old(const char *name, const char *packed)
{
	struct timespec times[2];
	struct stat st;

	cr_assert_eq(stat(rig_path(rig, name), &st), 0);
	compress(name);
	times[0] = times[1] = st.st_mtim;
	cr_assert_eq(utimensat(AT_FDCWD, rig_path(rig, packed), times, 0), 0);
}

/* Scenario A11, A12: it was there at the first start. */
Test(generations, a_packed_file_is_as_old_as_what_is_in_it)
{
	for (int gone = 0; gone < 2; gone++) {
		end();
		begin_with("app.log");
		PUT("app.log", "a1\n");
		copy("app.log.1");
		PUT("app.log", "a2\n");
		tick();
		rig_start(rig);
		SEE("a1 a2 ");
		compress_as_old("app.log.1", "app.log.1.gz");
		cr_assert_eq(truncate(rig_path(rig, "app.log"), 0), 0);
		if (gone)
			rig_remove(rig, "app.log");
		else
			rig_rename(rig, "app.log", "app.log-20260101");
		PUT("app.log", "b1\n");
		SEE("b1 ");
		end_well();
	}
}

/* Scenario A06, A12: it is as old as its last line, and what was copied is packed in it by now. */
Test(generations, a_copy_of_what_was_compressed_since_is_none)
{
	end();
	begin_with("app.log");
	PUT("app.log", "a1\n");
	copy("app.log-20260101");
	rig_start(rig);
	SEE("a1 ");
	rig_rename(rig, "app.log", "app.log.1");
	compress_as_old("app.log.1", "app.log.1.gz");
	rig->quiet = true;
	SEE("");
	PUT("app.log", "b1\n");
	SEE("b1 ");
	end_well();
}

/* Scenario A06: of one that came behind another that nobody saw, which is looked for later, too. */
Test(generations, a_copy_of_what_had_the_path_when_it_was_made_is_none)
{
	end();
	begin_with("app.log");
	PUT("app.log", "");
	rig_start(rig);
	SEE("");
	rig_stop(rig);
	tick();
	PUT("app.log.2", "");
	rig_remove(rig, "app.log");
	tick();
	PUT("app.log", "b1\n");
	copy("app.log.1");
	PUT("app.log", "b2\n");
	rig_rename(rig, "app.log", "app.log-20260102");
	rig_start(rig);
	SEE("b1 b2 ");
	rig->quiet = true;
	SEE("");
	end_well();
}

/*
 * The known one was replaced by its own bytes (sed -i), those were copied and cut off: it goes on
 * in the copy, which is younger than the file that was rotated behind it. cuts: so many more.
 */
static void replaced_cut_off_and_rotated(int cuts, bool live)
{
	char name[32], text[16];
	int first;

	end();
	begin();
	/* Its inode is not used again. */
	first = open(rig_path(rig, "app.log"), O_RDONLY | O_CLOEXEC);
	tick();
	copy("edited");
	rig_rename(rig, "edited", "app.log");
	for (int i = 0; i <= cuts; i++) {
		snprintf(name, sizeof name, "app.log-2026010%d", i + 1);
		copy(name);
		cr_assert_eq(truncate(rig_path(rig, "app.log"), 0), 0);
		snprintf(text, sizeof text, "%c1\n", 'b' + i);
		PUT("app.log", text);
		tick();
	}
	rig_rename(rig, "app.log", "app.log.1");
	if (live)
		PUT("app.log", "x1\n");
	rig_start(rig);
	close(first);
	snprintf(text, sizeof text, "%s%s", cuts ? "a2 b1 c1 " : "a2 b1 ", live ? "x1 " : "");
	SEE(text);
	end_well();
}

/* Scenario A06, A11 */
Test(generations, that_began_before_the_copy_in_which_the_known_one_goes_on)
{
	for (int cuts = 0; cuts < 2; cuts++)
		for (int live = 0; live < 2; live++)
			replaced_cut_off_and_rotated(cuts, live);
}

/* Scenario A11, A12: compressed after the next one began, which was rotated, too. */
Test(generations, that_began_before_the_known_one_was_packed_with_nothing_at_the_path)
{
	rig_rename(rig, "app.log", "app.log.2");
	tick();
	PUT("app.log", "b1\n");
	tick();
	compress("app.log.2");
	rig_rename(rig, "app.log", "app.log.1");
	rig_start(rig);
	SEE("a2 b1 ");
	end_well();
}
