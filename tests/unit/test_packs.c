/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compressed files that a pattern wants (compressed = true), or does not. Every test names all
 * lines that are read, each exactly once and in its order.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/support/follow_rig.h"
#include "tests/support/pack.h"

static struct follow_rig *rig;

static void begin_with(const char *pattern)
{
	rig = malloc(sizeof *rig);
	rig_begin(rig, pattern);
	rig->sources[0].compressed = true;
}

static void begin(void)
{
	begin_with("*.gz");
}

static void end(void)
{
	rig_end(rig);
	free(rig);
}

TestSuite(packs, .init = begin, .fini = end, .timeout = 60);

static void again(const char *pattern)
{
	end();
	begin_with(pattern);
}

static const char *at = "";
#define SEE(want) cr_assert_str_eq(rig_run(rig), want, "%s: \"%s\"", at, rig->lines)

static void restart(void)
{
	rig_stop(rig);
	rig_start(rig);
}

static void put(const char *name, const char *bytes, size_t len)
{
	int fd = open(rig_path(rig, name), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	cr_assert_eq(write(fd, bytes, len), (ssize_t)len);
	close(fd);
}

static void put_packed(enum packed_kind kind, const char *name, const char *text)
{
	struct slice packed = pack(kind, text, strlen(text));

	put(name, packed.at, packed.len);
	free((char *)packed.at);
}

static char *content_of(const char *name)
{
	int fd = open(rig_path(rig, name), O_RDONLY | O_CLOEXEC);
	char *bytes = calloc(1, 1 << 20);

	cr_assert(fd >= 0 && read(fd, bytes, (1 << 20) - 1) >= 0);
	close(fd);
	return bytes;
}

/* As gzip, zstd --rm and xz do it: the packed file is there before the other goes. */
static void compress_as(enum packed_kind kind, const char *from, const char *to)
{
	char *text = content_of(from);

	put_packed(kind, to, text);
	rig_remove(rig, from);
	free(text);
}

/* Nothing comes again, and nothing is told as lost. */
static void expect_whole(void)
{
	rig->quiet = true;
	SEE("");
	restart();
	SEE("");
	cr_assert_str_eq(rig_rescan(rig), "", "\"%s\"", rig->lines);
	restart();
	SEE("");
	cr_expect_eq(rig->counters.files_lost, 0);
	cr_expect_eq(rig->counters.bytes_lost, 0);
	cr_expect_eq(rig->counters.truncations, 0);
}

/* ---- how a compressed file ends ---- */

Test(packs, a_last_line_without_its_end_comes_when_the_file_is_quiet)
{
	put_packed(PACKED_GZIP, "x.gz", "x1\nx2");
	rig_start(rig);
	SEE("x1 ");
	rig->quiet = true;
	SEE("x2 ");
	cr_expect_eq(rig->counters.packed_broken, 0);
	expect_whole();
}

/* Half of it: what is there comes, then nothing is told before it is quiet, and once. */
Test(packs, a_file_that_ends_amid_its_content_is_told_once_it_is_quiet)
{
	char text[3000] = "";
	struct slice packed;

	for (int i = 0; i < 500; i++)
		sprintf(text + strlen(text), "%d\n", i * 7919 % 1000);
	packed = pack(PACKED_GZIP, text, strlen(text));
	put("x.gz", packed.at, packed.len / 2);
	rig_start(rig);
	cr_assert_gt(strlen(rig_run(rig)), 500);
	cr_expect_eq(rig->counters.packed_broken, 0);
	rig->quiet = true;
	cr_assert_lt(strlen(rig_run(rig)), 5);
	cr_expect_eq(rig->counters.packed_broken, 1);
	cr_expect_eq(rig_file(rig, "x.gz")->state, FILE_FINISHED);
	cr_assert_str_eq(rig_rescan(rig), "");
	restart();
	SEE("");
	cr_expect_eq(rig->counters.packed_broken, 1);
	/* It was only stopped: the rest comes, and all is well. */
	put("x.gz", packed.at + packed.len / 2, packed.len - packed.len / 2);
	cr_assert_gt(strlen(rig_run(rig)), 500);
	cr_expect_str_eq(rig->lines + strlen(rig->lines) - 4, "581 ");
	expect_whole();
	cr_expect_eq(rig->counters.packed_broken, 1);
	free((char *)packed.at);
}

/* As `gzip >> x.gz` does it, each hour. */
Test(packs, a_member_that_is_added_later_is_read_alone)
{
	put_packed(PACKED_GZIP, "x.gz", "x1\nx2\n");
	rig_start(rig);
	SEE("x1 x2 ");
	put_packed(PACKED_GZIP, "x.gz", "x3\n");
	SEE("x3 ");
	rig->quiet = true;
	SEE("");
	put_packed(PACKED_GZIP, "x.gz", "x4\n");
	SEE("x4 ");
	rig_stop(rig);
	put_packed(PACKED_GZIP, "x.gz", "x5\n");
	rig_start(rig);
	SEE("x5 ");
	expect_whole();
}

/* What is behind it and no member is passed over, as gzip(1) does it. */
Test(packs, what_comes_behind_the_last_member_is_passed)
{
	put_packed(PACKED_GZIP, "x.gz", "x1\nx2\n");
	put("x.gz", "garbage\n", 8);
	rig_start(rig);
	SEE("x1 x2 ");
	cr_expect_eq(rig->counters.packed_broken, 0);
	expect_whole();
}

/* The same inode, other content. Read while it was open, and while it was closed. */
Test(packs, a_file_that_is_written_anew_is_read_from_its_start)
{
	put_packed(PACKED_GZIP, "x.gz", "x1\nx2\n");
	rig_start(rig);
	SEE("x1 x2 ");
	cr_assert_eq(truncate(rig_path(rig, "x.gz"), 0), 0);
	put_packed(PACKED_GZIP, "x.gz", "y1\ny2\ny3\n");
	SEE("y1 y2 y3 ");
	rig->quiet = true;
	SEE("");
	cr_assert_eq(truncate(rig_path(rig, "x.gz"), 0), 0);
	put_packed(PACKED_GZIP, "x.gz", "z1\nz2\nz3\nz4\n");
	SEE("z1 z2 z3 z4 ");
	cr_expect_eq(rig->counters.truncations, 2);
	rig->counters.truncations = 0;
	expect_whole();
}

/* ---- when they are there already ---- */

static void make_old(const char *name)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = time(NULL) - 7200}};

	utimensat(AT_FDCWD, rig_path(rig, name), times, 0);
}

