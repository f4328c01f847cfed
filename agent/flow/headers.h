/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_HEADERS_H
#define FLOW_HEADERS_H

#include "base/arena.h"
#include "flow/record.h"

/* The headers of a record as one run of bytes, for a record that is kept. */

enum { HEADERS_E_INVALID = 1 };

/* 0: *ret_bytes lies in the arena; at NULL when there are none. -ENOMEM. */
int headers_pack(const struct record *record, struct arena *arena, struct slice *ret_bytes)
	MUSTCHECK;

/*
 * Into record->headers and n_headers, borrowing from bytes. 0; HEADERS_E_INVALID: no such run, and
 * the record has none then.
 */
int headers_unpack(struct slice bytes, struct record *record) MUSTCHECK;

#endif
