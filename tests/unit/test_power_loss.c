/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The power fails at every instant of a store's life: a first start, transactions, the WAL emptied
 * into the database, stops and starts. All that is written is recorded; each state that a file
 * system could then have on the disk is made, and a store is opened on it.
 *
 * What a file system promises, and no more: what was written to a file is there once that file was
 * synced, and a name once its directory was. Until then each sector of 512 bytes and each new
 * length may be there or not, in any order; names come and go in their order. A disk that says
 * "synced" and has nothing is tried as well, and then even what was promised may be missing.
 *
 * The promise checked: with a disk that keeps its word the last transaction that was acknowledged
 * is there, or the one under way, as a whole. With one that does not, no position is beyond what
 * was committed, or the damage is noticed, set aside, and the next start works.
 */
#define CALLS_AFTER
#include "tests/support/calls.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/map.h"
#include "state/store.h"
#include "tests/support/random.h"

#define N_FILES 40
#define ROUNDS 48
#define SECTOR 512
#define INODES_MAX 32
#define FDS_MAX 64
#define OPS_MAX 4096
#define PENDING_MAX 512
#define LEN_MAX (1 << 20)

static char base[64], disk[64], message[256];

/* ---- what was done ---- */

enum op_kind {
	OP_CREATE,
	OP_RENAME,
	OP_UNLINK,
	OP_SYNC_NAMES,
	OP_WRITE,
	OP_LENGTH,
	OP_SYNC,
	OP_ACK
};

struct op {
	enum op_kind kind;
	int inode;
	char name[32], to[32];
	size_t at, len; /* OP_LENGTH: at; OP_ACK: the round */
	char *bytes;
};

static struct op ops[OPS_MAX];
static size_t n_ops;
static bool recording;
static int n_inodes;
static int inode_of_fd[FDS_MAX]; /* -1: none of ours; -2: the directory */
static struct name {
	char name[32];
	int inode;
} names[INODES_MAX];
static size_t n_names;

static struct op *add(enum op_kind kind, int inode)
{
	cr_assert(lt(sz, n_ops, OPS_MAX));
	ops[n_ops] = (struct op){.kind = kind, .inode = inode};
	return &ops[n_ops++];
}

static struct name *find(const char *name)
{
	for (size_t i = 0; i < n_names; i++)
		if (strcmp(names[i].name, name) == 0)
			return &names[i];
	return NULL;
}

static void forget(const char *name)
{
	struct name *entry = find(name);

	if (entry)
		*entry = names[--n_names];
}

static void enter(const char *name, int inode)
{
	forget(name);
	cr_assert(lt(sz, n_names, INODES_MAX));
	names[n_names].inode = inode;
	snprintf(names[n_names++].name, sizeof names[0].name, "%s", name);
}

/* Does to the table of names what an operation did. */
static void change_names(const struct op *op)
{
	if (op->kind == OP_CREATE)
		enter(op->name, op->inode);
	else if (op->kind == OP_UNLINK)
		forget(op->name);
	else if (find(op->name)) {
		enter(op->to, find(op->name)->inode);
		forget(op->name);
	}
}

/* The name in the state directory; NULL: elsewhere, or the lock, which holds nothing. */
static const char *ours(const char *path)
{
	size_t len = strlen(base);

	if (strncmp(path, base, len) != 0 || path[len] != '/' || strcmp(path + len, "/lock") == 0)
		return NULL;
	return path + len + 1;
}

static void note_open(const struct call *call, int fd)
{
	const char *name = ours(call->path);
	struct op *op;

	cr_assert(lt(int, fd, FDS_MAX));
	inode_of_fd[fd] = strcmp(call->path, base) == 0 ? -2 : -1;
	if (!name)
		return;
	if (!find(name)) {
		op = add(OP_CREATE, n_inodes++);
		snprintf(op->name, sizeof op->name, "%s", name);
		change_names(op);
	}
	inode_of_fd[fd] = find(name)->inode;
}

static void note_write(const struct call *call, long len, int inode)
{
	struct op *op = add(OP_WRITE, inode);

	op->at = (size_t)call->at;
	op->len = (size_t)len;
	op->bytes = malloc(op->len + 1);
	memcpy(op->bytes, call->bytes, op->len);
}

static void note_names(const struct call *call)
{
	struct op *op = add(call->kind == CALL_RENAME ? OP_RENAME : OP_UNLINK, -1);

	snprintf(op->name, sizeof op->name, "%s", ours(call->path));
	if (call->kind == CALL_RENAME)
		snprintf(op->to, sizeof op->to, "%s", ours(call->to));
	change_names(op);
}

