/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the store promises when all is well, and above all when it is not: a second process, a
 * directory that cannot be written, a full disk, and every single damaged byte.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "state/store.h"

/* Where user_version is in the header of an SQLite file: a flip there may say "newer". */
#define VERSION_AT 60
#define N_FILES 5

static char base[64], dir[80], message[512];

static void make_base(void)
{
	strcpy(base, "/dev/shm/test_store.XXXXXX");
	cr_assert(ne(ptr, mkdtemp(base), NULL));
	snprintf(dir, sizeof dir, "%s/state", base);
}

static void remove_dir(const char *path)
{
	char name[PATH_MAX];
	struct dirent *entry;
	DIR *stream = opendir(path);

	while (stream && (entry = readdir(stream))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
		if (unlink(name) < 0)
			remove_dir(name);
	}
	if (stream)
		closedir(stream);
	rmdir(path);
}

static void remove_base(void)
{
	remove_dir(base);
}

TestSuite(store, .init = make_base, .fini = remove_base, .timeout = 300);

static struct store *must_open(void)
{
	struct store *store = NULL;
	int r = store_open(dir, &store, message, sizeof message);

	cr_assert(eq(int, r, 0), "%s", message);
	return store;
}

static int try_open(void)
{
	struct store *store;
	int r = store_open(dir, &store, message, sizeof message);

	if (r == 0)
		store_close(store);
	return r;
}

/* Row i of a set whose values use all bits; round moves the positions on. */
static struct store_file make_file(uint64_t i, uint64_t round)
{
	static char paths[N_FILES + 1][32];

	snprintf(paths[i], sizeof paths[i], "/var/log/app-%d.log", (int)i);
	return (struct store_file){
		.id = i,
		.device = UINT64_MAX - i,
		.inode = 0x8000000000000000ull + i,
		.born_ns = -5,
		.path = paths[i],
		.lineage = "/var/log/\xff\xfe not UTF-8",
		.head_len = 1024,
		.head_hash = 0xdeadbeefcafef00dull,
		/* The first one is as the first version left it, the second as the second. */
		.content_id = i == 1 ? 0 : UINT64_MAX - 7 * i,
		.committed = 1000 * round + i,
		.tail_len = 64,
		.tail_hash = UINT64_MAX,
		.discarding = i % 2,
		.real = i == 3 ? "/var/lib/pods/\xff 0.log" : NULL,
		.went = i == 4 ? "/var/log/old" : NULL,
		.packed = i == 5 ? 2 : 0,
		.flags = i == 3 ? STORE_FILE_IGNORED : 0,
		.proven = i > 2,
		.chain_at = i > 2 ? 4096 * i : 0,
		.chain = {i > 2 ? UINT64_MAX - i : 0, i > 2 ? i << 56 : 0},
		.rest_hash = i > 2 ? UINT64_MAX - round : 0,
		.size = i > 2 ? 5000 * i : 0,
		.mtime_ns = i > 2 ? -7 : 0,
		.ctime_ns = i > 2 ? INT64_MAX : 0,
		.reach = i > 2 ? UINT64_MAX : 0,
		.ahead = i == 2 ? SLICE_NONE : (struct slice){"\x01\x00\x7f", 3},
	};
}

