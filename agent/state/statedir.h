/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STATE_STATEDIR_H
#define STATE_STATEDIR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/result.h"

/* The state directory itself: making it, locking it, and keeping its names durable. */

enum {
	STATEDIR_E_LOCKED = 1,   /* another process holds it; the message names its id */
	STATEDIR_E_NOT_WRITABLE, /* it cannot be made or written; the message says why */
};

/*
 * Makes dir (mode 0750) unless it is there, its parent must be, and takes the kernel's lock on
 * DIR/lock. 0: the lock is held until *ret_fd, which is the caller's, is closed or the process
 * ends. Message may be NULL.
 */
int statedir_lock(const char *dir, int *ret_fd, char *ret_message, size_t len) MUSTCHECK;

/* Makes the names in a directory durable, as far as its file system can. */
void statedir_sync(const char *dir);

/*
 * Renames DIR/NAME and what SQLite keeps beside it (-wal, -journal) to NAME.damaged-SECONDS, whose
 * path is put into ret_path (that of the WAL when NAME is missing). 0 or negative errno.
 */
int statedir_set_aside(const char *dir, const char *name, char *ret_path, size_t len) MUSTCHECK;

#endif
