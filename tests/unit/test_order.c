/* SPDX-License-Identifier: Apache-2.0 */
/* What is ordered and cannot be carried out is not said to be: the file whose position is to be set
 * goes away, or becomes another one, while its records are in flight. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hints/hints.h"
#include "tests/support/world_doubles.h"

#define LINES 100

static struct world world;
static char path[128];
static struct file *file;

/* A file of which all is in flight, and an order to read it from its start. */
static void begin(void)
{
	struct hint hint = {.kind = HINT_FOUND, .path = path};
	FILE *to;

	here = &world;
	world_init(&world, 1);
	world.memory = 4 << 20;
	world.scripted.queue = UINT32_MAX;
	world_start(&world, false);
	snprintf(path, sizeof path, "%s/ax0.log", world.dir);
	to = fopen(path, "we");
	for (unsigned i = 0; i < LINES; i++)
		fprintf(to, "L%u t0 k0 x\n", i + 1);
	fclose(to);
	cr_assert_eq(
		hints_follow(&world.agent->files, world.agent->discover, &hint, clock_real_ms()),
		0);
	world_turn(&world);
	file = map_get(world.agent->files.by_path, path, strlen(path));
	cr_assert(file);
	cr_assert_eq(file->account.in_flight, LINES, "%u", file->account.in_flight);
	world.agent->order.state = ORDER_GIVEN;
	world.agent->order.request.kind = REQUEST_SET;
	strcpy(world.agent->order.request.about, path);
	agent_step_order(world.agent, clock_mono_us());
	cr_assert_eq(world.agent->order.state, ORDER_RUNNING);
	cr_assert_eq(file->state, FILE_DRAINING);
}

static void end(void)
{
	scripted_drain(&world.scripted);
	world_take_reports(&world);
	scripted_forget(&world.scripted);
	world_kill(&world, false);
	unlink(path);
	world_deinit(&world);
}

TestSuite(order, .init = begin, .fini = end, .timeout = 30);

static void reports(void)
{
	scripted_drain(&world.scripted);
	world_take_reports(&world);
	scripted_forget(&world.scripted);
	agent_step_order(world.agent, clock_mono_us());
}

static void expect_end(enum order_state state, const char *words)
{
	for (unsigned i = 0; i < 3 && world.agent->order.state == ORDER_RUNNING; i++) {
		if (world.agent->checkpoint.under_way)
			world_end_batch(&world, true);
		agent_finish_checkpoint(world.agent, 0);
		agent_step_order(world.agent, clock_mono_us());
	}
	cr_expect_eq(world.agent->order.state, state);
	cr_expect(strstr(world.agent->order.words, words), "%s", world.agent->order.words);
	cr_expect_eq(world.agent->order.done, state == ORDER_DONE);
}

/* Scenario G02 */
Test(order, is_carried_out_when_the_position_is_stored)
{
	reports();
	cr_expect_eq(file->account.committed, 0);
	cr_expect_eq(world.agent->counters.positions_set, 1);
	cr_expect_eq(world.agent->order.state, ORDER_RUNNING);
	expect_end(ORDER_DONE, "from position 0 to 0");
}

/* Scenario G02 */
Test(order, of_a_file_that_is_gone_has_failed)
{
	scripted_drain(&world.scripted);
	world_take_reports(&world);
	scripted_forget(&world.scripted);
	files_remove(&world.agent->files, file, true);
	agent_step_order(world.agent, clock_mono_us());
	expect_end(ORDER_FAILED, "it was deleted meanwhile");
}

/* Scenario G02 */
Test(order, of_other_content_has_failed)
{
	file->rewritten = true;
	reports();
	expect_end(ORDER_FAILED, "it was rewritten meanwhile");
}
