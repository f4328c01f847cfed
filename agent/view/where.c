/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A slot keeps partition and offset from its report on, and lies in memory with the chunk of its
 * line: of a file that grows that is what was read last, of one that is quiet nothing. Below that
 * nothing is kept by line. Of a record without a key the partition is the output's choice, and no
 * room is there to keep it before its report comes; but one partition at a time is chosen for
 * those, so that often no other has records in flight.
 */
#include "view/where.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/output.h"

/* Of an acknowledgement that names none: -1, in its bits. */
#define NO_OFFSET ((1ull << 48) - 1)

/* A record is not made anew of a longer event: the loop waits meanwhile. */
#define REMADE_MAX (64u << 10)

void where_delivered(const struct view *view, struct slot *slot, char *ret_words, size_t len)
{
	unsigned partition = slot->partition;
	uint64_t offset = slot->offset;
	char number[40] = "";
	uint32_t topic;
	int32_t ignored;
	bool known;

	ret_words[0] = '\0';
	if (slot->state != SLOT_DELIVERED)
		return;
	known = view->pipeline && pipeline_where(view->pipeline, slot, &topic, &ignored);
	if (offset != NO_OFFSET)
		snprintf(number, sizeof number, " offset %" PRIu64, offset);
	snprintf(ret_words, len, " to %s%s%spartition %u%s", known ? "topic " : "",
		 known ? conf_topic_name(view->conf, topic) : "", known ? " " : "", partition,
		 number);
}

int32_t where_in_flight(const struct view *view, size_t topic)
{
	struct output_partition part;
	int32_t only = -1;

	for (int32_t i = 0; output_partition(view->output, topic, i, view->now_us, &part); i++) {
		if (part.records && only >= 0)
			return -1;
		if (part.records)
			only = i;
	}
	return only;
}

/* Of the event's copies the one that it waits for; else one that is a dead letter, or the last. */
static struct slot *decisive(struct slot *last)
{
	struct slot *slot = slot_event(last);
	struct slot *dead = last;

	for (; slot <= last; slot++) {
		if (!slot_is_settled(slot))
			return slot;
		dead = slot->state == SLOT_DEAD ? slot : dead;
	}
	return dead;
}

struct slot *where_slot(const struct file *file, uint64_t position)
{
	struct chunk *chunk;
	struct slot *slot;

	TAILQ_FOREACH (chunk, &file->account.chunks, link) {
		struct slot_walk walk = {chunk, chunk->first, 0};

		if (position < chunk->start || position >= chunk->start + chunk->cursor)
			continue;
		while ((slot = slot_walk_next(&walk))) {
			if (position < slot_position(slot) + slot->length)
				return file->source->n_also ? decisive(slot) : slot;
		}
	}
	return NULL;
}

bool where_first(const struct view *view, const struct file *file, uint64_t min_ms,
		 uint32_t *ret_topic, int32_t *ret_partition)
{
	struct slot *slot =
		file->account.in_flight ? where_slot(file, file->account.committed) : NULL;

	if (!slot || slot->state != SLOT_IN_FLIGHT || !view->pipeline ||
	    slot->length > REMADE_MAX || (uint64_t)view->now_ms < slot->read_ms + min_ms ||
	    !pipeline_where(view->pipeline, slot, ret_topic, ret_partition))
		return false;
	if (*ret_partition < 0)
		*ret_partition = where_in_flight(view, *ret_topic);
	return true;
}