Test(packs, with_start_at_end_what_is_in_them_is_left_out)
{
	rig->sources[0].start_at = SOURCE_START_END;
	put_packed(PACKED_GZIP, "x.gz", "x1\nx2\nhalf a");
	put_packed(PACKED_XZ, "y.gz", "y1\n");
	rig_start(rig);
	SEE("");
	put_packed(PACKED_GZIP, "x.gz", " line\nx3\n");
	SEE("half a line x3 ");
	put_packed(PACKED_GZIP, "z.gz", "z1\n");
	SEE("z1 ");
	restart();
	SEE("");
	rig_rename(rig, "y.gz", "y.1.gz");
	SEE("");
	expect_whole();
}

/* The way to the end is long, and cut off by a stop or a crash: none of it comes then, either. */
Test(packs, with_start_at_end_a_restart_amid_of_passing_changes_nothing)
{
	rig->sources[0].start_at = SOURCE_START_END;
	put_packed(PACKED_GZIP, "x.gz", "x1\nx2\n");
	rig_start(rig);
	rig_stop(rig);
	rig_start(rig);
	rig_crash(rig);
	rig_start(rig);
	SEE("");
	put_packed(PACKED_GZIP, "x.gz", "x3\n");
	SEE("x3 ");
	expect_whole();
}

/* gzip gives a file the time of the one that it was made of. */
Test(packs, ignore_older_leaves_out_what_was_written_long_ago)
{
	rig->sources[0].ignore_older_ms = 3600000;
	put_packed(PACKED_GZIP, "x.gz", "x1\n");
	make_old("x.gz");
	put_packed(PACKED_GZIP, "y.gz", "y1\n");
	rig_start(rig);
	SEE("y1 ");
	put_packed(PACKED_GZIP, "old", "z1\n");
	make_old("old");
	rig_rename(rig, "old", "z.gz");
	SEE("");
	put_packed(PACKED_GZIP, "x.gz", "x2\n");
	SEE("x2 ");
	expect_whole();
}

/* Each once, by the first source that wants it; and by whether that one unpacks. */
Test(packs, of_several_sources_the_first_one_decides)
{
	again("a*.gz");
	rig_also(rig, "*.gz");
	put_packed(PACKED_GZIP, "a.gz", "a1\n");
	put_packed(PACKED_GZIP, "b.gz", "b1\n");
	rig_start(rig);
	SEE("a1 ");
	cr_expect_null(rig_file(rig, "b.gz"));
	rig_stop(rig);
	rig->sources[1].compressed = true;
	rig_start(rig);
	SEE("b1 ");
	expect_whole();
}

/* ---- restarts and names ---- */

Test(packs, a_restart_in_the_middle_goes_on_there)
{
	rig->hold = true;
	put_packed(PACKED_XZ, "x.gz", "x1\nx2\n");
	rig_start(rig);
	SEE("x1 x2 ");
	rig_deliver(rig);
	put_packed(PACKED_XZ, "x.gz", "x3\nx4\n");
	SEE("x3 x4 ");
	restart();
	SEE("x3 x4 ");
	rig_deliver(rig);
	rig->hold = false;
	expect_whole();
}

/* What was delivered since the last checkpoint comes again, and no more. */
Test(packs, a_kill_in_the_middle_repeats_what_no_checkpoint_knows)
{
	put_packed(PACKED_ZSTD, "x.gz", "x1\nx2\n");
	rig_start(rig);
	SEE("x1 x2 ");
	rig_checkpoint(rig);
	put_packed(PACKED_ZSTD, "x.gz", "x3\n");
	SEE("x3 ");
	rig_crash(rig);
	rig_start(rig);
	SEE("x3 ");
	expect_whole();
}

