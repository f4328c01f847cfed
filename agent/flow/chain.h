/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_CHAIN_H
#define FLOW_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"

#define CHAIN_BLOCK ((size_t)4096)

/* What is known of all bytes of a file below a position: 40 bytes, whatever the file's size. */
struct chain {
	uint64_t at;         /* the whole blocks: a multiple of CHAIN_BLOCK */
	uint64_t upto;       /* at .. at + CHAIN_BLOCK - 1, or CHAIN_UNKNOWN */
	struct hash128 hash; /* of the bytes below at, block by block */
	uint64_t rest;       /* hash_bytes of those from at to upto */
};

/* As upto: nothing is known. */
#define CHAIN_UNKNOWN UINT64_MAX

/* Of no bytes at all: where every file begins. */
struct chain chain_of_nothing(void);

/* Of bytes that nobody has looked at. */
struct chain chain_unknown(void);

/* Whether these upto - at bytes are those that were behind the last whole block. */
bool chain_rest_is(const struct chain *chain, const char *bytes);

/*
 * Goes on over `len` bytes that follow upto in the file. rest: the upto - at bytes before them, as
 * chain_rest_is knows them; not looked at when there are none.
 */
void chain_add(struct chain *chain, const char *rest, const char *bytes, size_t len);

/* Whether both know the same bytes, up to the same position. */
bool chain_equal(const struct chain *a, const struct chain *b);

#endif
