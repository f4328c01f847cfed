/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Positions, wherever they lie: behind 4 GiB, at each size of a small file, in a file that shrank.
 * What a start reads is exactly what was not read before, and the store says so.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "input/identity.h"
#include "tests/support/follow_rig.h"

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

TestSuite(positions, .init = begin, .fini = end, .timeout = 30);

#define SEE(want) cr_assert_str_eq(rig_run(rig), want, "\"%s\"", rig->lines)
#define PUT(name, text) rig_append(rig, name, text)

static void write_at(const char *name, uint64_t at, const char *text)
{
	int fd = open(rig_path(rig, name), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	cr_assert_eq(pwrite(fd, text, strlen(text), (off_t)at), (ssize_t)strlen(text));
	close(fd);
}

static void cut(const char *name, uint64_t size)
{
	cr_assert_eq(truncate(rig_path(rig, name), (off_t)size), 0);
}

static uint64_t position(const char *name)
{
	return account_read_position(&rig_file(rig, name)->account);
}

#define STORED(rows, name, want)                                             \
	do {                                                                 \
		uint64_t committed_;                                         \
                                                                             \
		cr_expect_eq(rig_stored(rig, name, &committed_), rows);      \
		cr_expect_eq(committed_, want, "%s: %lu", name, committed_); \
	} while (0)

static void expect_counters(uint64_t truncations)
{
	cr_expect_eq(rig->counters.truncations, truncations, "%lu", rig->counters.truncations);
	cr_expect_eq(rig->counters.files_lost, 0);
	cr_expect_eq(rig->counters.bytes_lost, 0);
}

/* ---- behind 2 and 4 GiB ---- */

/* A line lies across the edge, one ends at it, and positions behind it are small in 32 bits. */
static void cross(uint64_t edge)
{
	PUT("a.log", "first\n");
	SEE("first ");
	write_at("a.log", edge - 8, "to edge\n");
	SEE("to edge ");
	cr_expect_eq(position("a.log"), edge);
	rig_restart(rig);
	SEE("");
	PUT("a.log", "one\n");
	SEE("one ");
	cr_expect_eq(position("a.log"), edge + 4);
	rig_stop(rig);
	STORED(1, "a.log", edge + 4);
	PUT("a.log", "two\n");
	rig_start(rig);
	SEE("two ");
	rig_restart(rig);
	SEE("");
	expect_counters(0);
	/* Shrunk by a byte: now it did. */
	cut("a.log", edge + 7);
	SEE("first to edge one ");
	expect_counters(1);
	PUT("a.log", "\n");
	SEE("two ");
	rig_stop(rig);
	STORED(1, "a.log", edge + 8);
	rig_start(rig);
	SEE("");
	expect_counters(1);
}

/* Scenario A09 */
Test(positions, a_file_grows_beyond_2_gib)
{
	cross(1ull << 31);
}

/* Scenario A09 */
Test(positions, a_file_grows_beyond_4_gib)
{
	cross(1ull << 32);
}

/* Scenario A09: what is in flight, acknowledged ahead, and not yet whole lies on both sides. */
Test(positions, lines_in_flight_across_4_gib_are_read_again_after_a_crash)
{
	const uint64_t edge = 1ull << 32;

	PUT("a.log", "first\n");
	SEE("first ");
	write_at("a.log", edge - 9, "before\nacross\nbehind\nhalf");
	rig->hold = true;
	SEE("before across behind ");
	cr_expect_eq(position("a.log"), edge + 12);
	account_report(&rig_file(rig, "a.log")->account, rig->in_flight[2], SLOT_DELIVERED);
	files_dirty(&rig->files, rig_file(rig, "a.log"));
	rig_stop(rig);
	/* The hole is settled. */
	STORED(1, "a.log", edge - 9);
	rig->hold = false;
	rig_start(rig);
	SEE("before across ");
	PUT("a.log", " a line\n");
	SEE("half a line ");
	expect_counters(0);
	rig_stop(rig);
	STORED(1, "a.log", edge + 24);
	rig_start(rig);
	SEE("");
}

/*
 * Scenario A10. A hole is passed in pieces, and what is left for the last one may lie in a block
 * that holds data: those NULs were taken for the beginning of the line.
 */
Test(positions, a_hole_that_ends_just_behind_a_piece_leaves_no_nuls_in_the_line)
{
	static const uint64_t left[] = {1, 100, 4000, 5000};

	for (size_t i = 0; i < ARRAY_LEN(left); i++)
		for (uint64_t pieces = 1; pieces <= 2; pieces++) {
			const uint64_t at = 6 + pieces * SLOT_LENGTH_MAX + left[i];

			PUT("a.log", "first\n");
			SEE("first ");
			write_at("a.log", at, "line\n");
			SEE("line ");
			cr_expect_eq(position("a.log"), at + 5);
			end();
			begin();
		}
}

/* ---- small files, and equal ones ---- */

/* Exactly 4 KiB in lines of 64 bytes, or the lines as rig_run tells them. */
static const char *header(char end)
{
	static char text[2][4097];
	char *at = text[end == '\n'];

	for (int i = 0; i < 64; i++)
		sprintf(at + 64 * i, "# %061d%c", i, end);
	return at;
}

/* Scenario A05 */
Test(positions, all_files_that_begin_with_the_same_4_kib_ship)
{
	char name[16], line[16], want[8 * 4200] = "";

	for (int i = 0; i < 8; i++) {
		snprintf(name, sizeof name, "%d.log", i);
		snprintf(line, sizeof line, "own %d\n", i);
		PUT(name, header('\n'));
		PUT(name, line);
		sprintf(want + strlen(want), "%sown %d ", header(' '), i);
	}
	SEE(want);
	for (int i = 0; i < 8; i++) {
		snprintf(name, sizeof name, "%d.log", i);
		rig_stop(rig);
		STORED(8, name, 4096 + 6);
		PUT(name, "more\n");
		rig_start(rig);
		SEE("more ");
	}
	rig_restart(rig);
	SEE("");
	expect_counters(0);
}

/* Scenario A05 */
Test(positions, all_files_of_a_byte_and_a_newline_ship)
{
	PUT("1.log", "x\n");
	SEE("x ");
	PUT("2.log", "x\n");
	PUT("3.log", "x\n");
	SEE("x x ");
	rig_stop(rig);
	PUT("4.log", "x\n");
	PUT("2.log", "y\n");
	rig_start(rig);
	SEE("y x ");
	rig_restart(rig);
	SEE("");
	expect_counters(0);
	rig_stop(rig);
	STORED(4, "4.log", 2);
	rig_start(rig);
}

/* Grows byte by byte, with a start at each size; all lines from `from` to `to` come once. */
static void grow(const char *text, size_t from, size_t to)
{
	char want[64] = "";
	size_t line = from;

	for (size_t size = from; size < to; size++) {
		const char byte[] = {text[size], '\0'};

		rig_stop(rig);
		PUT("a.log", byte);
		rig_start(rig);
		want[0] = '\0';
		if (text[size] == '\n') {
			snprintf(want, sizeof want, "%.*s ", (int)(size - line), text + line);
			line = size + 1;
		}
		SEE(want);
		cr_assert_eq(rig_file(rig, "a.log")->account.committed, line, "size %zu", size + 1);
	}
	expect_counters(0);
}

/* Puts what lies between, in one piece. */
static void jump(const char *text, size_t from, size_t to)
{
	char piece[4200];

	snprintf(piece, to - from + 1, "%s", text + from);
	PUT("a.log", piece);
	rig_run(rig);
	cr_assert_eq(strlen(rig->lines), to - from);
}

/* Scenario A05: first bytes are 1 KiB at most, blocks of the chain 4 KiB. */
Test(positions, a_file_that_grows_byte_by_byte_keeps_its_position_at_each_size)
{
	char text[4200];
	size_t len = 0;

	while (len < sizeof text - 16)
		len += (size_t)sprintf(text + len, "%06zu\n", len);
	PUT("a.log", "");
	SEE("");
	grow(text, 0, 42);
	jump(text, 42, 1008);
	grow(text, 1008, 1036);
	jump(text, 1036, 4081);
	grow(text, 4081, 4109);
	rig_stop(rig);
	STORED(1, "a.log", 4109);
	rig_start(rig);
}
_Static_assert(IDENTITY_HEAD_MAX == 1024, "sizes above lie around it");

/* ---- shrunk ---- */

/* The lines that are left come once, and the store has the new position at once. */
static void shrink(uint64_t size, const char *left, uint64_t settled, bool down)
{
	PUT("a.log", "one\ntwo\nthree\n");
	SEE("one two three ");
	if (down)
		rig_stop(rig);
	else
		rig_checkpoint(rig);
	cut("a.log", size);
	if (down)
		rig_start(rig);
	SEE(left);
	expect_counters(1);
	for (int i = 0; i < 2; i++) {
		/* Not even an orderly stop is needed. */
		rig_checkpoint(rig);
		rig_crash(rig);
		STORED(1, "a.log", settled);
		rig_start(rig);
		SEE("");
		expect_counters(1);
	}
	/* Above the size that it had before. */
	rig_stop(rig);
	PUT("a.log", "\nfour\nfive\nsix\n");
	rig_start(rig);
	rig_run(rig);
	cr_assert_str_eq(strstr(rig->lines, "four"), "four five six ");
	expect_counters(1);
	rig_restart(rig);
	SEE("");
	expect_counters(1);
}

/* Scenario A08 */
Test(positions, a_file_that_shrank_to_whole_lines_is_read_from_its_start_once)
{
	for (int down = 0; down <= 1; down++) {
		shrink(8, "one two ", 8, down);
		end();
		begin();
	}
}

/* Scenario A08 */
Test(positions, a_file_that_shrank_within_a_line_is_read_from_its_start_once)
{
	for (int down = 0; down <= 1; down++) {
		shrink(13, "one two ", 8, down);
		end();
		begin();
	}
}

/* Scenario A08 */
Test(positions, a_file_that_shrank_to_nothing_begins_at_0_once)
{
	for (int down = 0; down <= 1; down++) {
		shrink(0, "", 0, down);
		end();
		begin();
	}
}
