/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rates of sources and of files that are far behind, with the clock of the test: what the output
 * gets in so many seconds. Source a and source b have a file each, or a has two.
 */
#include "files/pace.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hints/hints.h"
#include "tests/support/world_doubles.h"

#define LINE_BYTES 128
#define KIB ((size_t)1024)
#define MIB (KIB * KIB)

static struct world world;
static ino_t inodes[2];
static size_t written[2], out[2]; /* bytes, by file */

static void begin(void)
{
	here = &world;
	world_init(&world, 1);
	world.memory = 4 * MIB;
	world.scripted.queue = UINT32_MAX;
	world_start(&world, false);
}

static const char *path_of(char source, size_t number)
{
	static char path[128];

	snprintf(path, sizeof path, "%s/%cx%zu.log", world.dir, source, number);
	return path;
}

/* File `number` is one of the source, and has so many bytes more. */
static void append(char source, size_t number, size_t bytes)
{
	const char *path = path_of(source, number);
	struct hint hint = {.kind = written[number] ? HINT_CHANGED : HINT_FOUND,
			    .source = source - 'a',
			    .path = path};
	static char lines[MIB];
	FILE *file = fopen(path, "ae");
	struct stat st;

	memset(lines, 'x', sizeof lines);
	for (size_t at = 0; at < sizeof lines; at += LINE_BYTES) {
		memcpy(lines + at, "L1 t0 k0 ", 9);
		lines[at + LINE_BYTES - 1] = '\n';
	}
	for (size_t left = bytes; left; left -= left < MIB ? left : MIB)
		cr_assert_eq(fwrite(lines, left < MIB ? left : MIB, 1, file), 1);
	cr_assert_eq(fflush(file), 0);
	cr_assert_eq(fstat(fileno(file), &st), 0);
	fclose(file);
	inodes[number] = st.st_ino;
	written[number] += bytes;
	cr_assert_eq(
		hints_follow(&world.agent->files, world.agent->discover, &hint, clock_real_ms()),
		0);
}

static void take_notes(void)
{
	for (size_t i = 0; i < world.scripted.n_notes; i++) {
		const struct scripted_note *note = &world.scripted.notes[i];

		if (note->what == SCRIPTED_SUBMITTED)
			out[note->inode == inodes[1]] += LINE_BYTES;
	}
	scripted_forget(&world.scripted);
}

/* So many seconds with an output that takes all, as the loop would have them. */
static void pass(unsigned seconds)
{
	uint64_t end_us = clock_mono_us() + seconds * US_PER_S;
	struct files *files = &world.agent->files;

	while (clock_mono_us() < end_us) {
		uint64_t at_us = pace_release(files, clock_mono_us());

		if (!TAILQ_EMPTY(&files->ready)) {
			world_turn(&world);
			scripted_drain(&world.scripted);
			world_take_reports(&world);
			take_notes();
		} else if (at_us < world.now_us + 50 * US_PER_MS) {
			world.now_us = at_us;
		} else {
			world.now_us += 50 * US_PER_MS;
		}
	}
}

static void end(void)
{
	const struct counters *counters = &world.agent->counters;

	cr_expect_eq(counters->lines_read * LINE_BYTES, out[0] + out[1]);
	cr_expect_eq(counters->lines_read, counters->lines_delivered);
	cr_expect_eq(counters->lines_filtered + counters->lines_dead, 0);
	world_kill(&world, false);
	for (size_t i = 0; i < 2; i++) {
		unlink(path_of('a', i));
		unlink(path_of('b', i));
	}
	world_deinit(&world);
}

TestSuite(pace, .timeout = 60);

/* The first second's worth comes at once; a turn more or less makes no difference. */
static void expect_rate(size_t bytes, size_t per_second, size_t seconds)
{
	cr_expect_leq(bytes, (seconds + 1) * per_second + 64 * KIB, "%zu", bytes);
	cr_expect_geq(bytes, seconds * per_second - 64 * KIB, "%zu", bytes);
}

Test(pace, a_source_has_its_rate_and_holds_up_no_other)
{
	begin();
	world.agent->files.shares[0].rate.per_second = 256 * KIB;
	append('a', 0, 16 * MIB);
	append('b', 1, 16 * MIB);
	pass(20);
	expect_rate(out[0], 256 * KIB, 20);
	cr_expect_eq(out[1], 16 * MIB);
	cr_expect_gt(pace_waited_us(&world.agent->files, 0, world.now_us), 15 * US_PER_S);
	cr_expect_eq(pace_waited_us(&world.agent->files, 1, world.now_us), 0);
	pass(60);
	cr_expect_eq(out[0], 16 * MIB);
	cr_expect_not(pace_waits(&world.agent->files));
	end();
}

