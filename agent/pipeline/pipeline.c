/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of a line, top to bottom:
 *
 *   tail_peek         bytes → line, not yet consumed                      (input/)
 *   pipeline_record   line → record                                       (records.c)
 *     redact_line       what must not leave is taken out of it            (parsers/)
 *     parser_extract    line → fields; no match is an outcome, not an error
 *     route_record      fields and file facts → record                    (route/)
 *   limits_full       whether a rule of its source lets it go now        (limits.c)
 *   pipeline_hand_over  record → Kafka; pressure comes back as a value    (submit.c, output/)
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
	pipeline->rule_lines = calloc(options->n_rules + 1, sizeof pipeline->rule_lines[0]);
	pipeline->limits = limits_new();
	pipeline->rules.scratch = pipeline->scratch;
	if (!pipeline->scratch || !pipeline->topics || !pipeline->rule_lines || !pipeline->limits) {
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
	free(pipeline->topics);
	free(pipeline->rule_lines);
	limits_free(pipeline->limits);
	pattern_scratch_free(pipeline->scratch);
	arena_deinit(&pipeline->arena);
	free(pipeline);
	return NULL;
}

static void count_filtered(struct pipeline *pipeline, struct file *file, uint64_t lines)
{
	pipeline->options.counters->lines_filtered += lines;
	if (LIKELY(file->counts != NULL))
		file->counts->lines_filtered += lines;
}

/* Lines that were counted as read before: they waited for their event's end, or another try. */
static void count_again(struct pipeline *pipeline, struct file *file, const struct event *event)
{
	uint64_t waited = event->lines_old;

	if (waited > file->lines_back)
		waited = file->lines_back;
	pipeline_count_waiting(pipeline, file, -waited);
	if (event->first_time)
		return;
	pipeline->options.counters->lines_reread += event->lines_old;
	/* In flight before, it has grown, and is left out as it is now. */
	if (event->lines > 1 && outcome_has(&pipeline->line.outcome, OUTCOME_LEFT_OUT))
		count_filtered(pipeline, file, waited + event->lines - event->lines_old);
}

/* What an event that was consumed for the first time adds to counters. */
static void count_into(struct counters *counters, const struct event *event,
		       const struct outcome *outcome)
{
	counters->events_read++;
	counters->split_lines += event->split;
	if (UNLIKELY(outcome->set))
		outcome_count(outcome, counters);
}

/* Something was noted of an event that was consumed for the first time. */
static void count_notes(struct pipeline *pipeline, struct file *file, const struct event *event,
			uint64_t now_us)
{
	struct outcome *outcome = &pipeline->line.outcome;

	if (event->cut)
		outcome_note(outcome, OUTCOME_CUT);
	if (event->line.truncated)
		outcome_note(outcome, OUTCOME_TRUNCATED);
	else if (!event->line.terminated)
		outcome_note(outcome, OUTCOME_UNTERMINATED);
	if (outcome_has(outcome, OUTCOME_LEFT_OUT))
		count_filtered(pipeline, file, event->lines - 1);
	if (outcome_has(outcome, OUTCOME_DUE) && !pipeline->line.why)
		limits_take(pipeline->limits, &pipeline->rules.due, now_us);
	if (outcome_has(outcome, OUTCOME_RULED))
		pipeline->rule_lines[outcome->rule->number] += event->lines;
}

/* An event was consumed. */
static void count_event(struct pipeline *pipeline, struct file *file, const struct event *event,
			uint64_t now_us)
{
	struct outcome *outcome = &pipeline->line.outcome;

	pipeline_count_read(pipeline, file, event->lines - event->lines_old,
			    event->extent - event->bytes_old);
	if (UNLIKELY(event->lines_old))
		count_again(pipeline, file, event);
	if (UNLIKELY(!event->first_time))
		return;
	if (UNLIKELY(!event->line.terminated || outcome->set || event->cut))
		count_notes(pipeline, file, event, now_us);
	count_into(pipeline->options.counters, event, outcome);
	if (LIKELY(file->counts != NULL))
		count_into(file->counts, event, outcome);
}

