/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer over a real store whose disk we hold: fdatasync and fsync of this process are ours, so
 * that "the disk is slow" and "the disk fails" happen exactly when a test says so.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "state/writer.h"

static pthread_mutex_t disk = PTHREAD_MUTEX_INITIALIZER; /* whoever holds it stops the disk */
static atomic_int disk_errno;
static atomic_int syncs;

static int do_sync(void)
{
	pthread_mutex_lock(&disk);
	pthread_mutex_unlock(&disk);
	atomic_fetch_add(&syncs, 1);
	errno = atomic_load(&disk_errno);
	return errno ? -1 : 0;
}

int fsync(int fd)
{
	(void)fd;
	return do_sync();
}

int fdatasync(int fd)
{
	(void)fd;
	return do_sync();
}

static char base[64], message[256];
static struct store *store;
static struct writer *writer;

static void setup(void)
{
	strcpy(base, "/tmp/test_writer.XXXXXX");
	cr_assert(ne(ptr, mkdtemp(base), NULL));
	cr_assert(eq(int, store_open(base, &store, message, sizeof message), 0), "%s", message);
	cr_assert(eq(int, writer_new(store, &writer), 0));
	atomic_store(&syncs, 0);
}

static void teardown(void)
{
	char path[128];

	writer = writer_free(writer);
	store = store_close(store);
	snprintf(path, sizeof path, "%s/waybill.db", base);
	unlink(path);
	snprintf(path, sizeof path, "%s/lock", base);
	unlink(path);
	rmdir(base);
}

TestSuite(writer, .init = setup, .fini = teardown, .timeout = 30);

static bool readable(int timeout_ms)
{
	struct pollfd fd = {.fd = writer_fd(writer), .events = POLLIN};

	return poll(&fd, 1, timeout_ms) == 1;
}

/* A batch in memory that is overwritten and freed as soon as it was handed over. */
static int submit(uint64_t id)
{
	char *path = strdup("/var/log/a.log"), *lineage = strdup("/var/log/a"),
	     *ahead = strdup("\x01\x02"), *key = strdup("key"), *source = strdup("orders");
	struct store_file file = {.id = id,
				  .path = path,
				  .lineage = lineage,
				  .committed = 10 * id,
				  .ahead = {ahead, 2}};
	struct store_dead_letter letter = {.file = id,
					   .source = path,
					   .path = path,
					   .topic = lineage,
					   .reason = path,
					   .key = {key, 3},
					   .value = {"", 0}};
	const char *sources[] = {source};
	int r = writer_submit(writer, &(struct store_batch){&file, 1, &letter, 1, sources, 1});

	memset(&file, 0xee, sizeof file);
	memset(&letter, 0xee, sizeof letter);
	memset(path, 'x', 5);
	memset(lineage, 'x', 5);
	memset(source, 'x', 3);
	free(path);
	free(lineage);
	free(ahead);
	free(key);
	free(source);
	return r;
}

static size_t n_rows(void)
{
	struct store_file *files;
	size_t n;

	cr_assert(eq(int, store_load(store, &files, &n), 0));
	for (size_t i = 0; i < n; i++) {
		cr_assert(eq(str, files[i].path, "/var/log/a.log"));
		cr_assert(eq(str, files[i].lineage, "/var/log/a"));
		cr_assert(eq(u64, files[i].committed, 10 * files[i].id));
		cr_assert(eq(sz, files[i].ahead.len, 2));
	}
	store_files_free(files, n);
	return n;
}

Test(writer, batch_is_copied_and_written)
{
	uint64_t bytes, count;

	cr_assert(eq(int, writer_result(writer, message, sizeof message), WRITER_E_NONE));
	cr_assert(eq(int, submit(1), 0));
	cr_assert(readable(10000));
	cr_assert(eq(int, submit(2), WRITER_E_BUSY));
	cr_assert(eq(int, writer_result(writer, message, sizeof message), 0));
	cr_assert(not(readable(0)));
	cr_assert(eq(int, writer_result(writer, message, sizeof message), WRITER_E_NONE));
	cr_assert(eq(sz, n_rows(), 1));
	cr_assert(eq(int, store_knows_source(store, "orders"), 1));
	store_dead_letters(store, &bytes, &count);
	cr_assert(eq(u64, bytes, 3));
	cr_assert(eq(u64, count, 1));
	cr_assert(ge(int, atomic_load(&syncs), 1));
}

/* Scenario E24 */
Test(writer, slow_disk_stops_only_the_writer)
{
	uint64_t bytes, count;

	pthread_mutex_lock(&disk);
	cr_assert(eq(int, submit(1), 0));
	cr_assert(eq(int, submit(2), WRITER_E_BUSY));
	cr_assert(eq(int, writer_wait(writer, 20, message, sizeof message), WRITER_E_NONE));
	cr_assert(eq(int, writer_result(writer, message, sizeof message), WRITER_E_NONE));
	cr_assert(not(readable(0)));
	/* What the loop asks the store meanwhile does not wait either. */
	cr_assert(eq(int, store_knows_source(store, "orders"), 0));
	store_dead_letters(store, &bytes, &count);
	cr_assert(eq(u64, count, 0));
	pthread_mutex_unlock(&disk);
	cr_assert(eq(int, writer_wait(writer, 10000, message, sizeof message), 0));
	cr_assert(not(readable(0)));
	cr_assert(eq(int, submit(2), 0));
	cr_assert(eq(int, writer_wait(writer, 10000, message, sizeof message), 0));
	cr_assert(eq(sz, n_rows(), 2));
}

/* Scenario B06 */
Test(writer, failing_disk_is_told_and_tried_again)
{
	atomic_store(&disk_errno, EIO);
	cr_assert(eq(int, submit(1), 0));
	cr_assert(eq(int, writer_wait(writer, 10000, message, sizeof message), WRITER_E_FAILED));
	cr_assert(ne(ptr, strstr(message, "disk I/O error"), NULL), "%s", message);
	cr_assert(eq(int, store_knows_source(store, "orders"), 0));
	atomic_store(&disk_errno, 0);
	cr_assert(eq(sz, n_rows(), 0));
	cr_assert(eq(int, submit(1), 0));
	cr_assert(eq(int, writer_wait(writer, 10000, NULL, 0), 0));
	cr_assert(eq(sz, n_rows(), 1));
}

Test(writer, free_finishes_what_is_under_way)
{
	cr_assert(eq(int, submit(1), 0));
	writer = writer_free(writer);
	cr_assert(eq(sz, n_rows(), 1));
	cr_assert(eq(ptr, writer_free(NULL), NULL));
}

Test(writer, nothing_to_write_is_a_batch_too)
{
	cr_assert(eq(int, writer_submit(writer, &(struct store_batch){0}), 0));
	cr_assert(eq(int, writer_wait(writer, 10000, message, sizeof message), 0));
	cr_assert(eq(int, writer_wait(writer, 10000, message, sizeof message), WRITER_E_NONE));
}

Test(writer, many_batches_in_a_row)
{
	for (uint64_t i = 1; i <= 500; i++) {
		cr_assert(eq(int, submit(i), 0));
		cr_assert(readable(10000));
		cr_assert(eq(int, writer_result(writer, message, sizeof message), 0));
	}
	cr_assert(eq(sz, n_rows(), 500));
}
