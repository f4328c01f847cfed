/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scenarios B06 and F01 for the state: every single system call that changes a file fails once,
 * or is the last one before the process is killed.
 *
 * The promise checked: what store_write said is durable is there, what it refused is absent as a
 * whole, and the next write works.
 */
#include "tests/support/calls.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "state/store.h"

#define N_FILES 40

/* Counts down at each call; at 0 it strikes. Negative: never. */
static int countdown = -1;
static int fault; /* an errno; 0: SIGKILL */
static int struck;

static bool before_call(const struct call *call)
{
	bool changes =
		call->kind != CALL_OPEN && call->kind != CALL_READ && call->kind != CALL_UNLINK;

	if (!changes || countdown < 0 || countdown-- > 0)
		return true;
	struck = 1;
	if (!fault)
		kill(getpid(), SIGKILL);
	errno = fault;
	return false;
}

static char base[64], message[256];

static void setup(void)
{
	strcpy(base, "/dev/shm/test_faults.XXXXXX");
	cr_assert(ne(ptr, mkdtemp(base), NULL));
}

static void wipe(void)
{
	static const char *const names[] = {
		"lock",           "waybill.db",         "waybill.db-wal",
		"waybill.db.new", "waybill.db-journal", "waybill.db.new-journal"};
	char path[128];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", base, names[i]);
		unlink(path);
	}
}

static void teardown(void)
{
	wipe();
	rmdir(base);
}

TestSuite(faults, .init = setup, .fini = teardown, .timeout = 300);

static int write_round(struct store *store, uint64_t round)
{
	struct store_file files[N_FILES];

	for (uint64_t i = 0; i < N_FILES; i++)
		files[i] = (struct store_file){.id = i + 1,
					       .path = "/var/log/some/path/to/a.log",
					       .lineage = "/var/log/some/path/to/a.log",
					       .committed = 1000 * round + i};
	return store_write(store, &(struct store_batch){.files = files, .n_files = N_FILES},
			   message, sizeof message);
}

/* The round that all rows belong to; 0 for none, UINT64_MAX for a mixture. */
static uint64_t round_of(struct store *store)
{
	struct store_file *files;
	uint64_t round;
	size_t n;

	cr_assert(eq(int, store_load(store, &files, &n), 0));
	round = n ? files[0].committed / 1000 : 0;
	if (n && n != N_FILES)
		round = UINT64_MAX;
	for (size_t i = 0; i < n; i++)
		if (files[i].committed != 1000 * round + i)
			round = UINT64_MAX;
	store_files_free(files, n);
	return round;
}

static struct store *must_open(const char *what, int n)
{
	struct store *store = NULL;
	int r = store_open(base, &store, message, sizeof message);

	cr_assert(eq(int, r, 0), "%s %d: %s", what, n, message);
	return store;
}

/* One write whose n-th call fails; the store lives on. True when a call was struck. */
static bool one_fault(int error, int n)
{
	struct store *store = must_open("before", n);
	uint64_t want = 1;
	int r;

	cr_assert(eq(int, write_round(store, 1), 0));
	fault = error;
	countdown = n;
	struck = 0;
	for (uint64_t round = 2; round <= 4; round++) {
		r = write_round(store, round);
		cr_assert(r == 0 || (r == STORE_E_FAILED && struck), "call %d", n);
		want = r == 0 ? round : want;
		cr_assert(eq(u64, round_of(store), want), "call %d", n);
	}
	/* Closing moves the WAL into the database; what fails there is done at the next start. */
	store_close(store);
	countdown = -1;
	store = must_open("between", n);
	cr_assert(eq(u64, round_of(store), want), "call %d", n);
	cr_assert(eq(int, write_round(store, 5), 0), "call %d: %s", n, message);
	store_close(store);
	store = must_open("after", n);
	cr_assert(eq(u64, round_of(store), 5), "call %d", n);
	store_close(store);
	wipe();
	return struck;
}

static void sweep(int error)
{
	int n = 0;

	while (one_fault(error, n))
		n++;
	cr_assert(ge(int, n, 12));
}

/* A first start on a full disk says so and leaves nothing that the next start trips over. */
Test(faults, first_start_at_each_call)
{
	int n, failed = 0;

	fault = ENOSPC;
	struck = 1;
	for (n = 0; struck; n++) {
		struct store *store = NULL;
		int r;

		struck = 0;
		countdown = n;
		r = store_open(base, &store, message, sizeof message);
		countdown = -1;
		cr_assert(r == 0 || r == STORE_E_NOT_WRITABLE, "call %d: %d %s", n, r, message);
		failed += r != 0;
		store_close(store);
		store = must_open("after", n);
		store_close(store);
		wipe();
	}
	cr_assert(ge(int, failed, 5));
}

/* Scenario B06 */
Test(faults, no_space_at_each_call)
{
	sweep(ENOSPC);
}

/* Scenario B06 */
Test(faults, io_error_at_each_call)
{
	sweep(EIO);
}

/* Scenario B06 */
Test(faults, quota_at_each_call)
{
	sweep(EDQUOT);
}

/* Opens, writes, closes; dies at the n-th call. acknowledged is shared with the parent. */
static void child(int n, volatile uint64_t *acknowledged)
{
	struct store *store;

	fault = 0;
	countdown = n;
	for (uint64_t round = 1; round <= 6; round++) {
		if (store_open(base, &store, message, sizeof message) != 0)
			_exit(1);
		for (int i = 0; i < 2 && write_round(store, round) == 0; i++)
			*acknowledged = round;
		store_close(store);
	}
	_exit(0);
}

/* Scenario F01 */
Test(faults, killed_at_each_call)
{
	volatile uint64_t *acknowledged =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int n, status = 0;

	for (n = 0; n < 1000; n++) {
		uint64_t round;
		struct store *store;
		pid_t pid;

		*acknowledged = 0;
		pid = fork();
		if (pid == 0)
			child(n, acknowledged);
		cr_assert(eq(int, waitpid(pid, &status, 0), pid));
		store = must_open("killed at call", n);
		round = round_of(store);
		store_close(store);
		wipe();
		/* A write that was under way may have come through; one that was told must have. */
		cr_assert(round == *acknowledged || round == *acknowledged + 1, "call %d", n);
		if (!WIFSIGNALED(status))
			break;
	}
	cr_assert(eq(int, status, 0));
	cr_assert(ge(int, n, 50));
	munmap((void *)acknowledged, 4096);
}
