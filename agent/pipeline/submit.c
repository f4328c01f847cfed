/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record that was made, on its way out: to the output, to the dead letters where a rule of its
 * source or the library refuses it, or alone where its batch was refused before. What takes nothing
 * says so, and nothing has changed then.
 */
#include "pipeline/pipeline_private.h"

/*
 * Refused before it was sent, by the route (a policy of the source) or by the library (its size):
 * kept with the reason, and passed.
 */
static int refuse(struct pipeline *pipeline, struct slot *slot)
{
	int r = pipeline_dead_letter(pipeline, slot, pipeline->line.why);

	if (!r)
		account_dead(slot_chunk(slot)->account, slot);
	return r;
}

/* Of submit, beside PIPELINE_E_x: the record has to go alone. */
#define SUBMIT_E_ALONE 1000

/* Record → output, or to the dead letters. 0: settled or in flight. The codes above. */
static int submit(struct pipeline *pipeline, struct slot *slot, uint64_t now_us)
{
	int r = OUTPUT_E_REFUSED;

	if (LIKELY(!pipeline->line.outcome.set || !pipeline_is_refused(pipeline, slot)))
		r = pipeline_submit(pipeline, slot, now_us);
	if (r == OUTPUT_E_REFUSED)
		return refuse(pipeline, slot);
	if (LIKELY(!r))
		return 0;
	if (r == OUTPUT_E_ALONE)
		return SUBMIT_E_ALONE;
	return r < 0 ? r : r == OUTPUT_E_FULL ? PIPELINE_E_FULL : PIPELINE_E_HOLD;
}

/* It was refused alone, and waits for room as a dead letter. As submit. */
static int bury(struct pipeline *pipeline, struct file *file, struct slot *slot)
{
	int r = pipeline_dead_letter(pipeline, slot, file->convict);

	if (r)
		return r;
	account_dead(&file->account, slot);
	file->convict = NULL;
	return 0;
}

static bool is_convict(const struct file *file, struct slot *slot)
{
	return file->convict && file->convict_at == slot_position(slot) &&
	       (!file->source->n_also || file->convict_branch == slot_branch(slot));
}

/*
 * As submit, for a line that may have been in a batch that was refused: it goes alone, with nothing
 * of its file beside it, which it could overtake or be overtaken by.
 */
static int submit_carefully(struct pipeline *pipeline, struct file *file, struct slot *slot,
			    uint64_t now_us)
{
	int r;

	if (is_convict(file, slot))
		return bury(pipeline, file, slot);
	pipeline->record.alone = slot_goes_alone(file, slot);
	/* One is the slot itself. */
	file->waits_turn =
		file->account.in_flight > 1 && (pipeline->record.alone || file->flies_alone);
	r = file->waits_turn ? PIPELINE_E_HOLD : submit(pipeline, slot, now_us);
	if (!r && slot->state == SLOT_IN_FLIGHT)
		file->flies_alone = pipeline->record.alone;
	pipeline->record.alone = false;
	return r;
}

/* As submit_carefully, for a line that has turned out to have to go alone. */
static int submit_alone(struct pipeline *pipeline, struct file *file, struct slot *slot,
			uint64_t now_us)
{
	uint64_t start = slot_position(slot);
	int r = ranges_add(&file->alone, start, start + slot_extent(slot));

	/* There is no room for one more: what was refused before is settled first. */
	if (r)
		return r < 0 ? r : PIPELINE_E_HOLD;
	return submit_carefully(pipeline, file, slot, now_us);
}

/* Its record may be under way now. */
static void take_share(const struct pipeline *pipeline, struct file *file, struct slot *slot)
{
	const struct record *record = &pipeline->record;
	unsigned share = 0;

	if (!file->under_way || UNLIKELY(slot->state != SLOT_IN_FLIGHT))
		return;
	if (UNLIKELY(file->source->n_also))
		share = source_share(file->source, slot_branch(slot));
	output_share_take(&file->under_way[share],
			  record->key.len + record->value.len + record_header_bytes(record));
}

int pipeline_hand_over(struct pipeline *pipeline, struct file *file, struct slot *slot,
		       uint64_t now_us)
{
	int r = UNLIKELY(file->alone.n) ? submit_carefully(pipeline, file, slot, now_us) :
					  submit(pipeline, slot, now_us);

	if (UNLIKELY(r == SUBMIT_E_ALONE))
		r = submit_alone(pipeline, file, slot, now_us);
	if (LIKELY(!r))
		take_share(pipeline, file, slot);
	else if (r == PIPELINE_E_HOLD)
		file->waits_topic = pipeline->record.topic;
	return r;
}