static int write_round(struct store *store, uint64_t round)
{
	struct store_file files[N_FILES];

	for (uint64_t i = 0; i < N_FILES; i++)
		files[i] = make_file(i + 1, round);
	return store_write(store, &(struct store_batch){.files = files, .n_files = N_FILES},
			   message, sizeof message);
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_proof(const struct store_file *a, const struct store_file *b)
{
	return a->proven == b->proven && a->chain_at == b->chain_at &&
	       a->chain.low == b->chain.low && a->chain.high == b->chain.high &&
	       a->rest_hash == b->rest_hash && a->size == b->size && a->mtime_ns == b->mtime_ns &&
	       a->ctime_ns == b->ctime_ns && a->reach == b->reach;
}

static bool same(const struct store_file *a, const struct store_file *b)
{
	return same_proof(a, b) && same_text(a->real, b->real) && same_text(a->went, b->went) &&
	       a->packed == b->packed && a->flags == b->flags && a->id == b->id &&
	       a->device == b->device && a->inode == b->inode && a->born_ns == b->born_ns &&
	       a->head_len == b->head_len && a->head_hash == b->head_hash &&
	       a->content_id == b->content_id && a->committed == b->committed &&
	       a->tail_len == b->tail_len && a->tail_hash == b->tail_hash &&
	       a->discarding == b->discarding && strcmp(a->path, b->path) == 0 &&
	       strcmp(a->lineage, b->lineage) == 0 && a->ahead.len == b->ahead.len &&
	       (!a->ahead.len || memcmp(a->ahead.at, b->ahead.at, a->ahead.len) == 0);
}

/* True when exactly the rows of one round are there. */
static bool holds_round(struct store *store, uint64_t round)
{
	struct store_file *files, want;
	bool good;
	size_t n;

	if (store_load(store, &files, &n) != 0)
		return false;
	good = n == N_FILES;
	for (size_t i = 0; i < n && good; i++) {
		want = make_file(i + 1, round);
		good = same(&files[i], &want);
	}
	store_files_free(files, n);
	return good;
}

Test(store, rows_come_back_as_written)
{
	struct store *store = must_open();

	cr_assert(eq(int, write_round(store, 1), 0));
	cr_assert(holds_round(store, 1));
	cr_assert(eq(int, write_round(store, 2), 0));
	store_close(store);
	store = must_open();
	cr_assert(holds_round(store, 2));
	store_close(store);
}

Test(store, an_empty_one_has_nothing)
{
	struct store *store = must_open();
	struct store_file *files;
	uint64_t bytes, count;
	size_t n;

	cr_assert(eq(int, store_load(store, &files, &n), 0));
	cr_assert(eq(sz, n, 0));
	store_files_free(files, n);
	store_dead_letters(store, &bytes, &count);
	cr_assert(eq(u64, bytes, 0));
	cr_assert(eq(u64, count, 0));
	cr_assert(eq(int, store_knows_source(store, "orders"), 0));
	store_close(store);
	cr_assert(eq(ptr, store_close(NULL), NULL));
}

/* Scenario B08 */
Test(store, removed_rows_are_gone)
{
	struct store *store = must_open();
	struct store_file gone = make_file(3, 1), *files;
	size_t n;

	cr_assert(eq(int, write_round(store, 1), 0));
	gone.removed = true;
	cr_assert(eq(int,
		     store_write(store, &(struct store_batch){.files = &gone, .n_files = 1},
				 message, sizeof message),
		     0));
	store_close(store);
	store = must_open();
	cr_assert(eq(int, store_load(store, &files, &n), 0));
	cr_assert(eq(sz, n, N_FILES - 1));
	cr_assert(eq(u64, files[2].id, 4));
	store_files_free(files, n);
	store_close(store);
}

Test(store, letters_and_sources_are_remembered)
{
	const struct store_dead_letter letters[] = {
		{1, 10, "app", "/a", "t", "MSG_SIZE_TOO_LARGE", 5, {"key", 3}, {"value", 5}},
		{1, 20, "web", "/a", "t", "INVALID_RECORD", 6, SLICE_NONE, {"", 0}},
	};
	const char *sources[] = {"orders", "web"};
	const struct store_batch batch = {
		.letters = letters, .n_letters = 2, .sources = sources, .n_sources = 2};
	uint64_t bytes, count;

	for (int turn = 1; turn <= 2; turn++) {
		struct store *store = must_open();

		cr_assert(eq(int, store_knows_source(store, "orders"), turn - 1));
		cr_assert(eq(int, store_write(store, &batch, message, sizeof message), 0), "%s",
			  message);
		for (int again = 0; again < 2; again++) {
			cr_assert(eq(int, store_knows_source(store, "orders"), 1));
			cr_assert(eq(int, store_knows_source(store, "web"), 1));
			cr_assert(eq(int, store_knows_source(store, "we"), 0));
			store_dead_letters(store, &bytes, &count);
			cr_assert(eq(u64, bytes, 8u * turn));
			cr_assert(eq(u64, count, 2u * turn));
			store_close(store);
			store = must_open();
		}
		store_close(store);
	}
}

static void see_letters(void *context, const char *source, uint64_t bytes, uint64_t copied)
{
	uint64_t *sums = context;

	cr_expect(eq(u64, copied, 0));
	cr_assert(source[1] == '\0');
	sums[source[0] - 'a'] += bytes;
}

static unsigned n_topics_seen;

static void see_topic(void *context, const struct store_topic *topic)
{
	const struct store_topic *want = context;

	n_topics_seen++;
	cr_expect_str_eq(topic->name, want->name);
	cr_expect_eq(topic->partitions, want->partitions);
}

Test(store, a_topic_is_what_was_written_last)
{
	struct store_topic topic = {"orders", 6};
	const struct store_batch batch = {.topics = &topic, .n_topics = 1};
	struct store *store = must_open();

	for (; topic.partitions < 9; topic.partitions++) {
		cr_assert_eq(store_write(store, &batch, message, sizeof message), 0, "%s", message);
		store_close(store);
		store = must_open();
		cr_assert_eq(store_topics(store, see_topic, &topic), 0);
	}
	cr_expect_eq(n_topics_seen, 3);
	store_close(store);
}

Test(store, letters_are_counted_by_source)
{
	const struct store_dead_letter letters[] = {
		{1, 10, "a", "/a", "t", "r", 5, {"key", 3}, {"value", 5}},
		{2, 20, "b", "/b", "t", "r", 6, SLICE_NONE, {"", 0}},
		{1, 30, "a", "/a", "t", "r", 5, SLICE_NONE, {"\0\0", 2}},
		{3, 30, "c", "/c", "t", "r", 5, {"k", 1}, SLICE_NONE},
	};
	const struct store_batch batch = {.letters = letters, .n_letters = 4};
	struct store *store = must_open();
	uint64_t sums[3] = {0};

	cr_assert(eq(int, store_write(store, &batch, message, sizeof message), 0));
	store_close(store);
	store = must_open();
	cr_assert(eq(int, store_source_letters(store, see_letters, sums), 0));
	cr_expect(sums[0] == 10 && sums[1] == 0 && sums[2] == 1);
	store_close(store);
}

static mode_t mode_of(const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	cr_assert(eq(int, stat(path, &st), 0), "%s", path);
	return st.st_mode & 07777;
}

static bool exists(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return access(path, F_OK) == 0;
}

Test(store, made_for_owner_and_group_only)
{
	struct store *store;

	umask(0);
	store = must_open();
	cr_assert(eq(int, write_round(store, 1), 0));
	cr_assert(eq(int, mode_of("."), 0750));
	cr_assert(eq(int, mode_of("lock"), 0640));
	cr_assert(eq(int, mode_of("waybill.db"), 0640));
	cr_assert(eq(int, mode_of("waybill.db-wal"), 0640));
	/* No shared index: nothing of the database is mapped (no SIGBUS on a full disk). */
	cr_assert(not(exists("waybill.db-shm")));
	store_close(store);
}

Test(store, parent_must_exist)
{
	strcat(dir, "/below");
	cr_assert(eq(int, try_open(), STORE_E_NOT_WRITABLE));
	cr_assert(ne(ptr, strstr(message, dir), NULL));
	cr_assert(ne(ptr, strstr(message, "No such file"), NULL));
}

Test(store, directory_of_others)
{
	cr_assert(eq(int, mkdir(dir, 0555), 0));
	if (geteuid() == 0)
		cr_assert(eq(int, seteuid(65534), 0));
	cr_assert(eq(int, try_open(), STORE_E_NOT_WRITABLE));
	cr_assert(ne(ptr, strstr(message, "Permission denied"), NULL), "%s", message);
	if (getuid() == 0)
		cr_assert(eq(int, seteuid(0), 0));
}

/* Holds the store open in another process until the pipe is closed; that one is then killed. */
static pid_t open_elsewhere(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	cr_assert(eq(int, pipe(ready), 0));
	pid = fork();
	if (pid == 0) {
		struct store *store;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		if (store_open(dir, &store, NULL, 0) == 0 && write_round(store, 3) == 0)
			(void)!write(ready[1], "x", 1);
		close(ready[1]);
		for (;;)
			pause();
	}
	close(ready[1]);
	cr_assert(eq(int, (int)read(ready[0], &byte, 1), 1));
	close(ready[0]);
	return pid;
}

/* Scenario B10 */
Test(store, second_process_is_refused_until_the_first_dies)
{
	const pid_t pid = open_elsewhere();
	char want[512], aside[PATH_MAX];
	struct store *store;

	cr_assert(eq(int, try_open(), STORE_E_LOCKED));
	snprintf(want, sizeof want, "state directory %s is used by process %d", dir, (int)pid);
	cr_assert(eq(str, message, want));
	cr_assert(eq(int, store_set_aside(dir, aside, sizeof aside), -EBUSY));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	/* What it had written is in the WAL only, and is durable. */
	store = must_open();
	cr_assert(holds_round(store, 3));
	store_close(store);
}

static size_t slurp(const char *name, char **ret_bytes)
{
	char path[PATH_MAX];
	struct stat st;
	int fd;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	cr_assert(ge(int, fd, 0), "%s", path);
	fstat(fd, &st);
	*ret_bytes = malloc((size_t)st.st_size);
	cr_assert(eq(int, (int)read(fd, *ret_bytes, (size_t)st.st_size), (int)st.st_size));
	close(fd);
	return (size_t)st.st_size;
}

static void spill(const char *name, const char *bytes, size_t len)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	cr_assert(ge(int, fd, 0));
	cr_assert(eq(int, (int)write(fd, bytes, len), (int)len));
	close(fd);
}

