/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transaction of a checkpoint: rows of files that moved, dead letters, sources seen for the
 * first time, topics that changed. All of it or nothing; what failed is rolled back and told, and
 * the caller tries again with the next batch.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "state/seal.h"
#include "state/store_private.h"

/* Binds the next columns, counted by *column; true when one could not be bound. */
static bool bind_words(sqlite3_stmt *query, int *column, const uint64_t *words, size_t n)
{
	bool failed = false;

	for (size_t i = 0; i < n; i++)
		failed |= sqlite3_bind_int64(query, ++*column, (int64_t)words[i]) != SQLITE_OK;
	return failed;
}

static bool bind_text(sqlite3_stmt *query, int *column, const char *text)
{
	return sqlite3_bind_text(query, ++*column, text, -1, SQLITE_STATIC) != SQLITE_OK;
}

static bool bind_blob(sqlite3_stmt *query, int *column, struct slice bytes)
{
	return sqlite3_bind_blob64(query, ++*column, bytes.at, bytes.len, SQLITE_STATIC) !=
	       SQLITE_OK;
}

/* Runs a query once and lets go of what is bound to it. An SQLite code. */
static int run(struct store *store, enum query which, bool bind_failed)
{
	sqlite3_stmt *query = store->queries[which];
	int rc = SQLITE_NOMEM;

	if (!bind_failed) {
		rc = sqlite3_step(query);
		rc = rc == SQLITE_DONE ? SQLITE_OK : rc;
	}
	sqlite3_reset(query);
	sqlite3_clear_bindings(query);
	return rc;
}

static int write_file(struct store *store, const struct store_file *file)
{
	sqlite3_stmt *query = store->queries[QUERY_FILE];
	bool failed;
	int column = 0;

	failed = bind_words(query, &column,
			    (uint64_t[]){file->id, file->device, file->inode,
					 (uint64_t)file->born_ns, file->head_len, file->head_hash,
					 file->content_id, file->packed, file->flags},
			    9);
	failed |= bind_text(query, &column, file->path);
	failed |= bind_text(query, &column, file->lineage);
	failed |= bind_text(query, &column, file->real);
	failed |= bind_text(query, &column, file->went);
	failed |= bind_words(query, &column, (uint64_t[]){(uint64_t)seal_file(file)}, 1);
	return run(store, QUERY_FILE, failed);
}

static int write_position(struct store *store, const struct store_file *file)
{
	const uint64_t words[] = {htole64(file->chain.low), htole64(file->chain.high)};
	sqlite3_stmt *query = store->queries[QUERY_POSITION];
	bool failed;
	int column = 0;

	failed = bind_words(query, &column,
			    (uint64_t[]){file->id, file->committed, file->tail_len, file->tail_hash,
					 file->discarding, file->chain_at, file->rest_hash,
					 file->size, (uint64_t)file->mtime_ns,
					 (uint64_t)file->ctime_ns, file->reach},
			    11);
	failed |= bind_blob(query, &column,
			    file->proven ? (struct slice){(const char *)words, sizeof words} :
					   SLICE_NONE);
	failed |= bind_blob(query, &column, file->ahead);
	failed |= bind_blob(query, &column, file->branches);
	failed |= bind_words(query, &column, (uint64_t[]){(uint64_t)seal_position(file)}, 1);
	return run(store, QUERY_POSITION, failed);
}

static int write_row(struct store *store, const struct store_file *file)
{
	int rc = file->moved_only ? SQLITE_OK : write_file(store, file);

	return rc ? rc : write_position(store, file);
}

static int drop_file(struct store *store, uint64_t id)
{
	bool failed = bind_words(store->queries[QUERY_DROP_FILE], &(int){0}, &id, 1);
	int rc = run(store, QUERY_DROP_FILE, failed);

	failed = bind_words(store->queries[QUERY_DROP_POSITION], &(int){0}, &id, 1);
	return rc ? rc : run(store, QUERY_DROP_POSITION, failed);
}

static int write_letter(struct store *store, const struct store_dead_letter *letter)
{
	sqlite3_stmt *query = store->queries[QUERY_LETTER];
	int column = 0;
	bool failed = bind_words(query, &column, (uint64_t[]){letter->file, letter->position}, 2);

	failed |= bind_text(query, &column, letter->source);
	failed |= bind_text(query, &column, letter->path);
	failed |= bind_text(query, &column, letter->topic);
	failed |= bind_text(query, &column, letter->reason);
	failed |= bind_words(
		query, &column,
		(uint64_t[]){(uint64_t)letter->time_ms, (uint64_t)(int64_t)letter->partition}, 2);
	failed |= bind_blob(query, &column, letter->headers);
	failed |= bind_blob(query, &column, letter->key);
	/* It may be too large, and SQLite's words are on the last call. */
	failed |= bind_blob(query, &column, letter->value);
	return run(store, QUERY_LETTER, failed);
}

