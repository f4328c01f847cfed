/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTROL_CLIENT_H
#define CONTROL_CLIENT_H

#include "control/answer.h"

/*
 * One connection: a question, its answer, the next question. It may be anybody whom the socket's
 * mode lets in, and costs no more than its slot: a question has a length and a time to come in, an
 * answer waits in pieces of ANSWER_PIECE, each of which has a time to be taken.
 */
struct client;

/* So long a client may take for a question, and for a piece of an answer. */
#define CLIENT_PATIENCE_US 10000000ull
/* And for a whole answer. */
#define CLIENT_ANSWER_US 60000000ull

/* fd, non-blocking, is consumed. NULL: memory is out, and fd is closed. */
struct client *client_new(int fd, uint64_t now_us);

/* NULL is fine. Returns NULL. */
struct client *client_free(struct client *client);

int client_fd(const struct client *client);

/* Whether it is root's, or of the agent's own user. */
bool client_is_privileged(const struct client *client);

/* It is told to come again, if it takes that at once. The caller frees it. */
void client_turn_away(struct client *client);

/* Whether it is to be polled for writing; for reading otherwise. */
bool client_wants_to_write(const struct client *client);

/* Whether it is not to be polled before the store was written: its answer waits for that. */
bool client_waits(const struct client *client, const struct view *view);

/*
 * Its descriptor is ready: reads, answers, writes, and makes up to *pieces pieces of answers, which
 * are counted down. False: it is over, for client_free.
 */
bool client_step(struct client *client, const struct view *view, unsigned *pieces) MUSTCHECK;

/* Whether it takes longer than it may. */
bool client_is_overdue(const struct client *client, uint64_t now_us);

#endif