/* Scenario B12 */
Test(store, newer_format_is_refused)
{
	char *bytes;
	size_t len;

	store_close(must_open());
	len = slurp("waybill.db", &bytes);
	bytes[VERSION_AT + 3] = 99;
	spill("waybill.db", bytes, len);
	free(bytes);
	cr_assert(eq(int, try_open(), STORE_E_NEWER));
	cr_assert(ne(ptr, strstr(message, "written by a newer waybill (format 99"), NULL));
}

static void expect_damaged(const char *bytes, size_t len)
{
	spill("waybill.db", bytes, len);
	cr_assert(eq(int, try_open(), STORE_E_DAMAGED), "%s", message);
}

Test(store, shell_of_a_database_is_damaged_not_new)
{
	static const char zeros[8192];

	store_close(must_open());
	expect_damaged("", 0);
	expect_damaged(zeros, sizeof zeros);
	expect_damaged("this is no database, but long enough to look like one, is it not? ", 66);
}

/* Read, this one would never end. */
#define ENDLESS "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "

Test(store, what_is_no_table_is_damage, .timeout = 60)
{
	static const char *const rows[] = {
		"DROP TABLE files; CREATE VIEW files AS " ENDLESS
		"SELECT i AS id, 1 AS device, 1 AS inode, 1 AS born_ns, 1 AS head_len, 1 AS "
		"head_hash,"
		" 1 AS content_id, '' AS path, '' AS lineage, 1 AS seal, 0 AS packed, 0 AS flags,"
		" NULL AS real, NULL AS went FROM n",
		"DROP TABLE dead_letters; CREATE VIEW dead_letters AS " ENDLESS
		"SELECT '' AS key, '' AS value FROM n",
		"CREATE TRIGGER t AFTER INSERT ON sources BEGIN INSERT INTO sources " ENDLESS
		"SELECT i, 1 FROM n; END",
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char path[PATH_MAX];
		sqlite3 *db;

		store_close(must_open());
		snprintf(path, sizeof path, "%s/waybill.db", dir);
		cr_assert(eq(int, sqlite3_open(path, &db), SQLITE_OK));
		cr_assert(eq(int, sqlite3_exec(db, rows[i], NULL, NULL, NULL), SQLITE_OK), "%s",
			  sqlite3_errmsg(db));
		sqlite3_close(db);
		cr_assert(eq(int, try_open(), STORE_E_DAMAGED), "%s", rows[i]);
		cr_assert(ne(ptr, strstr(message, "a table of waybill's"), NULL), "%s", message);
		remove_dir(dir);
	}
}