/* app.log.2.gz → app.log.3.gz, app.log.1.gz → app.log.2.gz, running and not. */
Test(packs, names_that_count_up_are_no_new_files)
{
	again("app.log*");
	put_packed(PACKED_GZIP, "app.log.2.gz", "a1\n");
	put_packed(PACKED_GZIP, "app.log.1.gz", "b1\n");
	rig_append(rig, "app.log", "c1\n");
	rig_start(rig);
	SEE("a1 b1 c1 ");
	rig_rename(rig, "app.log.2.gz", "app.log.3.gz");
	rig_rename(rig, "app.log.1.gz", "app.log.2.gz");
	SEE("");
	rig_stop(rig);
	rig_rename(rig, "app.log.3.gz", "app.log.4.gz");
	rig_rename(rig, "app.log.2.gz", "app.log.3.gz");
	rig_start(rig);
	SEE("");
	rig_append(rig, "app.log", "c2\n");
	SEE("c2 ");
	expect_whole();
}

/* ---- the plain file and its compressed one, both in the pattern ---- */

/* Shipped as app.log.1, then packed: whether or not it was finished, whatever packs it. */
static void packed_after_it_was_shipped(bool finished, bool down, enum packed_kind kind,
					const char *name)
{
	char where[64];

	snprintf(where, sizeof where, "%s%s%s", name, finished ? ", finished" : "",
		 down ? ", down" : "");
	at = where;
	again("app.log*");
	rig_start(rig);
	rig_append(rig, "app.log", "a1\na2\n");
	SEE("a1 a2 ");
	rig_rename(rig, "app.log", "app.log.1");
	rig_append(rig, "app.log", "b1\n");
	SEE("b1 ");
	rig->quiet = finished;
	SEE("");
	if (down)
		rig_stop(rig);
	compress_as(kind, "app.log.1", name);
	if (down)
		rig_start(rig);
	SEE("");
	rig_append(rig, "app.log", "b2\n");
	SEE("b2 ");
	expect_whole();
}

/* Scenario A12 */
Test(packs, a_file_that_was_shipped_and_is_compressed_then_is_not_shipped_again)
{
	for (int i = 0; i < 4; i++) {
		packed_after_it_was_shipped(i & 1, i & 2, PACKED_GZIP, "app.log.1.gz");
		packed_after_it_was_shipped(i & 1, i & 2, PACKED_ZSTD, "app.log.1.zst");
		packed_after_it_was_shipped(i & 1, i & 2, PACKED_XZ, "app.log.1.xz");
	}
}

/*
 * delaycompress: app.log.1 is packed, its packed file renamed to app.log.2.gz, and app.log to
 * app.log.1. Some lines of each are unread.
 */
static void delaycompress(bool down, const char *unread)
{
	char want[64];

	again("app.log*");
	rig_start(rig);
	rig_append(rig, "app.log", "a1\n");
	SEE("a1 ");
	rig_rename(rig, "app.log", "app.log.1");
	rig_append(rig, "app.log", "b1\n");
	SEE("b1 ");
	if (down)
		rig_stop(rig);
	rig_append(rig, "app.log", unread);
	compress_as(PACKED_GZIP, "app.log.1", "app.log.1.gz");
	rig_rename(rig, "app.log.1.gz", "app.log.2.gz");
	rig_rename(rig, "app.log", "app.log.1");
	rig_append(rig, "app.log", "c1\n");
	if (down)
		rig_start(rig);
	snprintf(want, sizeof want, "%s%sc1 ", *unread ? "b2" : "", *unread ? " " : "");
	SEE(want);
	rig_stop(rig);
	compress_as(PACKED_GZIP, "app.log.1", "app.log.1.gz");
	rig_rename(rig, "app.log.2.gz", "app.log.3.gz");
	rig_rename(rig, "app.log.1.gz", "app.log.2.gz");
	rig_start(rig);
	SEE("");
	rig_append(rig, "app.log", "c2\n");
	SEE("c2 ");
	expect_whole();
}

/* Scenario A12 */
Test(packs, delaycompress_under_the_pattern)
{
	delaycompress(false, "");
	delaycompress(true, "");
	delaycompress(false, "b2\n");
	delaycompress(true, "b2\n");
}

/* It has its name before it has its bytes, and is renamed while it is looked at. */
Test(packs, a_packed_file_that_is_renamed_while_it_is_written_is_not_shipped_again)
{
	struct slice packed = pack(PACKED_GZIP, "a1\na2\n", 6);

	again("app.log*");
	rig->sources[0].rotate_wait_ms = 3600000;
	rig_start(rig);
	rig_append(rig, "app.log", "a1\na2\n");
	SEE("a1 a2 ");
	rig_rename(rig, "app.log", "app.log.1");
	rig_append(rig, "app.log", "b1\n");
	SEE("b1 ");
	rig_append(rig, "app.log.1.gz", "");
	SEE("");
	put("app.log.1.gz", packed.at, packed.len);
	SEE("");
	rig_remove(rig, "app.log.1");
	rig_rename(rig, "app.log.1.gz", "app.log.2.gz");
	SEE("");
	rig->sources[0].rotate_wait_ms = 0;
	SEE("");
	free((char *)packed.at);
	expect_whole();
	cr_assert_not_null(rig_file(rig, "app.log.2.gz"));
}

