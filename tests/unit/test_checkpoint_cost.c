/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a checkpoint writes, counted in SQLite's own calls: the pages that go into the log of the
 * database, those of them that end a transaction, and the times that the disk is waited for; and
 * in ours of SQLite: the rows that it is given.
 */
#include "tests/support/calls.h"

#include <criterion/criterion.h>
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/follow_rig.h"

/* SQLite writes 24 bytes before each page; bytes 4 to 7 are 0 unless it ends a transaction. */
#define FRAME_HEADER 24

static struct {
	atomic_size_t pages, transactions, syncs, steps;
} counted;

/* Each query of ours is one step. */
int sqlite3_step(void *query);
int sqlite3_step(void *query)
{
	int (*step)(void *) = (int (*)(void *))dlsym(RTLD_NEXT, "sqlite3_step");

	counted.steps++;
	return step(query);
}

static bool before_call(const struct call *call)
{
	const unsigned char *bytes = call->bytes;

	if (call->kind == CALL_SYNC)
		counted.syncs++;
	if (call->kind != CALL_WRITE || call->len != FRAME_HEADER)
		return true;
	counted.pages++;
	counted.transactions += (bytes[4] | bytes[5] | bytes[6] | bytes[7]) != 0;
	return true;
}

static struct follow_rig *rig;

static void begin(void)
{
	rig = malloc(sizeof *rig);
	rig_begin(rig, "*.log");
}

static void end(void)
{
	rig_end(rig);
	free(rig);
}

TestSuite(checkpoint_cost, .init = begin, .fini = end, .timeout = 60);

/* A line that is as long as the first bytes by which a file is known: those do not grow then. */
static void append_to(size_t n_files)
{
	char name[32], line[1100];

	memset(line, 'x', sizeof line);
	strcpy(line + sizeof line - 2, "\n");
	for (size_t i = 0; i < n_files; i++) {
		snprintf(name, sizeof name, "%zu.log", i);
		rig_append(rig, name, line);
		if (i % 100 == 99)
			rig_run(rig);
	}
	rig_run(rig);
}

/* n_files are known, settled and stored. */
static void know(size_t n_files)
{
	rig_start(rig);
	append_to(n_files);
	rig_checkpoint(rig);
	cr_assert_eq(rig->checkpoint.n_files, n_files);
}

/* What one checkpoint costs now; its rows. */
static size_t checkpoint(void)
{
	counted.pages = counted.transactions = counted.syncs = counted.steps = 0;
	rig->checkpoint.n_files = 0;
	rig_checkpoint(rig);
	return rig->checkpoint.n_files;
}

/* Scenario B07 */
Test(checkpoint_cost, of_1000_files_only_the_one_that_moved_is_written)
{
	know(1000);
	append_to(1);
	cr_expect_eq(checkpoint(), 1);
	cr_expect_eq(counted.transactions, 1);
	cr_expect_eq(counted.syncs, 1);
	cr_expect_eq(counted.pages, 1, "of its position");
}

/* Scenario B07 */
Test(checkpoint_cost, a_thousand_files_that_moved_are_one_transaction_and_one_wait)
{
	know(1000);
	append_to(1000);
	cr_expect_eq(checkpoint(), 1000);
	cr_expect_eq(counted.transactions, 1);
	cr_expect_eq(counted.syncs, 1);
	cr_expect_leq(counted.pages, 1000 / 10);
	cr_expect_eq(counted.steps, 1000 + 2, "a position each, and the transaction");
}

/* Scenario B07 */
Test(checkpoint_cost, what_does_not_move_is_written_when_it_changes)
{
	know(3);
	rig_rename(rig, "0.log", "a.log");
	rig_run(rig);
	cr_expect_eq(checkpoint(), 1);
	cr_expect_eq(counted.steps, 2 + 2, "the file, its position, and the transaction");
}

/* Scenario B07 */
Test(checkpoint_cost, where_nothing_moved_nothing_is_written)
{
	know(1000);
	rig_run(rig);
	cr_expect_eq(checkpoint(), 0);
	cr_expect_eq(counted.pages, 0);
	cr_expect_eq(counted.syncs, 0);
}
