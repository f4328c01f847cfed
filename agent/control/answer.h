/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTROL_ANSWER_H
#define CONTROL_ANSWER_H

#include "base/json.h"
#include "protocol/request.h"
#include "view/view.h"

/*
 * One answer, made piece by piece between other work: an agent may know more files than a turn of
 * the loop has time for.
 */
struct answer;

/* user: who asks. 0: *ret_answer is the caller's. -ENOMEM. */
int answer_new(const struct view *view, const struct request *request, unsigned user,
	       struct answer **ret_answer) MUSTCHECK;

/* NULL is fine. Returns NULL. */
struct answer *answer_free(struct answer *answer);

/* Whether it goes on only when the store is not written to. */
bool answer_waits(const struct answer *answer, const struct view *view);

/* A complete one: its last line is of kind "error", and the connection is over. */
bool answer_failed(const struct answer *answer);

/* So much is written in one go, and the line that passes it. */
#define ANSWER_PIECE ((size_t)16 << 10)

/* Writes the next piece, of whole lines. True: it is complete. */
bool answer_more(struct answer *answer, const struct view *view, struct json *to);

#endif
