/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STATE_LETTERS_H
#define STATE_LETTERS_H

#include <stdbool.h>

#include "state/store.h"

/*
 * Dead letters on their way to the store: a letter and the position that passes it go into one
 * transaction, so they wait here for the next one.
 */
struct letters {
	struct store_dead_letter *items; /* every pointer in them is ours */
	size_t n;
	size_t capacity;
	uint64_t bytes;     /* of keys and values here */
	uint64_t stored;    /* of those in the store already */
	uint64_t max_bytes; /* both together */
};

/* stored: bytes of dead letters that the store holds already. */
void letters_init(struct letters *letters, uint64_t max_bytes, uint64_t stored);
void letters_deinit(struct letters *letters);

/* Whether a letter with so many bytes of key and value would still fit. */
bool letters_has_room(const struct letters *letters, size_t bytes);

/* Copies everything. 0 or -ENOMEM. */
int letters_add(struct letters *letters, const struct store_dead_letter *letter) MUSTCHECK;

/* The first n are durable: forgotten here, counted as stored. */
void letters_stored(struct letters *letters, size_t n);

#endif