static int end_letter(struct store *store, const struct store_gone *gone)
{
	enum query which = gone->stays ? QUERY_COPIED : QUERY_DROP_LETTER;
	bool failed = bind_words(store->queries[which], &(int){0}, &gone->id, 1);

	return run(store, which, failed);
}

static int write_source(struct store *store, const char *name)
{
	sqlite3_stmt *query = store->queries[QUERY_SOURCE];
	int column = 0;
	bool failed = bind_text(query, &column, name);

	failed |= bind_words(query, &column, (uint64_t[]){(uint64_t)seal_name(slice_of(name))}, 1);
	return run(store, QUERY_SOURCE, failed);
}

static int write_topic(struct store *store, const struct store_topic *topic)
{
	sqlite3_stmt *query = store->queries[QUERY_TOPIC];
	int column = 0;
	bool failed = bind_text(query, &column, topic->name);

	failed |= bind_words(query, &column,
			     (uint64_t[]){topic->partitions, (uint64_t)seal_topic(topic)}, 2);
	return run(store, QUERY_TOPIC, failed);
}

static int write_batch(struct store *store, const struct store_batch *batch)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; i < batch->n_files && rc == SQLITE_OK; i++)
		rc = batch->files[i].removed ? drop_file(store, batch->files[i].id) :
					       write_row(store, &batch->files[i]);
	for (size_t i = 0; i < batch->n_letters && rc == SQLITE_OK; i++)
		rc = write_letter(store, &batch->letters[i]);
	for (size_t i = 0; i < batch->n_gone && rc == SQLITE_OK; i++)
		rc = end_letter(store, &batch->gone[i]);
	for (size_t i = 0; i < batch->n_sources && rc == SQLITE_OK; i++)
		rc = write_source(store, batch->sources[i]);
	for (size_t i = 0; i < batch->n_topics && rc == SQLITE_OK; i++)
		rc = write_topic(store, &batch->topics[i]);
	return rc;
}

/* A name that finds no memory is not known until the next start, and will be handed in again. */
static void remember(struct store *store, const struct store_batch *batch)
{
	pthread_mutex_lock(&store->known_lock);
	for (size_t i = 0; i < batch->n_letters; i++)
		store->letter_bytes += batch->letters[i].key.len + batch->letters[i].value.len;
	store->letter_count += batch->n_letters;
	for (size_t i = 0; i < batch->n_gone; i++) {
		store->letter_bytes -= batch->gone[i].stays ? 0 : batch->gone[i].bytes;
		store->letter_count -= !batch->gone[i].stays;
	}
	for (size_t i = 0; i < batch->n_sources; i++)
		(void)!map_put(store->sources, batch->sources[i], strlen(batch->sources[i]), store);
	pthread_mutex_unlock(&store->known_lock);
}

/* Ends a transaction that failed; when even that fails, the next write tries again. */
static void abandon(struct store *store)
{
	if (!sqlite3_get_autocommit(store->db))
		run(store, QUERY_ROLLBACK, false);
}

int store_write_agent(struct store *store, const char *id)
{
	sqlite3_stmt *query = store->queries[QUERY_AGENT];
	int column = 0;
	bool failed = bind_text(query, &column, id);

	failed |= bind_words(query, &column, (uint64_t[]){(uint64_t)seal_name(slice_of(id))}, 1);
	return run(store, QUERY_AGENT, failed);
}

/* What is written would go to a file that nobody finds at the next start. */
static bool has_moved(struct store *store)
{
	int moved = 0;

	return sqlite3_file_control(store->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) ==
		       SQLITE_OK &&
	       moved;
}

int store_write(struct store *store, const struct store_batch *batch, char *ret_message, size_t len)
{
	int rc;

	abandon(store);
	if (has_moved(store)) {
		store_say((struct words){ret_message, len},
			  DB_NAME ": it was removed or replaced while it is in use");
		return STORE_E_FAILED;
	}
	rc = run(store, QUERY_BEGIN, false);
	rc = rc ? rc : write_batch(store, batch);
	rc = rc ? rc : run(store, QUERY_COMMIT, false);
	if (rc == SQLITE_OK) {
		remember(store, batch);
		return 0;
	}
	store_say_db((struct words){ret_message, len}, store->db);
	abandon(store);
	return STORE_E_FAILED;
}
