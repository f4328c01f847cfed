/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that are known by their bytes: compressed, copied, written anew, with other numbers. Every
 * test names all lines that are read, each exactly once and in its order.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/follow_rig.h"
#include "tests/support/pack.h"

static struct follow_rig *rig;

static void begin_with(const char *pattern, bool compressed)
{
	rig = malloc(sizeof *rig);
	rig_begin(rig, pattern);
	rig->sources[0].compressed = compressed;
}

static void begin(void)
{
	begin_with("app.log", false);
}

static void end(void)
{
	rig_end(rig);
	free(rig);
}

TestSuite(content, .init = begin, .fini = end, .timeout = 60);

static void again(const char *pattern, bool compressed)
{
	end();
	begin_with(pattern, compressed);
}

#define SEE(want) cr_assert_str_eq(rig_run(rig), want, "\"%s\"", rig->lines)

static void restart(void)
{
	rig_stop(rig);
	rig_start(rig);
}

/* Nothing is lost, nothing is told as lost, and nothing comes again. */
static void expect_whole(uint64_t by_content, uint64_t packed)
{
	cr_expect_eq(rig->counters.files_lost, 0);
	cr_expect_eq(rig->counters.bytes_lost, 0);
	cr_expect_eq(rig->counters.generations_by_content, by_content, "%lu",
		     rig->counters.generations_by_content);
	cr_expect_eq(rig->counters.packed_rests, packed, "%lu", rig->counters.packed_rests);
	restart();
	SEE("");
	restart();
	SEE("");
	cr_expect_eq(rig->counters.files_lost, 0);
}

/* The content of a file. */
static struct slice content_of(const char *name)
{
	int fd = open(rig_path(rig, name), O_RDONLY | O_CLOEXEC);
	char *bytes = malloc(1 << 20);
	ssize_t n = read(fd, bytes, 1 << 20);

	cr_assert(fd >= 0 && n >= 0);
	close(fd);
	return (struct slice){bytes, (size_t)n};
}

