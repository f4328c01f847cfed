/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STATE_COPY_H
#define STATE_COPY_H

#include "state/store.h"

/*
 * Opens a copy of the database in dir, for those who only look: what is there is not touched,
 * though its last transactions may stand in the WAL. 0, with *ret_store for store_close; the codes
 * of store_open, of which STORE_E_LOCKED means that an agent uses it, and STORE_E_NOT_WRITABLE that
 * there is none or that it cannot be read or copied; ret_message says the cause.
 */
int copy_open(const char *dir, struct store **ret_store, char *ret_message, size_t len) MUSTCHECK;

#endif
