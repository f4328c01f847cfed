/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines that go to two topics, step by step: the property test is in test_pipeline.c. Topic 3 is
 * that of `also`.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/account.h"
#include "tests/support/world_doubles.h"

#define LINEAGE 1
#define ALSO 3

/* ---- what is settled of some branches ---- */

Test(branches, are_stored_by_their_ids)
{
	static const uint64_t ids[] = {7, 8, 9}, turned[] = {9, 7};
	struct branches branches = {.of = {RANGES_NULL}}, *loaded = NULL;
	struct slice bytes;

	cr_assert_eq(ranges_add(&branches.of[0], 10, 20), 0);
	cr_assert_eq(ranges_add(&branches.of[1], 10, 30), 0);
	cr_assert_eq(ranges_add(&branches.of[2], 5, 40), 0);
	cr_assert_eq(branches_encode(&branches, ids, 3, 8, 100, &bytes), 0);
	cr_assert_eq(branches_decode(bytes, turned, 2, 8, &loaded), 0);
	cr_expect(branches_settled(loaded, 10, 20) == 3);
	cr_expect(branches_settled(loaded, 8, 40) == 1);
	cr_expect(branches_settled(loaded, 10, 21) == 1);
	cr_expect(branches_border(loaded, 8) == 10 && branches_border(loaded, 10) == 20);
	cr_expect(branches_border(loaded, 20) == 40 && branches_border(loaded, 40) == UINT64_MAX);
	cr_expect_eq(branches_end(loaded), 40);
	loaded = branches_free(loaded);
	/* Of none that is left, nothing. */
	cr_assert_eq(branches_decode(bytes, (uint64_t[]){1}, 1, 8, &loaded), 0);
	cr_expect_null(loaded);
	bytes.len--;
	cr_expect_eq(branches_decode(bytes, ids, 3, 8, &loaded), -EBADMSG);
	free((char *)bytes.at);
	for (int i = 0; i < 3; i++)
		ranges_deinit(&branches.of[i]);
}

/* One event of two branches in each of many blocks, and what is settled of them. */
Test(branches, slots_of_an_event_lie_in_one_block)
{
	struct chunk_pools pools;
	struct account account;
	struct chunk *chunk;
	struct branches *branches;
	struct ranges ahead;

	cr_assert_eq(chunk_pools_init(&pools, 4 << 20), 0);
	account_init(&account, &pools, 0);
	account.n_branches = 3;
	chunk = account_new_chunk(&account, CHUNK_LARGE, 0);
	cr_assert_not_null(chunk);
	chunk->filled = 1000;
	for (uint32_t i = 0; i < 100; i++) {
		struct slot *event = account_add_branches(&account, chunk, 10, i % 8);

		cr_assert(slot_event(&event[2]) == event && slot_branch(&event[1]) == 1);
		cr_assert_eq((uintptr_t)event & ~(uintptr_t)511,
			     (uintptr_t)&event[2] & ~(uintptr_t)511);
		cr_assert_eq(slot_extent(event), 10);
		cr_assert_eq(branches_state(event), i % 8 == 7 ? BRANCHES_SETTLED : BRANCHES_WAIT);
	}
	cr_assert_eq(account_settled_ahead(&account, &ahead), 0);
	cr_expect(ahead.n == 12 && ahead.at[0].start == 70 && ahead.at[0].end == 80);
	ranges_deinit(&ahead);
	cr_assert_eq(account_settled_branches(&account, &branches), 0);
	for (uint32_t i = 0; i < 100; i++)
		cr_expect_eq(branches_settled(branches, i * 10, i * 10 + 10),
			     i % 8 == 7 ? 0 : i % 8, "%u", i);
	branches_free(branches);
	account_deinit(&account);
	chunk_pools_deinit(&pools);
}

/* It would have been taken for a part of the event, of which a branch is settled. */
Test(branches, what_was_settled_ahead_is_none_of_the_event_before_it)
{
	struct chunk_pools pools;
	struct account account;
	struct chunk *chunk;
	struct branches *branches;
	struct ranges ahead;

	cr_assert_eq(chunk_pools_init(&pools, 4 << 20), 0);
	account_init(&account, &pools, 0);
	account.n_branches = 2;
	chunk = account_new_chunk(&account, CHUNK_LARGE, 0);
	chunk->filled = 100;
	cr_assert_not_null(account_add_branches(&account, chunk, 10, 2));
	cr_assert(account_pass(&account, chunk, 5, SLOT_AHEAD));
	cr_assert(account_pass(&account, chunk, 5, SLOT_AHEAD));
	cr_assert_eq(account_settled_ahead(&account, &ahead), 0);
	cr_expect(ahead.n == 1 && ahead.at[0].start == 10 && ahead.at[0].end == 20);
	ranges_deinit(&ahead);
	cr_assert_eq(account_settled_branches(&account, &branches), 0);
	cr_expect(branches_settled(branches, 0, 10) == 2 && branches_end(branches) == 10);
	branches_free(branches);
	account_deinit(&account);
	chunk_pools_deinit(&pools);
}

