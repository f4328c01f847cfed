/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of a line, top to bottom:
 *
 *   tail_peek       bytes → line, not yet consumed                      (input/)
 *   redact_line     what must not leave is taken out of it               (parsers/)
 *   pattern_match   line → fields; no match is an outcome, not an error (parsers/)
 *   route_record    fields and file facts → record                      (route)
 *   output_submit   record → Kafka; pressure comes back as a value      (output/)
 *   tail_consumed   only now does the file's cursor move
 *
 * and of its report: delivered → settled; refused with its batch → suspect (suspects.c); anything
 * else → the file drains and rewinds. Nothing in here waits or drops: what cannot go on returns
 * the reason, and the file stays where it is.
 */
#include "pipeline.h"

#include <errno.h>
#include <stdlib.h>

#include "pipeline_private.h"

int pipeline_new(const struct pipeline_options *options, struct pipeline **ret_pipeline)
{
	struct pipeline *pipeline = calloc(1, sizeof *pipeline);

	if (!pipeline)
		return -ENOMEM;
	pipeline->options = *options;
	SLIST_INIT(&pipeline->touched);
	pipeline->scratch = pattern_scratch_new();
	pipeline->topics = calloc(options->n_topics, sizeof pipeline->topics[0]);
	if (!pipeline->scratch || !pipeline->topics) {
		pipeline_free(pipeline);
		return -ENOMEM;
	}
	*ret_pipeline = pipeline;
	return 0;
}

struct pipeline *pipeline_free(struct pipeline *pipeline)
{
	if (!pipeline)
		return NULL;
	for (size_t i = 0; pipeline->topics && i < pipeline->options.n_topics; i++)
		free(pipeline->topics[i].suspects);
	free(pipeline->topics);
	pattern_scratch_free(pipeline->scratch);
	arena_deinit(&pipeline->arena);
	free(pipeline);
	return NULL;
}

/*
 * Takes out of the line what must not leave, before anybody looks at it: nothing of what is made of
 * it, a dead letter included, ever held it. 0 or -ENOMEM.
 */
static int redact(struct pipeline *pipeline, const struct redact *rules, struct route_input *input)
{
	int r = redact_line(rules, pipeline->scratch, &pipeline->arena, &input->facts.line);

	input->redacted = r == REDACT_E_CHANGED || r == REDACT_E_WITHHELD;
	input->withheld = r == REDACT_E_WITHHELD;
	return r < 0 ? r : 0;
}

/* Parses the line. One that was withheld is none of the parser's. */
static void parse(struct pipeline *pipeline, const struct conf_source *source,
		  const struct route_input *input, struct extraction *ret)
{
	int r;

	ret->redacted = input->redacted;
	ret->withheld = input->withheld;
	ret->matched = !input->withheld;
	ret->limited = false;
	if (!source->parser || UNLIKELY(input->withheld))
		return;
	r = pattern_match(source->parser, pipeline->scratch, input->facts.line, pipeline->fields);
	ret->matched = r == 0;
	ret->limited = r == PATTERN_E_LIMIT;
}

int pipeline_record(struct pipeline *pipeline, const struct file *file, const struct event *event,
		    int64_t now_ms, struct record *ret_record, struct extraction *ret)
{
	struct route_input input = {
		.facts =
			{
				.line = event->line.text,
				/* The name is its last component: no strlen for each line. */
				.path = {file->path,
					 (size_t)(file->name.at + file->name.len - file->path)},
				.name = file->name,
				.position = event->position,
			},
		.read_ms = now_ms,
		.truncated = event->line.truncated,
		.origin = &file->origin,
	};

	arena_reset(&pipeline->arena);
	if (UNLIKELY(file->source->redact.n > 0)) {
		int r = redact(pipeline, &file->source->redact, &input);

		if (r)
			return r;
	}
	parse(pipeline, file->source, &input, ret);
	input.facts.fields = ret->matched && file->source->parser ? pipeline->fields : NULL;
	return route_record(file->source->route, &input, &pipeline->arena, ret_record,
			    &ret->outcome);
}