/* Both are there when it starts for the first time: gzip -k, or gzip was killed. */
Test(packs, of_a_file_and_its_packed_one_the_first_start_ships_one)
{
	again("app.log*");
	rig_append(rig, "app.log.1", "a1\na2\n");
	put_packed(PACKED_GZIP, "app.log.1.gz", "a1\na2\n");
	rig_append(rig, "app.log", "b1\n");
	rig->quiet = true;
	rig_start(rig);
	SEE("a1 a2 b1 ");
	expect_whole();
}

/* Empty when it is found, of unknown origin: it is read when it has its bytes, and as it grows. */
Test(packs, a_packed_file_that_was_empty_when_it_was_found_is_shipped)
{
	rig_start(rig);
	rig_append(rig, "x.gz", "");
	SEE("");
	rig->quiet = true;
	SEE("");
	rig->quiet = false;
	put_packed(PACKED_GZIP, "x.gz", "x1\nx2\n");
	SEE("x1 x2 ");
	expect_whole();
}

/* ---- without `compressed` ---- */

/* Scenario A12 */
Test(packs, without_the_setting_only_the_rest_of_a_known_file_is_read)
{
	again("app.log*");
	rig->sources[0].compressed = false;
	put_packed(PACKED_GZIP, "app.log.7.gz", "x1\n");
	rig_start(rig);
	rig_append(rig, "app.log", "a1\n");
	SEE("a1 ");
	rig_stop(rig);
	rig_append(rig, "app.log", "a2\n");
	compress_as(PACKED_GZIP, "app.log", "app.log.1.gz");
	rig_append(rig, "app.log", "b1\n");
	rig_start(rig);
	SEE("a2 b1 ");
	cr_expect_null(rig_file(rig, "app.log.7.gz"));
	/* Whatever it is called then. */
	rig_rename(rig, "app.log.1.gz", "app.log.2.gz");
	SEE("");
	expect_whole();
	cr_expect_not_null(rig_file(rig, "app.log.2.gz"));
}

/* ---- memory ---- */

static size_t count_unpackers(void)
{
	void *cursor = NULL;
	struct file *file;
	size_t n = 0;

	while ((file = map_next(rig->files.by_inode, &cursor)))
		n += file->tail.packed != NULL;
	return n;
}

static void look_at_unpackers(struct follow_rig *, struct slice line)
{
	(void)line;
	cr_assert_leq(count_unpackers(), FILES_UNPACKING);
}

Test(packs, of_many_compressed_files_two_are_unpacked_at_a_time)
{
	char name[32], text[64];

	rig->on_line = look_at_unpackers;
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof name, "%02d.gz", i);
		snprintf(text, sizeof text, "%d\n%d", 100 + i, 200 + i);
		put_packed(PACKED_XZ, name, text);
	}
	rig_start(rig);
	cr_assert_eq(strlen(rig_run(rig)), 40 * 4);
	cr_expect_leq(count_unpackers(), FILES_UNPACKING);
	rig->quiet = true;
	cr_assert_eq(strlen(rig_run(rig)), 40 * 4);
	cr_expect_eq(count_unpackers(), 0);
	expect_whole();
}

/* ---- sources ---- */

static char order[64]; /* the first letter of each line, as they came */

static void note_source(struct follow_rig *here, struct slice line)
{
	size_t n = strlen(order);

	(void)here;
	if (n + 1 < sizeof order)
		order[n] = line.at[0];
}

/* Of a and b, so many files of one line each. */
static void begin_two(int of_a, int of_b)
{
	char name[32];

	again("a*.gz");
	rig_also(rig, "b*.gz");
	rig->sources[1].compressed = true;
	for (int i = 0; i < of_a + of_b; i++) {
		snprintf(name, sizeof name, "%c%02d.gz", i < of_a ? 'a' : 'b', i);
		put_packed(PACKED_XZ, name, i < of_a ? "a\n" : "b\n");
	}
	rig_start(rig);
}

/* Scenario D09. Those of one source stood in line before all of the other one's. */
Test(packs, sources_have_the_unpackers_by_turns)
{
	begin_two(40, 3);
	memset(order, 0, sizeof order);
	rig->on_line = note_source;
	cr_assert_eq(strlen(rig_run(rig)), 43 * 2);
	cr_expect_leq(strrchr(order, 'b') - order, 12, "%s", order);
}

/* In the order of their names. */
static struct file *file_number(char source, int number)
{
	char name[32];
	struct file *file;

	snprintf(name, sizeof name, "%c%02d.gz", source, number);
	file = rig_file(rig, name);
	cr_assert(file);
	return file;
}

/* Scenario D09. Two files that are unpacked for hours held up those of all other sources. */
Test(packs, who_unpacks_for_long_gives_way_to_another_source)
{
	struct files *files = &rig->files;
	uint64_t t = US_PER_S;
	struct file *a[3], *b;

	begin_two(3, 1);
	files = &rig->files;
	for (int i = 0; i < 3; i++)
		a[i] = file_number('a', i);
	b = file_number('b', 3);
	cr_assert(files_may_unpack(files, a[0], t));
	cr_assert(files_may_unpack(files, a[1], t));
	cr_assert_not(files_may_unpack(files, a[2], t));
	cr_assert(files_may_unpack(files, a[0], t + 60 * US_PER_S), "of one source they wait");
	cr_assert_not(files_may_unpack(files, b, t));
	t += US_PER_S;
	cr_assert(files_may_unpack(files, a[0], t));
	t += US_PER_S;
	cr_assert_not(files_may_unpack(files, a[0], t));
	cr_expect_eq(b->queue, FILE_QUEUE_READY);
	cr_assert(files_may_unpack(files, b, t));
	/* It had two seconds, and has four next time; what is small has the other place. */
	files_unpacked(files, b);
	cr_assert_not(files_may_unpack(files, b, t));
	cr_assert(files_may_unpack(files, a[0], t) || files_may_unpack(files, a[2], t));
	cr_expect_eq(a[0]->gave_way, 1);
}

