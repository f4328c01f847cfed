/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The demo's own judgement: it must be able to say that lines were lost, repeated or out of order,
 * for in a demo that goes well nobody would see that it cannot.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/demo/tally.h"

#define NOW_MS 1763740800123

static struct demo_tally new_tally(void)
{
	struct demo_tally tally;

	cr_assert(zero(int, demo_tally_init(&tally)));
	return tally;
}

static void write_lines(struct demo_tally *tally, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		char text[SAMPLE_LINE_MAX];
		size_t len = sample_line(text, i, NOW_MS);

		demo_tally_written(tally, (struct slice){text, len},
				   (struct demo_place){0, i * 100});
	}
}

/* The record of a line, under a key of our choice; NULL: none. */
static void arrive(struct demo_tally *tally, unsigned number, const char *key, int32_t partition)
{
	char text[SAMPLE_LINE_MAX];
	size_t len = sample_line(text, number, NOW_MS);

	demo_tally_arrived(tally, slice_of(key), (struct slice){text, len - 1}, partition,
			   1000 + number);
}

Test(demo, the_lines_of_the_sample_say_who_they_are)
{
	unsigned number, keyless = 0;

	for (unsigned i = 0; i < SAMPLE_LINES_MAX; i++) {
		char text[SAMPLE_LINE_MAX];
		struct slice line = {text, sample_line(text, i, NOW_MS)};

		cr_assert(line.len > 1 && line.len < SAMPLE_LINE_MAX);
		cr_assert(eq(chr, text[line.len - 1], '\n'));
		cr_assert(sample_number(line, &number));
		cr_assert(eq(uint, number, i));
		keyless += !memmem(line.at, line.len, " order=A-", 9);
	}
	cr_expect(eq(uint, keyless, SAMPLE_LINES_MAX / 10));
}

Test(demo, what_has_no_number_has_none)
{
	static const char *const texts[] = {"",           "seq=1",     " seq=",
					    " seq=x",     " seq=-1",   " seq=99999999999999999999",
					    " seq=60000", " se=1 sq=2"};
	unsigned number = 7;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		cr_expect(not(sample_number(slice_of(texts[i]), &number)), "%s", texts[i]);
	cr_expect(not(sample_number(SLICE_NONE, &number)));
	cr_expect(eq(uint, number, 7));
	cr_expect(sample_number(slice_of(" seq=59999"), &number));
	cr_expect(eq(uint, number, 59999));
	cr_expect(sample_order(slice_of("A-1001"), &number));
	cr_expect(eq(uint, number, 0));
	cr_expect(not(sample_order(slice_of("A-1000"), &number)));
	cr_expect(not(sample_order(SLICE_NONE, &number)));
}

Test(demo, lost_lines_are_found)
{
	struct demo_tally tally = new_tally();
	unsigned at = 0, end;

	write_lines(&tally, 0, 10);
	for (unsigned i = 0; i < 9; i++) {
		if (i != 3 && i != 4)
			arrive(&tally, i, NULL, 0);
	}
	cr_expect(eq(u64, tally.written, 10));
	cr_expect(eq(u64, tally.seen, 7));
	cr_expect(eq(u64, demo_tally_lost(&tally), 3));
	cr_expect(eq(uint, tally.whole, 3));
	cr_assert(demo_tally_next_lost(&tally, &at, &end));
	cr_expect(at == 3 && end == 5);
	cr_expect(eq(u64, tally.lines[at].place.position, 300));
	at = end;
	cr_assert(demo_tally_next_lost(&tally, &at, &end));
	cr_expect(at == 9 && end == 10);
	at = end;
	cr_expect(not(demo_tally_next_lost(&tally, &at, &end)));
	demo_tally_deinit(&tally);
}

Test(demo, repeated_lines_are_found_and_are_not_out_of_order)
{
	struct demo_tally tally = new_tally();
	unsigned at = 0, end;

	write_lines(&tally, 0, 6);
	for (unsigned i = 0; i < 5; i++)
		arrive(&tally, i, "A-1001", 1);
	for (unsigned i = 2; i < 6; i++)
		arrive(&tally, i, "A-1001", 1);
	cr_expect(eq(u64, tally.repeated, 3));
	cr_expect(eq(u64, tally.seen, 6));
	cr_expect(eq(u64, tally.late, 0));
	cr_expect(eq(u64, demo_tally_lost(&tally), 0));
	cr_assert(demo_tally_next_repeated(&tally, &at, &end));
	cr_expect(at == 2 && end == 5);
	cr_expect(eq(i64, tally.lines[2].offset, 1002));
	demo_tally_deinit(&tally);
}

Test(demo, order_is_judged_by_key)
{
	struct demo_tally tally = new_tally();

	arrive(&tally, 0, "A-1001", 1);
	arrive(&tally, 9, "A-1002", 2);
	arrive(&tally, 5, "A-1001", 1); /* after 9, of another key */
	arrive(&tally, 8, NULL, 0);
	arrive(&tally, 7, NULL, 0); /* no key, no order */
	cr_expect(eq(u64, tally.late, 0));
	arrive(&tally, 4, "A-1001", 1);
	cr_expect(eq(u64, tally.late, 1));
	cr_expect(eq(uint, tally.first_late, 4));
	arrive(&tally, 10, "A-1002", 0); /* another partition: nobody keeps their order */
	cr_expect(eq(u64, tally.late, 2));
	cr_expect(eq(u64, tally.n_keys, 2));
	demo_tally_deinit(&tally);
}

Test(demo, a_record_of_no_line_is_told)
{
	struct demo_tally tally = new_tally();

	demo_tally_arrived(&tally, SLICE_NONE, slice_of("hello"), 0, 0);
	cr_expect(eq(u64, tally.strange, 1));
	cr_expect(eq(u64, tally.seen, 0));
	demo_tally_deinit(&tally);
}

static void write_file(const char *path, unsigned from, unsigned to)
{
	FILE *file = fopen(path, "w");
	char text[SAMPLE_LINE_MAX];

	cr_assert(file != NULL);
	for (unsigned i = from; i < to; i++)
		cr_assert(fwrite(text, sample_line(text, i, NOW_MS), 1, file) == 1);
	fclose(file);
}

Test(demo, all_generations_are_read)
{
	struct demo_tally tally = new_tally();
	char dir[] = "/tmp/test-demo-XXXXXX", path[64], older[80];
	unsigned files = 0;

	cr_assert(mkdtemp(dir) != NULL);
	snprintf(path, sizeof path, "%s/log", dir);
	snprintf(older, sizeof older, "%s.1", path);
	write_file(older, 0, 3);
	write_file(path, 3, 5);
	cr_expect(zero(int, demo_tally_read(&tally, path, &files)));
	cr_expect(eq(uint, files, 2));
	cr_expect(eq(u64, tally.written, 5));
	cr_expect(eq(uint, tally.lines[2].place.generation, 1));
	cr_expect(tally.lines[2].place.position > tally.lines[1].place.position);
	cr_expect(eq(u64, tally.lines[3].place.position, 0));
	unlink(older);
	unlink(path);
	rmdir(dir);
	demo_tally_deinit(&tally);
}
