/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hints and looks of the loop, with a discover that never runs out of hints: what is asked of it
 * must come to an end all the same.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent_private.h"
#include "base/clock.h"
#include "hints/hints.h"
#include "tests/support/said.h"

/* ---- the doubles, in the place of base/clock.c and input/discover*.c ---- */

static uint64_t now_us, hint_costs_us;
static size_t names_left;   /* of the scan under way */
static size_t names_a_scan; /* each scan finds so many */
static size_t hints_given, scans_begun;
static bool lost, lost_in_each_scan;
static struct discover_trouble trouble;

uint64_t clock_mono_us(void)
{
	return now_us;
}

uint64_t clock_mono_ns(void)
{
	return now_us * 1000;
}

/* What it costs is what the test says that it takes. */
uint64_t clock_cpu_us(void)
{
	return clock_mono_us();
}

int64_t clock_real_ms(void)
{
	return (int64_t)(now_us / US_PER_MS);
}

int discover_scan(struct discover *discover)
{
	(void)discover;
	names_left = names_a_scan;
	scans_begun++;
	lost = false;
	return 0;
}

/* The writer never rests: there is always one more. */
int discover_next(struct discover *discover, struct hint *ret_hint)
{
	(void)discover;
	now_us += hint_costs_us;
	hints_given++;
	cr_assert_lt(hints_given, 1000000, "nobody stops");
	*ret_hint = (struct hint){.kind = HINT_CHANGED, .source = -1, .path = "/nobody/knows.log"};
	if (!names_left)
		return 0;
	*ret_hint = (struct hint){.kind = HINT_FOUND, .path = "/not/there.log"};
	if (--names_left == 0)
		lost |= lost_in_each_scan;
	return 0;
}

bool discover_is_scanning(const struct discover *discover)
{
	(void)discover;
	return names_left > 0;
}

bool discover_lost_hints(const struct discover *discover)
{
	(void)discover;
	return lost;
}

void discover_trouble(struct discover *discover, struct discover_trouble *ret_trouble)
{
	(void)discover;
	*ret_trouble = trouble;
}

struct quota *discover_quota(struct discover *discover)
{
	static struct quota none;

	(void)discover;
	return &none;
}

static int refused_left;

const char *discover_next_denied(struct discover *discover, int *ret_source, int *ret_error)
{
	(void)discover, (void)ret_source, (void)ret_error;
	return NULL;
}

const char *discover_next_refused(struct discover *discover, int *ret_source)
{
	static char path[32];

	(void)discover;
	*ret_source = 0;
	if (!refused_left)
		return NULL;
	snprintf(path, sizeof path, "/logs/link%d", refused_left--);
	return path;
}

int discover_follow(struct discover *discover, const char *path)
{
	(void)discover, (void)path;
	return 0;
}

bool discover_shuns(const struct discover *discover, const char *path)
{
	(void)discover, (void)path;
	return false;
}

int discover_wants(const struct discover *discover, const char *path)
{
	(void)discover, (void)path;
	return -1;
}

bool discover_excludes(const struct discover *discover, int source, const char *path)
{
	(void)discover, (void)source, (void)path;
	return false;
}

bool discover_names(const struct discover *discover, const char *dir)
{
	(void)discover, (void)dir;
	return false;
}

void discover_set_links(struct discover *discover, int source, enum reach_links links)
{
	(void)discover, (void)source, (void)links;
}

int discover_follow_link(struct discover *discover, const char *path)
{
	(void)discover, (void)path;
	return 0;
}

int discover_list(char *const *patterns, int (*see)(void *context, const char *path), void *context)
{
	(void)patterns, (void)see, (void)context;
	return 0;
}

/* Nobody calls these here, but they must not come from the library either. */
int discover_new(struct discover **ret_discover)
{
	(void)ret_discover;
	return -ENOSYS;
}

struct discover *discover_free(struct discover *discover)
{
	(void)discover;
	return NULL;
}

int discover_add(struct discover *discover, int source, char *const *paths, char *const *exclude,
		 char *ret_message, size_t len)
{
	(void)discover, (void)source, (void)paths, (void)exclude, (void)ret_message, (void)len;
	return -ENOSYS;
}

int discover_shun(struct discover *discover, const char *dir)
{
	(void)discover, (void)dir;
	return -ENOSYS;
}

int discover_fd(const struct discover *discover)
{
	(void)discover;
	return -1;
}

/* ---- the agent ---- */

static struct agent *agent;
static struct source source = {.name = "log", .rules = {.max_line = 1000}};

static void begin(void)
{
	agent = calloc(1, sizeof *agent);
	cr_assert_eq(chunk_pools_init(&agent->pools, 1 << 20), 0);
	cr_assert_eq(files_init(&agent->files, &source, 1, &agent->pools, &agent->counters, NULL,
				NULL, 0),
		     0);
	now_us = 100 * US_PER_S;
	agent->look_at_us = now_us + AGENT_LOOK_US;
	names_a_scan = 1000;
	hint_costs_us = 10;
}

static void end(void)
{
	files_deinit(&agent->files);
	chunk_pools_deinit(&agent->pools);
	free(agent);
}

TestSuite(look, .init = begin, .fini = end, .timeout = 60);

/* Scenario D01: it never did, and grew by what each further scan found. */
Test(look, the_first_scan_ends_although_hints_keep_coming)
{
	lost_in_each_scan = true;
	cr_expect_eq(hints_first_scan(&agent->files, agent->discover, clock_real_ms()), 0);
	cr_expect_eq(hints_given, names_a_scan);
	cr_expect_eq(scans_begun, 1);
}

