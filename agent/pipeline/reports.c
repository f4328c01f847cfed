/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of a report, back from the output:
 *
 *   delivered                 its slot is settled
 *   refused with its batch    a suspect, which goes again alone (suspects.c)
 *   refused alone             a dead letter
 *   anything else             the file drains until all its reports are in, then rewinds
 *
 * Only what a report says settles a slot. The files that reports came for are put on a stack, so
 * that the committed position moves once for many of them.
 */
#include "pipeline/pipeline_private.h"

struct file *pipeline_take_touched(struct pipeline *pipeline)
{
	struct file *file = SLIST_FIRST(&pipeline->touched);

	if (file) {
		SLIST_REMOVE_HEAD(&pipeline->touched, touched_link);
		file->touched = false;
	}
	return file;
}

/* Before the slot is settled, because its chunk may go with it. */
static void tell_ack(const struct pipeline *pipeline, const struct file *file,
		     const struct slot *slot, const struct report *report)
{
	acks_add(pipeline->options.acks,
		 &(struct ack){
			 .path = slice_of(file->path),
			 .position = slot_position(slot),
			 .topic = slice_of(pipeline->options.topics[report->topic]),
			 .partition = report->partition,
			 .offset = report->offset,
			 .timestamp_ms = report->timestamp_ms,
			 .append_time = report->append_time,
		 });
}

/*
 * Settles the reports in front that tell of slots of one chunk, and of one topic, that they were
 * delivered: what is not the slot's own is booked once for all of them. Returns their number.
 */
static size_t delivered(struct pipeline *pipeline, const struct report *reports, size_t n)
{
	struct chunk *chunk = slot_chunk(reports->slot);
	struct file *file = file_of_account(chunk->account);
	uint64_t bytes = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		const struct report *report = &reports[i];
		struct slot *slot = report->slot;

		if (report->kind != REPORT_DELIVERED || report->topic != reports->topic ||
		    slot_chunk(slot) != chunk)
			break;
		if (UNLIKELY(pipeline->options.acks != NULL))
			tell_ack(pipeline, file, slot, report);
		slot->offset = (uint64_t)report->offset;
		slot->partition = (uint16_t)report->partition;
		slot->state = SLOT_DELIVERED;
		bytes += slot->length;
	}
	account_delivered(&file->account, chunk, (uint32_t)i);
	pipeline->topics[reports->topic].in_flight -= (uint32_t)i;
	pipeline->options.counters->lines_delivered += i;
	pipeline->options.counters->bytes_delivered += bytes;
	file->backoff_ms = 0;
	pipeline_touch(pipeline, file);
	return i;
}

/* The file reads nothing more until all its reports are in, then goes back. */
static void failed(struct pipeline *pipeline, struct file *file, struct slot *slot,
		   const struct report *report)
{
	account_report(&file->account, slot, SLOT_FAILED);
	pipeline->options.counters->reports_failed++;
	pipeline->options.counters->maybe_persisted += report->maybe_persisted;
	pipeline->last_failure = report->reason;
	if (file->state != FILE_DRAINING) {
		file_set_state(file, FILE_DRAINING);
		file->back_at_once = true;
	}
	file->back_at_once &= report->producer_gone;
}

/* Its record is not in Kafka. */
static int not_delivered(struct pipeline *pipeline, const struct report *report, bool alone)
{
	struct slot *slot = report->slot;
	struct file *file = file_of_account(slot_chunk(slot)->account);
	struct topic_flow *topic = &pipeline->topics[report->topic];

	topic->in_flight--;
	pipeline_touch(pipeline, file);
	if (report->kind == REPORT_FAILED) {
		failed(pipeline, file, slot, report);
		return 0;
	}
	if (alone)
		return pipeline_refused_alone(pipeline, slot, report->reason);
	pipeline->options.counters->reports_refused++;
	account_report(&file->account, slot, SLOT_SUSPECT);
	return pipeline_add_suspect(pipeline, topic, &(struct suspect){slot, report->reason});
}

/* Settles reports from the front: several of a kind, or one. Their number, or -ENOMEM. */
static int settle(struct pipeline *pipeline, const struct report *reports, size_t n)
{
	struct topic_flow *topic = &pipeline->topics[reports->topic];
	bool alone = topic->alone == reports->slot;
	int r;

	/* With one that is alone, no other of its topic is in flight. */
	if (UNLIKELY(alone)) {
		topic->alone = NULL;
		pipeline->options.counters->lines_late += reports->kind == REPORT_DELIVERED;
	}
	if (LIKELY(reports->kind == REPORT_DELIVERED))
		return (int)delivered(pipeline, reports, n);
	r = not_delivered(pipeline, reports, alone);
	return r ? r : 1;
}

int pipeline_reports(struct pipeline *pipeline, size_t max, uint64_t now_us)
{
	struct report reports[256];
	size_t done = 0;

	while (done < max) {
		size_t n = output_reports(pipeline->options.output, reports, ARRAY_LEN(reports),
					  now_us);

		for (size_t i = 0; i < n;) {
			int r = settle(pipeline, &reports[i], n - i);

			if (r < 0)
				return r;
			i += (size_t)r;
		}
		done += n;
		if (n < ARRAY_LEN(reports))
			break;
	}
	return (int)done;
}

/*
 * The file holds other content now: what was seen of the old and not delivered is lost, and told.
 * Of its lines nothing will become any more: they do not count as read (G01).
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
	pipeline->options.counters->lines_read -= file->lines_back;
	file->lines_back = 0;
	pipeline->options.counters->bytes_lost += lost;
	pipeline->options.counters->truncations++;
	account_reset(account, 0);
	tail_reset(&file->tail);
	file->seen_end = 0;
	file->identity.head_len = 0;
	file->rewritten = false;
	return 0;
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
	int r;

	account_advance(&file->account);
	pipeline_forget_suspects(pipeline, file);
	file->lines_back += file->account.failed + file->account.suspects;
	if (file->rewritten)
		return start_over(pipeline, file);
	/* While the bytes are in memory. */
	learn_head(file);
	(void)tail_chain(&file->tail, &(struct chain){0});
	r = account_rewind(&file->account);
	if (r)
		return r;
	tail_rewound(&file->tail, read_position);
	pipeline->options.counters->rewinds++;
	return 0;
}

const char *pipeline_last_failure(const struct pipeline *pipeline)
{
	return pipeline->last_failure ? pipeline->last_failure : "unknown";
}
