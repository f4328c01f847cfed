/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STATE_ROWS_H
#define STATE_ROWS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/hash.h"
#include "base/slice.h"

/* The rows of the store. */

/* Bits of store_file.flags. */
enum {
	STORE_FILE_IGNORED = 1, /* a copy of another file, with nothing unread in it: never read */
	STORE_FILE_LEAVE_OUT = 2, /* compressed, and what was in it when it was found is passed */
	STORE_FILE_SEEN_LEFT = 4, /* it had left its path when it was read to its end */
};

/*
 * One file as the store keeps it: identity, fingerprint and position. What rows of older versions
 * do not hold is 0, NULL or false.
 */
struct store_file {
	uint64_t id; /* row; given out by the agent, ascending in the order of discovery */
	/* of what is in the file: another when it was rewritten. 0: none yet (older versions) */
	uint64_t content_id;
	uint64_t device;
	uint64_t inode;
	int64_t born_ns; /* statx birth time in ns since 1970, 0 when not known */
	/* last known; malloc'ed in what store_load gives, borrowed in what store_write takes */
	char *path;
	char *lineage;   /* the path at which it was first seen: generations of one path share it */
	char *real;      /* the file behind path, NULL: path itself; memory as path, as went */
	char *went;      /* the directory to which it was rotated; NULL: the path's own */
	uint32_t packed; /* how it is compressed, as input/ numbers it; 0: it is not */
	uint64_t flags;  /* STORE_FILE_x */
	uint32_t head_len;    /* bytes under the fingerprint, at most 1024 */
	uint64_t head_hash;   /* XXH64 of the first head_len bytes */
	uint64_t committed;   /* bytes; everything below is settled */
	uint32_t tail_len;    /* bytes under tail_hash, at most 64; 0 when not known */
	uint64_t tail_hash;   /* XXH64 of the tail_len bytes before committed */
	bool proven;          /* the next three are known: they prove all bytes below committed */
	uint64_t chain_at;    /* a multiple of 4096, at most committed */
	struct hash128 chain; /* the content chain: of all bytes below chain_at */
	uint64_t rest_hash;   /* XXH64 of the bytes from chain_at to committed */
	uint64_t size;        /* as fstat had it when the row was made; 0: not known, as mtime_ns */
	int64_t mtime_ns;
	int64_t ctime_ns; /* when its mode, owner, name or time changed last; 0: not known */
	uint64_t reach;   /* so many bytes of it were seen to be there, read or not */
	bool discarding;  /* committed lies inside the discarded rest of an over-long line */
	struct slice
		/*
		 * settled-ahead ranges as varint deltas (flow/ranges.h); at malloc'ed/borrowed as
		 * path
		 */
		ahead,
		branches; /* what is settled of some branches only; memory as that of ahead */
	bool removed;     /* store_write: delete the row */
	bool moved_only;  /* store_write: it has been written before, and only its position moved */
};

/* What is remembered of a topic. */
struct store_topic {
	const char *name;
	uint32_t partitions; /* its keys are placed among so many; 0: not known */
};

struct store_dead_letter {
	uint64_t file; /* row of its file */
	uint64_t position;
	const char *source; /* the name of the source of its file */
	const char *path;
	const char *topic;
	const char *reason;
	int64_t time_ms;
	struct slice key;
	struct slice value;
	int32_t partition;    /* that was named for it; -1: none, or not known (older versions) */
	struct slice headers; /* as flow/headers.h packs them */
	uint64_t id;          /* row; 0: not stored yet */
	bool copied;          /* the topic of its source's dead letters has it */
	const char *cause;    /* the reason as static text, for the log; not stored */
};

/* A dead letter that is to be removed, or of which only is to be noted that it was copied. */
struct store_gone {
	uint64_t id;
	uint64_t bytes; /* of its key and value */
	bool stays;     /* it is noted */
	uint32_t share; /* then: the caller's, not stored */
};

/*
 * By the reason of a dead letter whether a rule of its source made it one: such a rule judges a
 * line when it is parsed, and what is sent again is not parsed again.
 */
static inline bool store_letter_is_ruled(const char *reason)
{
	return strstr(reason, " (") && strncmp(reason, "MSG_SIZE", strlen("MSG_SIZE")) != 0;
}

#endif
