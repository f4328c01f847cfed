/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Back to the committed position, when all reports of a file are in.
 *
 * What is kept of the chunks that go: the bytes that are settled, which are skipped (flow/account),
 * and those of refused batches, which go alone. And it is counted what has been overtaken: the
 * library has one batch of a partition under way, but several if they are of a few records, and a
 * broker that refuses the first may take the next.
 */
#include <errno.h>
#include <stdlib.h>

#include "pipeline/pipeline_private.h"

#define PARTITIONS_MAX 65536

/* Every slot of the file in order: does what(context, slot, its number). */
static int each_slot(struct file *file, int (*what)(void *context, struct slot *slot, uint32_t n),
		     void *context)
{
	struct chunk *chunk;
	uint32_t n = 0;
	int r = 0;

	TAILQ_FOREACH (chunk, &file->account.chunks, link) {
		struct slot_walk walk = slot_walk_open(chunk);
		struct slot *slot;

		while (!r && (slot = slot_walk_next(&walk)))
			r = what(context, slot, ++n);
	}
	return r;
}

struct overtaken {
	uint32_t *last; /* by partition, the number of its last slot that was delivered */
	bool branches;
	unsigned branch; /* this one of several is looked at: each has topics of its own */
	uint64_t lines;
};

static bool is_other(const struct overtaken *overtaken, struct slot *slot)
{
	return overtaken->branches && slot_branch(slot) != overtaken->branch;
}

static int note_delivered(void *context, struct slot *slot, uint32_t n)
{
	struct overtaken *overtaken = context;

	if (slot->state == SLOT_DELIVERED && !is_other(overtaken, slot))
		overtaken->last[slot->partition] = n;
	return 0;
}

static int note_overtaken(void *context, struct slot *slot, uint32_t n)
{
	struct overtaken *overtaken = context;

	if (!slot_is_settled(slot) && slot->state != SLOT_OWED && !is_other(overtaken, slot))
		overtaken->lines += n < overtaken->last[slot->partition];
	return 0;
}

/* Of another topic's partition too: it may come late, says the counter. */
static int count_late(struct pipeline *pipeline, struct file *file)
{
	struct overtaken overtaken = {.branches = file->source->n_also != 0};

	for (; overtaken.branch <= file->source->n_also; overtaken.branch++) {
		overtaken.last = calloc(PARTITIONS_MAX, sizeof *overtaken.last);
		if (!overtaken.last)
			return -ENOMEM;
		(void)each_slot(file, note_delivered, &overtaken);
		(void)each_slot(file, note_overtaken, &overtaken);
		free(overtaken.last);
	}
	pipeline->options.counters->lines_late += overtaken.lines;
	return 0;
}

/* More than RANGES_MAX of them go as a batch again, and are refused again. */
static int keep_refused(void *context, struct slot *slot, uint32_t n)
{
	uint64_t start = slot_position(slot);
	int r = 0;

	(void)n;
	if (slot->state == SLOT_REFUSED)
		r = ranges_add(context, start, start + slot_extent(slot));
	return r < 0 ? r : 0;
}

/* (G01) */
static void uncount(struct pipeline *pipeline, struct file *file)
{
	if (UNLIKELY(file->over_lines))
		pipeline_over_counted(pipeline, file, 0);
	file_uncount(file, pipeline->options.counters);
}

/*
 * The file holds other content now: what was seen of the old and not delivered is lost, and told.
 */
static int start_over(struct pipeline *pipeline, struct file *file)
{
	struct account *account = &file->account;
	int r = file_new_content(file);
	uint64_t lost;

	if (!r)
		r = file_unsettled(file, &lost);
	if (r)
		return r;
	uncount(pipeline, file);
	pipeline->options.counters->bytes_lost += lost;
	if (file->counts) {
		file->counts->bytes_lost += lost;
		file->counts->lost[LOST_TRUNCATED] += lost;
	}
	if (lost)
		losses_add(pipeline->options.losses, file->path, file->lineage, LOST_TRUNCATED,
			   lost);
	pipeline->options.counters->truncations++;
	file->owed = false;
	account_reset(account, 0);
	tail_reset(&file->tail);
	ranges_deinit(&file->alone);
	pipeline_parts_drop(file);
	file->convict = NULL;
	file->seen_end = 0;
	file_forget_start(file);
	file->identity.head_len = 0;
	file->rewritten = false;
	return 0;
}

void pipeline_seek(struct pipeline *pipeline, struct file *file)
{
	uncount(pipeline, file);
	pipeline->options.counters->positions_set++;
	file->owed = false;
	account_reset(&file->account, file->seek_to);
	tail_reset(&file->tail);
	ranges_deinit(&file->alone);
	pipeline_parts_drop(file);
	file->convict = NULL;
	file->seen_end = 0;
	file->seeks = false;
	file->eof_seen = false;
}

/* What is settled ahead and not under the chain is known to be there by the first bytes only. */
static void learn_head(struct file *file)
{
	const struct chunk *first = TAILQ_FIRST(&file->account.chunks);

	/* Those of a compressed file are not those of its content. */
	if (first && first->start == 0 && !file->tail.packing)
		identity_learn_head(&file->identity, first->bytes, first->cursor);
}

int pipeline_rewind(struct pipeline *pipeline, struct file *file)
{
	uint64_t read_position = account_read_position(&file->account);
	uint32_t failed = file->account.failed;
	int r = 0;

	account_advance(&file->account);
	ranges_drop_below(&file->alone, file->account.committed);
	if (failed && !file->rewritten)
		r = count_late(pipeline, file);
	if (!r && failed)
		r = each_slot(file, keep_refused, &file->alone);
	if (r)
		return r;
	if (file->rewritten)
		return start_over(pipeline, file);
	/* While the bytes are in memory. */
	learn_head(file);
	(void)tail_chain(&file->tail, &(struct chain){0});
	r = account_rewind(&file->account);
	if (r)
		return r;
	file->owed = false;
	pipeline_parts_drop(file);
	tail_rewound(&file->tail, read_position);
	pipeline->options.counters->rewinds++;
	return 0;
}