/* Somebody's own way to look at what is there. */
Test(store, a_view_of_another_name_is_let_be)
{
	char path[PATH_MAX];
	sqlite3 *db;

	store_close(must_open());
	snprintf(path, sizeof path, "%s/waybill.db", dir);
	cr_assert(eq(int, sqlite3_open(path, &db), SQLITE_OK));
	cr_assert(
		eq(int,
		   sqlite3_exec(db, "CREATE VIEW mine AS SELECT path FROM files", NULL, NULL, NULL),
		   SQLITE_OK));
	sqlite3_close(db);
	store_close(must_open());
}

Test(store, lost_database_beside_a_wal_is_damaged)
{
	char path[PATH_MAX];

	kill(open_elsewhere(), SIGKILL);
	wait(NULL);
	snprintf(path, sizeof path, "%s/waybill.db", dir);
	cr_assert(eq(int, unlink(path), 0));
	cr_assert(eq(int, try_open(), STORE_E_DAMAGED));
}

Test(store, set_aside_then_start_anew)
{
	char aside[PATH_MAX], second[PATH_MAX];
	struct store *store;
	char *bytes;

	kill(open_elsewhere(), SIGKILL);
	wait(NULL);
	expect_damaged("", 0);
	cr_assert(eq(int, store_set_aside(dir, aside, sizeof aside), 0));
	cr_assert(eq(int, strncmp(aside + strlen(dir), "/waybill.db.damaged-", 20), 0));
	cr_assert(not(exists("waybill.db")));
	cr_assert(not(exists("waybill.db-wal")));
	cr_assert(
		gt(sz, slurp(strcat(strcpy(second, aside + strlen(dir) + 1), "-wal"), &bytes), 0));
	free(bytes);
	store = must_open();
	cr_assert(eq(int, write_round(store, 1), 0));
	store_close(store);
	expect_damaged("", 0);
	cr_assert(eq(int, store_set_aside(dir, second, sizeof second), 0));
	cr_assert(ne(str, aside, second));
}

