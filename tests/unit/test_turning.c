/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rotation that is under way while a start looks for its files: what a directory said is not true
 * any more when it is used. With many generations it is some time in which most of them have
 * another name.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/support/follow_rig.h"

#define GENERATIONS 6

static struct follow_rig *rig;

/* Renames that are left, and how many of them come with each directory that was read. */
static int left, at_once;
static int next; /* the generation that is renamed next, the oldest first */
static int oldest;

static void name(char *to, size_t len, int number)
{
	snprintf(to, len, number ? "a.log.%d" : "a.log", number);
}

static void rename_next(void)
{
	char from[16], to[16];

	name(from, sizeof from, next);
	name(to, sizeof to, next + 1);
	rig_rename(rig, from, to);
	if (next-- > 0)
		return;
	rig_append(rig, "a.log", "");
	next = ++oldest;
}

/* That of the C library, with what goes on meanwhile. */
int closedir(DIR *stream)
{
	int (*real)(DIR *) = (int (*)(DIR *))dlsym(RTLD_NEXT, "closedir");
	int r = real(stream);

	for (int i = 0; i < at_once && left > 0; i++, left--)
		rename_next();
	return r;
}

static void begin(const char *pattern)
{
	char text[16];

	rig = malloc(sizeof *rig);
	rig_begin_in(rig, "/dev/shm", pattern); /* no disk is waited for */
	left = at_once = 0;
	oldest = next = 0;
	rig_append(rig, "a.log", "");
	rig_start(rig);
	for (int i = 0; i < GENERATIONS; i++) {
		snprintf(text, sizeof text, "g%d\n", i);
		rig_append(rig, "a.log", text);
		rig_run(rig);
		do
			rename_next();
		while (next != oldest);
		rig_run(rig);
	}
	rig_stop(rig);
	rig_append(rig, "a.log", "last\n");
}

static void end(void)
{
	rig_end(rig);
	free(rig);
}

/* What was shipped stays so, and what was not comes once, whatever has been renamed when. */
static void expect_the_rest(void)
{
	rig_start(rig);
	left = 0;
	cr_expect_str_eq(rig_run(rig), "last ", "\"%s\"", rig->lines);
	cr_expect_str_eq(rig_rescan(rig), "", "\"%s\"", rig->lines);
	cr_expect_eq(rig->counters.files_lost, 0);
	while (next != oldest)
		rename_next();
	rig_append(rig, "a.log", "new\n");
	cr_expect_str_eq(rig_run(rig), "new ", "\"%s\"", rig->lines);
	rig_stop(rig);
}

/* before: renames until the start; each: with each directory that it reads. */
static void turn(const char *pattern, int before, int each, int renames)
{
	begin(pattern);
	for (int i = 0; i < before; i++)
		rename_next();
	at_once = each;
	left = renames;
	expect_the_rest();
	end();
}

static void turn_each(const char *pattern, int renames)
{
	for (int before = 0; before <= GENERATIONS; before++)
		for (int each = 1; each <= GENERATIONS + 1; each++)
			turn(pattern, before, each, renames);
}

Test(turning, a_rotation_that_is_under_way)
{
	turn_each("a.log*", GENERATIONS + 1);
	turn_each("a.log", GENERATIONS + 1);
}

/* More of them than it looks again for. */
Test(turning, rotations_without_an_end)
{
	turn_each("a.log*", 1000);
}
