/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STATE_ROWS_H
#define STATE_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* The rows of the store. */

/* One file as the store keeps it: identity, fingerprint and position. */
struct store_file {
	uint64_t id; /* row; given out by the agent, ascending in the order of discovery */
	/* of what is in the file: another when it was rewritten. 0: none yet (older versions) */
	uint64_t content_id;
	uint64_t device;
	uint64_t inode;
	int64_t born_ns; /* statx birth time in ns since 1970, 0 when not known */
	/* last known; malloc'ed in what store_load gives, borrowed in what store_write takes */
	char *path;
	char *lineage; /* the path at which it was first seen: generations of one path share it */
	uint32_t head_len;  /* bytes under the fingerprint, at most 1024 */
	uint64_t head_hash; /* XXH64 of the first head_len bytes */
	uint64_t committed; /* bytes; everything below is settled */
	uint32_t tail_len;  /* bytes under tail_hash, at most 64; 0 when not known */
	uint64_t tail_hash; /* XXH64 of the tail_len bytes before committed */
	bool discarding;    /* committed lies inside the discarded rest of an over-long line */
	struct slice
		/*
		 * settled-ahead ranges as varint deltas (flow/ranges.h); at malloc'ed/borrowed as
		 * path
		 */
		ahead;
	bool removed; /* store_write: delete the row */
};

struct store_dead_letter {
	uint64_t file; /* row of its file */
	uint64_t position;
	const char *path;
	const char *topic;
	const char *reason;
	int64_t time_ms;
	struct slice key;
	struct slice value;
};

#endif
