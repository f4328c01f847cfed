/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line that goes to several places (`also`). It is settled when all of its branches are, and each
 * is settled once: what one place has taken is not sent there again because another one did not.
 *
 *   all took it          its slots are in flight
 *   one did not, now     the event is consumed, for what was sent of it is sent as it is; the file
 *                        keeps it (file->owed) and reads nothing more until that one takes it
 *   none did             it is shown again, as any event
 *   one came back        its file rewinds, as any; what is settled of its branches is kept by their
 *                        numbers (flow/branches.h), and when it is read again only the others go
 *
 * A line counts once: as in flight while a branch of it is, as one that waits while none is and one
 * is still to go, and as delivered or dead when the last one is settled: as dead if one of them is
 * a dead letter. After a rewind in between that is not known of branches that were settled before.
 *
 * Rejected: to ask all places for room before the first one gets the line, for what an output takes
 * is known when it has taken it; and to send to the next place what the one before has
 * acknowledged, which would make each line as slow as all of its places in a row.
 */
#include "pipeline/pipeline_private.h"

/* Takes the event's lines to where they count now; records: so many more of it are in flight. */
static void move_lines(struct pipeline *pipeline, struct file *file, const struct slot *event,
		       uint32_t lines, enum branches_state before, int records)
{
	enum branches_state now = branches_state(event);

	pipeline->lines_joined -= (uint64_t)(int64_t)records;
	if ((before == BRANCHES_UNDER_WAY) != (now == BRANCHES_UNDER_WAY))
		pipeline->lines_joined += now == BRANCHES_UNDER_WAY ? lines : -(uint64_t)lines;
	if (before == BRANCHES_WAIT || before == BRANCHES_BACK)
		pipeline_count_waiting(pipeline, file, -(uint64_t)lines);
	if (now == BRANCHES_WAIT || now == BRANCHES_BACK)
		pipeline_count_waiting(pipeline, file, lines);
}

static void count_delivered(struct counters *counters, uint32_t lines, uint32_t bytes)
{
	counters->lines_delivered += lines;
	counters->events_delivered++;
	counters->bytes_delivered += bytes;
}

/* Its last branch was settled. */
static void count_settled(struct pipeline *pipeline, struct file *file, const struct slot *event,
			  uint32_t lines)
{
	if (branches_any_dead(event)) {
		pipeline_count_dead(pipeline, file, lines);
		return;
	}
	count_delivered(pipeline->options.counters, lines, slot_extent(event));
	if (file->counts)
		count_delivered(file->counts, lines, slot_extent(event));
}

void pipeline_branch_reported(struct pipeline *pipeline, struct file *file,
			      const struct slot *event, uint32_t lines, enum branches_state before)
{
	move_lines(pipeline, file, event, lines, before, -1);
	if (branches_state(event) == BRANCHES_SETTLED)
		count_settled(pipeline, file, event, lines);
}

void pipeline_look_at_branches(struct file *file, struct event *event)
{
	uint32_t all = (UINT32_C(1) << (file->source->n_also + 1)) - 1;

	account_drop_passed(&file->account);
	if (!file->account.branches || event->kind != EVENT_LINE)
		return;
	if (branches_settled(file->account.branches, event->position,
			     event->position + event->extent) == all)
		event->kind = EVENT_AHEAD;
}

/* What is noted of a branch's record. */
static void count_notes(const struct pipeline *pipeline, const struct file *file)
{
	outcome_count(&pipeline->line.outcome, pipeline->options.counters);
	if (file->counts)
		outcome_count(&pipeline->line.outcome, file->counts);
}

/*
 * Hands over the branches that are owed, in their order; made: the record of that one is made. 0,
 * or as pipeline_hand_over; *ret_taken of them went, of which *ret_records are in flight.
 */