/*
 * Opens a damaged database. True: refused as damaged, or opened with exactly the good rows. NEWER
 * is right only for a change of the version itself. What opens must also bear a write or refuse it.
 */
static bool bears(size_t at)
{
	struct store *store;
	bool good;
	int r = store_open(dir, &store, message, sizeof message);

	if (r != 0)
		return r == STORE_E_DAMAGED ||
		       (r == STORE_E_NEWER && at >= VERSION_AT && at < VERSION_AT + 4);
	good = holds_round(store, 1) && store_knows_source(store, "orders") == 1;
	if (good && at % 64 == 0) {
		r = write_round(store, 2);
		good = r == STORE_E_FAILED || (r == 0 && holds_round(store, 2));
	}
	store_close(store);
	return good;
}

static size_t make_good(char **ret_bytes)
{
	const char *sources[] = {"orders"};
	struct store *store = must_open();

	cr_assert(eq(int, write_round(store, 1), 0));
	cr_assert(eq(int,
		     store_write(store, &(struct store_batch){.sources = sources, .n_sources = 1},
				 message, sizeof message),
		     0));
	store_close(store);
	return slurp("waybill.db", ret_bytes);
}

/* Of scenario B04: the good rows, or "damaged"; never others, a crash or another answer. */
static void flip_each(const unsigned char *masks, size_t n_masks)
{
	size_t opened = 0, tried = 0, len;
	char *bytes, wal[PATH_MAX];

	len = make_good(&bytes);
	snprintf(wal, sizeof wal, "%s/waybill.db-wal", dir);
	for (size_t i = 0; i < len; i++) {
		for (size_t m = 0; m < n_masks; m++) {
			/* The empty parts of pages look all alike: a sample of them is enough. */
			if (!bytes[i] && i % 4096 > 128 && i % 61)
				continue;
			bytes[i] ^= (char)masks[m];
			spill("waybill.db", bytes, len);
			unlink(wal);
			bytes[i] ^= (char)masks[m];
			cr_assert(bears(i), "byte %zu ^ %02x: %s", i, masks[m], message);
			opened += bytes[i] && !message[0];
			tried += bytes[i] != 0;
			message[0] = '\0';
		}
	}
	/* A byte that is not zero is mostly in use, so most of those must have been noticed. */
	cr_assert(lt(sz, opened, tried / 2));
	free(bytes);
}

/* Scenario B04 */
Test(store, every_flipped_bit_is_harmless_or_noticed)
{
	flip_each((const unsigned char[]){0x01, 0x80}, 2);
}

/* Scenario B04 */
Test(store, every_flipped_byte_is_harmless_or_noticed)
{
	flip_each((const unsigned char[]){0xff, 0x10}, 2);
}

/* Scenario B04 */
Test(store, every_truncation_is_harmless_or_noticed)
{
	size_t len;
	char *bytes;

	len = make_good(&bytes);
	for (size_t i = 0; i < len; i += i % 4096 < 128 ? 1 : 37) {
		spill("waybill.db", bytes, i);
		cr_assert(bears(i), "length %zu: %s", i, message);
		/* Only the empty rest of the last page can be done without. */
		cr_assert(message[0] || i > len - 4096, "length %zu", i);
		message[0] = '\0';
	}
	free(bytes);
}

/*
 * Scenario B04. A damaged WAL gives a state that was committed once: round 3, 2 or 1, or the empty
 * one.
 */