/* What an event that was consumed for the first time adds to the counters. */
static void count_event(struct pipeline *pipeline, const struct event *event,
			const struct extraction *extraction)
{
	struct counters *counters = pipeline->options.counters;
	const struct route_outcome *outcome = &extraction->outcome;

	if (UNLIKELY(!event->first_time)) {
		counters->lines_reread++;
		return;
	}
	counters->lines_read++;
	counters->bytes_read += event->extent;
	if (LIKELY(extraction->matched && event->line.terminated && !extraction->redacted &&
		   !outcome->unusual))
		return;
	counters->lines_redacted += extraction->redacted && !extraction->withheld;
	counters->lines_withheld += extraction->withheld;
	counters->lines_unmatched += !extraction->matched;
	counters->lines_limited += extraction->limited;
	counters->lines_truncated += event->line.truncated;
	counters->lines_unterminated += !event->line.terminated && !event->line.truncated;
	counters->keys_missing += outcome->key_missing;
	counters->keys_invalid += outcome->key_invalid;
	counters->timestamps_missing += outcome->time_missing;
	counters->timestamps_invalid += outcome->time_invalid;
	counters->timestamps_clamped += outcome->time_clamped;
	counters->headers_missing += outcome->headers.missing;
	counters->headers_too_large += outcome->headers.too_large;
	counters->headers_invalid += outcome->headers.invalid;
	counters->partitions_bad += outcome->partition_bad;
	counters->topics_fallback += outcome->topic_fallback;
	counters->values_missing += outcome->value_missing;
	counters->values_not_utf8 += outcome->value_repaired;
	counters->values_mistyped += outcome->value_mistyped;
}

/*
 * Refused before it was sent, by the route (a policy of the source) or by the library (its size):
 * kept with the reason, and passed.
 */
static int refuse(struct pipeline *pipeline, struct slot *slot, const struct record *record,
		  const char *reason)
{
	int r = pipeline_dead_letter(pipeline, slot, record, reason);

	if (!r)
		account_dead(slot_chunk(slot)->account, slot);
	return r;
}

/* Again by its key, when its source says so of a partition that cannot be. */
static int submit_by_key(struct pipeline *pipeline, struct record *record, struct slot *slot,
			 struct route_outcome *outcome, uint64_t now_us)
{
	const struct file *file = file_of_account(slot_chunk(slot)->account);

	if (!route_without_partition(file->source->route, record, outcome))
		return OUTPUT_E_REFUSED;
	return output_submit(pipeline->options.output, record, slot, now_us);
}

int pipeline_submit(struct pipeline *pipeline, struct record *record, struct slot *slot,
		    struct route_outcome *outcome, uint64_t now_us)
{
	int r = output_submit(pipeline->options.output, record, slot, now_us);

	if (UNLIKELY(r == OUTPUT_E_PARTITION))
		r = submit_by_key(pipeline, record, slot, outcome, now_us);
	if (LIKELY(!r))
		pipeline->topics[record->topic].in_flight++;
	else if (r == OUTPUT_E_REFUSED && !outcome->refused)
		outcome->refused = "MSG_SIZE_TOO_LARGE (too large for the producer)";
	return r;
}

/* Record → output, or to the dead letters. 0: settled or in flight. PIPELINE_E_x. */
static int submit(struct pipeline *pipeline, struct record *record, struct slot *slot,
		  struct route_outcome *outcome, uint64_t now_us)
{
	int r = OUTPUT_E_REFUSED;

	if (LIKELY(!outcome->refused))
		r = pipeline_submit(pipeline, record, slot, outcome, now_us);
	if (r == OUTPUT_E_REFUSED)
		return refuse(pipeline, slot, record, outcome->refused);
	if (LIKELY(!r))
		return 0;
	return r < 0 ? r : r == OUTPUT_E_FULL ? PIPELINE_E_FULL : PIPELINE_E_HOLD;
}