/* ---- generations that nobody saw, compressed ---- */

static void make_written(const char *name, int seconds_ago)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = time(NULL) - seconds_ago}};

	utimensat(AT_FDCWD, rig_path(rig, name), times, 0);
}

/* Down over three rotations; what is packed has the time of what it was made of. */
static void unseen(const char *pattern, bool compressed, const char *names[4])
{
	at = pattern;
	again(pattern);
	rig->sources[0].compressed = compressed;
	rig_start(rig);
	rig_append(rig, "app.log", "a1\n");
	make_written("app.log", 400);
	SEE("a1 ");
	rig_stop(rig);
	rig_append(rig, "app.log", "a2\n");
	compress_as(PACKED_GZIP, "app.log", names[0]);
	make_written(names[0], 300);
	put_packed(PACKED_GZIP, names[1], "b1\n");
	make_written(names[1], 200);
	put_packed(PACKED_XZ, names[2], "c1\n");
	make_written(names[2], 100);
	rig_append(rig, names[3], "d1\n");
	rig_append(rig, "app.log", "e1\n");
	rig_start(rig);
	SEE("a2 b1 c1 d1 e1 ");
	cr_expect_eq(rig->counters.generations_unseen, 3);
	rig_append(rig, "app.log", "e2\n");
	SEE("e2 ");
	expect_whole();
}

/* Scenario A11, A12 */
Test(packs, generations_that_came_and_were_compressed_unseen_are_read)
{
	const char *numbers[] = {"app.log.4.gz", "app.log.3.gz", "app.log.2.xz", "app.log.1"};
	const char *dates[] = {"app.log-20260101.gz", "app.log-20260102.gz", "app.log-20260103.xz",
			       "app.log-20260104"};
	const char *lumberjack[] = {
		"app-2026-01-01T10-00-00.000.log.gz", "app-2026-01-01T11-00-00.000.log.gz",
		"app-2026-01-01T12-00-00.000.log.gz", "app-2026-01-01T13-00-00.000.log"};

	unseen("app.log", false, numbers);
	unseen("app.log*", false, numbers);
	unseen("app.log*", true, numbers);
	unseen("app.log", false, dates);
	unseen("app.log*", true, dates);
	unseen("app.log", false, lumberjack);
}

/*
 * logrotate with `compress`, several times between two looks: the packed files count up, the one
 * before the last is deleted before it was opened, and is in its packed one.
 */
static void compressed_at_once(const char *pattern, bool compressed, int rotations, bool hold)
{
	char from[32], to[32], line[16], where[64], want[64] = "a2 ";

	snprintf(where, sizeof where, "%s%s%s, %d", pattern, compressed ? ", compressed" : "",
		 hold ? ", held" : "", rotations);
	at = where;
	again(pattern);
	rig->sources[0].compressed = compressed;
	rig_start(rig);
	rig->hold = hold;
	rig_append(rig, "app.log", "a1\n");
	SEE("a1 ");
	rig_append(rig, "app.log", "a2\n");
	for (int n = 1; n <= rotations; n++) {
		for (int i = n; i > 1; i--) {
			snprintf(from, sizeof from, "app.log.%d.gz", i - 1);
			snprintf(to, sizeof to, "app.log.%d.gz", i);
			rig_rename(rig, from, to);
		}
		rig_rename(rig, "app.log", "app.log.1");
		snprintf(line, sizeof line, "%c1\n", 'a' + n);
		rig_append(rig, "app.log", line);
		compress_as(PACKED_GZIP, "app.log.1", "app.log.1.gz");
		sprintf(want + strlen(want), "%c1 ", 'a' + n);
	}
	if (hold) {
		SEE("a2 ");
		rig->hold = false;
		rig_deliver(rig);
		SEE(want + 3);
	} else {
		SEE(want);
	}
	cr_expect_eq(rig->counters.generations_missed, 0, "%s: %lu", at,
		     (unsigned long)rig->counters.generations_missed);
	rig_append(rig, "app.log", "z1\n");
	SEE("z1 ");
	expect_whole();
}

/* Scenario A12 */
Test(packs, generations_that_are_compressed_between_two_looks_come_in_their_order)
{
	for (int rotations = 1; rotations <= 3; rotations++)
		for (int hold = 0; hold < 2; hold++) {
			compressed_at_once("app.log", false, rotations, hold);
			compressed_at_once("app.log*", false, rotations, hold);
			compressed_at_once("app.log*", true, rotations, hold);
		}
}

