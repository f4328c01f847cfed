/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of a report, back from the output:
 *
 *   delivered                 its slot is settled
 *   refused alone             a dead letter
 *   refused with its batch    the file goes back; then the lines of the batch go alone
 *   anything else             the file goes back, and they are sent again
 *
 * A broker judges a batch, so a refusal convicts nobody. Only what a report says settles a slot. A
 * file that goes back reads nothing before all its reports are in. The files that reports came for
 * are put on a stack, so that the committed position moves once for many of them.
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
	const char *const *clusters = pipeline->options.topic_clusters;
	const char *cluster = clusters ? clusters[report->topic] : NULL;

	acks_add(pipeline->options.acks,
		 &(struct ack){
			 .path = slice_of(file->path),
			 .position = slot_position(slot),
			 .cluster = cluster ? slice_of(cluster) : SLICE_NONE,
			 .topic = slice_of(pipeline->options.topics[report->topic]),
			 .partition = report->partition,
			 .offset = report->offset,
			 .timestamp_ms = report->timestamp_ms,
			 .append_time = report->append_time,
		 });
}

/* What the clock says at now_us: no system call for it, and right to a step of the clock. */
static int64_t real_ms(const struct pipeline *pipeline, uint64_t now_us)
{
	return pipeline->real_ms +
	       (int64_t)(now_us > pipeline->mono_us ? (now_us - pipeline->mono_us) / 1000 : 0);
}

static void note_delay(struct pipeline *pipeline, const struct slot *slot, int64_t now_ms)
{
	int64_t ms = now_ms - (int64_t)slot->read_ms;

	histogram_add(pipeline->options.delays, ms > 0 ? (uint64_t)ms : 0);
}

/* What a report that it was delivered changes of its slot alone. */
static inline void book(struct pipeline *pipeline, const struct file *file, struct slot *slot,
			const struct report *report, int64_t now_ms)
{
	if (UNLIKELY(pipeline->options.acks != NULL))
		tell_ack(pipeline, file, slot, report);
	if (LIKELY(pipeline->options.delays != NULL))
		note_delay(pipeline, slot, now_ms);
	slot->offset = (uint64_t)report->offset;
	slot->partition = (uint16_t)report->partition;
	slot->state = SLOT_DELIVERED;
}

/*
 * Settles the reports in front that tell of slots of one chunk, and of one topic, that they were
 * delivered: what is not the slot's own is booked once for all of them. Returns their number.
 */
static size_t delivered(struct pipeline *pipeline, const struct report *reports, size_t n,
			int64_t now_ms)
{
	struct chunk *chunk = slot_chunk(reports->slot);
	struct file *file = file_of_account(chunk->account);
	uint64_t bytes = 0, lines = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		const struct report *report = &reports[i];
		struct slot *slot = report->slot;

		if (report->kind != REPORT_DELIVERED || report->topic != reports->topic ||
		    slot_chunk(slot) != chunk)
			break;
		lines += slot->lines;
		bytes += slot->length;
		book(pipeline, file, slot, report, now_ms);
	}
	account_delivered(&file->account, chunk, (uint32_t)i);
	pipeline->options.counters->lines_delivered += lines;
	pipeline->options.counters->events_delivered += i;
	pipeline->lines_joined -= lines - i;
	pipeline->options.counters->bytes_delivered += bytes;
	if (LIKELY(file->counts != NULL)) {
		file->counts->lines_delivered += lines;
		file->counts->events_delivered += i;
		file->counts->bytes_delivered += bytes;
	}
	file->backoff_ms = 0;
	pipeline_touch(pipeline, file);
	return i;
}

/* The file reads nothing more until all its reports are in, then goes back. */
static void come_back(struct file *file, struct slot *slot, const struct report *report,
		      bool at_once)
{
	bool refused = report->kind == REPORT_REFUSED || slot_goes_alone(file, slot);

	/* Of what was not delivered this is asked too, when the file goes back. */
	slot->partition = (uint16_t)report->partition;
	account_report(&file->account, slot, refused ? SLOT_REFUSED : SLOT_FAILED);
	if (file->state != FILE_DRAINING) {
		file_set_state(file, FILE_DRAINING);
		file->back_at_once = true;
	}
	file->back_at_once &= at_once;
}

static void failed(struct pipeline *pipeline, struct file *file, struct slot *slot,
		   const struct report *report)
{
	pipeline->options.counters->reports_failed++;
	reasons_count(&pipeline->failures, report->reason);
	pipeline->options.counters->maybe_persisted += report->maybe_persisted;
	/* What came back with the producer's end tells nothing of the cause. */
	if (!report->producer_gone || !pipeline->last_failure)
		pipeline->last_failure = report->reason;
	come_back(file, slot, report, report->producer_gone);
}