Test(look, hints_are_taken_in_pieces)
{
	cr_expect(agent_take_hints(agent), "more wait");
	cr_expect_eq(hints_given, AGENT_HINTS_AT_ONCE);
	cr_expect_eq(agent->error, 0);
}

/* Of a directory that is renamed all the time each takes the kernel milliseconds. */
Test(look, a_piece_of_hints_that_take_long_is_small)
{
	hint_costs_us = US_PER_MS;
	cr_expect(agent_take_hints(agent), "more wait");
	cr_expect_eq(hints_given, 5, "%zu", hints_given);
}

Test(look, a_tick_takes_hints_for_a_short_while)
{
	uint64_t began_us = now_us;

	/* There is no source of hints on the loop: the tick must take them. */
	agent_tick_looks(agent, now_us);
	cr_expect_gt(hints_given, AGENT_HINTS_AT_ONCE);
	cr_expect_lt(now_us - began_us, 100 * US_PER_MS);
}

/* How many looks there are in so long, with half a millisecond between two pieces of hints. */
static size_t looks_in(uint64_t us)
{
	size_t before = scans_begun;

	for (uint64_t end_us = now_us + us; now_us < end_us; now_us += US_PER_MS / 2) {
		agent_take_hints(agent);
		agent_look(agent, now_us);
	}
	return scans_begun - before;
}

/* Scenario D01 */
Test(look, hints_lost_during_a_look_are_one_look_more)
{
	lost = true;
	cr_expect_eq(looks_in(US_PER_S / 2), 1);
	cr_expect_not(agent->looking);
	lost = true;
	cr_expect_eq(looks_in(5 * US_PER_S), 1);
	cr_expect_eq(looks_in(5 * US_PER_S), 0);
}

/* Scenario D01: overflow, look, overflow, look ... leaves the loop to others most of the time. */
Test(look, looks_that_lose_hints_have_a_fifth_of_the_time)
{
	lost = lost_in_each_scan = true;
	names_a_scan = 20 * AGENT_HINTS_AT_ONCE;
	hint_costs_us = 400;
	/* 2 s of hints in pieces: 2.2 s a look. */
	cr_expect_leq(looks_in(60 * US_PER_S), 6);
	cr_expect_geq(scans_begun, 4, "what was lost is looked for");
}

Test(look, without_watches_there_is_a_look_each_second)
{
	trouble.unwatched = 1;
	for (int tick = 0; tick < 10; tick++) {
		agent_tick_looks(agent, now_us);
		now_us += US_PER_S;
	}
	cr_expect_geq(scans_begun, 9);
}

/* 210,000 directories, of which many had no watch, took 72 % of a core. */
Test(look, looks_that_take_long_have_a_twentieth_of_the_time)
{
	trouble.unwatched = 1;
	names_a_scan = 10 * AGENT_HINTS_AT_ONCE;
	hint_costs_us = 400;
	/* 1 s a look. */
	for (int tick = 0; tick < 200; tick++) {
		agent_tick_looks(agent, now_us);
		looks_in(US_PER_S);
	}
	cr_expect_leq(scans_begun, 12, "%zu", scans_begun);
	cr_expect_geq(scans_begun, 6, "%zu", scans_begun);
}

static void begin_two(void)
{
	static struct source two[2];

	files_deinit(&agent->files);
	two[0] = two[1] = source;
	cr_assert_eq(
		files_init(&agent->files, two, 2, &agent->pools, &agent->counters, NULL, NULL, 0),
		0);
}

/* New files of another source lay behind hints that came faster than they were followed. */
Test(look, a_look_is_due_when_hints_were_behind_for_a_second)
{
	begin_two();
	hint_costs_us = 400;
	cr_expect_eq(looks_in(US_PER_S), 0);
	cr_expect_geq(looks_in(US_PER_S), 1);
	cr_expect_leq(looks_in(10 * US_PER_S), 10);
	cr_expect_geq(scans_begun, 5, "%zu", scans_begun);
}

/*
 * A source's writers never rest, and what another one wrote is not told: it is found within 50 ms,
 * by no more than 64 questions for each of the sources each 25 ms.
 */
Test(look, a_file_that_grew_is_found_while_hints_are_behind)
{
	struct identity identity;
	struct file *file;
	uint64_t began_us;
	int fd = memfd_create("log", MFD_CLOEXEC);

	begin_two();
	cr_assert_eq(identity_of(fd, &identity), 0);
	cr_assert_eq(file_new(1, &agent->files.sources[1], "/b.log", "/b.log", &identity, 0,
			      &agent->pools, &file),
		     0);
	cr_assert_eq(files_insert(&agent->files, file), 0);
	files_set_fd(&agent->files, file, fd);
	file_set_state(file, FILE_READING);
	agent_take_hints(agent);
	cr_assert_eq(write(fd, "a line\n", 7), 7);
	for (began_us = now_us; TAILQ_EMPTY(&agent->files.ready); now_us += 2 * US_PER_MS) {
		cr_assert_leq(now_us - began_us, 50 * US_PER_MS);
		agent_take_hints(agent);
	}
	cr_expect_eq(files_next_ready(&agent->files), file);
}

/* It was told with each look. */
Test(look, a_refused_link_is_told_once)
{
	agent->log = said_begin();
	for (int tick = 0; tick < 10; tick++) {
		refused_left = 2;
		agent_tick_looks(agent, now_us);
		now_us += 100 * US_PER_S;
	}
	agent->log = said_end(agent->log);
	cr_expect_eq(said_times("/logs/link1: a symbolic link"), 1);
	/* The log holds it back, not the agent. */
	cr_expect_eq(said_times("/logs/link2: a symbolic link"), 1);
}
