/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copytruncate and plain cp: no line whose bytes are still somewhere is lost, repeated or
 * overtaken, whether the copy is in the pattern or not. Every test names all lines that are read,
 * each once and in its order.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "follow/claims.h"
#include "follow/copies_private.h"
#include "tests/support/follow_rig.h"
#include "tests/support/pack.h"

static struct follow_rig *rig;

static void begin_with(const char *pattern)
{
	rig = malloc(sizeof *rig);
	rig_begin(rig, pattern);
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

TestSuite(copytruncate, .init = begin, .fini = end, .timeout = 60);

/* The copy is in the pattern, or it is not. */
static const char *const patterns[] = {"app.log", "app.log*"};

static void again(const char *pattern)
{
	end();
	begin_with(pattern);
}

#define SEE(want) cr_assert_str_eq(rig_run(rig), want, "%s: \"%s\"", rig->paths[0][0], rig->lines)

static void restart(void)
{
	rig_stop(rig);
	rig_start(rig);
}

/* Nothing is lost, told as lost, or held, and nothing comes again. */
static void expect_whole(void)
{
	cr_expect_eq(rig->counters.files_lost, 0);
	cr_expect_eq(rig->counters.bytes_lost, 0);
	restart();
	SEE("");
	cr_assert_str_eq(rig_rescan(rig), "", "\"%s\"", rig->lines);
	restart();
	SEE("");
	cr_expect_eq(rig->files.n_copies, 0);
	cr_expect_eq(rig->counters.files_lost, 0);
	cr_expect_eq(rig->counters.bytes_lost, 0);
}

static size_t read_all(const char *name, char *bytes, size_t max)
{
	int fd = open(rig_path(rig, name), O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, bytes, max);

	cr_assert(fd >= 0 && n >= 0);
	close(fd);
	return (size_t)n;
}

static void put(const char *name, const char *bytes, size_t len)
{
	int fd = open(rig_path(rig, name), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	cr_assert_eq(write(fd, bytes, len), (ssize_t)len);
	close(fd);
}

static char bytes[4 << 20];

static void copy(const char *from, const char *to)
{
	size_t len = read_all(from, bytes, sizeof bytes);

	put(to, bytes, len);
}

static void cut(const char *name)
{
	cr_assert_eq(truncate(rig_path(rig, name), 0), 0);
}

/* One run of logrotate with copytruncate. */
static void copytruncate(const char *name)
{
	char from[64], to[64];
	struct stat st;

	for (int i = 8; i > 0; i--) {
		snprintf(from, sizeof from, "%s.%d", name, i);
		snprintf(to, sizeof to, "%s.%d", name, i + 1);
		if (stat(rig_path(rig, from), &st) == 0)
			rig_rename(rig, from, to);
	}
	snprintf(to, sizeof to, "%s.1", name);
	copy(name, to);
	cut(name);
}

static void append(const char *text)
{
	rig_append(rig, "app.log", text);
}

static void start_with(const char *pattern, const char *text, const char *want)
{
	again(pattern);
	rig_start(rig);
	append(text);
	SEE(want);
}

/* ---- several truncations between two looks ---- */

/* Scenario A06 */
Test(copytruncate, several_truncations_between_two_looks)
{
	for (int i = 0; i < 2; i++) {
		start_with(patterns[i], "a1\na2\n", "a1 a2 ");
		append("a3\n");
		copytruncate("app.log");
		append("b1\n");
		copytruncate("app.log");
		append("c1\n");
		copytruncate("app.log");
		append("d1\n");
		SEE("a3 b1 c1 d1 ");
		append("d2\n");
		SEE("d2 ");
		cr_expect_eq(rig->counters.truncations, 0);
		expect_whole();
	}
}

/* Scenario A06 */
Test(copytruncate, several_truncations_with_nothing_unread_of_the_first)
{
	for (int i = 0; i < 2; i++) {
		start_with(patterns[i], "a1\na2\n", "a1 a2 ");
		copytruncate("app.log");
		append("b1\n");
		copytruncate("app.log");
		append("c1\n");
		SEE("b1 c1 ");
		copytruncate("app.log");
		copytruncate("app.log");
		append("d1\n");
		copytruncate("app.log");
		SEE("d1 ");
		append("e1\n");
		SEE("e1 ");
		expect_whole();
	}
}

/* Scenario A06 */
Test(copytruncate, several_truncations_while_down)
{
	for (int i = 0; i < 2; i++) {
		start_with(patterns[i], "a1\na2\n", "a1 a2 ");
		rig_stop(rig);
		append("a3\n");
		copytruncate("app.log");
		append("b1\n");
		copytruncate("app.log");
		append("c1\n");
		copytruncate("app.log");
		append("d1\n");
		rig_start(rig);
		SEE("a3 b1 c1 d1 ");
		expect_whole();
	}
}

/* rotate 1: what was read, or not, of the first is gone with its copy. The others are there. */
Test(copytruncate, the_first_copy_is_deleted_and_the_others_are_there)
{
	for (int i = 0; i < 4; i++) {
		start_with(patterns[i % 2], "a1\na2\n", "a1 a2 ");
		if (i >= 2)
			rig_stop(rig);
		copytruncate("app.log");
		append("b1\n");
		rig_remove(rig, "app.log.1");
		copytruncate("app.log");
		append("c1\n");
		copytruncate("app.log");
		append("d1\n");
		if (i >= 2)
			rig_start(rig);
		SEE("b1 c1 d1 ");
		expect_whole();
	}
}

/* Ten at once, all of them in one tick of the clock or not. Scenario A06 */
Test(copytruncate, ten_truncations_with_dates_in_their_names)
{
	for (int i = 0; i < 2; i++) {
		char name[64], text[16], want[256] = "";

		start_with(patterns[i], "a1\n", "a1 ");
		for (int n = 0; n < 10; n++) {
			snprintf(text, sizeof text, "b%d\n", n);
			append(text);
			snprintf(name, sizeof name, "app.log-20260101-%06d", n);
			copy("app.log", name);
			cut("app.log");
			snprintf(want + strlen(want), 16, "b%d ", n);
		}
		append("c1\n");
		strcat(want, "c1 ");
		SEE(want);
		expect_whole();
	}
}

/* ---- before anything was read ---- */

/* Scenario A06 */
Test(copytruncate, before_anything_was_read_of_an_empty_file)
{
	for (int i = 0; i < 2; i++) {
		start_with(patterns[i], "", "");
		append("a1\n");
		copytruncate("app.log");
		append("b1\n");
		SEE("a1 b1 ");
		expect_whole();
	}
}

Test(copytruncate, before_anything_was_read_and_nothing_follows)
{
	for (int i = 0; i < 2; i++) {
		start_with(patterns[i], "", "");
		append("a1\n");
		copytruncate("app.log");
		SEE("a1 ");
		append("b1\n");
		copytruncate("app.log");
		append("c1\n");
		copytruncate("app.log");
		SEE("b1 c1 ");
		append("d1\n");
		SEE("d1 ");
		expect_whole();
	}
}

Test(copytruncate, before_the_file_itself_was_seen)
{
	for (int i = 0; i < 2; i++) {
		again(patterns[i]);
		rig_start(rig);
		append("a1\n");
		copytruncate("app.log");
		append("b1\n");
		copytruncate("app.log");
		append("c1\n");
		SEE("a1 b1 c1 ");
		expect_whole();
	}
}

Test(copytruncate, before_anything_was_read_while_down)
{
	for (int i = 0; i < 2; i++) {
		start_with(patterns[i], "", "");
		rig_stop(rig);
		append("a1\n");
		copytruncate("app.log");
		append("b1\n");
		copytruncate("app.log");
		append("c1\n");
		rig_start(rig);
		SEE("a1 b1 c1 ");
		expect_whole();
	}
}

/* Another file tells that the agent was there before. */
Test(copytruncate, a_file_that_came_and_was_truncated_while_down)
{
	for (int i = 0; i < 2; i++) {
		again(i ? "*.log*" : "*.log");
		rig_start(rig);
		rig_append(rig, "other.log", "o1\n");
		SEE("o1 ");
		rig_stop(rig);
		append("a1\n");
		copytruncate("app.log");
		append("b1\n");
		rig_start(rig);
		SEE("a1 b1 ");
		expect_whole();
	}
}

/* ---- what is no unseen generation ---- */

/* Copies from before the first start, which no pattern wants, are not shipped. */
Test(copytruncate, older_copies_outside_the_pattern_are_left_alone)
{
	for (int i = 0; i < 3; i++) {
		again("app.log");
		append("x1\n");
		copytruncate("app.log");
		append("y1\n");
		copytruncate("app.log");
		usleep(10000); /* Copies are told by their age. */
		if (i)
			append("a1\n");
		rig_start(rig);
		SEE(i ? "a1 " : "");
		append("b1\n");
		if (i == 2)
			cut("app.log");
		else
			copytruncate("app.log");
		append("c1\n");
		SEE(i == 2 ? "c1 " : "b1 c1 ");
		copytruncate("app.log");
		append("d1\n");
		SEE("d1 ");
		restart();
		SEE("");
	}
}

static bool is_as_old_as_the_last_line(const char *copied)
{
	struct statx of, was;

	cr_assert_eq(statx(AT_FDCWD, rig_path(rig, copied), 0, STATX_BTIME, &of), 0);
	cr_assert_eq(statx(AT_FDCWD, rig_path(rig, "app.log"), 0, STATX_MTIME, &was), 0);
	return of.stx_btime.tv_sec == was.stx_mtime.tv_sec &&
	       of.stx_btime.tv_nsec == was.stx_mtime.tv_nsec;
}

/*
 * Written last and copied within one tick of the file system's clock, then cut off between the
 * first scan and the first turn. Scenario A06
 */
Test(copytruncate, a_copy_as_old_as_the_last_line_of_what_the_first_scan_saw)
{
	int tries = 0;

	do {
		cr_assert_lt(tries++, 1000);
		again("app.log");
		append("a1\n");
		copy("app.log", "app.log.1");
	} while (!is_as_old_as_the_last_line("app.log.1"));
	rig_start(rig);
	cut("app.log");
	SEE("a1 ");
	expect_whole();
}

/* The same of one that is known, of which nothing was read before a crash. Scenario A06 */
Test(copytruncate, cut_off_between_a_start_and_the_first_turn_of_a_file_that_was_empty)
{
	put("app.log", "", 0);
	rig_start(rig);
	rig_crash(rig);
	append("a1\n");
	copy("app.log", "app.log-20260101");
	rig_start(rig);
	cut("app.log");
	SEE("a1 ");
	expect_whole();
}

/* Truncated and nothing kept: that is told, and what follows is read. */
Test(copytruncate, truncated_without_a_copy)
{
	for (int i = 0; i < 2; i++) {
		start_with(patterns[i], "a1\na2\n", "a1 a2 ");
		cut("app.log");
		append("b1\n");
		SEE("b1 ");
		cr_expect_eq(rig->counters.truncations, 1);
		expect_whole();
	}
}

/* Another program's file with such a name: shipped where a pattern wants it, and only there. */
Test(copytruncate, a_foreign_file_with_a_rotated_name)
{
	for (int i = 0; i < 2; i++) {
		start_with(patterns[i], "a1\na2\n", "a1 a2 ");
		rig_append(rig, "app.log.1", "x1\n");
		SEE(i ? "x1 " : "");
		rig_append(rig, "app.log.1", "x2\n");
		SEE(i ? "x2 " : "");
		append("a3\n");
		SEE("a3 ");
		expect_whole();
	}
}

/* ---- copies that are no rest ---- */

/* Lines written between cp and truncate are lost; read before that, they are not. */
Test(copytruncate, a_copy_that_is_shorter_than_what_was_read)
{
	for (int i = 0; i < 2; i++) {
		again(patterns[i]);
		rig->sources[0].rotate_wait_ms = 3600000;
		rig_start(rig);
		append("a1\na2\n");
		SEE("a1 a2 ");
		copy("app.log", "app.log.1");
		usleep(10000);
		append("a3\n");
		SEE("a3 ");
		cut("app.log");
		append("b1\n");
		SEE("b1 ");
		cr_expect_eq(rig->counters.copies_ignored, (uint64_t)i);
		expect_whole();
	}
}

/* cp, and no truncation: nothing of it is shipped, then or later. Scenario A06 */
Test(copytruncate, a_plain_copy_is_ignored_for_good)
{
	for (int i = 0; i < 2; i++) {
		start_with(patterns[i], "a1\na2\n", "a1 a2 ");
		append("a3\n");
		copy("app.log", "app.log.1");
		SEE("a3 ");
		cr_expect_eq(rig->counters.copies_ignored, (uint64_t)i);
		restart();
		append("a4\n");
		SEE("a4 ");
		cut("app.log");
		append("b1\n");
		SEE("b1 ");
		expect_whole();
		cr_expect_eq(rig->counters.copies_ignored, (uint64_t)i);
	}
}

/* It waits as long as something in it is unread, however quiet it is. Scenario A06 */
Test(copytruncate, a_copy_of_what_is_unread_is_held_until_it_is_read)
{
	start_with("app.log*", "a1\n", "a1 ");
	rig->hold = true;
	append("a2\n");
	SEE("a2 ");
	append("a3\n");
	copy("app.log", "app.log.1");
	SEE("a3 ");
	cr_expect_eq(rig->files.n_copies, 1);
	rig_deliver(rig);
	rig->hold = false;
	SEE("");
	cr_expect_eq(rig->files.n_copies, 0);
	cr_expect_eq(rig->counters.copies_ignored, 1);
	expect_whole();
}

/* In pieces, while the other one grows. Scenario A06 */
Test(copytruncate, a_copy_in_the_making)
{
	again("app.log*");
	rig->sources[0].rotate_wait_ms = 3600000;
	rig_start(rig);
	append("a1\na2\n");
	rig_append(rig, "app.log.1", "");
	SEE("a1 a2 ");
	rig_append(rig, "app.log.1", "a1\n");
	append("a3\n");
	SEE("a3 ");
	append("a4\n");
	rig_append(rig, "app.log.1", "a2\na3\na4\n");
	cut("app.log");
	SEE("a4 ");
	append("b1\n");
	SEE("b1 ");
	expect_whole();
}

/* Nothing of the other one is read yet. */
Test(copytruncate, a_copy_in_the_making_of_what_was_not_read)
{
	for (int i = 0; i < 2; i++) {
		again(patterns[i]);
		rig->sources[0].rotate_wait_ms = 3600000;
		rig_start(rig);
		append("");
		SEE("");
		append("a1\na2\n");
		rig_append(rig, "app.log.1", "a1\n");
		SEE("a1 a2 ");
		append("a3\n");
		rig_append(rig, "app.log.1", "a2\na3\n");
		cut("app.log");
		append("b1\n");
		SEE("a3 b1 ");
		expect_whole();
	}
}

/* Of a content that came unseen, the copy is being made while the one before is claimed. */
Test(copytruncate, a_copy_in_the_making_behind_another)
{
	for (int i = 0; i < 2; i++) {
		again(patterns[i]);
		rig->sources[0].rotate_wait_ms = 3600000;
		rig_start(rig);
		append("a1\n");
		SEE("a1 ");
		append("a2\n");
		copytruncate("app.log");
		append("b1\nb2\n");
		rig_rename(rig, "app.log.1", "app.log.2");
		rig_append(rig, "app.log.1", "b1\n");
		SEE("a2 b1 b2 ");
		append("b3\n");
		rig_append(rig, "app.log.1", "b2\nb3\n");
		cut("app.log");
		append("c1\n");
		SEE("b3 c1 ");
		rig->sources[0].rotate_wait_ms = 0;
		expect_whole();
	}
}

/* ---- banners ---- */

static void put_banner(const char *name, size_t len)
{
	memset(bytes, 'b', len);
	bytes[len - 1] = '\n';
	put(name, bytes, len);
}

/* Two live files that begin alike, each line of both is shipped. */
Test(copytruncate, a_live_file_that_shares_a_banner_loses_nothing)
{
	static const size_t lens[] = {8, 900, 990, 6000};

	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		again("app.log*");
		rig->sources[0].rules.max_line = 8000;
		rig->sources[0].rotate_wait_ms = 3600000;
		rig_start(rig);
		put_banner("app.log", lens[i]);
		append("a1\n");
		rig_run(rig);
		put_banner("app.log.1", lens[i]);
		SEE("");
		cr_expect_eq(rig->files.n_copies, 1);
		rig_append(rig, "app.log.1", "x1\n");
		rig_run(rig);
		cr_assert_eq(strlen(rig->lines), lens[i] + 3);
		cr_assert_str_eq(rig->lines + lens[i], "x1 ");
		rig_append(rig, "app.log.1", "x2\n");
		append("a2\n");
		rig_run(rig);
		cr_assert(strstr(rig->lines, "x2 ") && strstr(rig->lines, "a2 "));
		cr_expect_eq(rig->counters.copies_ignored, 0);
		restart();
		SEE("");
	}
}

/* Every content begins with it, as Java's and IIS's do. */
Test(copytruncate, contents_with_one_banner)
{
	for (int i = 0; i < 2; i++) {
		again(patterns[i]);
		rig_start(rig);
		put_banner("app.log", 950);
		append("a1\n");
		rig_run(rig);
		append("a2\n");
		copytruncate("app.log");
		put_banner("app.log", 950);
		append("b1\n");
		copytruncate("app.log");
		put_banner("app.log", 950);
		append("c1\n");
		rig_run(rig);
		cr_assert_eq(strlen(rig->lines), 2 * 950 + 9, "\"%s\"", rig->lines);
		cr_assert_str_eq(rig->lines + 3 + 950 + 3 + 950, "c1 ");
		cr_assert(strncmp(rig->lines, "a2 b", 4) == 0);
		expect_whole();
	}
}

/* Renamed, and not copied: generations that begin alike are all shipped, in their order. */
Test(copytruncate, renamed_generations_with_one_banner)
{
	for (int i = 0; i < 2; i++) {
		again(patterns[i]);
		rig_start(rig);
		put_banner("app.log", 950);
		append("a1\n");
		rig_run(rig);
		for (char c = 'b'; c < 'e'; c++) {
			char line[] = {c, '1', '\n', 0};
			char from[] = "app.log.0", to[] = "app.log.0";

			for (char n = '8'; n > '0'; n--) {
				struct stat st;

				from[8] = n;
				to[8] = n + 1;
				if (stat(rig_path(rig, from), &st) == 0)
					rig_rename(rig, from, to);
			}
			rig_rename(rig, "app.log", "app.log.1");
			put_banner("app.log", 950);
			append(line);
		}
		rig_run(rig);
		cr_assert_eq(strlen(rig->lines), 3 * 953, "%zu", strlen(rig->lines));
		cr_assert_str_eq(rig->lines + 2 * 953 + 950, "d1 ");
		cr_assert(strncmp(rig->lines + 950, "b1 ", 3) == 0);
		expect_whole();
	}
}

/* ---- first start ---- */

/* Scenario A06 */
Test(copytruncate, a_copy_that_is_there_at_the_first_start)
{
	again("app.log*");
	append("a1\na2\n");
	copy("app.log", "app.log.1");
	append("a3\n");
	rig_start(rig);
	SEE("a1 a2 a3 ");
	cr_expect_eq(rig->counters.copies_ignored, 1);
	expect_whole();
}

Test(copytruncate, older_copies_in_the_pattern_come_first)
{
	again("app.log*");
	append("a1\n");
	copytruncate("app.log");
	append("b1\n");
	copytruncate("app.log");
	append("c1\n");
	rig_start(rig);
	SEE("a1 b1 c1 ");
	expect_whole();
}

/* ---- where the copy may be ---- */

/* olddir, which `rotated` names. Scenario A06 */
Test(copytruncate, the_copies_are_in_another_directory)
{
	static char *rotated[2];

	again("app.log");
	mkdir(rig_path(rig, "old"), 0755);
	rotated[0] = strdup(rig_path(rig, "old/*"));
	rig->sources[0].rotated = rotated;
	rig_start(rig);
	append("a1\n");
	SEE("a1 ");
	append("a2\n");
	copy("app.log", "old/app.log.2");
	cut("app.log");
	append("b1\n");
	copy("app.log", "old/app.log.1");
	cut("app.log");
	append("c1\n");
	SEE("a2 b1 c1 ");
	expect_whole();
	free(rotated[0]);
}

/* copytruncate with compress. Scenario A06 */
Test(copytruncate, the_copy_is_compressed_at_once)
{
	for (int i = 0; i < 2; i++) {
		struct slice packed;
		size_t len;

		start_with(patterns[i], "a1\n", "a1 ");
		append("a2\n");
		len = read_all("app.log", bytes, sizeof bytes);
		packed = pack(PACKED_GZIP, bytes, len);
		put("app.log.1.gz", packed.at, packed.len);
		free((char *)packed.at);
		cut("app.log");
		append("b1\n");
		SEE("a2 b1 ");
		expect_whole();
	}
}

/* ---- renamed behind a copy ---- */

/* A copy of what is shipped, born after it, is no generation that nobody saw. */
Test(copytruncate, renamed_after_a_copy)
{
	for (int i = 0; i < 4; i++) {
		start_with(patterns[i % 2], "a1\na2\n", "a1 a2 ");
		copy("app.log", "app.log-20260101");
		if (i >= 2)
			cut("app.log");
		rig_rename(rig, "app.log", "app.log.1");
		append("b1\n");
		SEE("b1 ");
		rig_rename(rig, "app.log.1", "app.log.2");
		rig_rename(rig, "app.log", "app.log.1");
		append("c1\n");
		SEE("c1 ");
		expect_whole();
	}
}

static void rename_all(const char *name)
{
	char from[64], to[64];
	struct stat st;

	for (int i = 8; i >= 0; i--) {
		snprintf(from, sizeof from, i ? "%s.%d" : "%s", name, i);
		snprintf(to, sizeof to, "%s.%d", name, i + 1);
		if (stat(rig_path(rig, from), &st) == 0)
			rig_rename(rig, from, to);
	}
}

/* Both in one look: what was written behind the cut comes behind the copy. */
Test(copytruncate, truncated_and_then_renamed)
{
	for (int i = 0; i < 8; i++) {
		start_with(patterns[i % 2], "a1\n", "a1 ");
		if (i & 2)
			append("a2\n");
		copytruncate("app.log");
		if (i & 4)
			copytruncate("app.log");
		append("b1\n");
		rename_all("app.log");
		SEE(i & 2 ? "a2 b1 " : "b1 ");
		rig_append(rig, "app.log.1", "b2\n");
		append("c1\n");
		SEE("b2 c1 ");
		expect_whole();
	}
}

Test(copytruncate, truncated_renamed_and_made_anew)
{
	for (int i = 0; i < 4; i++) {
		start_with(patterns[i % 2], "a1\n", "a1 ");
		append("a2\n");
		copytruncate("app.log");
		if (i >= 2)
			append("b1\n");
		rename_all("app.log");
		append("c1\n");
		SEE(i >= 2 ? "a2 b1 c1 " : "a2 c1 ");
		append("c2\n");
		SEE("c2 ");
		expect_whole();
	}
}

Test(copytruncate, truncated_removed_and_made_anew)
{
	for (int i = 0; i < 2; i++) {
		start_with(patterns[i], "a1\n", "a1 ");
		append("a2\n");
		copytruncate("app.log");
		rig_remove(rig, "app.log");
		append("b1\n");
		SEE("a2 b1 ");
		expect_whole();
	}
}

/* Rewritten or cut off, nothing kept, removed, and the next one was rotated: in one look. */
Test(copytruncate, a_generation_behind_one_that_was_cut_off_and_removed)
{
	for (int i = 0; i < 4; i++) {
		start_with(patterns[i % 2], "a1\n", "a1 ");
		cut("app.log");
		if (i >= 2)
			append("x1\n");
		rig_remove(rig, "app.log");
		append("b1\n");
		rig_rename(rig, "app.log", "app.log.1");
		SEE(i >= 2 ? "x1 b1 " : "b1 ");
		append("c1\n");
		SEE("c1 ");
		expect_whole();
	}
}

/* It has another name by the time at which it is known what it is. */
Test(copytruncate, a_held_copy_is_renamed)
{
	again("app.log*");
	rig->sources[0].rotate_wait_ms = 3600000;
	rig_start(rig);
	append("a1\n");
	SEE("a1 ");
	copy("app.log", "app.log.1");
	SEE("");
	rig_rename(rig, "app.log.1", "app.log.2");
	SEE("");
	rig->sources[0].rotate_wait_ms = 0;
	SEE("");
	cr_expect_eq(rig->counters.copies_ignored, 1);
	expect_whole();
}

/* The original goes on in a new inode, and the copy is one of that. */
Test(copytruncate, a_copy_of_a_file_that_is_replaced)
{
	again("app.log*");
	rig->sources[0].rotate_wait_ms = 3600000;
	rig_start(rig);
	append("a1\n");
	SEE("a1 ");
	copy("app.log", "app.log.1");
	copy("app.log", ".swap");
	rig_rename(rig, ".swap", "app.log");
	SEE("");
	rig->sources[0].rotate_wait_ms = 0;
	SEE("");
	expect_whole();
}

/* Two files took the path, one after the other, before the first one was judged. */
Test(copytruncate, rotated_while_it_is_held)
{
	for (int i = 0; i < 2; i++) {
		start_with(patterns[i], "a1\n", "a1 ");
		rig->hold = true;
		append("a2\n");
		SEE("a2 ");
		rig_remove(rig, "app.log");
		append("x1\n");
		SEE("");
		rig_rename(rig, "app.log", "app.log-20260101");
		append("y1\n");
		SEE("");
		rig_deliver(rig);
		rig->hold = false;
		SEE("x1 y1 ");
		expect_whole();
	}
}

/* sed -i, before a line of it was settled, or before it was rotated in the same look. */
Test(copytruncate, replaced_and_rotated)
{
	for (int i = 0; i < 2; i++) {
		again(patterns[i]);
		rig_start(rig);
		append("a1\n");
		SEE("a1 ");
		copy("app.log", ".swap");
		rig_append(rig, ".swap", "a2\n");
		rig_rename(rig, ".swap", "app.log");
		rig_rename(rig, "app.log", "app.log.1");
		append("b1\n");
		SEE("a2 b1 ");
		expect_whole();
	}
}

/* As an editor or sed -i does it: a new file that begins with the same bytes takes the path. */
static void replace(const char *more)
{
	copy("app.log", ".swap");
	rig_append(rig, ".swap", more);
	rig_rename(rig, ".swap", "app.log");
	usleep(10000);
}

/* Where its bytes went is known by them alone. Scenario A06, A11 */
Test(copytruncate, replaced_copied_and_cut_off_before_a_look)
{
	for (int i = 0; i < 4; i++) {
		start_with(patterns[i % 2], "a1\n", "a1 ");
		replace("a2\n");
		copytruncate("app.log");
		if (i >= 2)
			append("b1\n");
		SEE(i >= 2 ? "a2 b1 " : "a2 ");
		append("c1\n");
		SEE("c1 ");
		expect_whole();
	}
}

/* The rest of a line comes with its beginning. */
Test(copytruncate, replaced_amid_a_line_and_then_rotated)
{
	for (int i = 0; i < 2; i++) {
		start_with(patterns[i], "a1\na2 in ", "a1 ");
		replace("two pieces\n");
		rename_all("app.log");
		append("b1\n");
		rig->quiet = true;
		SEE("a2 in two pieces b1 ");
		expect_whole();
	}
}

/* Of the new bytes nothing was read when they went to another file. */
Test(copytruncate, rewritten_and_then_replaced_by_the_same_bytes)
{
	for (int i = 0; i < 4; i++) {
		start_with(patterns[i % 2], "a1\na2\na3\n", "a1 a2 a3 ");
		if (i >= 2)
			copytruncate("app.log");
		else
			cut("app.log");
		append("b1\n");
		replace("");
		SEE("b1 ");
		append("b2\n");
		SEE("b2 ");
		expect_whole();
	}
}

/* Of a copy and what goes on the second is the file, whichever is the older. */
Test(copytruncate, replaced_beside_a_copy_and_then_rotated)
{
	for (int i = 0; i < 4; i++) {
		start_with(patterns[i % 2], "a1\n", "a1 ");
		if (i < 2)
			copy("app.log", "app.log-20260101");
		else
			copy("app.log", ".swap2");
		replace("a2\n");
		if (i >= 2)
			rig_rename(rig, ".swap2", "app.log-20260101");
		rename_all("app.log");
		append("b1\n");
		SEE("a2 b1 ");
		expect_whole();
	}
}

/* ---- copies of what is gone ---- */

/* Generations that came while nobody looked stand between the copy and what it is one of. */
Test(copytruncate, a_copy_of_an_older_generation_that_was_cut_off_while_down)
{
	start_with("app.log*", "a1\n", "a1 ");
	rig_checkpoint(rig);
	rig_crash(rig);
	copy("app.log", "app.log-20260101");
	cut("app.log");
	rig_rename(rig, "app.log", "elsewhere");
	usleep(10000);
	append("");
	rig_rename(rig, "app.log", "app.log-20260103");
	rig_start(rig);
	SEE("");
	expect_whole();
}

/* It was held against what was settled before it was known to be a copy. */
Test(copytruncate, a_copy_of_what_is_overwritten_before_it_is_judged)
{
	again("app.log*");
	append("a1\n");
	copy("app.log", "app.log.1");
	append("a2\n");
	rig->sources[0].rotate_wait_ms = 3600000;
	rig->hold = true;
	rig_start(rig);
	SEE("a1 a2 ");
	rig->hold = false;
	rig_deliver(rig);
	usleep(10000);
	cut("app.log");
	append("b1\nb2\n");
	rig->sources[0].rotate_wait_ms = 0;
	SEE("b1 b2 ");
	expect_whole();
}

/* The name of the copy was a generation's, which has the next one now. */
Test(copytruncate, a_copy_under_the_name_of_a_generation_that_was_renamed)
{
	again("app.log*");
	rig_append(rig, "app.log.1", "");
	rig_start(rig);
	SEE("");
	append("a1\n");
	rig_rename(rig, "app.log.1", "app.log.2");
	copy("app.log", "app.log.1");
	SEE("a1 ");
	expect_whole();
}

/* Of what was written behind the cut there is a copy, and nothing else. */
Test(copytruncate, copied_and_cut_off_copied_again_and_deleted)
{
	for (int i = 0; i < 2; i++) {
		start_with(patterns[i], "a1\n", "a1 ");
		copytruncate("app.log");
		append("b1\n");
		usleep(10000);
		copy("app.log", "app.log-20260102");
		rig_remove(rig, "app.log");
		SEE("b1 ");
		expect_whole();
	}
}

/* The same, replaced meanwhile by one that goes on: the copy is of that. */
Test(copytruncate, copied_and_cut_off_replaced_copied_again_and_deleted)
{
	for (int i = 0; i < 2; i++) {
		start_with(patterns[i], "a1\n", "a1 ");
		copytruncate("app.log");
		append("b1\n");
		replace("b2\n");
		copy("app.log", "app.log-20260102");
		rig_remove(rig, "app.log");
		SEE("b1 b2 ");
		expect_whole();
	}
}

/* A copy that is older than the last lines of what is cut off and deleted. */
Test(copytruncate, copied_written_cut_off_and_deleted)
{
	for (int i = 0; i < 2; i++) {
		start_with(patterns[i], "a1\n", "a1 ");
		copy("app.log", "app.log.1");
		usleep(10000);
		append("a2\n");
		SEE("a2 ");
		cut("app.log");
		rig_remove(rig, "app.log");
		SEE("");
		expect_whole();
	}
}

Test(copytruncate, replaced_before_anything_was_read)
{
	for (int i = 0; i < 2; i++) {
		again(patterns[i]);
		append("a1\n");
		rig_start(rig);
		copy("app.log", ".swap");
		rig_append(rig, ".swap", "a2\n");
		rig_rename(rig, ".swap", "app.log");
		SEE("a1 a2 ");
		expect_whole();
	}
}

/* ---- crashes ---- */

/* What was shipped of the original is known of its copy. Scenario A12 */
Test(copytruncate, a_crash_after_a_deleted_file_went_on_in_its_copy)
{
	again("app.log*");
	rig->sources[0].rotate_wait_ms = 3600000;
	rig_start(rig);
	append("a1\n");
	SEE("a1 ");
	copy("app.log", "app.log.1");
	rig_remove(rig, "app.log");
	rig->quiet = true;
	SEE("");
	cr_expect_eq(rig->counters.generations_by_content, 1);
	rig_checkpoint(rig);
	rig_crash(rig);
	rig->sources[0].rotate_wait_ms = 0;
	rig_start(rig);
	SEE("");
	expect_whole();
}

/* It was noticed, and what to do about it was not done. Scenario A06 */
Test(copytruncate, a_crash_between_the_truncation_and_the_copy)
{
	for (int i = 0; i < 4; i++) {
		start_with(patterns[i % 2], "a1\na2\n", "a1 a2 ");
		rig_checkpoint(rig);
		rig->hold = true;
		append("a3\n");
		SEE("a3 ");
		append("a4\n");
		copytruncate("app.log");
		append("b1\n");
		SEE("");
		if (i >= 2)
			rig_checkpoint(rig);
		rig_crash(rig);
		rig->hold = false;
		rig_start(rig);
		SEE("a3 a4 b1 ");
		expect_whole();
	}
}

/* The copy was taken, and the position in it is not stored. */
Test(copytruncate, a_crash_behind_the_copy)
{
	for (int i = 0; i < 2; i++) {
		start_with(patterns[i], "a1\na2\n", "a1 a2 ");
		append("a3\n");
		copytruncate("app.log");
		append("b1\n");
		copytruncate("app.log");
		append("c1\n");
		rig_checkpoint(rig);
		SEE("a3 b1 c1 ");
		rig_crash(rig);
		rig_start(rig);
		SEE("a3 b1 c1 ");
		expect_whole();
	}
}

/* The first checkpoint comes when the file is empty: it stores no first bytes. */
Test(copytruncate, truncated_before_the_first_checkpoint)
{
	for (int i = 0; i < 4; i++) {
		start_with(patterns[i % 2], "a1\n", "a1 ");
		if (i >= 2)
			append("a2\n");
		copytruncate("app.log");
		rig_stop(rig);
		append("b1\n");
		rig_start(rig);
		SEE(i >= 2 ? "a2 b1 " : "b1 ");
		expect_whole();
	}
}

/* ---- much of it ---- */

static char *many(char *at, int from, int to, const char *end)
{
	for (int i = from; i < to; i++)
		at += sprintf(at, "%099d%s", i, end);
	return at;
}

/* More was read than memory holds, more is unread, and the writer never stops. Scenario A06 */
Test(copytruncate, many_lines_read_and_unread)
{
	static char text[1 << 20], want[1 << 20];

	for (int i = 0; i < 2; i++) {
		again(patterns[i]);
		rig_start(rig);
		for (int n = 0; n < 1500; n += 50) {
			many(text, n, n + 50, "\n");
			append(text);
			rig_run(rig);
		}
		many(text, 1500, 2500, "\n");
		append(text);
		copytruncate("app.log");
		many(text, 2500, 2600, "\n");
		append(text);
		copytruncate("app.log");
		many(text, 2600, 2700, "\n");
		append(text);
		many(want, 1500, 2700, " ");
		SEE(want);
		expect_whole();
	}
}

/* Other files are read while it is proved what the copy is. */
Test(copytruncate, a_large_copy_is_proved_in_steps)
{
	struct file *file;
	int steps = 0, r;

	again("*.log");
	rig_start(rig);
	for (int n = 0; n < 12; n++) {
		many(bytes, n * 1000, (n + 1) * 1000, "\n");
		append(bytes);
		rig_run(rig);
	}
	append("a1\n");
	copytruncate("app.log");
	append("b1\n");
	file = rig_file(rig, "app.log");
	file->rewritten = true;
	cr_assert_eq(claims_begin(&rig->files, file), 0);
	files_rest(&rig->files, file);
	file_set_state(file, FILE_DRAINING);
	while ((r = claims_step(&rig->files, rig->discover, 0, &file)) != CLAIMS_E_DONE)
		steps += r == CLAIMS_E_MORE;
	cr_expect_eq(r, CLAIMS_E_DONE);
	cr_expect_geq(steps, 4);
	file_set_state(file, FILE_READING);
	files_ready(&rig->files, file);
	SEE("a1 b1 ");
}

/* ---- an inode that is used again ---- */

/* What was in the file is gone, and what has this name now has its inode. */
static void inherit(struct file *file, const char *name)
{
	struct inode_key key = inode_key_of(&file->identity);
	struct stat st;

	cr_assert_eq(file->tail.fd, -1);
	rig_remove(rig, strrchr(file->path, '/') + 1);
	cr_assert_eq(stat(rig_path(rig, name), &st), 0);
	map_take(rig->files.by_inode, &key, sizeof key);
	file->identity.inode = st.st_ino;
	key = inode_key_of(&file->identity);
	cr_assert_eq(map_put(rig->files.by_inode, &key, sizeof key, file), 0);
}

/* One generation was finished and is removed, the next one is copied and cut off. */
static void copied_into_the_inode_of(const char *pattern, const char *name)
{
	start_with(pattern, "a1\n", "a1 ");
	rig_rename(rig, "app.log", "app.log-20260101");
	append("b1\n");
	SEE("b1 ");
	rig->quiet = true;
	SEE("");
	cr_assert_eq(rig_file(rig, "app.log-20260101")->state, FILE_FINISHED);
	rig->quiet = false;
	append("b2\n");
	copy("app.log", name);
	inherit(rig_file(rig, "app.log-20260101"), name);
	cut("app.log");
	append("c1\n");
	SEE("b2 c1 ");
	cr_assert(rig_file(rig, name));
	expect_whole();
}

/* Scenario A03, A06 */
Test(copytruncate, a_copy_with_the_inode_of_a_file_that_is_gone_is_no_file_that_is_known)
{
	for (int i = 0; i < 2; i++) {
		copied_into_the_inode_of(patterns[i], "app.log.1");
		copied_into_the_inode_of(patterns[i], "app.log-20260102");
	}
}

/* Scenario A03, A06: what a held one is held against is gone; another held one has its inode. */
Test(copytruncate, held_against_the_former_owner_of_another_held_ones_inode)
{
	struct copy *first, *second;

	again("app.log*");
	rig->sources[0].rotate_wait_ms = 3600000;
	rig_start(rig);
	append("a1\n");
	SEE("a1 ");
	copy("app.log", "app.log.1");
	SEE("");
	copy("app.log", "app.log.2");
	SEE("");
	first = TAILQ_FIRST(&rig->files.copies);
	second = TAILQ_NEXT(first, link);
	cr_assert(second);
	first->of.inode = second->identity.inode;
	first->of.born_ns = second->identity.born_ns - 1;
	rig_append(rig, strrchr(first->path, '/') + 1, "z1\n");
	SEE("z1 ");
	cr_expect_eq(rig->files.n_copies, 1);
}

/* ---- in flight ---- */

/* What was read and not settled tells that it is gone, as what was settled does. Scenario A06 */
Test(copytruncate, in_flight_when_it_is_cut_off_and_as_long_again)
{
	for (int i = 0; i < 2; i++) {
		again(patterns[i]);
		rig_start(rig);
		rig->hold = true;
		append("a1\n");
		SEE("a1 ");
		copytruncate("app.log");
		append("b1-which-is-longer\n");
		SEE("");
		rig_deliver(rig);
		rig->hold = false;
		SEE("b1-which-is-longer ");
		expect_whole();
	}
}

/* While its line was under way it was rotated again: directories were looked at before that. */
Test(copytruncate, in_flight_when_it_is_cut_off_and_its_copy_is_renamed)
{
	for (int more = 0; more < 2; more++) {
		again("*.log");
		rig_start(rig);
		rig_append(rig, "other.log", "o1\n");
		SEE("o1 ");
		rig->hold = true;
		append("a1\n");
		SEE("a1 ");
		copytruncate("app.log");
		copytruncate("other.log");
		SEE("");
		if (more)
			append("b1\n");
		copytruncate("app.log");
		rig->hold = false;
		rig_deliver(rig);
		SEE(more ? "b1 " : "");
		expect_whole();
	}
}

/* ---- at the path of another one that is gone ---- */

/* Scenario A06: what has that path is a new file, but not only of that one it may be a copy. */
Test(copytruncate, the_copy_has_the_name_of_one_that_was_read_and_deleted)
{
	for (int cuts = 0; cuts < 2; cuts++) {
		start_with("app.log*", "a1\n", "a1 ");
		rig_append(rig, "app.log.1", "z1\n");
		SEE("z1 ");
		append("a2\n");
		SEE("a2 ");
		rig_remove(rig, "app.log.1");
		copy("app.log", "app.log.1");
		if (cuts) {
			cut("app.log");
			append("b1\n");
		}
		SEE(cuts ? "b1 " : "");
		rig->quiet = true;
		SEE("");
		rig->quiet = false;
		expect_whole();
	}
}