/* Tries to hand one line on. 0: it is consumed. */
static int ship(struct pipeline *pipeline, struct file *file, const struct event *event,
		uint64_t now_us, int64_t now_ms)
{
	struct chunk *chunk = account_open_chunk(&file->account);
	struct extraction extraction;
	struct record record;
	struct slot *slot;
	int r;

	r = pipeline_record(pipeline, file, event, now_ms, &record, &extraction);
	if (UNLIKELY(r))
		return r;
	/* A line that was withheld is told, whatever it was. */
	if (UNLIKELY(!extraction.matched && !extraction.withheld &&
		     file->source->on_no_match == CONF_NO_MATCH_SKIP)) {
		if (!account_pass(&file->account, chunk, event->extent, SLOT_FILTERED))
			return PIPELINE_E_MEMORY;
		pipeline->options.counters->lines_filtered += event->first_time;
		count_event(pipeline, event, &extraction);
		return 0;
	}
	if (UNLIKELY(pipeline->topics[record.topic].suspended))
		return PIPELINE_E_HOLD;
	slot = account_add_slot(&file->account, chunk, event->extent);
	if (UNLIKELY(!slot))
		return PIPELINE_E_MEMORY;
	r = submit(pipeline, &record, slot, &extraction.outcome, now_us);
	if (UNLIKELY(r)) {
		account_undo_slot(&file->account, slot);
		return r;
	}
	count_event(pipeline, event, &extraction);
	return 0;
}

/* Bytes that need no record: settled before, or the rest of an over-long line. */
static int pass(struct pipeline *pipeline, struct file *file, const struct event *event)
{
	struct chunk *chunk = account_open_chunk(&file->account);
	enum slot_state state = event->kind == EVENT_AHEAD ? SLOT_AHEAD : SLOT_FILTERED;

	if (!chunk)
		chunk = account_new_chunk(&file->account, CHUNK_SMALL, 0);
	if (!chunk || !account_pass(&file->account, chunk, event->extent, state))
		return PIPELINE_E_MEMORY;
	if (event->kind == EVENT_DISCARD && event->first_time)
		pipeline->options.counters->bytes_discarded += event->extent;
	return 0;
}

/* The file is dry now: whether bytes came that make no whole line yet. */
static void note_new_bytes(struct file *file, uint64_t now_us)
{
	uint64_t end = account_read_position(&file->account) + file->tail.pending;

	if (end <= file->seen_end)
		return;
	file->seen_end = end;
	file->quiet_since_us = now_us;
}

/* The next event; a last line without LF when nothing more is expected. */
static int peek(struct file *file, uint64_t partial_after_us, uint64_t now_us,
		struct event *ret_event)
{
	int r = tail_peek(&file->tail, ret_event);

	if (r == TAIL_E_DRY)
		note_new_bytes(file, now_us);
	if (r == TAIL_E_DRY && now_us - file->quiet_since_us >= partial_after_us)
		r = tail_peek_last(&file->tail, ret_event);
	if (LIKELY(r <= 0))
		return r;
	return r == TAIL_E_DRY    ? PIPELINE_E_IDLE :
	       r == TAIL_E_MEMORY ? PIPELINE_E_MEMORY :
				    PIPELINE_E_REWRITTEN;
}

int pipeline_turn(struct pipeline *pipeline, struct file *file, size_t budget_bytes,
		  uint64_t partial_after_us, uint64_t now_us, int64_t now_ms)
{
	size_t used = 0;

	while (used < budget_bytes) {
		struct event event;
		int r;

		if (!output_has_room(pipeline->options.output))
			return PIPELINE_E_FULL;
		r = peek(file, partial_after_us, now_us, &event);
		if (r)
			return r;
		if (LIKELY(event.kind == EVENT_LINE))
			r = ship(pipeline, file, &event, now_us, now_ms);
		else
			r = pass(pipeline, file, &event);
		if (r)
			return r;
		tail_consumed(&file->tail, &event);
		file->quiet_since_us = now_us;
		used += event.extent;
	}
	return 0;
}