/* Record → output, in a slot of its own. 0: settled or in flight. PIPELINE_E_x. */
static int send(struct pipeline *pipeline, struct file *file, const struct event *event,
		uint64_t now_us, int64_t now_ms)
{
	struct slot *slot;
	int r;

	slot = account_add_slot(&file->account, account_open_chunk(&file->account), event->extent);
	if (UNLIKELY(!slot))
		return PIPELINE_E_MEMORY;
	slot->read_ms = (uint64_t)now_ms & ((UINT64_C(1) << 48) - 1);
	slot->lines = (uint16_t)event->lines;
	r = pipeline_hand_over(pipeline, file, slot, now_us);
	if (LIKELY(!r)) {
		file->sent_ms = pipeline->record.timestamp_ms;
		if (LIKELY(slot->state == SLOT_IN_FLIGHT))
			pipeline->lines_joined += event->lines - 1;
		else
			pipeline_count_dead(pipeline, file, event->lines);
		if (LIKELY(!pipeline_parts_wait(file)))
			return 0;
		file->waits_topic = pipeline->record.topic;
		return pipeline_parts_settle(pipeline, file, slot);
	}
	account_undo_slot(&file->account, slot);
	return r;
}

/* The source leaves this line out. 0 or PIPELINE_E_MEMORY. */
static int leave_out(struct pipeline *pipeline, struct file *file, const struct event *event)
{
	struct account *account = &file->account;

	if (!account_pass(account, account_open_chunk(account), event->extent, SLOT_FILTERED))
		return PIPELINE_E_MEMORY;
	return pipeline_parts_settle(pipeline, file, NULL);
}

/*
 * Whether the limits let the line go. What is read again was let through before, and is counted. 0:
 * it may, or one of them leaves it out. PIPELINE_E_LIMIT.
 */
static int look_at_limits(struct pipeline *pipeline, const struct event *event, uint64_t now_us)
{
	struct outcome *outcome = &pipeline->line.outcome;
	const struct rule *rule;

	if (!outcome_has(outcome, OUTCOME_DUE) || !event->first_time || !pipeline->options.limits)
		return 0;
	rule = limits_full(pipeline->limits, &pipeline->rules.due, now_us);
	if (!rule)
		return 0;
	if (rule->waits)
		return PIPELINE_E_LIMIT;
	outcome->rule = rule;
	outcome_note(outcome, OUTCOME_RULED);
	return 0;
}

/* Something was noted of the line. 0: it goes on, or line.why leaves it out. PIPELINE_E_LIMIT. */
static int look_at_notes(struct pipeline *pipeline, const struct file *file,
			 const struct event *event, uint64_t now_us)
{
	int r = look_at_limits(pipeline, event, now_us);

	if (!r)
		pipeline->line.why = outcome_leaves_out(route_rules(file->source->route),
							&pipeline->line.outcome);
	return r;
}

/* Tries to hand one line on. 0: it is consumed. */
static int ship(struct pipeline *pipeline, struct file *file, const struct event *event,
		uint64_t now_us, int64_t now_ms)
{
	int r = pipeline_record(pipeline, file, event, now_ms);

	if (LIKELY(!r) && UNLIKELY(pipeline->line.outcome.set))
		r = look_at_notes(pipeline, file, event, now_us);
	if (UNLIKELY(r))
		return r;
	if (UNLIKELY(pipeline->line.why != NULL))
		r = leave_out(pipeline, file, event);
	else if (UNLIKELY(file->source->n_also))
		r = pipeline_send_branches(pipeline, file, event, now_us, now_ms);
	else
		r = send(pipeline, file, event, now_us, now_ms);
	if (LIKELY(!r))
		count_event(pipeline, file, event, now_us);
	return r;
}

int pipeline_set_rules(struct pipeline *pipeline, size_t n_rules)
{
	size_t n = pipeline->options.n_rules;
	uint64_t *grown = reallocarray(pipeline->rule_lines, n_rules + 1, sizeof *grown);

	if (!grown)
		return -ENOMEM;
	for (pipeline->rule_lines = grown; n < n_rules; n++)
		grown[n] = 0;
	pipeline->options.n_rules = n_rules;
	return 0;
}

int pipeline_set_topics(struct pipeline *pipeline, size_t n_topics)
{
	size_t n = pipeline->options.n_topics;
	struct topic_flow *grown = reallocarray(pipeline->topics, n_topics + 1, sizeof *grown);

	if (!grown)
		return -ENOMEM;
	for (pipeline->topics = grown; n < n_topics; n++)
		grown[n] = (struct topic_flow){.resumed = false};
	pipeline->options.n_topics = n_topics;
	return 0;
}

uint64_t pipeline_rule_lines(const struct pipeline *pipeline, size_t number)
{
	return pipeline->rule_lines[number];
}

/*
 * As ship, of an event whose lines do not stand together. All lines up to its last one count as
 * read now, for it takes some from behind lines that are still to come.
 */
