/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What survives a crash: positions, fingerprints, dead letters, in one SQLite database.
 *
 * SQLite rather than a file format of ours, because its behaviour under power loss and full disks
 * is better tested than ours would ever be. Two things it does not give are added here:
 *
 *   - Its pages carry no checksum, so a flipped bit in a position would be believed, and a position
 *     too high is a loss. Every row that decides what is read carries a seal over its own values.
 *   - An empty file is a valid database, so a file cut to nothing would pass for a first start. A
 *     new database is made under another name and renamed when it is complete; from then on an
 *     empty or unversioned waybill.db is a damaged one.
 *
 * Exclusive locking keeps the index of the WAL on the heap: no file is mapped, so a full disk is an
 * error code and never a SIGBUS. The price is that no other process can look in meanwhile.
 *
 * Accepted: a damaged WAL is cut by SQLite at its first bad frame, which gives an earlier state
 * without a word. That costs repetitions, not lines.
 *
 * The writer's thread calls store_write while the loop asks what is known; those answers are kept
 * in memory under a mutex of their own, so that the loop never waits for a disk.
 */
#include "state/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "state/schema.h"
#include "state/seal.h"
#include "state/statedir.h"
#include "state/store_private.h"

/* What an SQLite error means while opening. */
static int open_result(struct store *store, int rc, struct words words)
{
	if (rc == SQLITE_OK)
		return 0;
	store_say_db(words, store->db);
	switch (rc & 0xff) {
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return STORE_E_LOCKED;
	case SQLITE_IOERR:
	case SQLITE_FULL:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return STORE_E_NOT_WRITABLE;
	default:
		return STORE_E_DAMAGED;
	}
}

static int damaged(struct words words, const char *why)
{
	store_say(words, "%s is damaged: %s", DB_NAME, why);
	return STORE_E_DAMAGED;
}

/* what: "view files" */
static int foreign(struct words words, const char *what)
{
	store_say(words, "%s is damaged: %s is in the place of, or at, a table of waybill's",
		  DB_NAME, what);
	return STORE_E_DAMAGED;
}

static int not_writable(struct words words, const char *path)
{
	store_say(words, "%s is not writable: %s", path, strerror(errno));
	return STORE_E_NOT_WRITABLE;
}

static int exec(struct store *store, const char *sql)
{
	return sqlite3_exec(store->db, sql, NULL, NULL, NULL);
}

/* The first column of the first row as text. An SQLite code. */
static int ask(struct store *store, const char *sql, char *ret_text, size_t len)
{
	sqlite3_stmt *query = NULL;
	int rc = sqlite3_prepare_v2(store->db, sql, -1, &query, NULL);
	const char *text;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(query);
	if (rc == SQLITE_ROW) {
		text = (const char *)sqlite3_column_text(query, 0);
		snprintf(ret_text, len, "%s", text ? text : "");
		rc = SQLITE_OK;
	}
	sqlite3_finalize(query);
	return rc;
}

static int migrate(struct store *store, int version)
{
	char set_version[48];
	int rc = SQLITE_OK;

	for (; rc == SQLITE_OK && version < schema_version; version++) {
		snprintf(set_version, sizeof set_version, "PRAGMA user_version = %d", version + 1);
		rc = exec(store, "BEGIN IMMEDIATE");
		rc = rc ? rc : exec(store, schema_migrations[version]);
		rc = rc ? rc : exec(store, set_version);
		rc = rc ? rc : exec(store, "COMMIT");
	}
	return rc;
}

/* A complete, empty database under another name. */
static int make_db(const char *path, struct words words)
{
	struct store made = {0};
	int fd, rc, r;

	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd < 0)
		return not_writable(words, path);
	close(fd);
	rc = sqlite3_open_v2(path, &made.db, SQLITE_OPEN_READWRITE, NULL);
	rc = rc ? rc : exec(&made, "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = FULL");
	rc = rc ? rc : migrate(&made, 0);
	r = open_result(&made, rc, words);
	sqlite3_close(made.db);
	return r;
}

/* Makes the database when there is none, and refuses what is only the shell of one. */
static int have_db(const char *dir, const char *path, struct words words)
{
	char wal[PATH_MAX + 8], fresh[PATH_MAX + 8];
	struct stat st;
	int r;

	if (stat(path, &st) == 0)
		return st.st_size ? 0 : damaged(words, "it is empty");
	if (errno != ENOENT)
		return not_writable(words, path);
	snprintf(wal, sizeof wal, "%s-wal", path);
	if (access(wal, F_OK) == 0)
		return damaged(words, "it is missing, but its WAL is there");
	snprintf(fresh, sizeof fresh, "%s.new", path);
	unlink(fresh);
	r = make_db(fresh, words);
	if (r == 0 && rename(fresh, path) < 0)
		r = not_writable(words, path);
	statedir_sync(dir);
	return r;
}