void pipeline_touch(struct pipeline *pipeline, struct file *file)
{
	if (file->touched)
		return;
	file->touched = true;
	SLIST_INSERT_HEAD(&pipeline->touched, file, touched_link);
}

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

static void delivered(struct pipeline *pipeline, struct file *file, struct slot *slot,
		      const struct report *report)
{
	if (UNLIKELY(pipeline->options.acks != NULL))
		tell_ack(pipeline, file, slot, report);
	slot->offset = (uint64_t)report->offset;
	slot->partition = (uint16_t)report->partition;
	account_report(&file->account, slot, SLOT_DELIVERED);
	pipeline->options.counters->lines_delivered++;
	pipeline->options.counters->bytes_delivered += slot->length;
	file->backoff_ms = 0;
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

static int settle(struct pipeline *pipeline, const struct report *report)
{
	struct slot *slot = report->slot;
	struct file *file = file_of_account(slot_chunk(slot)->account);
	struct topic_flow *topic = &pipeline->topics[report->topic];

	topic->in_flight--;
	pipeline_touch(pipeline, file);
	if (UNLIKELY(topic->alone == slot)) {
		topic->alone = NULL;
		pipeline->options.counters->lines_late += report->kind == REPORT_DELIVERED;
		if (report->kind == REPORT_REFUSED)
			return pipeline_refused_alone(pipeline, topic, slot, report->reason);
	}
	if (LIKELY(report->kind == REPORT_DELIVERED)) {
		delivered(pipeline, file, slot, report);
		return 0;
	}
	if (report->kind == REPORT_FAILED) {
		failed(pipeline, file, slot, report);
		return 0;
	}
	pipeline->options.counters->reports_refused++;
	account_report(&file->account, slot, SLOT_SUSPECT);
	return pipeline_add_suspect(pipeline, topic,
				    &(struct suspect){slot, report->reason, false});
}

int pipeline_reports(struct pipeline *pipeline, size_t max, uint64_t now_us)
{
	struct report reports[256];
	size_t done = 0;

	while (done < max) {
		size_t n = output_reports(pipeline->options.output, reports, ARRAY_LEN(reports),
					  now_us);

		for (size_t i = 0; i < n; i++) {
			int r = settle(pipeline, &reports[i]);

			if (r)
				return r;
		}
		done += n;
		if (n < ARRAY_LEN(reports))
			break;
	}
	return (int)done;
}

/*
 * The file holds other content now: what was read of the old and not delivered is lost, and told.
 */
static int start_over(struct pipeline *pipeline, struct file *file)
{
	struct account *account = &file->account;
	uint64_t read_position = account_read_position(account);
	uint64_t lost = read_position - account->committed;
	struct ranges ahead;
	int r = account_settled_ahead(account, &ahead);

	if (!r)
		r = file_new_content(file);
	if (r)
		return r;
	for (size_t i = 0; i < ahead.n; i++) {
		const struct range *range = &ahead.at[ahead.first + i];

		if (range->start < read_position)
			lost -= (range->end < read_position ? range->end : read_position) -
				range->start;
	}
	ranges_deinit(&ahead);
	pipeline->options.counters->bytes_lost += lost;
	pipeline->options.counters->truncations++;
	account_reset(account, 0);
	tail_reset(&file->tail);
	file->seen_end = 0;
	file->identity.head_len = 0;
	file->rewritten = false;
	return 0;
}

int pipeline_rewind(struct pipeline *pipeline, struct file *file)
{
	uint64_t read_position = account_read_position(&file->account);
	int r;

	account_advance(&file->account);
	pipeline_forget_suspects(pipeline, file);
	if (file->rewritten)
		return start_over(pipeline, file);
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