/* There may be no room for its letter, for hours: its file goes back to it, and waits there. */
static int refused_alone(struct pipeline *pipeline, struct file *file, struct slot *slot,
			 const struct report *report)
{
	uint64_t position = slot_position(slot);
	int r = pipeline_remake(pipeline, slot);

	if (!r)
		r = pipeline_dead_letter(pipeline, slot, report->reason);
	if (r < 0)
		return r;
	if (!r) {
		account_report(&file->account, slot, SLOT_DEAD);
		return 0;
	}
	file->convict = report->reason;
	file->convict_at = position;
	file->convict_branch = file->source->n_also ? (uint8_t)slot_branch(slot) : 0;
	come_back(file, slot, report, true);
	return 0;
}

/* Its record is not in Kafka. */
static int not_delivered(struct pipeline *pipeline, const struct report *report)
{
	struct slot *slot = report->slot;
	struct file *file = file_of_account(slot_chunk(slot)->account);

	pipeline_touch(pipeline, file);
	if (report->kind == REPORT_FAILED) {
		failed(pipeline, file, slot, report);
		return 0;
	}
	if (file->flies_alone)
		return refused_alone(pipeline, file, slot, report);
	pipeline->options.counters->reports_refused++;
	reasons_count(&pipeline->failures, report->reason);
	come_back(file, slot, report, true);
	return 0;
}

/* Nothing of the file is in flight: what waited for that may go. */
static void take_turn(struct pipeline *pipeline, struct file *file)
{
	if (file->account.in_flight)
		return;
	file->flies_alone = false;
	pipeline->topics[file->waits_topic].resumed |= file->waits_turn;
	file->waits_turn = false;
}

/* What waited for an event whose lines do not stand together may go. 0 or -ENOMEM. */
static int settle_parts(struct pipeline *pipeline, struct file *file)
{
	int r = pipeline_parts_settle(pipeline, file, file->event_slot);

	pipeline->topics[file->waits_topic].resumed |= !pipeline_parts_wait(file);
	return r;
}

/* The same, and its lines wait again, or are dead letters. 0 or -ENOMEM. */
static int not_delivered_line(struct pipeline *pipeline, struct file *file,
			      const struct report *report)
{
	struct slot *slot = report->slot;
	uint32_t lines = slot->lines;
	int r = not_delivered(pipeline, report);

	if (r)
		return r;
	pipeline->lines_joined -= lines - 1u;
	if (slot->state == SLOT_DEAD)
		pipeline_count_dead(pipeline, file, lines);
	else
		pipeline_count_waiting(pipeline, file, lines);
	return 0;
}

/* Settles the report of one of several branches. 0 or -ENOMEM. */
static int settle_branch(struct pipeline *pipeline, struct file *file, const struct report *report,
			 int64_t now_ms)
{
	struct slot *slot = report->slot, *event = slot_event(slot);
	enum branches_state before = branches_state(event);
	uint32_t lines = slot->lines;

	if (LIKELY(report->kind == REPORT_DELIVERED)) {
		book(pipeline, file, slot, report, now_ms);
		account_delivered(&file->account, slot_chunk(slot), 1);
		file->backoff_ms = 0;
		pipeline_touch(pipeline, file);
	} else {
		int r = not_delivered(pipeline, report);

		if (r)
			return r;
	}
	pipeline_branch_reported(pipeline, file, event, lines, before);
	if (file->under_way)
		output_share_give(
			&file->under_way[source_share(file->source, (unsigned)(slot - event))], 1);
	return 0;
}

/* Settles reports from the front: several of a kind, or one. Their number, or -ENOMEM. */
static int settle(struct pipeline *pipeline, const struct report *reports, size_t n, int64_t now_ms)
{
	struct chunk *chunk = slot_chunk(reports->slot);
	struct file *file;
	int r = 1;

	if (UNLIKELY(!chunk->account)) {
		pipeline_take_replay(pipeline, chunk, reports);
		return 1;
	}
	file = file_of_account(chunk->account);
	if (UNLIKELY(file->source->n_also)) {
		int error = settle_branch(pipeline, file, reports, now_ms);

		if (error)
			return error;
	} else if (LIKELY(reports->kind == REPORT_DELIVERED)) {
		r = (int)delivered(pipeline, reports, n, now_ms);
	} else {
		int error = not_delivered_line(pipeline, file, reports);

		if (error)
			return error;
	}
	if (file->under_way && LIKELY(!file->source->n_also))
		output_share_give(file->under_way, (uint32_t)r);
	if (UNLIKELY(pipeline_parts_wait(file))) {
		int error = settle_parts(pipeline, file);

		if (error)
			return error;
	}
	if (UNLIKELY(file->flies_alone || file->waits_turn))
		take_turn(pipeline, file);
	return r;
}

int pipeline_reports(struct pipeline *pipeline, size_t max, uint64_t now_us)
{
	struct report reports[256];
	size_t done = 0;

	while (done < max) {
		size_t n = output_reports(pipeline->options.output, reports, ARRAY_LEN(reports),
					  now_us);

		for (size_t i = 0; i < n;) {
			int r = settle(pipeline, &reports[i], n - i, real_ms(pipeline, now_us));

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

const char *pipeline_last_failure(const struct pipeline *pipeline)
{
	return pipeline->last_failure ? pipeline->last_failure : "unknown";
}

const struct reasons *pipeline_failures(const struct pipeline *pipeline)
{
	return &pipeline->failures;
}
