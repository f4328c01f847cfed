/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event of a container whose lines do not all stand together: those of the other stream are
 * between them. Its slot covers the first ones; the others, its parts, are settled when the slot
 * is, and then are bytes settled ahead, which the cursor passes when it comes to them and a
 * checkpoint stores in the same transaction as what the slot settled. Until then the file reads
 * nothing more: it happens seldom, and nothing has to be kept that a rewind would have to take
 * back.
 */
#include "pipeline/pipeline_private.h"

int pipeline_parts_keep(struct file *file, const struct event *event)
{
	const struct join_part *parts = join_parts(file->source->join);

	for (size_t i = 0; i < event->n_parts; i++) {
		uint64_t start = event->position + parts[i].start;
		int r = ranges_add(&file->parts, start, start + parts[i].len);

		if (r < 0) {
			ranges_deinit(&file->parts);
			return r;
		}
	}
	return 0;
}

/* 0 or -ENOMEM. Beyond RANGES_MAX they come again as events of their own. */
static int settle(struct file *file)
{
	int r = 0;

	for (size_t i = 0; i < file->parts.n && r >= 0; i++) {
		const struct range *range = &file->parts.at[file->parts.first + i];

		r = ranges_add(&file->account.ahead, range->start, range->end);
	}
	ranges_deinit(&file->parts);
	return r < 0 ? r : 0;
}

int pipeline_parts_settle(struct file *file, const struct slot *slot)
{
	if (!slot || slot_is_settled(slot))
		return settle(file);
	file->parts_slot = slot;
	if (slot->state != SLOT_IN_FLIGHT)
		ranges_deinit(&file->parts);
	return 0;
}