static void put(const char *name, struct slice bytes)
{
	int fd = open(rig_path(rig, name), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	cr_assert_eq(write(fd, bytes.at, bytes.len), (ssize_t)bytes.len);
	close(fd);
}

/* cp; rsync, sed -i and editors make the copy first and give it the name then. */
static void copy(const char *from, const char *to)
{
	struct slice bytes = content_of(from);

	put(to, bytes);
	free((char *)bytes.at);
}

/* As gzip, zstd --rm and xz do it: the packed file is there before the other goes. */
static void compress_as(enum packed_kind kind, const char *from, const char *to)
{
	struct slice bytes = content_of(from), packed = pack(kind, bytes.at, bytes.len);

	put(to, packed);
	rig_remove(rig, from);
	free((char *)bytes.at);
	free((char *)packed.at);
}

/* ---- compressed while the agent was down ---- */

static void compressed_while_down(enum packed_kind kind, const char *name)
{
	rig_start(rig);
	rig_append(rig, "app.log", "a1\na2\n");
	SEE("a1 a2 ");
	rig_stop(rig);
	rig_append(rig, "app.log", "a3\na4\n");
	rig_rename(rig, "app.log", "app.log.1");
	compress_as(kind, "app.log.1", name);
	rig_append(rig, "app.log", "b1\n");
	rig_start(rig);
	SEE("a3 a4 b1 ");
	rig_append(rig, "app.log", "b2\n");
	SEE("b2 ");
	expect_whole(1, 1);
}

/* Scenario A12 */
Test(content, the_rest_of_a_file_that_was_compressed_while_down)
{
	compressed_while_down(PACKED_GZIP, "app.log.1.gz");
	again("app.log", false);
	compressed_while_down(PACKED_ZSTD, "app.log.1.zst");
	again("app.log*", false);
	compressed_while_down(PACKED_XZ, "app.log-20260101.xz");
	again("app.log*", true);
	compressed_while_down(PACKED_GZIP, "app.log.1.gz");
}

/* More than a chunk was read, and more than a chunk is not. */
Test(content, the_rest_of_a_large_file_that_was_compressed_while_down)
{
	char line[100], want[32768] = "", *at = want;

	rig->sources[0].rules.max_line = 1000;
	rig_start(rig);
	for (int i = 0; i < 300; i++) {
		snprintf(line, sizeof line, "%090d\n", i);
		rig_append(rig, "app.log", line);
	}
	rig_run(rig);
	rig_stop(rig);
	for (int i = 300; i < 600; i++) {
		snprintf(line, sizeof line, "%090d\n", i);
		rig_append(rig, "app.log", line);
		at += sprintf(at, "%090d ", i);
	}
	compress_as(PACKED_GZIP, "app.log", "app.log.2.gz");
	rig_start(rig);
	SEE(want);
	expect_whole(1, 1);
}

Test(content, one_of_which_all_was_shipped_is_no_loss_when_it_is_compressed)
{
	rig_start(rig);
	rig_append(rig, "app.log", "a1\na2\n");
	SEE("a1 a2 ");
	rig_stop(rig);
	compress_as(PACKED_GZIP, "app.log", "app.log.1.gz");
	rig_start(rig);
	SEE("");
	expect_whole(1, 1);
}

/* Banner, then other lines: app.log-x.gz is another file, app.log.1.gz the one wanted. */
Test(content, of_two_that_begin_alike_the_one_with_all_bytes_is_taken)
{
	char banner[2000];

	memset(banner, 'b', sizeof banner);
	banner[900] = '\n';
	strcpy(banner + 1801, "\n");
	rig_start(rig);
	rig_append(rig, "app.log", banner);
	rig_append(rig, "app.log", "a1\na2\n");
	rig_run(rig);
	rig_stop(rig);
	rig_append(rig, "app.log", "a3\n");
	rig_append(rig, "app.log-x", banner);
	rig_append(rig, "app.log-x", "x1\nx2\nx3\n");
	compress_as(PACKED_GZIP, "app.log-x", "app.log-x.gz");
	compress_as(PACKED_GZIP, "app.log", "app.log.1.gz");
	rig_start(rig);
	SEE("a3 ");
	expect_whole(1, 1);
}

/* What is nowhere is still told. */
Test(content, what_was_deleted_is_told_as_lost)
{
	rig->hold = true;
	rig_start(rig);
	rig_append(rig, "app.log", "a1\na2\n");
	SEE("a1 a2 ");
	rig_deliver(rig);
	rig_append(rig, "app.log", "a3\n");
	SEE("a3 ");
	rig_stop(rig);
	rig_remove(rig, "app.log");
	rig_append(rig, "unlike.log", "other\n");
	rig_start(rig);
	SEE("");
	cr_expect_eq(rig->counters.files_lost, 1);
	cr_expect_eq(rig->counters.bytes_lost, 3);
	cr_expect_eq(rig->files.source_counters[0].lost[LOST_STOPPED], 3);
}

/* ---- copied, written anew, other numbers, while the agent was down ---- */

/* Scenario A06 */
Test(content, copied_and_removed_while_down)
{
	rig_start(rig);
	rig_append(rig, "app.log", "a1\na2\n");
	SEE("a1 a2 ");
	rig_stop(rig);
	rig_append(rig, "app.log", "a3\n");
	copy("app.log", "app.log.1");
	rig_remove(rig, "app.log");
	rig_append(rig, "app.log", "b1\n");
	rig_start(rig);
	SEE("a3 b1 ");
	expect_whole(1, 0);
}

Test(content, replaced_by_an_editor_while_down)
{
	rig_start(rig);
	rig_append(rig, "app.log", "a1\na2\n");
	SEE("a1 a2 ");
	rig_stop(rig);
	copy("app.log", ".swap");
	rig_append(rig, ".swap", "a3\n");
	rig_rename(rig, ".swap", "app.log");
	rig_start(rig);
	SEE("a3 ");
	rig_append(rig, "app.log", "a4\n");
	SEE("a4 ");
	expect_whole(1, 0);
}

/* Its first line came back, what is behind it was settled: of the position nothing is known. */
Test(content, replaced_by_an_editor_while_down_with_nothing_settled_but_ahead)
{
	rig->hold = true;
	rig_start(rig);
	rig_append(rig, "app.log", "a1\na2\na3\n");
	SEE("a1 a2 a3 ");
	for (int i = 1; i < 3; i++)
		account_report(&rig_file(rig, "app.log")->account, rig->in_flight[i],
			       SLOT_DELIVERED);
	files_dirty(&rig->files, rig_file(rig, "app.log"));
	rig_stop(rig);
	rig->hold = false;
	copy("app.log", ".swap");
	rig_append(rig, ".swap", "a4\n");
	rig_rename(rig, ".swap", "app.log");
	rig_start(rig);
	SEE("a1 a4 ");
	expect_whole(1, 0);
}

Test(content, replaced_by_one_with_another_beginning_while_down)
{
	rig_start(rig);
	rig_append(rig, "app.log", "a1\na2\n");
	SEE("a1 a2 ");
	rig_stop(rig);
	rig_append(rig, ".swap", "a1\nx2\na3\n");
	rig_rename(rig, ".swap", "app.log");
	rig_start(rig);
	SEE("a1 x2 a3 ");
	cr_expect_eq(rig->counters.generations_by_content, 0);
}

/* The row as another device and birth time leave it. */
static void change_numbers(void)
{
	struct store_file *rows;
	struct store *store;
	char message[256];
	size_t n;

	cr_assert_eq(store_open(rig->state, &store, NULL, 0), 0);
	cr_assert_eq(store_load(store, &rows, &n), 0);
	cr_assert_eq(n, 1);
	rows[0].device += 7;
	rows[0].born_ns = 1;
	cr_assert_eq(store_write(store, &(struct store_batch){.files = rows, .n_files = 1}, message,
				 sizeof message),
		     0);
	store_files_free(rows, n);
	store_close(store);
}

/* Scenario A04 */
Test(content, on_another_device_and_born_again)
{
	rig_start(rig);
	rig_append(rig, "app.log", "a1\na2\n");
	SEE("a1 a2 ");
	rig_stop(rig);
	change_numbers();
	rig_append(rig, "app.log", "a3\n");
	rig_start(rig);
	SEE("a3 ");
	expect_whole(1, 0);
}

/* The mount point is there, and empty. Scenario A04 */
Test(content, on_a_volume_that_is_mounted_after_the_start)
{
	again("mnt/app.log", false);
	mkdir(rig_path(rig, "mnt"), 0755);
	rig_start(rig);
	rig_append(rig, "mnt/app.log", "a1\na2\n");
	SEE("a1 a2 ");
	rig_stop(rig);
	change_numbers();
	rig_append(rig, "mnt/app.log", "a3\n");
	rig_rename(rig, "mnt", "away");
	mkdir(rig_path(rig, "mnt"), 0755);
	rig_start(rig);
	SEE("");
	rmdir(rig_path(rig, "mnt"));
	rig_rename(rig, "away", "mnt");
	cr_assert_str_eq(rig_rescan(rig), "a3 ", "\"%s\"", rig->lines);
	expect_whole(1, 0);
}

/* ---- compressed files that a pattern matches ---- */

/* gzip makes an empty file first. Scenario A12 */
Test(content, a_compressed_file_that_was_empty_when_it_was_found_is_refused)
{
	struct slice packed = pack(PACKED_GZIP, "x1\nx2\n", 6);

	again("app.log*", false);
	rig_start(rig);
	rig_append(rig, "app.log.1", "a1\n");
	rig_append(rig, "app.log.1.gz", "");
	SEE("a1 ");
	put("app.log.1.gz", packed);
	SEE("");
	cr_expect_null(rig_file(rig, "app.log.1.gz"));
	cr_assert_str_eq(rig_rescan(rig), "");
	restart();
	SEE("");
	free((char *)packed.at);
}

/* Oldest first, whatever they are, each once. Scenario A12 */
Test(content, compressed_files_are_shipped_in_their_order)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1000}};

	again("app.log*", true);
	rig_append(rig, "c", "c1\nc2\n");
	compress_as(PACKED_XZ, "c", "app.log.3.xz");
	utimensat(AT_FDCWD, rig_path(rig, "app.log.3.xz"), times, 0);
	rig_append(rig, "b", "b1\nb2");
	compress_as(PACKED_GZIP, "b", "app.log.2.gz");
	times[1].tv_sec = 2000;
	utimensat(AT_FDCWD, rig_path(rig, "app.log.2.gz"), times, 0);
	rig_append(rig, "app.log.1", "a1\n");
	rig_append(rig, "app.log", "n1\n");
	rig->quiet = true;
	rig_start(rig);
	SEE("c1 c2 b1 b2 a1 n1 ");
	expect_whole(0, 0);
}

