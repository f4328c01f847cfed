/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dead letters out of the database, one at a time by their ids, so that whoever walks through
 * thousands of them decides how much is done in one go, and holds one in memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "state/store_private.h"

/* A copy of a text or blob with a NUL behind it, in *ret_at: NULL for null. False: no memory. */
static bool copy_column(sqlite3_stmt *query, int column, const char **ret_at, size_t *ret_len)
{
	const void *at = sqlite3_column_blob(query, column);
	size_t len = (size_t)sqlite3_column_bytes(query, column);
	char *copy;

	if (sqlite3_column_type(query, column) == SQLITE_NULL)
		return true;
	copy = malloc(len + 1);
	if (!copy)
		return false;
	if (len)
		memcpy(copy, at, len);
	copy[len] = '\0';
	*ret_at = copy;
	*ret_len = len;
	return true;
}

static bool take_row(sqlite3_stmt *query, struct store_dead_letter *letter)
{
	size_t len;

	letter->id = (uint64_t)sqlite3_column_int64(query, 0);
	letter->file = (uint64_t)sqlite3_column_int64(query, 1);
	letter->position = (uint64_t)sqlite3_column_int64(query, 2);
	letter->time_ms = sqlite3_column_int64(query, 3);
	letter->partition = sqlite3_column_int(query, 4);
	letter->copied = sqlite3_column_int(query, 12) != 0;
	return copy_column(query, 5, &letter->source, &len) &&
	       copy_column(query, 6, &letter->path, &len) &&
	       copy_column(query, 7, &letter->topic, &len) &&
	       copy_column(query, 8, &letter->reason, &len) &&
	       copy_column(query, 9, &letter->key.at, &letter->key.len) &&
	       copy_column(query, 10, &letter->value.at, &letter->value.len) &&
	       copy_column(query, 11, &letter->headers.at, &letter->headers.len);
}

int store_next_letter(struct store *store, uint64_t after, struct store_dead_letter *ret_letter)
{
	sqlite3_stmt *query = store->queries[QUERY_NEXT_LETTER];
	struct store_dead_letter letter = {0};
	bool copied = true;
	int rc = sqlite3_bind_int64(query, 1, (sqlite3_int64)after);

	rc = rc ? rc : sqlite3_step(query);
	if (rc == SQLITE_ROW)
		copied = take_row(query, &letter);
	sqlite3_reset(query);
	if (!copied) {
		store_letter_free(&letter);
		return -ENOMEM;
	}
	if (rc == SQLITE_DONE)
		return STORE_E_NONE;
	if (rc != SQLITE_ROW)
		return rc == SQLITE_NOMEM ? -ENOMEM : -EIO;
	*ret_letter = letter;
	return 0;
}

int store_oldest_letter(struct store *store, const char *source, uint64_t after, bool copied,
			struct store_gone *ret_letter)
{
	sqlite3_stmt *query = store->queries[QUERY_OLDEST_LETTER];
	int rc = sqlite3_bind_text(query, 1, source, -1, SQLITE_STATIC);

	rc = rc ? rc : sqlite3_bind_int64(query, 2, (sqlite3_int64)after);
	rc = rc ? rc : sqlite3_bind_int(query, 3, copied);
	rc = rc ? rc : sqlite3_step(query);
	if (rc == SQLITE_ROW)
		*ret_letter = (struct store_gone){
			.id = (uint64_t)sqlite3_column_int64(query, 0),
			.bytes = (uint64_t)sqlite3_column_int64(query, 1),
		};
	sqlite3_reset(query);
	sqlite3_clear_bindings(query);
	if (rc == SQLITE_ROW)
		return 0;
	if (rc == SQLITE_DONE)
		return STORE_E_NONE;
	return rc == SQLITE_NOMEM ? -ENOMEM : -EIO;
}

void store_letter_free(struct store_dead_letter *letter)
{
	free((char *)letter->source);
	free((char *)letter->path);
	free((char *)letter->topic);
	free((char *)letter->reason);
	free((char *)letter->key.at);
	free((char *)letter->value.at);
	free((char *)letter->headers.at);
	*letter = (struct store_dead_letter){0};
}
