/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checkpoints over a real store: what a row holds is what the account says at that moment, what was
 * not written is written again, what was removed is gone. The disk fails when a test says so, by
 * our own fsync and fdatasync.
 */
#include "checkpoint/checkpoint.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "tests/support/follow_rig.h"

static atomic_int disk_errno;
static pthread_mutex_t disk = PTHREAD_MUTEX_INITIALIZER; /* whoever holds it stops the disk */

static int do_sync(void)
{
	pthread_mutex_lock(&disk);
	pthread_mutex_unlock(&disk);
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

static struct follow_rig *rig;
static char message[256];

static void begin(void)
{
	rig = malloc(sizeof *rig);
	rig_begin(rig, "*.log");
	rig_start(rig);
}

static void end(void)
{
	atomic_store(&disk_errno, 0);
	rig_end(rig);
	free(rig);
}

TestSuite(checkpoint, .init = begin, .fini = end, .timeout = 60);

/* The rows as another process would find them after a crash now; row i, ascending by id. */
static struct store_file *rows;
static size_t n_rows;

static void load_rows(void)
{
	rig_crash(rig);
	cr_assert_eq(store_open(rig->state, &rig->store, message, sizeof message), 0, "%s",
		     message);
	cr_assert_eq(store_load(rig->store, &rows, &n_rows), 0);
	rig->store = store_close(rig->store);
}

static void free_rows(void)
{
	rows = store_files_free(rows, n_rows);
}

static int write_now(void)
{
	cr_assert_eq(checkpoint_start(&rig->checkpoint, SIZE_MAX), 0);
	return checkpoint_finish(&rig->checkpoint, 30000, message, sizeof message);
}

static size_t n_dirty(void)
{
	struct file *file;
	size_t n = 0;

	TAILQ_FOREACH (file, &rig->files.dirty, dirty_link)
		n++;
	return n;
}

static void settle(size_t i)
{
	account_report(slot_chunk(rig->in_flight[i])->account, rig->in_flight[i], SLOT_DELIVERED);
}

static char *content_of(size_t lines)
{
	char *text = malloc(lines * 10 + 1);

	for (size_t i = 0; i < lines; i++)
		sprintf(text + i * 10, "line %04zu\n", i);
	return text;
}

Test(checkpoint, a_row_is_what_the_account_says)
{
	char *text = content_of(200);
	struct ranges ahead;
	struct stat st;

	rig->hold = true;
	rig_append(rig, "a.log", text);
	rig_run(rig);
	cr_assert_eq(rig->n_in_flight, 200);
	for (size_t i = 0; i < 30; i++)
		settle(i);
	for (size_t i = 50; i < 60; i++)
		settle(i);
	settle(100);
	cr_assert_eq(write_now(), 0, "%s", message);
	cr_assert_eq(stat(rig_path(rig, "a.log"), &st), 0);
	load_rows();
	cr_assert_eq(n_rows, 1);
	cr_assert_eq(rows->inode, st.st_ino);
	cr_assert_eq(rows->device, st.st_dev);
	cr_assert_str_eq(rows->path, rig_path(rig, "a.log"));
	cr_assert_str_eq(rows->lineage, rig_path(rig, "a.log"));
	cr_assert_eq(rows->head_len, 1024);
	cr_assert_eq(rows->head_hash, hash_bytes(text, 1024));
	cr_assert_eq(rows->committed, 300);
	cr_assert_eq(rows->tail_len, 64);
	cr_assert_eq(rows->tail_hash, hash_bytes(text + 300 - 64, 64));
	cr_assert(!rows->discarding);
	cr_assert_eq(ranges_decode(rows->ahead, 300, &ahead), 0);
	cr_assert_eq(ahead.n, 2);
	cr_assert_eq(ahead.at[ahead.first].start, 500);
	cr_assert_eq(ahead.at[ahead.first].end, 600);
	cr_assert_eq(ahead.at[ahead.first + 1].start, 1000);
	ranges_deinit(&ahead);
	free_rows();
	free(text);
}

Test(checkpoint, a_restart_reads_exactly_what_was_not_acknowledged)
{
	char *text = content_of(200), want[4096] = "";

	rig->hold = true;
	rig_append(rig, "a.log", text);
	rig_run(rig);
	for (size_t i = 0; i < 200; i++)
		if (i % 3 == 0 || i < 10)
			settle(i);
		else
			sprintf(want + strlen(want), "line %04zu ", i);
	files_dirty(&rig->files, rig_file(rig, "a.log"));
	rig_stop(rig);
	rig->hold = false;
	rig_start(rig);
	cr_assert_str_eq(rig_run(rig), want);
	free(text);
}

/* Scenario A05 */
Test(checkpoint, a_small_file_has_the_fingerprint_of_what_was_read)
{
	rig_append(rig, "a.log", "one\n");
	rig_run(rig);
	rig_checkpoint(rig);
	rig_append(rig, "a.log", "two\n");
	rig_run(rig);
	cr_assert_eq(write_now(), 0);
	load_rows();
	cr_assert_eq(rows->head_len, 8);
	cr_assert_eq(rows->head_hash, hash_bytes("one\ntwo\n", 8));
	cr_assert_eq(rows->tail_len, 8);
	free_rows();
}

/* The rest of an over-long line, up to where a restart finds itself in it. */
static void discard(bool hold)
{
	char text[3001];
	struct file *file;

	memset(text, 'x', 3000);
	text[3000] = '\0';
	rig->hold = hold;
	rig_append(rig, "a.log", text);
	rig_run(rig);
	file = rig_file(rig, "a.log");
	cr_assert_eq(account_read_position(&file->account), 3000);
	files_dirty(&rig->files, file);
	rig_stop(rig);
	rig->hold = false;
	rig_append(rig, "a.log", "xxx\nnext\n");
	rig_start(rig);
	rig_run(rig);
	cr_assert_str_eq(rig->lines + (hold ? 1001 : 0), "next ");
}

Test(checkpoint, discarding_is_stored_at_the_committed_position)
{
	discard(false);
}

Test(checkpoint, discarding_is_stored_at_the_end_of_what_is_settled_ahead)
{
	discard(true);
}

Test(checkpoint, a_failed_batch_is_dirty_again_with_all_that_was_in_it)
{
	const struct store_dead_letter letter = {
		.source = "s", .path = "p", .topic = "t", .reason = "r"};
	uint64_t bytes, count;
	struct file *gone;

	rig_append(rig, "a.log", "one\n");
	rig_append(rig, "b.log", "two\n");
	rig_append(rig, "c.log", "three\n");
	rig_run(rig);
	rig_checkpoint(rig);
	rig_append(rig, "a.log", "four\n");
	rig_append(rig, "b.log", "five\n");
	rig_run(rig);
	cr_assert_eq(letters_add(&rig->letters, &letter), 0);
	gone = rig_file(rig, "c.log");
	files_remove(&rig->files, gone, true);
	cr_assert_eq(n_dirty(), 2);
	atomic_store(&disk_errno, EIO);
	cr_assert_eq(write_now(), CHECKPOINT_E_FAILED);
	cr_assert_eq(n_dirty(), 2);
	cr_assert_eq(rig->letters.n, 1);
	cr_assert_eq(rig->files.n_removed, 1);
	cr_assert(checkpoint_due(&rig->checkpoint));
	cr_assert_eq(rig->counters.checkpoint_failures, 1);
	atomic_store(&disk_errno, 0);
	cr_assert_eq(write_now(), 0, "%s", message);
	cr_assert(!checkpoint_due(&rig->checkpoint));
	cr_assert_eq(rig->letters.n, 0);
	cr_assert_eq(rig->files.n_removed, 0);
	load_rows();
	cr_assert_eq(n_rows, 2);
	cr_assert_eq(rows[0].committed, 9);
	cr_assert_eq(rows[1].committed, 9);
	free_rows();
	cr_assert_eq(store_open(rig->state, &rig->store, NULL, 0), 0);
	store_dead_letters(rig->store, &bytes, &count);
	cr_assert_eq(count, 1);
	rig->store = store_close(rig->store);
}

/* What a stop on a full disk says that the next start ships once more. */
Test(checkpoint, what_is_settled_and_not_stored_is_counted)
{
	struct checkpoint *checkpoint = &rig->checkpoint;

	rig_append(rig, "a.log", "1\n2\n3\n");
	rig_run(rig);
	rig->counters.lines_delivered = 3;
	rig_checkpoint(rig);
	cr_assert_eq(checkpoint_settled(checkpoint->counters) - checkpoint->settled_stored, 0);
	rig_append(rig, "a.log", "4\n5\n");
	rig_run(rig);
	rig->counters.lines_delivered = 4;
	rig->counters.lines_filtered = 1;
	atomic_store(&disk_errno, ENOSPC);
	cr_assert_eq(write_now(), CHECKPOINT_E_FAILED);
	cr_assert_eq(checkpoint_settled(checkpoint->counters) - checkpoint->settled_stored, 2);
	/* Settled while it is tried again. */
	rig_append(rig, "a.log", "6\n");
	rig_run(rig);
	rig->counters.lines_dead = 1;
	cr_assert_eq(write_now(), CHECKPOINT_E_FAILED);
	cr_assert_eq(checkpoint_settled(checkpoint->counters) - checkpoint->settled_stored, 3);
	atomic_store(&disk_errno, 0);
	cr_assert_eq(write_now(), 0, "%s", message);
	cr_assert_eq(checkpoint_settled(checkpoint->counters) - checkpoint->settled_stored, 0);
}

/* What is written once, and then not again with each position. */
Test(checkpoint, of_a_failed_batch_rows_go_again_whole)
{
	rig_append(rig, "a.log", "one\n");
	rig_run(rig);
	rig_checkpoint(rig);
	rig_rename(rig, "a.log", "b.log");
	rig_append(rig, "c.log", "two\n");
	rig_run(rig);
	atomic_store(&disk_errno, EIO);
	cr_assert_eq(write_now(), CHECKPOINT_E_FAILED);
	atomic_store(&disk_errno, 0);
	cr_assert_eq(write_now(), 0, "%s", message);
	load_rows();
	cr_assert_eq(n_rows, 2);
	cr_expect_str_eq(rows[0].path, rig_path(rig, "b.log"));
	cr_expect_str_eq(rows[1].path, rig_path(rig, "c.log"));
	free_rows();
}

Test(checkpoint, what_changes_while_a_batch_is_under_way_goes_with_the_next_one)
{
	struct file *file;
	const struct store_dead_letter letter = {
		.source = "s", .path = "p", .topic = "t", .reason = "r"};

	rig_append(rig, "a.log", "one\n");
	rig_append(rig, "b.log", "two\n");
	rig_append(rig, "c.log", "three\n");
	rig_run(rig);
	cr_assert_eq(letters_add(&rig->letters, &letter), 0);
	files_remove(&rig->files, rig_file(rig, "c.log"), true);
	pthread_mutex_lock(&disk);
	cr_assert_eq(checkpoint_start(&rig->checkpoint, SIZE_MAX), 0);
	cr_assert_eq(checkpoint_finish(&rig->checkpoint, 0, message, sizeof message),
		     CHECKPOINT_E_PENDING);
	file = rig_file(rig, "a.log");
	rig_append(rig, "a.log", "four\n");
	rig_run(rig);
	cr_assert(file->dirty);
	files_remove(&rig->files, rig_file(rig, "b.log"), true);
	cr_assert_eq(letters_add(&rig->letters, &letter), 0);
	/* A second start meanwhile does nothing. */
	cr_assert_eq(checkpoint_start(&rig->checkpoint, SIZE_MAX), 0);
	pthread_mutex_unlock(&disk);
	cr_assert_eq(checkpoint_finish(&rig->checkpoint, 30000, message, sizeof message), 0);
	cr_assert_eq(rig->letters.n, 1);
	cr_assert_eq(rig->files.n_removed, 1);
	cr_assert_eq(n_dirty(), 1);
	cr_assert_eq(write_now(), 0);
	load_rows();
	cr_assert_eq(n_rows, 1);
	cr_assert_eq(rows->committed, 9);
	free_rows();
}

Test(checkpoint, a_batch_takes_so_many_rows_and_the_others_stay_dirty)
{
	char name[16];

	for (int i = 0; i < 7; i++) {
		snprintf(name, sizeof name, "%d.log", i);
		rig_append(rig, name, "x\n");
	}
	rig_run(rig);
	for (size_t left = 7; left; left = left > 3 ? left - 3 : 0) {
		cr_assert_eq(n_dirty(), left);
		cr_assert_eq(checkpoint_start(&rig->checkpoint, 3), 0);
		cr_assert_eq(checkpoint_finish(&rig->checkpoint, 30000, message, sizeof message),
			     0);
	}
	cr_assert_eq(n_dirty(), 0);
	cr_assert_eq(checkpoint_finish(&rig->checkpoint, 30000, message, sizeof message), 0);
	load_rows();
	cr_assert_eq(n_rows, 7);
	for (size_t i = 0; i < 7; i++)
		cr_assert_eq(rows[i].committed, 2);
	free_rows();
}

static void with_provenance(void)
{
	rig->files.provenance = true;
	rig->files.provenance = true;
}

static void expect_told(const struct file *file, const char *committed)
{
	const struct route_origin *origin = &file->origin;

	cr_expect_eq(origin->committed_len, strlen(committed));
	cr_expect_eq(memcmp(origin->committed, committed, strlen(committed)), 0, "%.*s, not %s",
		     origin->committed_len, origin->committed, committed);
}

/* A consumer forgets what lies below the position it is told: no crash may go behind that. */
Test(checkpoint, provenance_tells_of_what_is_durable_only)
{
	struct file *file;

	with_provenance();
	rig_append(rig, "a.log", "one\n");
	rig_run(rig);
	file = rig_file(rig, "a.log");
	cr_assert_eq(file->account.committed, 4);
	expect_told(file, "0");
	cr_assert_eq(write_now(), 0);
	cr_expect(file->content_stored);
	expect_told(file, "4");
	rig_append(rig, "a.log", "two\n");
	rig_run(rig);
	pthread_mutex_lock(&disk);
	cr_assert_eq(checkpoint_start(&rig->checkpoint, SIZE_MAX), 0);
	rig_append(rig, "a.log", "three\n");
	rig_run(rig);
	pthread_mutex_unlock(&disk);
	expect_told(file, "4");
	cr_assert_eq(checkpoint_finish(&rig->checkpoint, 30000, message, sizeof message), 0);
	cr_assert_eq(file->account.committed, 14);
	expect_told(file, "8");
	atomic_store(&disk_errno, EIO);
	cr_assert_eq(write_now(), CHECKPOINT_E_FAILED);
	expect_told(file, "8");
}

/* What became durable was about the content before. */
Test(checkpoint, content_that_changes_meanwhile_is_not_stored)
{
	struct file *file;
	uint64_t before;

	with_provenance();
	rig_append(rig, "a.log", "one\n");
	rig_run(rig);
	file = rig_file(rig, "a.log");
	cr_assert_eq(write_now(), 0);
	before = file->content_id;
	files_dirty(&rig->files, file);
	pthread_mutex_lock(&disk);
	cr_assert_eq(checkpoint_start(&rig->checkpoint, SIZE_MAX), 0);
	cr_assert_eq(file_new_content(file), 0);
	pthread_mutex_unlock(&disk);
	cr_assert_eq(checkpoint_finish(&rig->checkpoint, 30000, message, sizeof message), 0);
	cr_expect_neq(file->content_id, before);
	cr_expect_not(file->content_stored);
	expect_told(file, "0");
}

/* An id without first bytes by which to know the content again is no id. */
Test(checkpoint, content_id_survives_a_crash_with_the_first_bytes)
{
	uint64_t id, empty_id;
	struct file *file;

	with_provenance();
	rig_append(rig, "a.log", "one\n");
	rig_append(rig, "b.log", "");
	rig_run(rig);
	cr_assert_eq(write_now(), 0);
	id = rig_file(rig, "a.log")->content_id;
	empty_id = rig_file(rig, "b.log")->content_id;
	cr_expect_not(rig_file(rig, "b.log")->content_stored);
	rig_crash(rig);
	rig_append(rig, "b.log", "other content\n");
	rig_start(rig);
	rig_run(rig);
	file = rig_file(rig, "a.log");
	cr_expect_eq(file->content_id, id);
	cr_expect(file->content_stored);
	expect_told(file, "4");
	cr_expect_neq(rig_file(rig, "b.log")->content_id, empty_id);
	rig_crash(rig);
	/* The same inode, and other first bytes. */
	cr_assert_eq(truncate(rig_path(rig, "a.log"), 0), 0);
	rig_append(rig, "a.log", "two and more\n");
	rig_start(rig);
	rig_run(rig);
	cr_expect_neq(rig_file(rig, "a.log")->content_id, id);
}