/* Its content comes when it comes, and what is cut waits. */
Test(content, a_compressed_file_is_read_while_it_is_written)
{
	struct slice packed = pack(PACKED_GZIP, "x1\nx2\nx3\n", 9);

	again("*.gz", true);
	rig_start(rig);
	put("x.gz", (struct slice){packed.at, 12});
	rig_run(rig);
	restart();
	put("x.gz", (struct slice){packed.at + 12, packed.len - 12});
	SEE("x1 x2 x3 ");
	expect_whole(0, 0);
	free((char *)packed.at);
}

Test(content, what_cannot_be_unpacked_is_told_and_the_rest_goes_on)
{
	struct slice packed = pack(PACKED_GZIP, "x1\nx2\nx3\n", 9);

	((char *)packed.at)[packed.len - 8] ^= 1;
	again("*.gz", true);
	rig_start(rig);
	put("x.gz", packed);
	SEE("x1 x2 x3 ");
	cr_expect_eq(rig->counters.packed_broken, 1);
	cr_assert_str_eq(rig_rescan(rig), "");
	cr_expect_eq(rig->counters.packed_broken, 1);
	restart();
	SEE("");
	free((char *)packed.at);
}

/* ---- copies, while the agent runs ---- */

static void truncate_to(const char *name, const char *text)
{
	int fd = open(rig_path(rig, name), O_WRONLY | O_TRUNC | O_CLOEXEC);

	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* Scenario A06 */
Test(content, a_copy_with_nothing_unread_is_ignored_for_good)
{
	again("app.log*", false);
	rig_start(rig);
	rig_append(rig, "app.log", "a1\na2\n");
	SEE("a1 a2 ");
	copy("app.log", "app.log.1");
	SEE("");
	cr_expect_eq(rig->counters.copies_ignored, 1);
	rig_append(rig, "app.log", "a3\n");
	SEE("a3 ");
	restart();
	SEE("");
	rig_append(rig, "app.log", "a4\n");
	SEE("a4 ");
	cr_expect_eq(rig->counters.copies_ignored, 1);
	cr_expect_eq(rig->counters.truncations, 0);
}

/* The copy is held as long as it grows or its original has not got there. Scenario A06 */
Test(content, a_copy_that_is_being_made_is_held)
{
	again("app.log*", false);
	rig->sources[0].rotate_wait_ms = 3600000;
	rig_start(rig);
	rig_append(rig, "app.log", "a1\na2\n");
	SEE("a1 a2 ");
	rig_append(rig, "app.log.1", "");
	SEE("");
	rig_append(rig, "app.log.1", "a1\n");
	SEE("");
	cr_assert_str_eq(rig_rescan(rig), "");
	cr_expect_eq(rig->files.n_copies, 1);
	rig_append(rig, "app.log.1", "a2\n");
	truncate_to("app.log", "b1\n");
	SEE("b1 ");
	cr_expect_eq(rig->files.n_copies, 0);
	restart();
	SEE("");
}

/* copytruncate, the copy in the pattern or not, with lines unread. Scenario A06 */
static void copytruncate(const char *pattern, const char *name)
{
	again(pattern, false);
	rig_start(rig);
	rig_append(rig, "app.log", "a1\na2\n");
	SEE("a1 a2 ");
	rig_append(rig, "app.log", "a3\na4\n");
	copy("app.log", name);
	truncate_to("app.log", "b1\n");
	SEE("a3 a4 b1 ");
	rig_append(rig, "app.log", "b2\n");
	SEE("b2 ");
	cr_expect_eq(rig->counters.truncations, 0);
	expect_whole(1, 0);
	rig_append(rig, "app.log", "b3\n");
	SEE("b3 ");
}

/* Scenario A06 */
Test(content, the_unread_lines_of_a_truncated_file_are_in_its_copy)
{
	copytruncate("app.log*", "app.log.1");
	copytruncate("app.log", "app.log.1");
	copytruncate("app.log*", "app.log-20260101");
	copytruncate("*.log", "app.log.old");
}

/* Scenario A06 */
Test(content, copytruncate_with_lines_in_flight)
{
	again("app.log*", false);
	rig_start(rig);
	rig->hold = true;
	rig_append(rig, "app.log", "a1\na2\n");
	SEE("a1 a2 ");
	rig_append(rig, "app.log", "a3\n");
	copy("app.log", "app.log.1");
	rig_deliver(rig);
	rig->hold = false;
	truncate_to("app.log", "b\n");
	SEE("a3 b ");
	expect_whole(1, 0);
}

/* A megabyte of lines unread. Scenario A06 */
Test(content, a_large_rest_of_a_truncated_file)
{
	char line[101], want[60000] = "", *at = want;

	again("app.log*", false);
	rig_start(rig);
	for (int i = 0; i < 500; i++) {
		snprintf(line, sizeof line, "%099d\n", i);
		rig_append(rig, "app.log", line);
	}
	rig_run(rig);
	for (int i = 500; i < 1000; i++) {
		snprintf(line, sizeof line, "%099d\n", i);
		rig_append(rig, "app.log", line);
		at += sprintf(at, "%099d ", i);
	}
	copy("app.log", "app.log.1");
	truncate_to("app.log", "b1\n");
	strcpy(at, "b1 ");
	SEE(want);
	expect_whole(1, 0);
}

/* Scenario A06 */
Test(content, copytruncate_while_down)
{
	again("app.log*", false);
	rig_start(rig);
	rig_append(rig, "app.log", "a1\na2\n");
	SEE("a1 a2 ");
	rig_stop(rig);
	rig_append(rig, "app.log", "a3\n");
	copy("app.log", "app.log.1");
	truncate_to("app.log", "b1\n");
	rig_start(rig);
	SEE("a3 b1 ");
	expect_whole(1, 0);
}

/* cp app.log app.log.1; rm app.log; a new app.log. Scenario A06 */
Test(content, copied_removed_and_made_anew)
{
	again("app.log*", false);
	rig_start(rig);
	rig_append(rig, "app.log", "a1\na2\n");
	SEE("a1 a2 ");
	rig_append(rig, "app.log", "a3\n");
	copy("app.log", "app.log.1");
	rig_remove(rig, "app.log");
	rig_append(rig, "app.log", "b1\n");
	SEE("a3 b1 ");
	expect_whole(1, 0);
}

/* Two reports with one banner. */
Test(content, two_files_that_begin_alike_are_both_shipped)
{
	again("app.log*", false);
	rig_start(rig);
	rig_append(rig, "app.log", "banner\na1\n");
	SEE("banner a1 ");
	rig_append(rig, "app.log.1", "banner\nb1\n");
	SEE("banner b1 ");
	rig_append(rig, "app.log.1", "b2\n");
	SEE("b2 ");
	cr_expect_eq(rig->counters.copies_ignored, 0);
	restart();
	SEE("");
}

Test(content, gzip_of_a_generation_that_was_shipped)
{
	again("app.log*", true);
	rig_start(rig);
	rig_append(rig, "app.log", "a1\na2\n");
	SEE("a1 a2 ");
	rig_rename(rig, "app.log", "app.log.1");
	rig_append(rig, "app.log", "b1\n");
	SEE("b1 ");
	compress_as(PACKED_GZIP, "app.log.1", "app.log.1.gz");
	SEE("");
	rig_append(rig, "app.log", "b2\n");
	SEE("b2 ");
	restart();
	SEE("");
	cr_expect_eq(rig->counters.files_lost, 0);
}

/* ---- replaced, while the agent runs ---- */

Test(content, replaced_by_an_editor)
{
	rig_start(rig);
	rig_append(rig, "app.log", "a1\na2\n");
	SEE("a1 a2 ");
	copy("app.log", ".swap");
	rig_append(rig, ".swap", "a3\n");
	rig_rename(rig, ".swap", "app.log");
	SEE("a3 ");
	rig_append(rig, "app.log", "a4\n");
	SEE("a4 ");
	expect_whole(1, 0);
	rig_append(rig, "app.log", "a5\n");
	SEE("a5 ");
}

/* The unread line of the one that was replaced comes first, and once. */
Test(content, replaced_by_an_editor_with_a_line_unread)
{
	rig_start(rig);
	rig_append(rig, "app.log", "a1\na2\n");
	SEE("a1 a2 ");
	rig_append(rig, "app.log", "a3\n");
	copy("app.log", ".swap");
	rig_append(rig, ".swap", "a4\n");
	rig_rename(rig, ".swap", "app.log");
	SEE("a3 a4 ");
	expect_whole(1, 0);
}

Test(content, replaced_by_one_with_another_beginning)
{
	rig_start(rig);
	rig_append(rig, "app.log", "a1\na2\n");
	SEE("a1 a2 ");
	rig_append(rig, ".swap", "a1\nx2\n");
	rig_rename(rig, ".swap", "app.log");
	SEE("a1 x2 ");
	restart();
	SEE("");
}

/*
 * vim and emacs: what the file was is app.log~ now, looked at then or not, and kept or removed
 * behind the writing.
 */
static void replaced_beside_a_backup(bool down, bool looked, bool removed)
{
	const char *lines[] = {"b1\n", "b2\n", "b3\n"}, *want[] = {"a2 b1 ", "a2 b2 ", "a2 b3 "};

	again("app.log", false);
	rig_start(rig);
	rig_append(rig, "app.log", "a1\n");
	SEE("a1 ");
	for (int i = 0; i < 3; i++) {
		if (down)
			rig_stop(rig);
		rig_append(rig, "app.log", "a2\n");
		rig_rename(rig, "app.log", "app.log~");
		if (looked)
			SEE("a2 ");
		copy("app.log~", "app.log");
		rig_append(rig, "app.log", lines[i]);
		if (removed)
			rig_remove(rig, "app.log~");
		if (down)
			rig_start(rig);
		SEE(looked ? want[i] + 3 : want[i]);
	}
	rig->quiet = true;
	SEE("");
	restart();
	SEE("");
	rig_append(rig, "app.log", "a3\n");
	SEE("a3 ");
	cr_expect_eq(rig->counters.files_lost, 0);
}

/* Scenario A07, A17 */
Test(content, replaced_by_an_editor_that_leaves_a_backup)
{
	for (int removed = 0; removed < 2; removed++) {
		replaced_beside_a_backup(false, false, removed);
		replaced_beside_a_backup(false, true, removed);
		replaced_beside_a_backup(true, false, removed);
	}
}

/* Where a pattern wants the backup, too: a copy of the file, or the one that it was made of. */
static void backup_is_wanted(bool down, bool renamed)
{
	again("app.log*", false);
	rig->sources[0].rotate_wait_ms = 0;
	rig_start(rig);
	rig_append(rig, "app.log", "a1\na2\n");
	SEE("a1 a2 ");
	if (down)
		rig_stop(rig);
	if (renamed)
		rig_rename(rig, "app.log", "app.log~");
	copy(renamed ? "app.log~" : "app.log", renamed ? "app.log" : "app.log~");
	rig_append(rig, "app.log", "a3\n");
	if (down)
		rig_start(rig);
	rig->quiet = true;
	SEE("a3 ");
	cr_assert_str_eq(rig_rescan(rig), "", "\"%s\"", rig->lines);
	restart();
	SEE("");
	rig_append(rig, "app.log", "a4\n");
	SEE("a4 ");
	restart();
	SEE("");
	cr_expect_eq(rig->counters.files_lost, 0);
}

/* Scenario A07, A17 */
Test(content, a_backup_that_is_wanted_is_not_shipped_again)
{
	for (int i = 0; i < 4; i++)
		backup_is_wanted(i % 2, i / 2);
}

/* What begins otherwise comes behind the rest of the backup, to which somebody may write still. */
Test(content, replaced_beside_a_backup_by_one_with_another_beginning)
{
	rig_start(rig);
	rig_append(rig, "app.log", "a1\n");
	SEE("a1 ");
	rig_append(rig, "app.log", "a2\n");
	rig_rename(rig, "app.log", "app.log~");
	rig_append(rig, "app.log", "x1\n");
	SEE("a2 x1 ");
	rig_append(rig, "app.log~", "a3\n");
	SEE("a3 ");
	restart();
	rig_append(rig, "app.log", "x2\n");
	SEE("x2 ");
}

/*
 * Deleted, and its writer goes on so that something is always in flight: after a while it is not
 * waited for any more, and what took its path is a file of its own.
 */
Test(content, replaced_while_the_deleted_one_goes_on_growing)
{
	struct file *file;
	int writer;

	rig_start(rig);
	rig->hold = true;
	rig_append(rig, "app.log", "a1\n");
	SEE("a1 ");
	file = rig_file(rig, "app.log");
	writer = open(rig_path(rig, "app.log"), O_WRONLY | O_APPEND | O_CLOEXEC);
	rig_remove(rig, "app.log");
	rig_append(rig, "app.log", "b1\n");
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(write(writer, "a2\n", 3), 3);
		files_wake(&rig->files, file);
		SEE("a2 ");
	}
	file->hunted = true;
	SEE("");
	files_promote_next(&rig->files, file);
	SEE("b1 ");
	rig->hold = false;
	rig_deliver(rig);
	cr_assert_eq(write(writer, "a3\n", 3), 3);
	files_wake(&rig->files, file);
	SEE("a3 ");
	close(writer);
	expect_whole(0, 0);
}

