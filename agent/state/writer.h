/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STATE_WRITER_H
#define STATE_WRITER_H

#include "state/store.h"

/*
 * The store's own thread: takes one batch at a time, writes it, says on an eventfd when it is
 * durable. A disk that takes two seconds to fsync delays checkpoints, not the pipeline (E24).
 */
struct writer;

enum {
	WRITER_E_BUSY = 1, /* a batch is under way, or its result was not fetched */
	WRITER_E_NONE,     /* writer_result: nothing has finished since the last call */
	WRITER_E_FAILED,   /* writer_result: the batch was not written */
};

/* Borrows store until writer_free. 0, or negative errno. */
int writer_new(struct store *store, struct writer **ret_writer) MUSTCHECK;

/* Polls readable when a result waits. */
int writer_fd(const struct writer *writer);

/* Copies the batch and starts writing. 0, WRITER_E_BUSY, -ENOMEM. */
int writer_submit(struct writer *writer, const struct store_batch *batch) MUSTCHECK;

/* 0: the batch is durable. WRITER_E_NONE. WRITER_E_FAILED: cause in ret_message. Never blocks. */
int writer_result(struct writer *writer, char *ret_message, size_t len) MUSTCHECK;

/* Blocks until the batch under way is finished, at most timeout_ms; then as writer_result. */
int writer_wait(struct writer *writer, int timeout_ms, char *ret_message, size_t len) MUSTCHECK;

/* Waits for the batch under way, ends the thread. NULL is fine. Returns NULL. */
struct writer *writer_free(struct writer *writer);

#endif
