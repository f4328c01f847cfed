/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thousands of files that are deleted at once, or one after the other: what each of them costs does
 * not grow with their number, counted in looks into their directory, and in instructions of single
 * steps.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "follow/claims.h"
#include "tests/support/follow_rig.h"

static struct follow_rig *rig;

/* ---- the doubles ---- */

static uint64_t now_us = US_PER_S;
static uint64_t look_takes_us; /* of the processor's time */
static size_t looks;           /* into the directory of the logs */

uint64_t clock_mono_us(void)
{
	return ++now_us;
}

uint64_t clock_mono_ns(void)
{
	return now_us * 1000;
}

uint64_t clock_cpu_us(void)
{
	now_us += look_takes_us;
	return now_us;
}

int64_t clock_real_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

DIR *opendir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	looks += rig && strcmp(path, rig->top) == 0;
	return fd < 0 ? NULL : fdopendir(fd);
}

/* ---- the files ---- */

static const char *name_of(int number)
{
	static char name[32];

	snprintf(name, sizeof name, "n%05d.log", number);
	return name;
}

static void know(int files)
{
	rig = malloc(sizeof *rig);
	rig_begin(rig, "*.log");
	for (int i = 0; i < files; i++)
		rig_append(rig, name_of(i), "x\n");
	rig_start(rig);
	rig_run(rig);
}

static void end(void)
{
	rig_end(rig);
	free(rig);
}

TestSuite(deleted, .timeout = 120);

static size_t claims_left(void)
{
	return map_count(rig->files.claims);
}

/* ---- looks ---- */

#define FILES 300

/* Each of them had a look into the directory of its own, of all files that are in there still. */
Test(deleted, files_that_are_deleted_together_are_looked_for_by_one_look)
{
	know(2 * FILES);
	looks = 0;
	for (int i = 0; i < FILES; i++)
		rig_remove(rig, name_of(2 * i));
	rig_run(rig);
	cr_expect_eq(claims_left(), 0);
	cr_expect_leq(looks, 2, "%zu", looks);
	end();
}

/* Of more files than descriptors most are closed: by what name they go is asked of directories. */
static void close_all(void)
{
	void *cursor = NULL;
	struct file *file;

	while ((file = map_next(rig->files.by_inode, &cursor)))
		files_close(&rig->files, file);
}

/* Each had six looks, with the hint that it left and with its turn. */
Test(deleted, closed_files_that_are_deleted_together_share_their_looks)
{
	know(2 * FILES);
	close_all();
	looks = 0;
	look_takes_us = 1000;
	for (int i = 0; i < FILES; i++)
		rig_remove(rig, name_of(2 * i));
	rig_run(rig);
	cr_expect_leq(looks, 6, "%zu", looks);
	cr_expect_eq(files_count(&rig->files), FILES);
	cr_expect_eq(rig->counters.files_lost, 0);
	end();
}

/* The same, and none of them is taken for one that is deleted. */
Test(deleted, closed_files_that_are_renamed_together_share_their_looks)
{
	char to[32];

	know(FILES);
	close_all();
	looks = 0;
	look_takes_us = 1000;
	for (int i = 0; i < FILES; i++) {
		rig_append(rig, name_of(i), "y\n");
		snprintf(to, sizeof to, "%s.1", name_of(i));
		rig_rename(rig, name_of(i), to);
	}
	rig_run(rig);
	cr_expect_eq(strlen(rig->lines), 2 * FILES);
	cr_expect_leq(looks, 6, "%zu", looks);
	end();
}

/* Time passes between them, but a look takes longer than they are apart. */
Test(deleted, files_that_are_deleted_one_after_the_other_wait_for_few_looks)
{
	know(FILES);
	looks = 0;
	look_takes_us = 1000;
	for (int i = 0; i < FILES / 2; i++) {
		struct hint hint = {.kind = HINT_LEFT, .source = -1};
		struct file *file;

		rig_remove(rig, name_of(i));
		hint.path = rig_path(rig, name_of(i));
		cr_assert_eq(follow_hint(&rig->files, rig->discover, &hint, 0), 0);
		file = files_next_ready(&rig->files);
		files_rest(&rig->files, file);
		cr_assert_eq(claims_begin_nameless(&rig->files, file), CLAIMS_E_BEGUN);
		file_set_state(file, FILE_DRAINING);
		now_us += 1000;
		while (claims_due_us(&rig->files) <= now_us &&
		       claims_step(&rig->files, rig->discover, 0, &file) == CLAIMS_E_MORE)
			;
	}
	/* A look is of a thousand, and nineteen rest. */
	cr_expect_leq(looks, FILES / 2 / 19 + 1, "%zu", looks);
	cr_expect_geq(looks, FILES / 2 / 25, "%zu", looks);
	end();
}

/* ---- instructions ---- */

/* Of the child, from one signal that it gives itself to the next. */
static size_t count_instructions(pid_t child)
{
	size_t n = 0;
	int status;

	for (;;) {
		cr_assert_eq(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL), 0);
		cr_assert_eq(waitpid(child, &status, 0), child);
		cr_assert(WIFSTOPPED(status), "status %#x", status);
		if (WSTOPSIG(status) == SIGUSR1)
			return n;
		n++;
	}
}

static size_t instructions_of(int files, void (*before)(void), void (*work)(void))
{
	size_t n;
	int status;
	pid_t child = fork();

	if (!child) {
		know(files);
		before();
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			_exit(1);
		raise(SIGUSR1);
		work();
		raise(SIGUSR1);
		end();
		_exit(0);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFSTOPPED(status), "status %#x", status);
	n = count_instructions(child);
	cr_assert_eq(ptrace(PTRACE_CONT, child, NULL, NULL), 0);
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %#x", status);
	return n;
}

static int n_left = 20;

/* All but some are deleted, and their first steps are done. */
static void delete_most(void)
{
	struct file *file;
	struct hint hint = {.kind = HINT_LEFT, .source = -1};

	for (int i = 0; i < (int)files_count(&rig->files) - n_left; i++) {
		rig_remove(rig, name_of(i));
		hint.path = rig_path(rig, name_of(i));
		cr_assert_eq(follow_hint(&rig->files, rig->discover, &hint, 0), 0);
		file = files_next_ready(&rig->files);
		files_rest(&rig->files, file);
		cr_assert_eq(claims_begin_nameless(&rig->files, file), CLAIMS_E_BEGUN);
		file_set_state(file, FILE_DRAINING);
	}
	for (int i = 0; i < 4; i++)
		(void)!claims_step(&rig->files, rig->discover, 0, &file);
}

static void step_once(void)
{
	struct file *file;

	(void)!claims_step(&rig->files, rig->discover, 0, &file);
	(void)!claims_due_us(&rig->files);
}

/* The last of them to be asked about is the one behind all others. */
static void ask_of_last(void)
{
	struct file *file = rig_file(rig, name_of((int)files_count(&rig->files) - n_left - 1));

	cr_assert(claims_has(&rig->files, file));
	cr_assert(claims_settled(&rig->files, file));
}

static void expect_same(void (*work)(void))
{
	size_t few = instructions_of(60, delete_most, work);
	size_t many = instructions_of(2000, delete_most, work);

	cr_expect_leq(many, 2 * few, "%zu and %zu", few, many);
}

/* Scenario D04. */
Test(deleted, a_step_costs_the_same_beside_40_deleted_files_and_beside_2000)
{
	expect_same(step_once);
}

/* Scenario D04. Each report, and each file without a name, asked all of them. */
Test(deleted, whether_one_is_looked_for_costs_the_same)
{
	expect_same(ask_of_last);
}