/* The same of the first files of a path. Where nobody reads the packed one, it is told. */
static void first_compressed_at_once(const char *pattern, bool compressed, bool kept,
				     const char *want, int missed)
{
	char where[64];

	snprintf(where, sizeof where, "%s%s%s", pattern, compressed ? ", compressed" : "",
		 kept ? "" : ", deleted");
	at = where;
	again(pattern);
	rig->sources[0].compressed = compressed;
	rig_start(rig);
	SEE("");
	rig_append(rig, "app.log", "a1\n");
	rig_rename(rig, "app.log", "app.log.1");
	rig_append(rig, "app.log", "b1\n");
	compress_as(PACKED_GZIP, "app.log.1", "app.log.1.gz");
	rig_rename(rig, "app.log.1.gz", "app.log.2.gz");
	if (!kept)
		rig_remove(rig, "app.log.2.gz");
	SEE(want);
	cr_expect_eq(rig->counters.generations_missed, (uint64_t)missed, "%s: %lu", at,
		     (unsigned long)rig->counters.generations_missed);
	expect_whole();
}

/* Scenario A02, A12 */
Test(packs, the_first_file_of_a_path_that_is_compressed_before_a_look_is_read_or_told)
{
	first_compressed_at_once("app.log*", true, true, "a1 b1 ", 0);
	first_compressed_at_once("app.log*", false, true, "b1 ", 1);
	first_compressed_at_once("app.log", false, true, "b1 ", 1);
	first_compressed_at_once("app.log*", true, false, "b1 ", 1);
	first_compressed_at_once("app.log", false, false, "b1 ", 1);
}

/*
 * kubelet: behind a link, each rotation compresses what the one before left, and several of them
 * come between two looks.
 */
static void rotate_as_kubelet(int n, const char *line)
{
	char from[32], packed[40], part[40];

	if (n) {
		snprintf(from, sizeof from, "0.log.20260101-10000%d", n - 1);
		snprintf(packed, sizeof packed, "%s.gz", from);
		snprintf(part, sizeof part, "%s.tmp", from);
		if (access(rig_path(rig, from), F_OK) == 0) {
			char *text = content_of(from);

			put_packed(PACKED_GZIP, part, text);
			free(text);
			rig_rename(rig, part, packed);
			rig_remove(rig, from);
		}
	}
	snprintf(from, sizeof from, "0.log.20260101-10000%d", n);
	rig_rename(rig, "0.log", from);
	rig_append(rig, "0.log", line);
}

static void as_kubelet(int rotations, bool hold, bool down)
{
	char line[16], where[64], want[64] = "a2 ";

	snprintf(where, sizeof where, "%d%s%s", rotations, hold ? ", held" : "",
		 down ? ", down" : "");
	at = where;
	again("pod.link");
	rig->sources[0].compressed = false;
	cr_assert_eq(symlink(rig_path(rig, "0.log"), rig_path(rig, "pod.link")), 0);
	rig_append(rig, "0.log", "a1\n");
	rig_start(rig);
	rig->hold = hold;
	SEE("a1 ");
	if (down)
		rig_stop(rig);
	rig_append(rig, "0.log", "a2\n");
	for (int n = 0; n < rotations; n++) {
		snprintf(line, sizeof line, "%c1\n", 'b' + n);
		rotate_as_kubelet(n, line);
		sprintf(want + strlen(want), "%c1 ", 'b' + n);
	}
	if (down)
		rig_start(rig);
	if (hold) {
		SEE("a2 ");
		rig->hold = false;
		rig_deliver(rig);
		SEE(want + 3);
	} else {
		SEE(want);
	}
	cr_expect_eq(rig->counters.generations_missed, 0, "%s: %lu", at,
		     (unsigned long)rig->counters.generations_missed);
	rig_append(rig, "0.log", "z1\n");
	SEE("z1 ");
	expect_whole();
}

/* Scenario A12, A15 */
Test(packs, several_rotations_of_kubelet_between_two_looks_come_in_their_order)
{
	for (int rotations = 1; rotations <= 4; rotations++) {
		as_kubelet(rotations, false, false);
		as_kubelet(rotations, true, false);
		as_kubelet(rotations, false, true);
	}
}

/*
 * Rotated, quiet and closed; then a late writer, and it is compressed, before anybody looks: what
 * was written late is in the compressed file and nowhere else.
 */
static void written_late_and_compressed(const char *pattern, bool compressed, enum packed_kind kind,
					const char *name)
{
	char where[64];

	snprintf(where, sizeof where, "%s%s, %s", pattern, compressed ? ", compressed" : "", name);
	at = where;
	again(pattern);
	rig->sources[0].compressed = compressed;
	rig_start(rig);
	rig_append(rig, "app.log", "a1\n");
	SEE("a1 ");
	rig_rename(rig, "app.log", "app.log.1");
	rig_append(rig, "app.log", "b1\n");
	SEE("b1 ");
	rig->quiet = true;
	SEE("");
	cr_assert_eq(rig_file(rig, "app.log.1")->tail.fd, -1);
	rig->quiet = false;
	rig_append(rig, "app.log.1", "a2\n");
	compress_as(kind, "app.log.1", name);
	SEE("a2 ");
	rig_append(rig, "app.log", "b2\n");
	SEE("b2 ");
	expect_whole();
}

