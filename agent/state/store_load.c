/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows out of the database, each held against its seal. They are read twice at a start: once to
 * find out whether the database is sound, before anything is made of it, and once to be used. That
 * costs milliseconds, and a database that goes bad in between is an I/O error, not a half start.
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state/seal.h"
#include "state/store_private.h"

static uint64_t column_u64(sqlite3_stmt *query, int column)
{
	return (uint64_t)sqlite3_column_int64(query, column);
}

/* A copy of a text or blob, with a NUL behind it. NULL when memory is out. */
static char *column_copy(sqlite3_stmt *query, int column, size_t *ret_len)
{
	const void *at = sqlite3_column_blob(query, column);
	const size_t len = (size_t)sqlite3_column_bytes(query, column);
	char *copy = malloc(len + 1);

	if (!copy)
		return NULL;
	if (at)
		memcpy(copy, at, len);
	copy[at ? len : 0] = '\0';
	*ret_len = len;
	return copy;
}

/* A text that may be missing. False when memory is out. */
static bool load_text(sqlite3_stmt *query, int column, char **ret_text)
{
	size_t len;

	if (sqlite3_column_type(query, column) != SQLITE_NULL)
		*ret_text = column_copy(query, column, &len);
	return *ret_text || sqlite3_column_type(query, column) == SQLITE_NULL;
}

/* False when the chain is no chain. */
static bool load_proof(sqlite3_stmt *query, int column, struct store_file *file)
{
	uint64_t words[2];
	const void *chain = sqlite3_column_blob(query, column + 1);

	file->chain_at = column_u64(query, column);
	file->rest_hash = column_u64(query, column + 2);
	file->size = column_u64(query, column + 3);
	file->mtime_ns = sqlite3_column_int64(query, column + 4);
	file->ctime_ns = sqlite3_column_int64(query, column + 5);
	file->reach = column_u64(query, column + 6);
	file->proven = chain != NULL;
	if (!chain)
		return true;
	if (sqlite3_column_bytes(query, column + 1) != sizeof words)
		return false;
	memcpy(words, chain, sizeof words);
	file->chain = (struct hash128){le64toh(words[0]), le64toh(words[1])};
	return true;
}

/* 0, -ENOMEM, or STORE_E_DAMAGED when a seal is wrong or the position is missing. */
static int load_row(sqlite3_stmt *query, struct store_file *file)
{
	size_t len;

	file->id = column_u64(query, 0);
	file->device = column_u64(query, 1);
	file->inode = column_u64(query, 2);
	file->born_ns = sqlite3_column_int64(query, 3);
	file->head_len = (uint32_t)column_u64(query, 4);
	file->head_hash = column_u64(query, 5);
	file->content_id = column_u64(query, 6);
	file->path = column_copy(query, 7, &len);
	file->lineage = column_copy(query, 8, &len);
	file->committed = column_u64(query, 10);
	file->tail_len = (uint32_t)column_u64(query, 11);
	file->tail_hash = column_u64(query, 12);
	file->discarding = column_u64(query, 13) != 0;
	if (sqlite3_column_bytes(query, 14) > 0)
		file->ahead.at = column_copy(query, 14, &file->ahead.len);
	if (sqlite3_column_bytes(query, 27) > 0)
		file->branches.at = column_copy(query, 27, &file->branches.len);
	file->packed = (uint32_t)column_u64(query, 16);
	file->flags = column_u64(query, 17);
	if (!file->path || !file->lineage || !load_text(query, 18, &file->real) ||
	    !load_text(query, 19, &file->went) ||
	    (sqlite3_column_bytes(query, 14) && !file->ahead.at) ||
	    (sqlite3_column_bytes(query, 27) && !file->branches.at))
		return -ENOMEM;
	if (!load_proof(query, 20, file) || sqlite3_column_int64(query, 9) != seal_file(file) ||
	    sqlite3_column_int64(query, 15) != seal_position(file))
		return STORE_E_DAMAGED;
	return 0;
}

/* What it means that a query for rows ended with this code. */
static int row_result(int rc)
{
	if (rc == SQLITE_DONE)
		return 0;
	return (rc & 0xff) == SQLITE_NOMEM ? -ENOMEM : STORE_E_DAMAGED;
}

int store_load_rows(struct store *store, struct store_file **ret_files, size_t *ret_n)
{
	struct store_file *files = NULL, *grown;
	size_t n = 0, capacity = 0;
	sqlite3_stmt *query = NULL;
	int r = 0, rc = sqlite3_prepare_v2(store->db, schema_load_files, -1, &query, NULL);

	if (rc != SQLITE_OK)
		return row_result(rc);
	while (r == 0 && (rc = sqlite3_step(query)) == SQLITE_ROW) {
		if (n == capacity) {
			capacity = capacity ? 2 * capacity : 64;
			grown = reallocarray(files, capacity, sizeof *files);
			if (!grown) {
				r = -ENOMEM;
				break;
			}
			files = grown;
		}
		files[n] = (struct store_file){0};
		r = load_row(query, &files[n++]);
	}
	sqlite3_finalize(query);
	r = r ? r : row_result(rc);
	if (r != 0) {
		store_files_free(files, n);
		return r;
	}
	*ret_files = files;
	*ret_n = n;
	return 0;
}

