/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STATE_STORE_PRIVATE_H
#define STATE_STORE_PRIVATE_H

#include <pthread.h>
#include <sqlite3.h>

#include "base/map.h"
#include "state/schema.h"
#include "state/store.h"

/*
 * Shared by store.c (opening, checking), store_load.c (rows), store_letters.c (dead letters)
 * and store_write.c (the one transaction).
 */

#define DB_NAME "waybill.db"

struct store {
	sqlite3 *db;
	sqlite3_stmt *queries[QUERY_COUNT];
	int lock_fd;
	pthread_mutex_t known_lock; /* over the three below; never held during I/O */
	struct map *sources;
	char agent_id[17]; /* hexadecimal; empty: the database has none yet */
	uint64_t letter_bytes;
	uint64_t letter_count;
};

/* Where the caller wants the cause in words. */
struct words {
	char *at;
	size_t len;
};

void store_say(struct words words, const char *format, ...) PRINTF_LIKE(2, 3);

/* What store_load does, but STORE_E_DAMAGED where a row does not match its seal. */
int store_load_rows(struct store *store, struct store_file **ret_files, size_t *ret_n) MUSTCHECK;

/* Into store->sources. 0, -ENOMEM, STORE_E_DAMAGED. */
int store_load_sources(struct store *store) MUSTCHECK;

/* Into store->agent_id, if one was made. 0, -ENOMEM, STORE_E_DAMAGED. */
int store_load_agent(struct store *store) MUSTCHECK;
int store_load_topics(struct store *store) MUSTCHECK;

/* Puts the agent's id into the database, durable. An SQLite code. */
int store_write_agent(struct store *store, const char *id);

/* SQLite's own words on its last error. */
void store_say_db(struct words words, sqlite3 *db);

#endif