static int ship_parts(struct pipeline *pipeline, struct file *file, struct event *event,
		      uint64_t now_us, int64_t now_ms)
{
	int r = pipeline_parts_keep(file, event);

	if (r)
		return r;
	pipeline_count_open(pipeline, file);
	if (file->over)
		pipeline_over_count(pipeline, file);
	event->lines_old = event->lines;
	event->bytes_old = event->extent;
	r = ship(pipeline, file, event, now_us, now_ms);
	if (r)
		pipeline_parts_drop(file);
	return r;
}

const struct pipeline_line *pipeline_last_line(const struct pipeline *pipeline)
{
	return pipeline->taken ? &pipeline->line : NULL;
}

/* Bytes that need no record: settled before, the rest of an over-long line, or nobody's. */
static int pass(struct pipeline *pipeline, struct file *file, const struct event *event)
{
	struct chunk *chunk = account_open_chunk(&file->account);
	enum slot_state state = event->kind == EVENT_AHEAD ? SLOT_AHEAD : SLOT_FILTERED;

	if (!chunk)
		chunk = tail_new_chunk(&file->tail, CHUNK_SMALL, 0);
	if (!chunk || !account_pass(&file->account, chunk, event->extent, state))
		return PIPELINE_E_MEMORY;
	if (event->kind == EVENT_DISCARD && event->first_time)
		pipeline->options.counters->bytes_discarded += event->extent;
	if (event->kind == EVENT_HOLE && event->first_time) {
		pipeline->options.counters->holes_skipped += event->line.terminated;
		pipeline->options.counters->bytes_in_holes += event->extent;
	}
	return 0;
}

int pipeline_turn(struct pipeline *pipeline, struct file *file, struct rate_budget budget,
		  uint64_t partial_after_us, uint64_t now_us, int64_t now_ms)
{
	size_t used = 0;

	pipeline->real_ms = now_ms;
	pipeline->mono_us = now_us;
	pipeline->taken = false;
	pipeline->turn_bytes = pipeline->turn_lines = 0;
	if (UNLIKELY(file->source->by_mark))
		file_read_mark(file);
	if (UNLIKELY(file->source->reads_header && !file->header.at && !file->no_header)) {
		int r = pipeline_read_header(pipeline, file);

		if (r)
			return r;
	}
	while (used < budget.bytes && pipeline->turn_lines < budget.lines) {
		struct event event;
		int r;

		if (!output_has_room(pipeline->options.output))
			return PIPELINE_E_FULL;
		if (UNLIKELY(file->owed)) {
			r = pipeline_submit_owed(pipeline, file, now_us);
			if (r)
				return r;
		}
		if (UNLIKELY(pipeline_parts_wait(file)))
			return PIPELINE_E_HOLD;
		if (file->under_way && pipeline_is_spent(pipeline, file))
			return PIPELINE_E_SPENT;
		r = pipeline_peek(pipeline, file, partial_after_us, now_us, &event);
		if (r)
			return r;
		if (UNLIKELY(file->account.branches != NULL))
			pipeline_look_at_branches(file, &event);
		if (LIKELY(event.kind == EVENT_LINE))
			r = LIKELY(!event.n_parts && !file->over) ?
				    ship(pipeline, file, &event, now_us, now_ms) :
				    ship_parts(pipeline, file, &event, now_us, now_ms);
		else
			r = pass(pipeline, file, &event);
		if (r)
			return r;
		pipeline->taken = event.kind == EVENT_LINE;
		pipeline->turn_bytes += pipeline->taken ? event.extent : 0;
		pipeline->turn_lines += pipeline->taken ? event.lines : 0;
		tail_consumed(&file->tail, &event);
		file->quiet_since_us = now_us;
		used += event.extent;
	}
	return 0;
}

uint64_t pipeline_turn_bytes(const struct pipeline *pipeline)
{
	return pipeline->turn_bytes;
}

uint64_t pipeline_turn_lines(const struct pipeline *pipeline)
{
	return pipeline->turn_lines;
}

uint64_t pipeline_lines_joined(const struct pipeline *pipeline)
{
	return pipeline->lines_joined;
}

bool pipeline_take_moved(struct pipeline *pipeline, uint32_t topic)
{
	struct topic_flow *flow = &pipeline->topics[topic];
	uint64_t moved = output_moved(pipeline->options.output, topic);
	bool any = flow->resumed || moved != flow->moved;

	flow->resumed = false;
	flow->moved = moved;
	return any;
}
