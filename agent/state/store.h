/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STATE_STORE_H
#define STATE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "state/rows.h"

/* The one SQLite database of the state directory, and the kernel lock on the directory. */
struct store;

enum {
	STORE_E_LOCKED = 1, /* store_open: another process holds the directory */
	/* store_open: the directory is missing and cannot be made, or is not ours to write */
	STORE_E_NOT_WRITABLE,
	/* store_open: the database does not pass; store_set_aside is the next step */
	STORE_E_DAMAGED,
	STORE_E_NEWER, /* store_open: written by a newer waybill */
	/* store_write: nothing of the batch was written (disk full, I/O error); try again */
	STORE_E_FAILED,
	STORE_E_NONE, /* store_find_letter, store_next_letter */
};

/* What one transaction writes. The arrays are borrowed for the call. */
struct store_batch {
	const struct store_file *files;
	size_t n_files;
	const struct store_dead_letter *letters;
	size_t n_letters;
	const char *const *sources; /* names of sources that are known from now on */
	size_t n_sources;
	const struct store_topic *topics; /* what is remembered of them from now on */
	size_t n_topics;
	const struct store_gone *gone; /* letters that are removed, or were copied */
	size_t n_gone;
};

/*
 * Opens (makes) DIR/waybill.db, after taking the lock on DIR/lock. WAL, synchronous=FULL,
 * locking_mode=EXCLUSIVE; quick_check and the rows' checksums are verified. 0: *ret_store is the
 * caller's. The E codes above; ret_message (NUL-terminated, may be NULL) says the cause in words,
 * e.g. the process id that holds the lock. -ENOMEM.
 */
int store_open(const char *dir, struct store **ret_store, char *ret_message, size_t len) MUSTCHECK;

/*
 * Renames a damaged database (and its WAL) to waybill.db.damaged-SECONDS, whose path is put into
 * ret_path. 0 or negative errno. The caller opens again. The lock is taken meanwhile.
 */
int store_set_aside(const char *dir, char *ret_path, size_t len) MUSTCHECK;

/* Writes what is open, closes, unlocks. NULL is fine. Returns NULL. */
struct store *store_close(struct store *store);

/*
 * 0: *ret_files (caller frees with store_files_free) holds all rows by ascending id. -ENOMEM,
 * -EIO.
 */
int store_load(struct store *store, struct store_file **ret_files, size_t *ret_n) MUSTCHECK;
struct store_file *store_files_free(struct store_file *files, size_t n);

/* 16 hexadecimal digits, made with the database and the same for all its life; borrowed. */
const char *store_agent_id(const struct store *store);

/* The path of the database, absolute; borrowed. */
const char *store_path(const struct store *store);

/* 1 when the source was known in an earlier transaction, 0 when not, or negative errno. */
int store_knows_source(struct store *store, const char *name);

/*
 * Calls see with each topic of which something is remembered. Not beside store_write. 0, -ENOMEM,
 * -EIO.
 */
int store_topics(struct store *store, void (*see)(void *context, const struct store_topic *topic),
		 void *context) MUSTCHECK;

/* Bytes of key and value kept as dead letters, and their number. */
void store_dead_letters(struct store *store, uint64_t *ret_bytes, uint64_t *ret_count);

/*
 * Calls see with each source of which dead letters are kept, their bytes of key and value, and
 * those of the ones that were copied. Not beside store_write. 0, -ENOMEM, -EIO.
 */
int store_source_letters(struct store *store,
			 void (*see)(void *context, const char *source, uint64_t bytes,
				     uint64_t copied),
			 void *context) MUSTCHECK;

/*
 * The reason of the dead letter of the line at this position of the file of this row. Looks through
 * all of them; not beside store_write. 0, or STORE_E_NONE: there is none, or it cannot be read.
 */
int store_find_letter(struct store *store, uint64_t file, uint64_t position, char *ret_reason,
		      size_t len) MUSTCHECK;

/*
 * The stored dead letter with the smallest id above `after`; 0 comes before the first. Not beside
 * store_write. 0: *ret_letter is the caller's, for store_letter_free. STORE_E_NONE; -ENOMEM; -EIO.
 */
int store_next_letter(struct store *store, uint64_t after, struct store_dead_letter *ret_letter)
	MUSTCHECK;

/*
 * The stored dead letter of the source with the smallest id above `after`: its id and bytes;
 * copied: of those that were. Not beside store_write. 0; STORE_E_NONE; -ENOMEM; -EIO.
 */
int store_oldest_letter(struct store *store, const char *source, uint64_t after, bool copied,
			struct store_gone *ret_letter) MUSTCHECK;

/* What store_next_letter gave. Fine on one that is zeroed. */
void store_letter_free(struct store_dead_letter *letter);

/* One transaction, durable when it returns 0. STORE_E_FAILED with the cause in ret_message. */
int store_write(struct store *store, const struct store_batch *batch, char *ret_message, size_t len)
	MUSTCHECK;

/* "3.40.1" */
const char *store_library_version(void);

#endif
