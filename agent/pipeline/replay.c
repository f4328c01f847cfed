/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A dead letter goes the way of every record: to the output, and what became of it a report says.
 * It goes alone, for it may be refused as it was before, and a batch that is refused ends the
 * producer of all others. So one at a time is enough for each who sends some, and he has one slot,
 * of a chunk that is nobody's.
 */
#include "pipeline/replay.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "pipeline/pipeline_private.h"

static bool have_block(struct replay *replay)
{
	if (replay->block)
		return true;
	/* Aligned, because a slot's chunk is found by masking. */
	replay->block = aligned_alloc(sizeof *replay->block, sizeof *replay->block);
	if (!replay->block)
		return false;
	*replay->block = (struct slot_block){.chunk = &replay->chunk};
	return true;
}

void replay_deinit(struct replay *replay)
{
	free(replay->block);
	*replay = (struct replay){0};
}

int replay_send(struct pipeline *pipeline, struct replay *replay, struct record *record,
		const char **ret_why, uint64_t now_us)
{
	int r;

	if (replay->under_way)
		return PIPELINE_E_HOLD;
	if (!have_block(replay))
		return -ENOMEM;
	record->alone = true;
	r = output_submit(pipeline->options.output, record, &replay->block->slots[0], now_us);
	replay->under_way = r == 0;
	pipeline->n_replays += r == 0;
	replay->reported = false;
	switch (r) {
	case OUTPUT_E_FULL:
		return PIPELINE_E_FULL;
	case OUTPUT_E_HOLD:
		return PIPELINE_E_HOLD;
	case OUTPUT_E_PARTITION:
		*ret_why = "PARTITION_ABSENT";
		return PIPELINE_E_REFUSED;
	case OUTPUT_E_REFUSED:
		*ret_why = "TOO_LARGE";
		return PIPELINE_E_REFUSED;
	default:
		return r;
	}
}

void pipeline_take_replay(struct pipeline *pipeline, struct chunk *chunk,
			  const struct report *report)
{
	struct replay *replay = (struct replay *)((char *)chunk - offsetof(struct replay, chunk));

	replay->report = *report;
	replay->reported = true;
	pipeline->n_replays--;
}

size_t pipeline_replays(const struct pipeline *pipeline)
{
	return pipeline->n_replays;
}

const struct report *replay_take(struct replay *replay)
{
	if (!replay->reported)
		return NULL;
	replay->reported = false;
	replay->under_way = false;
	return &replay->report;
}