Test(store, every_flipped_byte_of_the_wal_gives_an_earlier_state)
{
	char *db, *wal;
	size_t db_len, wal_len;
	pid_t pid;

	store_close(must_open());
	pid = open_elsewhere();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	db_len = slurp("waybill.db", &db);
	wal_len = slurp("waybill.db-wal", &wal);
	for (size_t i = 0; i < wal_len; i += 11) {
		struct store *store = NULL;
		struct store_file *files = NULL;
		size_t n = 0;
		int r;

		spill("waybill.db", db, db_len);
		wal[i] ^= 0x40;
		spill("waybill.db-wal", wal, wal_len);
		wal[i] ^= 0x40;
		r = store_open(dir, &store, message, sizeof message);
		if (r == STORE_E_DAMAGED)
			continue;
		cr_assert(eq(int, r, 0), "byte %zu: %s", i, message);
		cr_assert(eq(int, store_load(store, &files, &n), 0));
		cr_assert(n == 0 || holds_round(store, 3), "byte %zu", i);
		store_files_free(files, n);
		store_close(store);
	}
	free(db);
	free(wal);
}

/* Scenario B06. The last good state stays, the cause has a name, and it recovers alone. */
Test(store, full_disk_fails_the_batch_only)
{
	struct rlimit limit, before;
	struct store *store = must_open();
	int r = 0;

	signal(SIGXFSZ, SIG_IGN);
	cr_assert(eq(int, write_round(store, 1), 0));
	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = 20000;
	setrlimit(RLIMIT_FSIZE, &limit);
	uint64_t round = 1;
	while (r == 0 && round < 1000)
		r = write_round(store, ++round);
	cr_assert(eq(int, r, STORE_E_FAILED));
	cr_assert(ne(ptr, strstr(message, "waybill.db: "), NULL));
	cr_assert(eq(int, write_round(store, round), STORE_E_FAILED));
	cr_assert(holds_round(store, round - 1));
	setrlimit(RLIMIT_FSIZE, &before);
	cr_assert(eq(int, write_round(store, round), 0), "%s", message);
	cr_assert(holds_round(store, round));
	store_close(store);
	store = must_open();
	cr_assert(holds_round(store, round));
	store_close(store);
}

/* What went there was in no state that a next start finds, and nobody was told. */
Test(store, one_that_is_removed_or_moved_away_is_not_written_to)
{
	struct store *store = must_open();
	char path[PATH_MAX], away[PATH_MAX + 8];

	cr_assert(eq(int, write_round(store, 1), 0));
	snprintf(path, sizeof path, "%s", store_path(store));
	snprintf(away, sizeof away, "%s.away", path);
	cr_assert(eq(int, rename(path, away), 0));
	cr_assert(eq(int, write_round(store, 2), STORE_E_FAILED));
	cr_assert(ne(ptr, strstr(message, "removed or replaced while it is in use"), NULL));
	spill("waybill.db", "another", 7);
	cr_assert(eq(int, write_round(store, 2), STORE_E_FAILED));
	cr_assert(eq(int, rename(away, path), 0));
	cr_assert(eq(int, write_round(store, 2), 0), "%s", message);
	cr_assert(holds_round(store, 2));
	cr_assert(eq(int, unlink(path), 0));
	cr_assert(eq(int, write_round(store, 3), STORE_E_FAILED));
	store_close(store);
}

/* Scenario B07. Many rounds: the WAL is emptied into the database again and again. */
Test(store, wal_stays_bounded)
{
	struct store *store = must_open();
	char path[PATH_MAX];
	struct stat st;

	for (uint64_t round = 1; round <= 3000; round++)
		cr_assert(eq(int, write_round(store, round), 0));
	snprintf(path, sizeof path, "%s/waybill.db-wal", dir);
	cr_assert(eq(int, stat(path, &st), 0));
	cr_assert(le(i64, st.st_size, 8 << 20));
	store_close(store);
	cr_assert(not(exists("waybill.db-wal")));
}

/* Scenario B07. An unchanged file costs nothing. */
Test(store, unchanged_rows_write_nothing)
{
	struct store *store = must_open();
	char path[PATH_MAX];
	struct stat before, after;

	cr_assert(eq(int, write_round(store, 1), 0));
	snprintf(path, sizeof path, "%s/waybill.db-wal", dir);
	stat(path, &before);
	cr_assert(eq(int, write_round(store, 1), 0));
	stat(path, &after);
	cr_assert(eq(i64, after.st_size, before.st_size));
	store_close(store);
}

