/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_REPLAY_H
#define PIPELINE_REPLAY_H

#include "flow/chunk.h"
#include "flow/report.h"
#include "pipeline/pipeline.h"

/*
 * One that sends dead letters, one at a time. Zeroed it is ready; it stays where it is until the
 * output is freed, for its slot is there.
 */
struct replay {
	struct chunk chunk;       /* of no file */
	struct slot_block *block; /* NULL: none was sent yet */
	bool under_way, reported;
	struct report report;
};

/* Frees what it holds. The output is gone. */
void replay_deinit(struct replay *replay);

/*
 * Sends a record made of a dead letter (pipeline/letter.h), alone. 0: its report will come.
 * PIPELINE_E_FULL, PIPELINE_E_HOLD: not now. PIPELINE_E_REFUSED: never, *ret_why (static) says why.
 * -ENOMEM. What the record holds is copied.
 */
int replay_send(struct pipeline *pipeline, struct replay *replay, struct record *record,
		const char **ret_why, uint64_t now_us) MUSTCHECK;

/* Whether a letter was sent of which the report was not taken yet. */
static inline bool replay_is_busy(const struct replay *replay)
{
	return replay->under_way;
}

/* The report of the letter that was sent last, once; NULL: it has not come. */
const struct report *replay_take(struct replay *replay);

#endif
