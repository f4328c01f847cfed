/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHECKPOINT_CHECKPOINT_H
#define CHECKPOINT_CHECKPOINT_H

#include "checkpoint/kept_topics.h"
#include "files/files.h"
#include "state/letters.h"
#include "state/writer.h"

/* What a batch says of one file. */
struct checkpoint_file {
	struct inode_key key;
	uint64_t content_id;
	uint64_t committed;
	int64_t row_seal;   /* of the row, its position apart */
	bool fingerprinted; /* the row holds first bytes by which to know the content again */
};

/*
 * What moved since the last time → one transaction of the store, on its own thread. One batch at a
 * time; what fails is dirty again and goes with the next one.
 */
struct checkpoint {
	struct writer *writer; /* borrowed, as the next three */
	struct files *files;
	struct letters *letters;
	struct counters *counters;
	struct kept_topics topics; /* none, unless who made it has filled it */
	bool under_way;
	bool sources_written;
	bool with_sources;             /* the batch under way has them */
	struct checkpoint_file *batch; /* the files of the batch under way */
	size_t n_files;
	size_t n_letters; /* letters of the batch under way, */
	size_t n_gone;    /* and those that it removes */
	size_t n_removed;
	/* lines settled when the batch was made, if it is of all files */
	uint64_t settled_submitted;
	uint64_t settled_stored; /* at least so many are durable */
};

void checkpoint_init(struct checkpoint *checkpoint, struct writer *writer, struct files *files,
		     struct letters *letters, struct counters *counters);
void checkpoint_deinit(struct checkpoint *checkpoint);

/* Lines that have come to their end in this life of the agent. */
uint64_t checkpoint_settled(const struct counters *counters);

/* Whether there is anything to write. */
bool checkpoint_due(const struct checkpoint *checkpoint);

/*
 * Hands the dirty rows to the writer, at most max_rows of them. Does nothing while a batch is under
 * way or nothing is due. 0 or -ENOMEM.
 */
int checkpoint_start(struct checkpoint *checkpoint, size_t max_rows) MUSTCHECK;

/*
 * Fetches the result when there is one; wait_ms > 0 waits for it. 0: durable, or nothing was under
 * way; CHECKPOINT_E_FAILED with the cause in ret_message: all of it is dirty again;
 * CHECKPOINT_E_PENDING: still under way.
 */
enum { CHECKPOINT_E_FAILED = 1, CHECKPOINT_E_PENDING };
int checkpoint_finish(struct checkpoint *checkpoint, int wait_ms, char *ret_message, size_t len)
	MUSTCHECK;

/* Rows a batch may have: some milliseconds of copying on the loop. */
#define CHECKPOINT_ROWS_MAX 5000

#endif
