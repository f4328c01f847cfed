/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LETTERS_INTAKE_H
#define LETTERS_INTAKE_H

#include "letters/forward.h"
#include "ops/counters.h"
#include "ops/log.h"
#include "state/letters.h"
#include "state/store.h"

/* Dead letters that the next transaction stores. Of the running agent, all borrowed. */
struct intake {
	struct letters *letters;
	struct forward *forward;
	struct store *store;
	struct counters *counters;
	struct log *log;
	struct forward_busy busy; /* those stay */
};

/*
 * Before a transaction: tells what became a dead letter, and has the oldest go where a source says
 * so; may_read: nobody writes to the store. What fails is told, and tried again with the next.
 */
void intake_prepare(const struct intake *intake, bool may_read);

/* Says of which sources dead letters have no room, once. */
void intake_tell_full(struct letters *letters, struct log *log);

#endif
