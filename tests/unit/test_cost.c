/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What many files cost, counted in system calls and not in time: a child does the work, and this
 * process traces every call of it.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/follow_rig.h"

static struct follow_rig *rig;
static size_t n_files;

/* ---- counting ---- */

/* Goes on to the child's next stop; its signal, with 0x80 for a system call, or 0 at its end. */
static int next_stop(pid_t child, bool counting)
{
	int status;

	cr_assert_eq(ptrace(counting ? PTRACE_SYSCALL : PTRACE_CONT, child, NULL, NULL), 0);
	cr_assert_eq(waitpid(child, &status, __WALL), child);
	if (WIFSTOPPED(status))
		return WSTOPSIG(status);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %#x", status);
	return 0;
}

/* The child is at the start of a call; those of malloc come when a table grows, and of raise. */
static bool is_call(pid_t child)
{
	static const uint64_t other[] = {SYS_brk,    SYS_mmap,    SYS_munmap,
					 SYS_mremap, SYS_madvise, SYS_getpid,
					 SYS_gettid, SYS_tgkill,  SYS_rt_sigprocmask};
	struct __ptrace_syscall_info info;

	cr_assert_gt(ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info), 0);
	if (info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(other); i++)
		if (info.entry.nr == other[i])
			return false;
	return true;
}

static void be_traced(void (*before)(void), void (*work)(void))
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		_exit(1);
	raise(SIGSTOP);
	before();
	raise(SIGUSR1);
	work();
	raise(SIGUSR1);
	rig_end(rig);
	_exit(0);
}

/* System calls of work, after before, with so many files. */
static size_t calls_of(size_t files, void (*before)(void), void (*work)(void))
{
	size_t calls = 0;
	int status, stop;
	pid_t child;

	n_files = files;
	child = fork();
	if (!child)
		be_traced(before, work);
	cr_assert_eq(waitpid(child, &status, __WALL), child);
	cr_assert_eq(ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACESYSGOOD), 0);
	cr_assert_eq(next_stop(child, false), SIGUSR1);
	while ((stop = next_stop(child, true)) == (SIGTRAP | 0x80))
		calls += is_call(child);
	cr_assert_eq(stop, SIGUSR1);
	cr_assert_eq(next_stop(child, false), 0);
	return calls;
}

/* ---- the work ---- */

static void make_rig(void)
{
	rig = malloc(sizeof *rig);
	rig_begin(rig, "*.log");
}

static void make_files(void)
{
	char name[32];

	for (size_t i = 0; i < n_files; i++) {
		snprintf(name, sizeof name, "%zu.log", i);
		rig_append(rig, name, "x\n");
	}
}

/* All are known, read and settled, and nobody writes to them. */
static void know_files(void)
{
	make_rig();
	make_files();
	rig_start(rig);
	rig_run(rig);
	rig_checkpoint(rig);
}

static void know_files_and_stop(void)
{
	know_files();
	rig_stop(rig);
}

static void change_one(void)
{
	rig_append(rig, "7.log", "y\n");
	rig_run(rig);
}

static void make_one(void)
{
	rig_append(rig, "new.log", "y\n");
	rig_run(rig);
}

static void do_nothing(void)
{
	rig_run(rig);
}

static void start(void)
{
	rig_start(rig);
}

TestSuite(cost, .timeout = 120);

/* Again if it is above that, and again: on a busy machine a clock moves in the midst of it. */
static size_t calls_at_most(size_t most, size_t files, void (*work)(void))
{
	size_t calls = SIZE_MAX;

	for (int i = 0; i < 3 && calls > most; i++)
		calls = calls_of(files, know_files, work);
	return calls;
}

/* A file that was quiet for longer, as it is beside many, costs up to three calls more. */
static void expect_same(void (*work)(void), size_t most, size_t many_files)
{
	size_t few = calls_at_most(most, 20, work);
	size_t many = calls_at_most(most, many_files, work);

	cr_expect_leq(few, most, "%zu", few);
	cr_expect_leq(many, most, "%zu, not %zu", many, few);
}

/* Scenario D04 */
Test(cost, one_write_costs_the_same_beside_20_files_and_beside_20000)
{
	expect_same(change_one, 11, 20000);
}

/* Scenario D04 */
Test(cost, one_new_file_costs_the_same_beside_20_files_and_beside_2000)
{
	expect_same(make_one, 25, 2000);
}

/* Scenario D04 */
Test(cost, idle_files_cost_nothing)
{
	expect_same(do_nothing, 1, 2000);
}

static void know_files_and_close_them(void)
{
	void *cursor = NULL;
	struct file *file;

	know_files();
	while ((file = map_next(rig->files.by_inode, &cursor)))
		files_close(&rig->files, file);
}

static void rescan(void)
{
	rig_rescan(rig);
}

/*
 * Scenario D04. With more files than descriptors most are closed: each look asks for their name and
 * for their birth, and opens none.
 */
Test(cost, a_look_opens_no_file_that_is_closed)
{
	size_t few = calls_of(500, know_files_and_close_them, rescan);
	size_t more = calls_of(2500, know_files_and_close_them, rescan);

	cr_expect_eq((more - few) / 2000, 2, "%zu and %zu", few, more);
}

/*
 * Scenario D12. Each known file costs the same few calls; the time that 25,000 of them take is
 * measured by tests/bench.
 */
Test(cost, a_start_costs_the_same_few_calls_for_each_known_file)
{
	size_t few = calls_of(500, know_files_and_stop, start);
	size_t more = calls_of(2500, know_files_and_stop, start);

	/* 13 each, and those of the state and the directory. */
	cr_expect_eq((more - few) / 2000, 13, "%zu and %zu", few, more);
	cr_expect_lt(few, 500 * 14, "%zu", few);
}
