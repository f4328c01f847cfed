/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inotify has no room for us: what the agent says, and that it looks itself. Its time passes as the
 * test says, so "every second" is counted in ticks.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <unistd.h>

#include "tests/support/world_doubles.h"

/* ---- the kernel's limits, by doubles that the linker prefers to the C library's ---- */

static bool no_watch, no_instance;

int inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	errno = ENOSPC;
	return no_watch ? -1 : (int)syscall(SYS_inotify_add_watch, fd, path, mask);
}

int inotify_init1(int flags)
{
	errno = EMFILE;
	return no_instance ? -1 : (int)syscall(SYS_inotify_init1, flags);
}

/* ---- an agent whose messages are read ---- */

static struct world world;
static FILE *said;

static void begin(void)
{
	here = &world;
	world_init(&world, 1);
	world_start(&world, false);
	said = tmpfile();
	cr_assert_not_null(said);
	cr_assert_geq(dup2(fileno(said), STDERR_FILENO), 0);
	world.agent->log = log_new(LOG_INFO, LOG_FORMAT_TEXT);
	world.agent->looked_us = world.now_us;
	world.agent->look_at_us = world.now_us + AGENT_LOOK_US;
}

static size_t times_said(const char *words)
{
	static char text[1 << 16];
	size_t n = 0, len = (size_t)pread(fileno(said), text, sizeof text - 1, 0);

	text[len] = '\0';
	for (const char *at = text; (at = strstr(at, words)); at += strlen(words))
		n++;
	return n;
}

static void end(void)
{
	world.agent->log = log_free(world.agent->log);
	fclose(said);
	world_settle_all(&world, false);
	cr_expect_str_eq(world.judge.verdict, "");
	world_deinit(&world);
}

TestSuite(watch_limits, .timeout = 60);

/* A tick of the loop after so much time, and what files have to say then: lines that went out. */
static uint64_t lines_after(uint64_t us)
{
	uint64_t before = world.agent->counters.lines_read;

	world.now_us += us;
	agent_tick_looks(world.agent, world.now_us);
	while (!TAILQ_EMPTY(&world.agent->files.ready))
		world_turn(&world);
	world_judge(&world);
	return world.agent->counters.lines_read - before;
}

/* Nobody is told of the file: hints that its writer would give are thrown away. */
static void write_unseen(const char *text)
{
	struct log_file *log = logs_current(&world.logs, 1);

	if (!log)
		log = logs_create(&world.logs, 1);
	logs_append(&world.logs, log, text, strlen(text));
	world.logs.n_hints = 0;
}

static void expect_polling(const char *setting)
{
	write_unseen("L1 t0 k0 \n");
	cr_expect_eq(lines_after(100 * US_PER_MS), 0);
	cr_expect_eq(times_said(setting), 1);
	cr_expect_eq(times_said("are polled every second"), 1);
	cr_expect_eq(lines_after(US_PER_S), 1);
	write_unseen("L2 t0 k0 \nL3 t0 k0 \n");
	cr_expect_eq(lines_after(500 * US_PER_MS), 0);
	cr_expect_eq(lines_after(600 * US_PER_MS), 2);
}

/* Scenario D02 */
Test(watch_limits, without_a_watch_it_polls_and_names_the_setting)
{
	no_watch = true;
	begin();
	expect_polling("raise fs.inotify.max_user_watches;");
	end();
}

/* Scenario D02 */
Test(watch_limits, without_an_instance_it_polls_and_names_the_setting)
{
	no_instance = true;
	begin();
	expect_polling("raise fs.inotify.max_user_instances;");
	end();
}

/* Scenario D02. Nothing is said, and nothing polled, where there is room. */
Test(watch_limits, with_room_nothing_is_polled)
{
	begin();
	write_unseen("L1 t0 k0 \n");
	cr_expect_eq(lines_after(100 * US_PER_MS), 1);
	cr_expect_eq(times_said("inotify"), 0);
	cr_expect_geq(world.agent->look_at_us, world.now_us + 20 * US_PER_S);
	end();
}