/* Scenario A12, A18 */
Test(packs, a_closed_file_that_is_written_to_and_compressed_before_a_look_is_read)
{
	for (int wanted = 0; wanted < 2; wanted++)
		for (int compressed = 0; compressed <= wanted; compressed++) {
			const char *pattern = wanted ? "app.log*" : "app.log";

			written_late_and_compressed(pattern, compressed, PACKED_GZIP,
						    "app.log.1.gz");
			written_late_and_compressed(pattern, compressed, PACKED_ZSTD,
						    "app.log.1.zst");
			written_late_and_compressed(pattern, compressed, PACKED_XZ, "app.log.1.xz");
		}
}

/*
 * Compressed in the background, with times of its own (Java, Go): the packed file of a generation
 * is younger than the one that came after that, and is none that nobody saw.
 */
static void in_the_background(bool quiet, bool down)
{
	const char *plain[] = {"app-2026-01-01.log", "app-2026-01-02.log", "app-2026-01-03.log"};
	char name[64], line[16], want[16];

	at = down ? "down" : quiet ? "quiet" : "at once";
	again("app.log");
	rig->sources[0].compressed = false;
	rig_start(rig);
	rig_append(rig, "app.log", "0\n");
	SEE("0 ");
	for (int i = 0; i < 3; i++) {
		rig_rename(rig, "app.log", plain[i]);
		snprintf(line, sizeof line, "%d\n", i + 1);
		snprintf(want, sizeof want, "%d ", i + 1);
		rig_append(rig, "app.log", line);
		SEE(want);
		rig->quiet = quiet;
		snprintf(name, sizeof name, "%s.gz", plain[i]);
		SEE("");
		compress_as(PACKED_GZIP, plain[i], name);
		SEE("");
		rig->quiet = false;
	}
	if (down)
		rig_stop(rig);
	rig_rename(rig, "app.log", "app-2026-01-04.log");
	compress_as(PACKED_GZIP, "app-2026-01-04.log", "app-2026-01-04.log.gz");
	rig_append(rig, "app.log", "4\n");
	if (down)
		rig_start(rig);
	SEE("4 ");
	cr_expect_eq(rig->counters.generations_unseen, 0);
	expect_whole();
}

Test(packs, what_is_compressed_in_the_background_is_no_generation_that_came_unseen)
{
	in_the_background(false, false);
	in_the_background(true, false);
	in_the_background(true, true);
}

/* A source that ships compressed files, too: this one is what was cut off. */
Test(packs, copied_cut_off_and_compressed_before_a_look)
{
	again("app.log*");
	rig_start(rig);
	rig_append(rig, "app.log", "a1\n");
	SEE("a1 ");
	rig_append(rig, "app.log", "a2\n");
	rig_append(rig, "b", "a1\na2\n");
	compress_as(PACKED_GZIP, "b", "app.log-20260101.gz");
	cr_assert_eq(truncate(rig_path(rig, "app.log"), 0), 0);
	SEE("a2 ");
	expect_whole();
}

/* A copy that is shorter than what is there no more is known while that can be read. */
/* Found by random lists: both were generations that nobody saw. */
Test(packs, copied_cut_off_and_being_compressed_before_the_first_turn)
{
	again("app.log");
	rig->sources[0].compressed = false;
	rig_start(rig);
	rig_append(rig, "app.log", "");
	SEE("");
	rig_append(rig, "swap", "");
	rig_rename(rig, "swap", "app.log");
	rig_rename(rig, "app.log", "app.log.1");
	rig_stop(rig);
	rig_append(rig, "app.log", "a1\n");
	rig_start(rig);
	rig_rename(rig, "app.log.1", "app.log.2");
	rig_append(rig, "app.log.1", "a1\n");
	cr_assert_eq(truncate(rig_path(rig, "app.log"), 0), 0);
	put_packed(PACKED_GZIP, "app.log.1.gz", "a1\n");
	SEE("a1 ");
	rig_remove(rig, "app.log.1");
	SEE("");
	expect_whole();
}

Test(packs, the_compressed_beginning_of_a_deleted_file_is_no_generation)
{
	again("app.log");
	rig->sources[0].compressed = false;
	rig_start(rig);
	rig_append(rig, "app.log", "a1\n");
	rig_append(rig, "b", "a1\n");
	rig_append(rig, "app.log", "a2\n");
	SEE("a1 a2 ");
	rig_remove(rig, "app.log");
	rig_append(rig, "app.log", "b1\n");
	compress_as(PACKED_GZIP, "b", "app.log-20260101.gz");
	SEE("b1 ");
	expect_whole();
}

/* Its bytes went into a new file, from there into a copy, and that was compressed: in one look. */
Test(packs, replaced_copied_cut_off_and_compressed_before_a_look)
{
	again("app.log");
	rig->sources[0].compressed = false;
	rig_start(rig);
	rig_append(rig, "app.log", "a1\na2 in ");
	SEE("a1 ");
	rig_append(rig, "b", "a1\na2 in two pieces\n");
	rig_rename(rig, "b", "app.log");
	compress_as(PACKED_GZIP, "app.log", "app.log.1.gz");
	rig_append(rig, "app.log", "b1\n");
	rig->quiet = true;
	SEE("a2 in two pieces b1 ");
	expect_whole();
}

