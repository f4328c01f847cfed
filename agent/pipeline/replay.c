/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A dead letter goes the way of every record: to the output, and what became of it a report says.
 * It goes alone, for it may be refused as it was before, and a batch that is refused ends the
 * producer of all others. So one at a time is enough, and there is one slot, of a chunk that is
 * nobody's.
 */
#include <errno.h>
#include <stdlib.h>

#include "flow/headers.h"
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

/* The record as it was refused. False: its headers cannot be read. */
static bool make_record(struct record *record, const struct store_dead_letter *letter,
			uint32_t topic)
{
	record->topic = topic;
	record->partition = letter->partition;
	record->key = letter->key;
	record->value = letter->value;
	record->value_stays = false;
	record->timestamp_ms = letter->time_ms;
	return headers_unpack(letter->headers, record) == 0;
}

int pipeline_replay(struct pipeline *pipeline, const struct store_dead_letter *letter,
		    uint32_t topic, const char **ret_why, uint64_t now_us)
{
	struct replay *replay = &pipeline->replay;
	int r;

	if (replay->under_way)
		return PIPELINE_E_HOLD;
	if (!have_block(replay))
		return -ENOMEM;
	*ret_why = "HEADERS_UNREADABLE";
	if (!make_record(&pipeline->record, letter, topic))
		return PIPELINE_E_REFUSED;
	pipeline->record.alone = true;
	r = output_submit(pipeline->options.output, &pipeline->record, &replay->block->slots[0],
			  now_us);
	pipeline->record.alone = false;
	replay->under_way = r == 0;
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

bool pipeline_replays(const struct pipeline *pipeline)
{
	return pipeline->replay.under_way && !pipeline->replay.reported;
}

const struct report *pipeline_take_replayed(struct pipeline *pipeline)
{
	struct replay *replay = &pipeline->replay;

	if (!replay->reported)
		return NULL;
	replay->reported = false;
	replay->under_way = false;
	return &replay->report;
}
