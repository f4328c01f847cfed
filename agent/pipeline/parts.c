/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event whose lines do not all stand together: those of a container's other stream are between
 * them, or the last ones are in the next generation of the file. Its slot covers the first ones;
 * the others, its parts, are settled when the slot is, and then are bytes settled ahead, which the
 * cursor passes when it comes to them and a checkpoint stores in the same transaction as what the
 * slot settled. Until then the file reads nothing more: it happens seldom, and nothing has to be
 * kept that a rewind would have to take back. Of an event of several branches that are settled one
 * by one, its parts in this file are noted with them: when it is shown again it has the same lines,
 * for what one place has taken of it and what another one gets must not differ.
 *
 * Of the next generation nothing is read before the older one is wholly settled, so that what an
 * event takes from its start stands where its committed position is. Its lines count as read with
 * the event, and as lines of the file that has its slot, as long as they are on their way.
 */
#include <stdlib.h>

#include "pipeline/over.h"
#include "pipeline/pipeline_private.h"

/* One run of the event's bytes, from its first one on. 0 or -ENOMEM. */
static int keep(struct file *file, uint64_t position, uint64_t start, uint64_t end)
{
	const struct over *over = file->over;
	uint64_t own = over ? over->own : UINT64_MAX;
	int r = 0;

	if (start < own)
		r = ranges_add(&file->parts, position + start, position + (end < own ? end : own));
	if (r >= 0 && end > own)
		r = ranges_add(&file->over_rest, over->start + (start > own ? start : own) - own,
			       over->start + end - own);
	return r < 0 ? r : 0;
}

int pipeline_parts_keep(struct file *file, const struct event *event)
{
	const struct join_part *parts = join_parts(file->source->join);
	int r = 0;

	if (file->over && file->over->run > event->extent)
		r = keep(file, event->position, event->extent, file->over->run);
	for (size_t i = 0; i < event->n_parts && !r; i++)
		r = keep(file, event->position, parts[i].start, parts[i].start + parts[i].len);
	if (r)
		pipeline_parts_drop(file);
	return r;
}

void pipeline_parts_drop(struct file *file)
{
	ranges_deinit(&file->parts);
	ranges_deinit(&file->over_rest);
	free(file->over);
	file->over = NULL;
}

/* The next generation, if it is what the event's last lines were found in. */
static struct file *next_of(const struct file *file)
{
	struct file *next = file->newer;

	return next && next->content_id == file->over_content ? next : NULL;
}

void pipeline_over_counted(struct pipeline *pipeline, struct file *file, uint32_t lines)
{
	struct file *next = next_of(file);
	uint32_t before = file->over_lines;

	file->over_lines = lines;
	pipeline_count_waiting(pipeline, file, lines - (uint64_t)before);
	if (next) {
		pipeline_count_waiting(pipeline, next, before - (uint64_t)lines);
		return;
	}
	pipeline->options.counters->lines_forgotten += before - (uint64_t)lines;
	if (file->counts)
		file->counts->lines_forgotten += before - (uint64_t)lines;
}

/* Where a byte of the next generation lies in memory. */
static const char *byte_of(const struct over *over, uint64_t position)
{
	return over->bytes + over->own + (position - over->start);
}

void pipeline_over_count(struct pipeline *pipeline, struct file *file)
{
	const struct over *over = file->over;
	struct file *next = file->newer;
	struct slice rest = {byte_of(over, over->start), over->len - over->own};
	uint64_t bytes, n;
	uint32_t lines = 0;

	if (file->over_lines && file->over_content != next->content_id)
		pipeline_over_counted(pipeline, file, 0);
	file->over_content = next->content_id;
	n = tail_count_lines(&next->tail, rest, &bytes);
	pipeline_count_read(pipeline, next, n, bytes);
	pipeline_count_waiting(pipeline, next, n);
	for (size_t i = 0; i < file->over_rest.n; i++) {
		const struct range *range = &file->over_rest.at[file->over_rest.first + i];

		lines += tail_count_lf(byte_of(over, range->start), range->end - range->start);
	}
	pipeline_over_counted(pipeline, file, lines);
}

/* One range of the next generation. 0, RANGES_E_FULL, -ENOMEM. */
static int settle_range(struct file *next, const struct over *over, const struct range *range)
{
	struct account *account = &next->account;

	if (range->start != account->committed || !TAILQ_EMPTY(&account->chunks))
		return ranges_add(&account->ahead, range->start, range->end);
	tail_skip(&next->tail, byte_of(over, range->start), range->end - range->start);
	return 0;
}

/* Of the next generation. 0 or -ENOMEM. */
static int settle_next(struct pipeline *pipeline, struct file *file)
{
	const struct over *over = file->over;
	struct file *next = next_of(file);
	int r = 0;

	file->over_lines = 0;
	if (!next)
		return 0;
	/* By its first bytes it is known after a restart that what is settled of it is there. */
	if (!over->start)
		identity_learn_head(&next->identity, byte_of(over, 0), over->len - over->own);
	for (size_t i = 0; i < file->over_rest.n && r >= 0; i++)
		r = settle_range(next, over, &file->over_rest.at[file->over_rest.first + i]);
	pipeline_touch(pipeline, next);
	return r < 0 ? r : 0;
}

/* 0 or -ENOMEM. Beyond RANGES_MAX they come again as events of their own. */
static int settle(struct pipeline *pipeline, struct file *file)
{
	int r = file->over ? settle_next(pipeline, file) : 0;

	for (size_t i = 0; i < file->parts.n && r >= 0; i++) {
		const struct range *range = &file->parts.at[file->parts.first + i];

		r = ranges_add(&file->account.ahead, range->start, range->end);
	}
	pipeline_parts_drop(file);
	return r < 0 ? r : 0;
}

/* Some of its branches may be settled. 0 or -ENOMEM. */
static int note_branches(struct file *file, const struct slot *event)
{
	unsigned n = file->source->n_also ? file->source->n_also + 1u : 0;
	int r = 0;

	for (unsigned branch = 0; branch < n; branch++) {
		if (!slot_is_settled(&event[branch]))
			continue;
		for (size_t i = 0; i < file->parts.n && !r; i++) {
			const struct range *range = &file->parts.at[file->parts.first + i];

			r = branches_add(&file->account.branches, branch, range->start, range->end);
		}
	}
	return r;
}

int pipeline_parts_settle(struct pipeline *pipeline, struct file *file, struct slot *slot)
{
	if (!slot || branches_state(slot) == BRANCHES_SETTLED)
		return settle(pipeline, file);
	file->event_slot = slot;
	return note_branches(file, slot);
}