static bool before_call(const struct call *call)
{
	(void)call;
	return true;
}

static void after_call(const struct call *call, long result)
{
	int inode = -1;

	if (!recording || result < 0)
		return;
	if (call->kind == CALL_WRITE || call->kind == CALL_TRUNCATE || call->kind == CALL_SYNC)
		inode = inode_of_fd[call->fd];
	if (call->kind == CALL_OPEN)
		note_open(call, (int)result);
	else if (call->kind == CALL_RENAME || call->kind == CALL_UNLINK)
		note_names(call);
	else if (call->kind == CALL_SYNC && inode == -2)
		add(OP_SYNC_NAMES, -1);
	else if (inode < 0)
		return;
	else if (call->kind == CALL_WRITE)
		note_write(call, result, inode);
	else if (call->kind == CALL_TRUNCATE)
		add(OP_LENGTH, inode)->at = (size_t)call->at;
	else
		add(OP_SYNC, inode);
}

/* ---- the life that is recorded ---- */

static struct store *must_open(const char *dir)
{
	struct store *store = NULL;
	int r = store_open(dir, &store, message, sizeof message);

	cr_assert(eq(int, r, 0), "%s", message);
	return store;
}

static void write_round(struct store *store, uint64_t round)
{
	struct store_file files[N_FILES];
	char path[200];

	snprintf(path, sizeof path, "/var/log/%0*d", (int)sizeof path - 10, (int)round / 4);
	for (uint64_t i = 0; i < N_FILES; i++)
		files[i] = (struct store_file){
			.id = i + 1, .path = path, .lineage = path, .committed = 1000 * round + i};
	cr_assert(eq(int,
		     store_write(store, &(struct store_batch){.files = files, .n_files = N_FILES},
				 message, sizeof message),
		     0),
		  "%s", message);
}

/* The WAL goes into the database after a few transactions and not after hundreds. */
static int empty_often(sqlite3 *db, const char **message_out, const void *api)
{
	(void)message_out, (void)api;
	return sqlite3_wal_autocheckpoint(db, 40);
}

static void record(void)
{
	struct store *store = NULL;

	sqlite3_auto_extension((void (*)(void))empty_often);
	recording = true;
	for (uint64_t round = 1; round <= ROUNDS; round++) {
		if (!store)
			store = must_open(base);
		write_round(store, round);
		add(OP_ACK, -1)->at = round;
		if (round % 8 == 0)
			store = store_close(store);
	}
	recording = false;
}

/* ---- what a disk may have ---- */

struct image {
	char *bytes;
	size_t len;
};

static struct image images[INODES_MAX];

static void apply_part(const struct op *op, size_t from, size_t to)
{
	struct image *image = &images[op->inode];

	if (!image->bytes)
		image->bytes = calloc(1, LEN_MAX);
	cr_assert(lt(sz, op->at + op->len, LEN_MAX));
	memcpy(image->bytes + op->at + from, op->bytes + from, to - from);
	image->len = op->at + to > image->len ? op->at + to : image->len;
}

static void apply(const struct op *op)
{
	struct image *image = &images[op->inode];

	if (op->kind == OP_WRITE) {
		apply_part(op, 0, op->len);
		return;
	}
	if (op->at < image->len)
		memset(image->bytes + op->at, 0, image->len - op->at);
	image->len = op->at;
}

/* The sectors of a write for which the dice say so. */
static void apply_torn(const struct op *op, struct random *dice)
{
	size_t next;

	if (op->kind == OP_LENGTH) {
		if (random_below(dice, 2))
			apply(op);
		return;
	}
	for (size_t from = 0; from < op->len; from = next) {
		next = from + SECTOR - (op->at + from) % SECTOR;
		next = next < op->len ? next : op->len;
		if (random_below(dice, 2))
			apply_part(op, from, next);
	}
}

struct pending {
	const struct op *data[PENDING_MAX], *names[PENDING_MAX];
	size_t n_data, n_names;
};

static bool is_data(const struct op *op)
{
	return op->kind == OP_WRITE || op->kind == OP_LENGTH;
}

static bool is_names(const struct op *op)
{
	return op->kind == OP_CREATE || op->kind == OP_RENAME || op->kind == OP_UNLINK;
}