/* The last one was packed after the file that has the path now was made (Java, Go). */
Test(packs, a_generation_that_was_compressed_late_is_read)
{
	again("app.log");
	rig->sources[0].compressed = false;
	rig_start(rig);
	rig_append(rig, "app.log", "a1\n");
	SEE("a1 ");
	rig_stop(rig);
	rig_rename(rig, "app.log", "app-2026-01-01-1.log");
	rig_append(rig, "b", "b1\n");
	rig_append(rig, "app.log", "c1\n");
	compress_as(PACKED_GZIP, "app-2026-01-01-1.log", "app-2026-01-01-1.log.gz");
	usleep(20000);
	compress_as(PACKED_GZIP, "b", "app-2026-01-01-2.log.gz");
	rig_start(rig);
	SEE("b1 c1 ");
	expect_whole();
}

/* A new file comes under a dated name first, and under the path then (rotatelogs -L). */
Test(packs, a_new_file_with_two_names_is_read_once)
{
	char path[2][512];

	again("app.log");
	rig_start(rig);
	for (int i = 0; i < 3; i++) {
		char name[64], line[16], want[16];

		snprintf(name, sizeof name, "app.log.2026010%d", i);
		snprintf(line, sizeof line, "%d\n", i);
		snprintf(want, sizeof want, "%d ", i);
		rig_append(rig, name, line);
		snprintf(path[0], sizeof path[0], "%s", rig_path(rig, name));
		snprintf(path[1], sizeof path[1], "%s", rig_path(rig, "app.log"));
		unlink(path[1]);
		cr_assert_eq(link(path[0], path[1]), 0);
		SEE(want);
	}
	cr_expect_eq(rig->counters.generations_unseen, 0);
	expect_whole();
}

/* ---- shred ---- */

static void overwrite(const char *name, const char *bytes)
{
	int fd = open(rig_path(rig, name), O_WRONLY | O_CLOEXEC);

	cr_assert_eq(write(fd, bytes, strlen(bytes)), (ssize_t)strlen(bytes));
	close(fd);
}

/* logrotate's shred overwrites a generation, then removes it: what is written there is no log. */
static void shred(bool quiet, const char *unread)
{
	at = unread;
	again("app.log*");
	rig_start(rig);
	rig_append(rig, "app.log", "a1\na2\na3\n");
	SEE("a1 a2 a3 ");
	rig_rename(rig, "app.log", "app.log.1");
	rig_append(rig, "app.log", "b1\n");
	SEE("b1 ");
	rig->quiet = quiet;
	SEE("");
	if (*unread)
		rig_append(rig, "app.log.1", unread);
	overwrite("app.log.1", "x\ny\nz\nxyz\n");
	SEE("");
	overwrite("app.log.1", "1\n2\n3\n4\n5\n");
	SEE("");
	cr_assert_str_eq(rig_rescan(rig), "");
	restart();
	SEE("");
	rig_remove(rig, "app.log.1");
	rig_append(rig, "app.log", "b2\n");
	SEE("b2 ");
	cr_expect_eq(rig->counters.truncations, 0);
}

Test(packs, what_overwrites_a_rotated_file_is_not_shipped)
{
	shred(false, "");
	shred(true, "");
	cr_expect_eq(rig->counters.files_lost, 0);
}

/* Found by random lists: else what is written later is a stranger's. */
Test(packs, an_empty_file_is_known_after_a_crash)
{
	again("app.log");
	rig_append(rig, "app.log", "");
	rig_start(rig);
	SEE("");
	rig_checkpoint(rig);
	rig_crash(rig);
	rig_rename(rig, "app.log", "app.log.1");
	rig_append(rig, "app.log.1", "a1\n");
	rig_start(rig);
	SEE("a1 ");
	expect_whole();
}

/* Whatever it is called: first bytes tell what it is. */
Test(packs, a_packed_file_without_an_ending_that_was_shipped_before_is_not_shipped_again)
{
	again("app*");
	rig_start(rig);
	rig_append(rig, "app.log", "a1\na2\n");
	SEE("a1 a2 ");
	rig->quiet = true;
	SEE("");
	compress_as(PACKED_GZIP, "app.log", "app-archive");
	SEE("");
	expect_whole();
}

/* Found by random lists: its records came back, and the next start took it for another one. */
Test(packs, records_of_a_packed_file_that_came_back_go_once_more)
{
	struct file *file;
	uint64_t end;

	put_packed(PACKED_GZIP, "x.gz", "x1\nx2\n");
	rig->hold = true;
	rig_start(rig);
	SEE("x1 x2 ");
	file = rig_file(rig, "x.gz");
	end = account_read_position(&file->account);
	for (size_t i = 0; i < rig->n_in_flight; i++)
		account_report(&file->account, rig->in_flight[i], SLOT_FAILED);
	rig->n_in_flight = 0;
	account_advance(&file->account);
	(void)tail_chain(&file->tail, &(struct chain){0});
	cr_assert_eq(account_rewind(&file->account), 0);
	tail_rewound(&file->tail, end);
	rig->hold = false;
	files_ready(&rig->files, file);
	SEE("x1 x2 ");
	expect_whole();
}