/* A row that SQLite refuses takes its whole batch along, and leaves no transaction open. */
Test(store, refused_row_leaves_nothing_of_its_batch)
{
	struct store_file file = make_file(1, 9);
	const struct store_dead_letter letter = {.value = {"", (size_t)3 << 30}};
	struct store *store = must_open();

	cr_assert(eq(int, write_round(store, 1), 0));
	cr_assert(eq(int,
		     store_write(store, &(struct store_batch){&file, 1, &letter, 1, NULL, 0},
				 message, sizeof message),
		     STORE_E_FAILED));
	cr_assert(ne(ptr, strstr(message, "too big"), NULL), "%s", message);
	cr_assert(holds_round(store, 1));
	cr_assert(eq(int, write_round(store, 2), 0), "%s", message);
	cr_assert(holds_round(store, 2));
	store_close(store);
}

/* What the first version wrote: no content_id, no agent, but a table that was never used. */
static void make_first_format(void)
{
	struct store *store = must_open();
	struct store_file file = make_file(1, 3);
	char path[128];
	sqlite3 *db;

	cr_assert(eq(int,
		     store_write(store, &(struct store_batch){.files = &file, .n_files = 1},
				 message, sizeof message),
		     0));
	store_close(store);
	snprintf(path, sizeof path, "%s/waybill.db", dir);
	cr_assert(eq(int, sqlite3_open(path, &db), SQLITE_OK));
	cr_assert(
		eq(int,
		   sqlite3_exec(db,
				"ALTER TABLE files DROP COLUMN content_id; DROP TABLE agent;"
				"DROP TABLE topics;"
				"CREATE TABLE topics(name TEXT PRIMARY KEY, partitions INTEGER NOT "
				"NULL) WITHOUT ROWID;"
				"ALTER TABLE dead_letters DROP COLUMN source;"
				"ALTER TABLE dead_letters DROP COLUMN partition;"
				"ALTER TABLE dead_letters DROP COLUMN headers;"
				"ALTER TABLE files DROP COLUMN real;"
				"ALTER TABLE files DROP COLUMN went;"
				"ALTER TABLE files DROP COLUMN packed;"
				"ALTER TABLE files DROP COLUMN flags;"
				"ALTER TABLE positions DROP COLUMN chain_at;"
				"ALTER TABLE positions DROP COLUMN chain;"
				"ALTER TABLE positions DROP COLUMN rest_hash;"
				"ALTER TABLE positions DROP COLUMN size;"
				"ALTER TABLE positions DROP COLUMN mtime_ns;"
				"ALTER TABLE positions DROP COLUMN ctime_ns;"
				"ALTER TABLE positions DROP COLUMN reach;"
				"ALTER TABLE positions DROP COLUMN branches;"
				"ALTER TABLE dead_letters DROP COLUMN copied;"
				"PRAGMA user_version = 1",
				NULL, NULL, NULL),
		   SQLITE_OK));
	sqlite3_close(db);
}

/* Scenario B12 */
Test(store, first_format_is_taken_over)
{
	struct store_file *files, want = make_file(1, 3);
	struct store *store;
	size_t n;

	make_first_format();
	store = must_open();
	cr_assert(eq(int, store_load(store, &files, &n), 0));
	cr_expect(eq(sz, n, 1));
	cr_expect(same(&files[0], &want));
	cr_expect(eq(u64, files[0].content_id, 0));
	cr_expect(eq(sz, strlen(store_agent_id(store)), 16));
	store_files_free(files, n);
	store_close(store);
}

/* It is what a consumer tells agents apart by: made once, never the same for two. */
Test(store, agent_id_stays)
{
	struct store *store = must_open();
	char first[17], aside[PATH_MAX];

	snprintf(first, sizeof first, "%s", store_agent_id(store));
	cr_assert(eq(sz, strspn(first, "0123456789abcdef"), 16));
	store_close(store);
	store = must_open();
	cr_expect(eq(str, (char *)store_agent_id(store), first));
	store_close(store);
	cr_assert(eq(int, store_set_aside(dir, aside, sizeof aside), 0));
	store = must_open();
	cr_expect(ne(str, (char *)store_agent_id(store), first));
	store_close(store);
}