/* Whether something before `end` made it durable. */
static bool is_synced(const struct op *op, const struct op *end)
{
	for (const struct op *later = op + 1; later < end; later++)
		if (is_data(op) ? later->kind == OP_SYNC && later->inode == op->inode :
				  later->kind == OP_SYNC_NAMES)
			return true;
	return false;
}

/*
 * What is certainly there of the first n operations is applied, the rest is pending. From the
 * operation `lies` on no sync was one.
 */
static void begin_state(size_t n, size_t lies, struct pending *pending)
{
	for (int i = 0; i < n_inodes; i++) {
		if (images[i].bytes)
			memset(images[i].bytes, 0, images[i].len);
		images[i].len = 0;
	}
	n_names = pending->n_data = pending->n_names = 0;
	for (const struct op *op = ops; op < ops + n; op++) {
		if (!is_data(op) && !is_names(op))
			continue;
		cr_assert(lt(sz, pending->n_data + pending->n_names, PENDING_MAX));
		if (is_synced(op, ops + (lies < n ? lies : n)))
			is_data(op) ? apply(op) : change_names(op);
		else if (is_data(op))
			pending->data[pending->n_data++] = op;
		else
			pending->names[pending->n_names++] = op;
	}
}

/* Which of the pending ones are there, numbered: see state_of. */
enum { WAYS_TORN = 24 };

static size_t ways_of(const struct pending *pending)
{
	return 3 * pending->n_data + 1 + WAYS_TORN;
}

/*
 * The first `way` of them; one of them is missing; only one is there; or any sectors. Names: the
 * first n_names of them.
 */
static void apply_pending(const struct pending *pending, size_t way, size_t n_names_there)
{
	size_t n = pending->n_data;
	struct random dice = {way};

	for (size_t i = 0; i < n; i++) {
		if (way <= n     ? i < way :
		    way <= 2 * n ? i != way - n - 1 :
		    way <= 3 * n ? i == way - 2 * n - 1 :
				   false)
			apply(pending->data[i]);
		else if (way > 3 * n)
			apply_torn(pending->data[i], &dice);
	}
	for (size_t i = 0; i < n_names_there; i++)
		change_names(pending->names[i]);
}

static void put(const char *name, const struct image *image)
{
	char path[128];
	long fd;

	snprintf(path, sizeof path, "%s/%.40s", disk, name);
	fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	cr_assert(ge(long, fd, 0));
	cr_assert(eq(long, syscall(SYS_write, fd, image->bytes, image->len), (long)image->len));
	close((int)fd);
}

static void wipe(const char *dir)
{
	char command[128];

	snprintf(command, sizeof command, "rm -f %s/*", dir);
	cr_assert(eq(int, system(command), 0));
}

static void wipe_disk(void)
{
	static const char *const all[] = {"waybill.db", "waybill.db-wal", "waybill.db.new",
					  "waybill.db-journal", "waybill.db.new-journal"};
	char path[128];

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", disk, all[i]);
		syscall(SYS_unlink, path);
	}
}

/* A number for what is on the disk, so that the same is not tried twice. */
static uint64_t hash_state(uint64_t acknowledged)
{
	uint64_t hash = hash_bytes(&acknowledged, sizeof acknowledged);

	for (size_t i = 0; i < n_names; i++) {
		const struct image *image = &images[names[i].inode];

		hash ^= hash_bytes(names[i].name, strlen(names[i].name)) * 31 +
			hash_bytes(image->len ? image->bytes : "", image->len);
	}
	return hash;
}

static struct map *tried;

static bool is_new(uint64_t acknowledged)
{
	uint64_t hash = hash_state(acknowledged);

	if (map_get(tried, &hash, sizeof hash))
		return false;
	cr_assert(eq(int, map_put(tried, &hash, sizeof hash, tried), 0));
	return true;
}

/* ---- what a store makes of it ---- */

static uint64_t acknowledged_at(size_t n)
{
	uint64_t round = 0;

	for (size_t i = 0; i < n; i++)
		round = ops[i].kind == OP_ACK ? ops[i].at : round;
	return round;
}

/* The round of all rows, 0 without rows; UINT64_MAX: not all of one. *ret_last: of the newest. */
static uint64_t round_of(struct store *store, uint64_t *ret_last)
{
	struct store_file *files;
	uint64_t round, last = 0;
	size_t n;

	cr_assert(eq(int, store_load(store, &files, &n), 0));
	round = n ? files[0].committed / 1000 : 0;
	if (n && n != N_FILES)
		round = UINT64_MAX;
	for (size_t i = 0; i < n; i++) {
		if (files[i].committed != 1000 * round + files[i].id - 1)
			round = UINT64_MAX;
		if (files[i].committed / 1000 > last)
			last = files[i].committed / 1000;
	}
	store_files_free(files, n);
	*ret_last = last;
	return round;
}