/* Both have the half of it: who comes first does not take all. */
Test(pace, the_rate_of_all_is_shared)
{
	begin();
	pace_init(&world.agent->files, 512 * KIB, 0);
	append('a', 0, 16 * MIB);
	append('b', 1, 16 * MIB);
	pass(20);
	expect_rate(out[0] + out[1], 512 * KIB, 20);
	cr_expect_leq(out[0], out[1] + out[1] / 4, "%zu, %zu", out[0], out[1]);
	cr_expect_leq(out[1], out[0] + out[0] / 4, "%zu, %zu", out[0], out[1]);
	end();
}

/* A rate far below a line: it is shipped whole, and then paid for. */
Test(pace, a_line_above_the_rate_is_whole)
{
	begin();
	world.agent->files.shares[0].rate.per_second = LINE_BYTES / 4;
	append('a', 0, 100 * LINE_BYTES);
	pass(40);
	cr_expect_leq(out[0], 12 * LINE_BYTES, "%zu", out[0]);
	cr_expect_geq(out[0], 9 * LINE_BYTES, "%zu", out[0]);
	end();
}

/* One that is far behind has its rate until it is near; another of its source goes as always. */
Test(pace, a_file_far_behind_catches_up_slowly)
{
	begin();
	pace_init(&world.agent->files, 0, 256 * KIB);
	append('a', 0, PACE_BEHIND + 6 * MIB);
	for (unsigned i = 0; i < 10; i++) {
		append('a', 1, MIB);
		pass(1);
		cr_expect_eq(out[1], (i + 1) * MIB);
	}
	expect_rate(out[0], 256 * KIB, 10);
	cr_expect(pace_waits(&world.agent->files));
	/* 24 s for 6 MiB; from there on there is no limit. */
	pass(17);
	cr_expect_eq(out[0], written[0]);
	end();
}

/* Lines are counted, not bytes: a second's worth at once, and none too much in a turn. */
Test(pace, a_rate_of_lines)
{
	begin();
	pace_init(&world.agent->files, RATE_LINES | 1000, 0);
	append('a', 0, 16 * MIB);
	append('b', 1, 16 * MIB);
	pass(20);
	cr_expect_leq(out[0] + out[1], 21 * 1000 * LINE_BYTES, "%zu", out[0] + out[1]);
	cr_expect_geq(out[0] + out[1], 20 * 1000 * LINE_BYTES, "%zu", out[0] + out[1]);
	cr_expect_leq(out[0], out[1] + out[1] / 4, "%zu, %zu", out[0], out[1]);
	cr_expect_leq(out[1], out[0] + out[0] / 4, "%zu, %zu", out[0], out[1]);
	end();
}

/* Both may be limited, each by what it counts. */
Test(pace, lines_of_a_source_and_bytes_of_all)
{
	begin();
	rate_set(&world.agent->files.shares[0].rate, RATE_LINES | 100);
	rate_set(&world.agent->files.rate, 256 * KIB);
	append('a', 0, 16 * MIB);
	append('b', 1, 16 * MIB);
	pass(20);
	expect_rate(out[0] + out[1], 256 * KIB, 20);
	cr_expect_leq(out[0], 21 * 100 * LINE_BYTES, "%zu", out[0]);
	cr_expect_geq(out[0], 19 * 100 * LINE_BYTES, "%zu", out[0]);
	end();
}

/* The files of a source take turns at its rate: none waits for the end of another. */
Test(pace, files_of_a_source_share_its_rate)
{
	begin();
	rate_set(&world.agent->files.shares[0].rate, 256 * KIB);
	append('a', 0, 16 * MIB);
	append('a', 1, 16 * MIB);
	pass(20);
	expect_rate(out[0] + out[1], 256 * KIB, 20);
	cr_expect_leq(out[0], out[1] + out[1] / 4, "%zu, %zu", out[0], out[1]);
	cr_expect_leq(out[1], out[0] + out[0] / 4, "%zu, %zu", out[0], out[1]);
	end();
}
