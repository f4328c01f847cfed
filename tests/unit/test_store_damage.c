/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store whose files were damaged by something else than a crash: pages or sectors of zeros, pages
 * of an earlier time or of another place, a WAL that ends anywhere or has lost a frame. What an
 * agent then does is done here: open, set aside when that is what the store says, open again.
 *
 * The promise checked: what opens holds rows of a committed transaction and none beyond it, and
 * what does not opens when it was set aside, with nothing in it. test_store.c has single bits and
 * every length.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "state/store.h"

#define N_FILES 60
#define ROUNDS 4
#define PAGE 4096
#define SECTOR 512
#define WAL_HEADER 32
#define FRAME (24 + PAGE)

struct image {
	char bytes[1 << 18];
	size_t len;
};

/*
 * Of a database that was killed after each round: the WAL holds all of it; and one that was closed.
 */
static struct image db, wal, closed, earlier;
static char dir[64], message[256];
static size_t opened, set_aside;

static void path_of(const char *name, char ret_path[128])
{
	snprintf(ret_path, 128, "%s/%s", dir, name);
}

static void slurp(const char *name, struct image *image)
{
	char path[128];
	FILE *file;

	path_of(name, path);
	file = fopen(path, "r");
	cr_assert(ne(ptr, file, NULL));
	image->len = fread(image->bytes, 1, sizeof image->bytes, file);
	cr_assert(lt(sz, image->len, sizeof image->bytes));
	fclose(file);
}

static void spill(const char *name, const struct image *image)
{
	char path[128];
	FILE *file;

	path_of(name, path);
	file = fopen(path, "w");
	cr_assert(ne(ptr, file, NULL));
	cr_assert(eq(sz, fwrite(image->bytes, 1, image->len, file), image->len));
	fclose(file);
}

static void wipe(void)
{
	char command[128];

	snprintf(command, sizeof command, "rm -f %s/*", dir);
	cr_assert(eq(int, system(command), 0));
}

static struct store *must_open(void)
{
	struct store *store = NULL;
	int r = store_open(dir, &store, message, sizeof message);

	cr_assert(eq(int, r, 0), "%s", message);
	return store;
}

static int write_round(struct store *store, uint64_t round)
{
	struct store_file files[N_FILES];
	char path[300];

	snprintf(path, sizeof path, "/var/log/%0*d", (int)sizeof path - 10, (int)round);
	for (uint64_t i = 0; i < N_FILES; i++)
		files[i] = (struct store_file){
			.id = i + 1, .path = path, .lineage = path, .committed = 1000 * round + i};
	return store_write(store, &(struct store_batch){.files = files, .n_files = N_FILES},
			   message, sizeof message);
}

/* In a process that is gone without closing. */
static void write_and_die(void)
{
	pid_t pid = fork();
	struct store *store;
	int status;

	if (pid == 0) {
		if (store_open(dir, &store, NULL, 0))
			_exit(1);
		for (uint64_t round = 1; round <= ROUNDS; round++)
			if (write_round(store, round))
				_exit(1);
		_exit(0);
	}
	cr_assert(eq(int, waitpid(pid, &status, 0), pid));
	cr_assert(eq(int, status, 0));
}

static void setup(void)
{
	struct store *store;

	strcpy(dir, "/dev/shm/test_damage.XXXXXX");
	cr_assert(ne(ptr, mkdtemp(dir), NULL));
	store = must_open();
	cr_assert(eq(int, write_round(store, ROUNDS - 1), 0));
	store_close(store);
	slurp("waybill.db", &earlier);
	wipe();
	write_and_die();
	slurp("waybill.db", &db);
	slurp("waybill.db-wal", &wal);
	store_close(must_open());
	slurp("waybill.db", &closed);
	wipe();
}

static void teardown(void)
{
	wipe();
	rmdir(dir);
	fprintf(stderr, "%zu opened, %zu set aside\n", opened, set_aside);
}

TestSuite(damage, .init = setup, .fini = teardown, .timeout = 300);

/*
 * No row is beyond the last round; *ret_round: of all rows, 0 without rows, UINT64_MAX a mixture.
 */
static uint64_t round_of(struct store *store, const char *what, size_t at)
{
	struct store_file *files;
	uint64_t round;
	size_t n;

	cr_assert(eq(int, store_load(store, &files, &n), 0));
	round = n ? files[0].committed / 1000 : 0;
	round = n && n != N_FILES ? UINT64_MAX : round;
	for (size_t i = 0; i < n; i++) {
		cr_assert(le(u64, files[i].committed, 1000 * ROUNDS + files[i].id - 1), "%s %zu",
			  what, at);
		if (files[i].committed != 1000 * round + files[i].id - 1)
			round = UINT64_MAX;
	}
	store_files_free(files, n);
	return round;
}