static int hand_over(struct pipeline *pipeline, struct file *file, struct slot *event, int made,
		     uint64_t now_us, unsigned *ret_taken, int *ret_records)
{
	unsigned n = file->source->n_also + 1u;

	for (unsigned i = 0; i < n; i++) {
		struct slot *slot = &event[i];
		int r = 0;

		if (slot->state != SLOT_OWED)
			continue;
		if ((int)i != made)
			r = i && made >= 0 ? pipeline_branch(pipeline, file, i) :
					     pipeline_remake(pipeline, slot);
		if (r)
			return r;
		account_hand_over(&file->account, slot);
		r = pipeline_hand_over(pipeline, file, slot, now_us);
		if (r) {
			account_take_back(&file->account, slot);
			return r;
		}
		++*ret_taken;
		*ret_records += slot->state == SLOT_IN_FLIGHT;
		if (i && file->owed_first)
			count_notes(pipeline, file);
	}
	return 0;
}

/* The slots of the event; NULL: there is no memory. */
static struct slot *add_slots(struct file *file, const struct event *event, int64_t now_ms)
{
	const struct branches *branches = file->account.branches;
	uint64_t end = event->position + event->extent;
	uint32_t settled = branches ? branches_settled(branches, event->position, end) : 0;
	struct slot *slots = account_add_branches(
		&file->account, account_open_chunk(&file->account), event->extent, settled);

	for (unsigned i = 0; slots && i <= file->source->n_also; i++) {
		slots[i].read_ms = (uint64_t)now_ms & ((UINT64_C(1) << 48) - 1);
		slots[i].lines = (uint16_t)event->lines;
	}
	return slots;
}

/* So many lines, of which none counted yet, are an event's whose branches were handed over. */
static int begin(struct pipeline *pipeline, struct file *file, struct slot *event, uint32_t lines,
		 int records)
{
	move_lines(pipeline, file, event, lines, BRANCHES_SETTLED, records);
	if (branches_state(event) == BRANCHES_SETTLED)
		count_settled(pipeline, file, event, lines);
	if (LIKELY(!pipeline_parts_wait(file)))
		return 0;
	if (!file->owed)
		file->waits_topic = pipeline->record.topic;
	return pipeline_parts_settle(pipeline, file, event);
}

int pipeline_send_branches(struct pipeline *pipeline, struct file *file, const struct event *event,
			   uint64_t now_us, int64_t now_ms)
{
	struct slot *slots = add_slots(file, event, now_ms);
	const struct pipeline_line line = pipeline->line;
	int64_t sent_ms = pipeline->record.timestamp_ms;
	unsigned taken = 0;
	int records = 0, r;

	if (UNLIKELY(!slots))
		return PIPELINE_E_MEMORY;
	file->owed_first = event->first_time;
	r = hand_over(pipeline, file, slots, 0, now_us, &taken, &records);
	if (r < 0 || (r && !taken)) {
		if (r > 0)
			account_undo_branches(&file->account, slots);
		return r;
	}
	file->owed = r != 0;
	if (file->owed)
		file->event_slot = slots;
	file->sent_ms = sent_ms;
	r = begin(pipeline, file, slots, event->lines, records);
	/* What the source itself says of the line. */
	pipeline->line = line;
	return r;
}

int pipeline_submit_owed(struct pipeline *pipeline, struct file *file, uint64_t now_us)
{
	struct slot *event = file->event_slot;
	enum branches_state before = branches_state(event);
	unsigned taken = 0;
	uint32_t lines = 0;
	int records = 0, r;

	for (struct slot *slot = event; !lines; slot++)
		lines = slot->state == SLOT_OWED ? slot->lines : 0;
	r = hand_over(pipeline, file, event, -1, now_us, &taken, &records);
	if (r < 0)
		return r;
	move_lines(pipeline, file, event, lines, before, records);
	if (r)
		return r;
	file->owed = false;
	if (branches_state(event) == BRANCHES_SETTLED)
		count_settled(pipeline, file, event, lines);
	if (pipeline_parts_wait(file)) {
		file->waits_topic = pipeline->record.topic;
		r = pipeline_parts_settle(pipeline, file, event);
	}
	/* A dead letter may have been the last one. */
	pipeline_touch(pipeline, file);
	return r;
}
