/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stays in memory, besides the budget of chunks: a known file, and nothing of the generations
 * and lines that are behind. The numbers are those of waybill(8), MEMORY.
 */
#include <criterion/criterion.h>
#include <malloc.h>
#include <stdlib.h>

#include "follow/claims.h"
#include "tests/support/follow_rig.h"

/* With a path of some 30 bytes, which it has twice, and its share of the tables. */
#define FILE_BYTES 2048

static struct follow_rig *rig;

static void begin(void)
{
	rig = malloc(sizeof *rig);
	rig_begin(rig, "*.log");
	rig_start(rig);
	rig->quiet = true;
}

static void end(void)
{
	rig_end(rig);
	free(rig);
}

TestSuite(memory, .init = begin, .fini = end, .timeout = 120);

static size_t in_use(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static void make_files(size_t from, size_t to)
{
	char name[32];

	for (size_t i = from; i < to; i++) {
		snprintf(name, sizeof name, "%zu.log", i);
		rig_append(rig, name, "x\n");
	}
	rig_run(rig);
	rig_checkpoint(rig);
}

/* Scenario D08 */
Test(memory, a_known_file_costs_what_the_manual_says)
{
	size_t before;

	make_files(0, 1000);
	before = in_use();
	make_files(1000, 3000);
	chunk_pools_trim(&rig->pools);
	cr_expect_eq(rig->pools.budget.used, 0, "what is settled has no chunk");
	cr_expect_leq(in_use() - before, (size_t)2000 * FILE_BYTES, "%zu",
		      (in_use() - before) / 2000);
}

/* What is kept of a file, beside its bytes, while its copy is looked for. */
#define CLAIM_BYTES 2048

/*
 * Scenario D08. Whoever truncates his thousands of files all at once took a quarter of a mebibyte
 * for each, up to the unit's MemoryMax and beyond.
 */
Test(memory, many_files_that_are_truncated_at_once)
{
	void *cursor = NULL;
	struct file *file;
	size_t before;

	make_files(0, 1000);
	before = in_use();
	while ((file = map_next(rig->files.by_inode, &cursor)))
		cr_assert_eq(claims_begin(&rig->files, file), 0);
	cr_expect_leq(in_use() - before, (size_t)1000 * CLAIM_BYTES, "%zu",
		      (in_use() - before) / 1000);
	claims_deinit(&rig->files);
	cr_expect_eq(rig->files.claim_bytes, 0);
}

/* Scenario D08. The same of last lines without their end, in files that are deleted at once. */
Test(memory, what_is_behind_the_last_line_of_deleted_files_is_bounded)
{
	char half[32 << 10], name[32];

	rig->sources[0].rules.max_line = sizeof half;
	memset(half, 'x', sizeof half - 1);
	half[sizeof half - 1] = '\0';
	for (int i = 0; i < 400; i++) {
		snprintf(name, sizeof name, "%d.log", i);
		rig_append(rig, name, "a line\n");
		rig_append(rig, name, half);
	}
	rig_run(rig);
	for (int i = 0; i < 400; i++) {
		struct file *file;

		snprintf(name, sizeof name, "%d.log", i);
		file = rig_file(rig, name);
		rig_remove(rig, name);
		file->left_path = true;
		cr_assert_eq(claims_begin_nameless(&rig->files, file), CLAIMS_E_BEGUN, "%d", i);
	}
	cr_expect_gt(rig->files.claim_bytes, (size_t)7 << 20);
	cr_expect_leq(rig->files.claim_bytes, (size_t)9 << 20);
	claims_deinit(&rig->files);
}

static void rotate(void)
{
	rig_append(rig, "a.log", "one\n");
	rig_run(rig);
	rig_rename(rig, "a.log", "a.log.1");
	rig_append(rig, "a.log", "two\n");
	rig_run(rig);
	rig_remove(rig, "a.log.1");
	rig_run(rig);
	rig_checkpoint(rig);
}

/* Scenario D08. Behind a thousand rotations lies as much as behind a hundred. */
Test(memory, rotations_leave_nothing_behind)
{
	size_t before;

	for (int i = 0; i < 100; i++)
		rotate();
	before = in_use();
	for (int i = 0; i < 900; i++)
		rotate();
	chunk_pools_trim(&rig->pools);
	cr_expect_eq(rig->pools.budget.used, 0);
	cr_expect_leq(in_use(), before + 8192, "%zu and %zu", before, in_use());
	cr_expect_leq(rig->files.n_open, 2);
	cr_expect_eq(rig->files.n_removed, 0);
}