static void start_anew(const char *what, size_t at)
{
	char aside[PATH_MAX];
	struct store *store;

	cr_assert(ge(sz, strlen(message), 1), "%s %zu", what, at);
	cr_assert(eq(int, store_set_aside(dir, aside, sizeof aside), 0), "%s %zu", what, at);
	cr_assert(eq(int, access(aside, F_OK), 0), "%s %zu", what, at);
	store = must_open();
	cr_assert(eq(u64, round_of(store, what, at), 0), "%s %zu", what, at);
	cr_assert(eq(int, write_round(store, 1), 0), "%s %zu: %s", what, at, message);
	store_close(store);
	store = must_open();
	cr_assert(eq(u64, round_of(store, what, at), 1), "%s %zu", what, at);
	store_close(store);
}

/* Two starts on what lies there. The round that the first found; 0 also when it was set aside. */
static uint64_t start(const char *what, size_t at)
{
	struct store *store;
	uint64_t round;
	int r = store_open(dir, &store, message, sizeof message);

	if (r == STORE_E_DAMAGED) {
		set_aside++;
		start_anew(what, at);
		wipe();
		return 0;
	}
	cr_assert(eq(int, r, 0), "%s %zu: %s", what, at, message);
	opened++;
	round = round_of(store, what, at);
	store_close(store);
	store = must_open();
	cr_assert(eq(u64, round_of(store, what, at), round), "%s %zu", what, at);
	store_close(store);
	wipe();
	return round;
}

/* A part of the closed database is replaced by bytes of the same length. */
static uint64_t start_with(const char *what, size_t at, const char *bytes, size_t len)
{
	static struct image image;

	image = closed;
	memcpy(image.bytes + at, bytes, len);
	spill("waybill.db", &image);
	return start(what, at);
}

static const char zeros[PAGE];

/* Scenario B04 */
Test(damage, each_page_of_zeros)
{
	cr_assert(ge(sz, closed.len, 8 * PAGE));
	for (size_t at = 0; at < closed.len; at += PAGE)
		start_with("page of zeros", at, zeros, PAGE);
	cr_assert(ge(sz, set_aside, closed.len / PAGE / 2));
}

/* Scenario B04 */
Test(damage, each_sector_of_zeros)
{
	for (size_t at = 0; at < closed.len; at += SECTOR)
		start_with("sector of zeros", at, zeros, SECTOR);
	cr_assert(ge(sz, set_aside, closed.len / SECTOR / 2));
}

/* Scenario B04. Each page as it was a transaction before: rows may be older, never newer. */
Test(damage, each_page_of_an_earlier_time)
{
	for (size_t at = 0; at < closed.len && at < earlier.len; at += PAGE)
		start_with("earlier page", at, earlier.bytes + at, PAGE);
}

/* Scenario B04 */
Test(damage, each_page_in_the_place_of_another)
{
	for (size_t at = 0; at < closed.len; at += PAGE)
		start_with("page of another place", at, closed.bytes + (at + PAGE) % closed.len,
			   PAGE);
	cr_assert(ge(sz, set_aside, closed.len / PAGE / 2));
}

/* Scenario B04. All that is whole in front of the cut counts, and in the order of transactions. */
Test(damage, a_wal_cut_at_each_frame_and_between)
{
	static struct image image;
	const size_t whole = wal.len;
	uint64_t before = 0, round;

	for (size_t len = 0; len <= whole; len++) {
		size_t in_frame = len < WAL_HEADER ? len : (len - WAL_HEADER) % FRAME;

		if (in_frame > 32 && in_frame % 509)
			continue;
		image = wal;
		image.len = len;
		spill("waybill.db", &db);
		spill("waybill.db-wal", &image);
		round = start("WAL cut at", len);
		cr_assert(ge(u64, round, before), "length %zu", len);
		cr_assert(le(u64, round, ROUNDS), "length %zu", len);
		before = round;
	}
	cr_assert(eq(u64, before, ROUNDS));
	cr_assert(eq(sz, set_aside, 0));
}

/* Scenario B04. What stands behind a lost frame cannot be believed. */
Test(damage, a_wal_without_each_of_its_frames)
{
	static struct image image;
	uint64_t round, before = 0;

	for (size_t at = WAL_HEADER; at < wal.len; at += FRAME) {
		image = wal;
		memset(image.bytes + at, 0, FRAME);
		spill("waybill.db", &db);
		spill("waybill.db-wal", &image);
		round = start("WAL without frame at", at);
		cr_assert(ge(u64, round, before), "frame at %zu", at);
		cr_assert(lt(u64, round, ROUNDS), "frame at %zu", at);
		before = round;
	}
	cr_assert(ge(u64, before, ROUNDS - 1));
}

/* Scenario B04. The database is gone, or its WAL, or there is only one of another time. */
Test(damage, parts_that_are_missing)
{
	spill("waybill.db", &db);
	cr_assert(eq(u64, start("no WAL", 0), 0));
	spill("waybill.db-wal", &wal);
	cr_assert(eq(u64, start("no database", 0), 0));
	cr_assert(eq(sz, set_aside, 1));
	spill("waybill.db", &closed);
	spill("waybill.db-wal", &wal);
	cr_assert(eq(u64, start("WAL that was emptied", 0), ROUNDS));
	spill("waybill.db", &earlier);
	spill("waybill.db-wal", &wal);
	start("WAL of another database", 0);
}