/* As logrotate does it, again and again: app.log.1 is app.log.2 before the next copy. */
static void copytruncate_thrice(const char *pattern)
{
	char text[3][16];

	again(pattern, false);
	rig_start(rig);
	rig_append(rig, "app.log", "a0\n");
	SEE("a0 ");
	for (int i = 0; i < 3; i++) {
		snprintf(text[0], sizeof text[0], "%c1\n", 'a' + i);
		rig_append(rig, "app.log", text[0]);
		if (i == 2)
			rig_rename(rig, "app.log.2", "app.log.3");
		if (i >= 1)
			rig_rename(rig, "app.log.1", "app.log.2");
		copy("app.log", "app.log.1");
		truncate_to("app.log", "");
		snprintf(text[1], sizeof text[1], "%c1 ", 'a' + i);
		SEE(text[1]);
		snprintf(text[0], sizeof text[0], "%c0\n", 'b' + i);
		snprintf(text[1], sizeof text[1], "%c0 ", 'b' + i);
		rig_append(rig, "app.log", text[0]);
		SEE(text[1]);
	}
	cr_expect_eq(rig->counters.truncations, 0);
	restart();
	SEE("");
}

/* Scenario A06 */
Test(content, copytruncate_three_times)
{
	copytruncate_thrice("app.log*");
	copytruncate_thrice("app.log");
}
