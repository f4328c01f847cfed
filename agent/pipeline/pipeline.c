/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of a line, top to bottom:
 *
 *   tail_peek         bytes → line, not yet consumed                      (input/)
 *   pipeline_record   line → record                                       (records.c)
 *     redact_line       what must not leave is taken out of it            (parsers/)
 *     pattern_match     line → fields; no match is an outcome, not an error
 *     route_record      fields and file facts → record                    (route/)
 *   pipeline_submit   record → Kafka; pressure comes back as a value      (records.c, output/)
 *   tail_consumed     only now does the file's cursor move                (input/)
 *
 * The way of its report is reports.c. Nothing in here waits or drops: what cannot go on returns
 * the reason, and the file stays where it is.
 */
#include "pipeline/pipeline.h"

#include <errno.h>
#include <stdlib.h>

#include "pipeline/pipeline_private.h"

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
		     file->source->on_no_match == SOURCE_NO_MATCH_SKIP)) {
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
	slot->read_ms = (uint64_t)now_ms;
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