/* Opens an existing database, and finds out whether it is ours to use. */
static int open_db(struct store *store, const char *path, struct words words)
{
	char text[128] = "";
	int rc, version;

	/* It is handed from thread to thread, and never used by two at a time. */
	rc = sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	rc = rc ? rc :
		  exec(store, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA mmap_size = 0;"
			      "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;"
			      "PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF;"
			      "PRAGMA journal_size_limit = 8388608");
	rc = rc ? rc : ask(store, "PRAGMA user_version", text, sizeof text);
	if (rc)
		return open_result(store, rc, words);
	version = atoi(text);
	if (version > schema_version) {
		store_say(
			words,
			"%s was written by a newer waybill (format %d, this one knows up to %d): "
			"install that one again, or begin with another state_dir, which reads all "
			"files anew",
			DB_NAME, version, schema_version);
		return STORE_E_NEWER;
	}
	if (version < 1)
		return damaged(words, "it has no version");
	text[0] = '\0';
	rc = ask(store, schema_find_foreign, text, sizeof text);
	if (rc == SQLITE_DONE)
		rc = SQLITE_OK;
	if (rc == SQLITE_OK && text[0])
		return foreign(words, text);
	rc = rc ? rc : ask(store, "PRAGMA quick_check(1)", text, sizeof text);
	if (rc == SQLITE_OK && strcmp(text, "ok") != 0)
		return damaged(words, text);
	rc = rc ? rc : migrate(store, version);
	rc = rc ? rc : ask(store, "PRAGMA journal_mode = WAL", text, sizeof text);
	if (rc == SQLITE_OK && strcmp(text, "wal") != 0)
		return damaged(words, "it cannot be given a WAL");
	return open_result(store, rc, words);
}

/* A new one: random, for neither host nor time tell two agents apart for certain. */
static int make_agent(struct store *store, struct words words)
{
	uint64_t random;

	if (store->agent_id[0])
		return 0;
	if (getrandom(&random, sizeof random, 0) != sizeof random)
		return -EIO;
	snprintf(store->agent_id, sizeof store->agent_id, "%016" PRIx64, random);
	return open_result(store, store_write_agent(store, store->agent_id), words);
}

/* Reads and verifies all that decides what is read; the rows themselves are loaded again later. */
static int verify(struct store *store, struct words words)
{
	char bytes[24], count[24], orphans[24];
	struct store_file *files;
	size_t n;
	int rc, r = store_load_rows(store, &files, &n);

	if (r == 0) {
		store_files_free(files, n);
		r = store_load_sources(store);
	}
	if (r == 0)
		r = store_load_agent(store);
	if (r == 0)
		r = store_load_topics(store);
	if (r != 0)
		return r < 0 ? r : damaged(words, "a row does not match its checksum");
	rc = ask(store, schema_count_orphans, orphans, sizeof orphans);
	rc = rc ? rc : ask(store, schema_count_letters, count, sizeof count);
	rc = rc ? rc : ask(store, schema_sum_letters, bytes, sizeof bytes);
	if (rc)
		return open_result(store, rc, words);
	if (strcmp(orphans, "0") != 0)
		return damaged(words, "a position belongs to no file");
	store->letter_count = strtoull(count, NULL, 10);
	store->letter_bytes = (uint64_t)strtod(bytes, NULL);
	return 0;
}

static int prepare(struct store *store, struct words words)
{
	int rc = SQLITE_OK;

	for (int i = 0; i < QUERY_COUNT && rc == SQLITE_OK; i++)
		rc = sqlite3_prepare_v3(store->db, schema_queries[i], -1, SQLITE_PREPARE_PERSISTENT,
					&store->queries[i], NULL);
	return open_result(store, rc, words);
}

static int open_all(struct store *store, const char *dir, struct words words)
{
	char path[PATH_MAX];
	int r = statedir_lock(dir, &store->lock_fd, words.at, words.len);

	if (r != 0)
		return r == STATEDIR_E_LOCKED ? STORE_E_LOCKED : STORE_E_NOT_WRITABLE;
	if (snprintf(path, sizeof path, "%s/%s", dir, DB_NAME) >= PATH_MAX) {
		store_say(words, "the name of state directory %s is too long", dir);
		return STORE_E_NOT_WRITABLE;
	}
	r = have_db(dir, path, words);
	r = r ? r : open_db(store, path, words);
	r = r ? r : verify(store, words);
	r = r ? r : prepare(store, words);
	return r ? r : make_agent(store, words);
}

int store_open(const char *dir, struct store **ret_store, char *ret_message, size_t len)
{
	struct store *store = calloc(1, sizeof *store);
	int r;

	if (!store)
		return -ENOMEM;
	store->lock_fd = -1;
	pthread_mutex_init(&store->known_lock, NULL);
	store->sources = map_new();
	r = store->sources ? open_all(store, dir, (struct words){ret_message, len}) : -ENOMEM;
	if (r != 0) {
		store_close(store);
		return r;
	}
	*ret_store = store;
	return 0;
}

struct store *store_close(struct store *store)
{
	if (!store)
		return NULL;
	for (int i = 0; i < QUERY_COUNT; i++)
		sqlite3_finalize(store->queries[i]);
	sqlite3_close(store->db);
	map_free(store->sources);
	pthread_mutex_destroy(&store->known_lock);
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	free(store);
	return NULL;
}

int store_set_aside(const char *dir, char *ret_path, size_t len)
{
	int fd, r = statedir_lock(dir, &fd, NULL, 0);

	if (r != 0)
		return r == STATEDIR_E_LOCKED ? -EBUSY : -EACCES;
	r = statedir_set_aside(dir, DB_NAME, ret_path, len);
	close(fd);
	return r;
}

const char *store_agent_id(const struct store *store)
{
	return store->agent_id;
}

const char *store_path(const struct store *store)
{
	return sqlite3_db_filename(store->db, "main");
}

int store_knows_source(struct store *store, const char *name)
{
	bool known;

	pthread_mutex_lock(&store->known_lock);
	known = map_get(store->sources, name, strlen(name)) != NULL;
	pthread_mutex_unlock(&store->known_lock);
	return known;
}

void store_dead_letters(struct store *store, uint64_t *ret_bytes, uint64_t *ret_count)
{
	pthread_mutex_lock(&store->known_lock);
	*ret_bytes = store->letter_bytes;
	*ret_count = store->letter_count;
	pthread_mutex_unlock(&store->known_lock);
}

const char *store_library_version(void)
{
	return sqlite3_libversion();
}