int store_source_letters(struct store *store,
			 void (*see)(void *context, const char *source, uint64_t bytes,
				     uint64_t copied),
			 void *context)
{
	sqlite3_stmt *query = NULL;
	int rc = sqlite3_prepare_v2(store->db, schema_sum_source_letters, -1, &query, NULL);

	while ((rc == SQLITE_OK || rc == SQLITE_ROW) && (rc = sqlite3_step(query)) == SQLITE_ROW) {
		const char *source = (const char *)sqlite3_column_text(query, 0);

		if (source)
			see(context, source, (uint64_t)sqlite3_column_double(query, 1),
			    (uint64_t)sqlite3_column_double(query, 2));
	}
	sqlite3_finalize(query);
	if (rc == SQLITE_DONE)
		return 0;
	return (rc & 0xff) == SQLITE_NOMEM ? -ENOMEM : -EIO;
}

int store_find_letter(struct store *store, uint64_t file, uint64_t position, char *ret_reason,
		      size_t len)
{
	sqlite3_stmt *query = NULL;
	int rc = sqlite3_prepare_v2(store->db, schema_find_letter, -1, &query, NULL);

	rc = rc ? rc : sqlite3_bind_int64(query, 1, (sqlite3_int64)file);
	rc = rc ? rc : sqlite3_bind_int64(query, 2, (sqlite3_int64)position);
	rc = rc ? rc : sqlite3_step(query);
	if (rc == SQLITE_ROW) {
		const char *reason = (const char *)sqlite3_column_text(query, 0);

		snprintf(ret_reason, len, "%s", reason ? reason : "");
	}
	sqlite3_finalize(query);
	return rc == SQLITE_ROW ? 0 : STORE_E_NONE;
}

int store_load_sources(struct store *store)
{
	sqlite3_stmt *query = NULL;
	int r = 0, rc = sqlite3_prepare_v2(store->db, schema_load_sources, -1, &query, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(query);
	for (; r == 0 && rc == SQLITE_ROW; rc = sqlite3_step(query)) {
		const struct slice name = {(const char *)sqlite3_column_text(query, 0),
					   (size_t)sqlite3_column_bytes(query, 0)};

		if (!name.at || sqlite3_column_int64(query, 1) != seal_name(name))
			r = STORE_E_DAMAGED;
		else
			r = map_put(store->sources, name.at, name.len, store);
	}
	sqlite3_finalize(query);
	return r ? r : row_result(rc);
}

/* As row_result, after calls of see, which may be NULL. */
static int load_topics(struct store *store,
		       void (*see)(void *context, const struct store_topic *topic), void *context)
{
	sqlite3_stmt *query = NULL;
	int r = 0, rc = sqlite3_prepare_v2(store->db, schema_load_topics, -1, &query, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(query);
	for (; r == 0 && rc == SQLITE_ROW; rc = sqlite3_step(query)) {
		const struct store_topic topic = {
			.name = (const char *)sqlite3_column_text(query, 0),
			.partitions = (uint32_t)column_u64(query, 1),
		};

		if (!topic.name || sqlite3_column_int64(query, 2) != seal_topic(&topic))
			r = STORE_E_DAMAGED;
		else if (see)
			see(context, &topic);
	}
	sqlite3_finalize(query);
	return r ? r : row_result(rc);
}

int store_load_topics(struct store *store)
{
	return load_topics(store, NULL, NULL);
}

int store_topics(struct store *store, void (*see)(void *context, const struct store_topic *topic),
		 void *context)
{
	const int r = load_topics(store, see, context);

	return r > 0 ? -EIO : r;
}

int store_load_agent(struct store *store)
{
	sqlite3_stmt *query = NULL;
	int r = 0, rc = sqlite3_prepare_v2(store->db, schema_load_agent, -1, &query, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(query);
	if (rc == SQLITE_ROW) {
		const struct slice id = {(const char *)sqlite3_column_text(query, 0),
					 (size_t)sqlite3_column_bytes(query, 0)};

		if (id.len != sizeof store->agent_id - 1 ||
		    sqlite3_column_int64(query, 1) != seal_name(id))
			r = STORE_E_DAMAGED;
		else
			memcpy(store->agent_id, id.at, id.len);
		rc = SQLITE_DONE;
	}
	sqlite3_finalize(query);
	return r ? r : row_result(rc);
}

int store_load(struct store *store, struct store_file **ret_files, size_t *ret_n)
{
	const int r = store_load_rows(store, ret_files, ret_n);

	return r > 0 ? -EIO : r;
}

struct store_file *store_files_free(struct store_file *files, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(files[i].path);
		free(files[i].lineage);
		free(files[i].real);
		free(files[i].went);
		free((char *)files[i].ahead.at);
		free((char *)files[i].branches.at);
	}
	free(files);
	return NULL;
}