struct result {
	size_t states, opened, set_aside, mixed;
};

/* A damaged one is kept under another name, and that is the end of it. */
static void start_anew(void)
{
	char aside[PATH_MAX];
	uint64_t last;
	struct store *store;

	cr_assert(ge(sz, strlen(message), 1));
	cr_assert(eq(int, store_set_aside(disk, aside, sizeof aside), 0), "%s", message);
	store = must_open(disk);
	cr_assert(eq(u64, round_of(store, &last), 0));
	store_close(store);
	store_close(must_open(disk));
	wipe(disk);
}

static void try_state(size_t n, bool lies, struct result *result)
{
	uint64_t acknowledged = acknowledged_at(n), round, last;
	struct store *store;
	int r;

	for (size_t i = 0; i < n_names; i++)
		put(names[i].name, &images[names[i].inode]);
	result->states++;
	r = store_open(disk, &store, message, sizeof message);
	if (r == STORE_E_DAMAGED && lies) {
		result->set_aside++;
		start_anew();
		return;
	}
	cr_assert(eq(int, r, 0), "after %zu operations: %s", n, message);
	round = round_of(store, &last);
	cr_assert(le(u64, last, acknowledged + 1), "after %zu operations", n);
	if (!lies)
		cr_assert(round == acknowledged || round == acknowledged + 1,
			  "after %zu operations: round %llu instead of %llu", n,
			  (unsigned long long)round, (unsigned long long)acknowledged);
	result->mixed += round == UINT64_MAX;
	result->opened++;
	write_round(store, ROUNDS + 1);
	store_close(store);
	wipe_disk();
}

static bool is_long(void)
{
	return getenv("WAYBILL_LONG") != NULL;
}

/* All states after n operations of which the last `lies` were not synced whatever was said. */
static void try_all(size_t n, size_t lies, struct result *result)
{
	static struct pending pending;
	size_t step = lies && !is_long() ? 7 : 1;

	begin_state(n, n - lies, &pending);
	for (size_t way = lies ? n % step : 0, n_ways = ways_of(&pending); way < n_ways;
	     way += step) {
		for (size_t there = 0; there <= pending.n_names; there++) {
			begin_state(n, n - lies, &pending);
			apply_pending(&pending, way, there);
			if (is_new(acknowledged_at(n)))
				try_state(n, lies, result);
		}
	}
}

static void setup(void)
{
	strcpy(base, "/dev/shm/test_power.XXXXXX");
	strcpy(disk, "/dev/shm/test_power.XXXXXX");
	cr_assert(ne(ptr, mkdtemp(base), NULL));
	cr_assert(ne(ptr, mkdtemp(disk), NULL));
	tried = map_new();
	record();
}

static void teardown(void)
{
	wipe(base);
	wipe(disk);
	rmdir(base);
	rmdir(disk);
	map_free(tried);
	for (size_t i = 0; i < n_ops; i++)
		free(ops[i].bytes);
	for (int i = 0; i < n_inodes; i++)
		free(images[i].bytes);
}

TestSuite(power, .init = setup, .fini = teardown, .timeout = 36000);

static void sweep(size_t lies, struct result *result)
{
	for (size_t n = lies; n <= n_ops; n++)
		try_all(n, lies, result);
	fprintf(stderr,
		"power fails at each of %zu operations, %zu lied about: %zu states, %zu opened "
		"(%zu "
		"of them older in part), %zu set aside\n",
		n_ops, lies, result->states, result->opened, result->mixed, result->set_aside);
}

/* Scenario B05 */
Test(power, the_last_transaction_is_there_as_a_whole)
{
	struct result result = {0};

	sweep(0, &result);
	cr_assert(eq(sz, result.set_aside + result.mixed, 0));
	cr_assert(ge(sz, result.states, 1000));
}

/* Scenario B04, B05 */
Test(power, a_disk_that_does_not_sync_gives_an_earlier_state_or_is_noticed)
{
	struct result result = {0};

	sweep(12, &result);
	cr_assert(ge(sz, result.opened, 100));
	cr_assert(ge(sz, result.set_aside, 10));
}