/* ---- the way of a line ---- */

static void begin(struct world *world)
{
	here = world;
	world_init_also(world, 1);
	world_start(world, false);
}

static void expect_no_verdict(struct world *world)
{
	if (world->agent)
		world_judge(world);
	cr_expect(eq(str, world->judge.verdict, ""));
}

/* All must come to its end, each line once in each topic. */
static void end(struct world *world)
{
	world_settle_all(world, false);
	expect_no_verdict(world);
	world_deinit(world);
}

static void write_new(struct world *world, const char *text)
{
	logs_append(&world->logs, logs_create(&world->logs, LINEAGE), text, strlen(text));
}

static void read_all(struct world *world)
{
	world_take_hints(world, SIZE_MAX);
	while (!TAILQ_EMPTY(&world->agent->files.ready))
		world_turn(world);
	expect_no_verdict(world);
}

static void deliver(struct world *world, uint32_t topic)
{
	scripted_end_topic(&world->scripted, topic, REPORT_DELIVERED);
	world_take_reports(world);
	expect_no_verdict(world);
}

static const struct file *only(struct world *world)
{
	void *cursor = NULL;

	return map_next(world->agent->files.by_inode, &cursor);
}

/* The first line is at the one topic; the file waits with it, and with all that is behind it. */
Test(branches, one_topic_on_hold_holds_the_file)
{
	struct world world;
	struct counters *counters;

	begin(&world);
	counters = &world.agent->counters;
	scripted_hold_topic(&world.scripted, ALSO, true);
	write_new(&world, "L1 t1 k0 \nL2 t1 k0 \n");
	read_all(&world);
	cr_assert(eq(u32, world.scripted.in_flight, 1));
	deliver(&world, 1);
	cr_expect(counters->lines_read == 1 && counters->lines_delivered == 0);
	cr_expect(eq(u64, world.agent->counters.lines_waiting, 1));
	cr_expect(eq(u64, only(&world)->account.committed, 0));
	scripted_hold_topic(&world.scripted, ALSO, false);
	world_take_reports(&world);
	read_all(&world);
	/* The first line once more, and the second one twice. */
	cr_assert(eq(u32, world.scripted.in_flight, 3));
	deliver(&world, ALSO);
	cr_expect(eq(u64, only(&world)->account.committed, 10));
	cr_expect(eq(u64, counters->lines_delivered, 1));
	deliver(&world, 1);
	cr_expect(eq(u64, counters->lines_delivered, 2));
	end(&world);
}

/* What the other topic has acknowledged by then does not go there again. */
Test(branches, a_failure_of_one_topic_repeats_nothing_to_the_other)
{
	struct world world;

	begin(&world);
	write_new(&world, "L1 t1 k0 \nL2 t1 k0 \nL3 t1 k0 \n");
	read_all(&world);
	cr_assert(eq(u32, world.scripted.in_flight, 6));
	deliver(&world, 1);
	scripted_end_topic(&world.scripted, ALSO, REPORT_FAILED);
	world_take_reports(&world);
	expect_no_verdict(&world);
	world.now_us += 3 * US_PER_S;
	world.logs.now_us = world.now_us;
	world_tick(&world);
	read_all(&world);
	cr_assert(eq(u32, world.scripted.in_flight, 3));
	deliver(&world, ALSO);
	cr_expect(eq(u64, world.agent->counters.lines_delivered, 3));
	cr_expect(eq(u64, world.agent->counters.lines_late, 0));
	end(&world);
}

/* The state tells which topic has it. */
Test(branches, a_restart_repeats_nothing_to_either)
{
	struct world world;

	begin(&world);
	scripted_hold_topic(&world.scripted, ALSO, true);
	write_new(&world, "L1 t1 k0 \nL2 t1 k0 \n");
	read_all(&world);
	deliver(&world, 1);
	world_stop(&world);
	world_start(&world, false);
	read_all(&world);
	cr_expect(eq(u32, world.scripted.in_flight, 0));
	scripted_hold_topic(&world.scripted, ALSO, false);
	world_take_reports(&world);
	read_all(&world);
	cr_expect(eq(u32, world.scripted.in_flight, 3));
	end(&world);
}

/* Refused in both topics: two letters, each of its own, and one line. */
Test(branches, a_refused_line_is_a_dead_letter_of_each_topic_that_refused_it)
{
	struct world world;
	const struct letters *letters;

	begin(&world);
	letters = &world.agent->letters;
	write_new(&world, "L1 t1 k0 \nL2 t1 k0 HUGE\nL3 t1 k0 \n");
	read_all(&world);
	cr_assert(eq(sz, letters->n, 2));
	cr_expect(eq(str, (char *)letters->items[0].topic, "t1"));
	cr_expect(eq(str, (char *)letters->items[1].topic, "u3"));
	cr_expect(eq(u64, world.agent->counters.lines_dead, 1));
	cr_assert(eq(u32, world.scripted.in_flight, 4));
	end(&world);
}
