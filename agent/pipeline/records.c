/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an event to the record that is made of it, and from a record to where it goes: the output,
 * or the dead letters. Both for a line that is read (pipeline.c) and for one that is a dead letter
 * after all (reports.c), which must be the same record: parser and route are pure.
 */
#include "base/clock.h"
#include "flow/headers.h"
#include "join/streams.h"
#include "pipeline/over.h"
#include "pipeline/pipeline_private.h"

/*
 * Takes out of the line what must not leave, before anybody looks at it: nothing of what is made of
 * it, a dead letter included, ever held it. 0 or -ENOMEM.
 */
static int redact(struct pipeline *pipeline, const struct redact *rules, struct route_input *input)
{
	int r = redact_line(rules, pipeline->scratch, &pipeline->arena, &input->facts.line);

	input->redacted = r == REDACT_E_CHANGED || r == REDACT_E_WITHHELD;
	input->made |= input->redacted;
	input->withheld = r == REDACT_E_WITHHELD;
	return r < 0 ? r : 0;
}

/* The mark in front of the first line is none of it. */
static void take_mark(struct slice *line)
{
	if (charset_has_mark(*line))
		*line = (struct slice){line->at + CHARSET_MARK, line->len - CHARSET_MARK};
}

/* What is no UTF-8 is noted, and replaced where the source says so. 0 or -ENOMEM. */
static int look_at_utf8(struct pipeline *pipeline, const struct source *source,
			struct route_input *input)
{
	if (LIKELY(charset_is_utf8(input->facts.line, input->truncated)))
		return 0;
	outcome_note(&pipeline->line.outcome, OUTCOME_NOT_UTF8);
	if (source->not_utf8 != SOURCE_REPLACE)
		return 0;
	input->made = true;
	return charset_repair(input->facts.line, &pipeline->arena, &input->facts.line);
}

/*
 * The line as its source has it, before anything is made of it; first: of its file. 0 or -ENOMEM.
 */
static int read_line(struct pipeline *pipeline, const struct file *file, bool first,
		     struct route_input *input)
{
	const struct source *source = file->source;
	int r = 0;

	if (first && !charset_order(source->charset)) {
		if (charset_is_utf16(input->facts.line))
			outcome_note(&pipeline->line.outcome, OUTCOME_UTF16);
		take_mark(&input->facts.line);
	}
	if (source->charset) {
		r = charset_decode(source->charset, !*file->tail.rules->end, input->facts.line,
				   &pipeline->arena, &input->facts.line);
		input->made = true;
	}
	if (r == 0 && first && charset_order(source->charset))
		take_mark(&input->facts.line);
	if (r == 0 && source->not_utf8 != SOURCE_KEEP)
		r = look_at_utf8(pipeline, source, input);
	if (r == 0 && source->redact.n)
		r = redact(pipeline, &source->redact, input);
	return r;
}

int pipeline_clean(struct pipeline *pipeline, const struct file *file, struct slice *text)
{
	struct route_input input = {.facts.line = *text};
	int r = read_line(pipeline, file, true, &input);

	*text = input.facts.line;
	return r;
}

/*
 * Cuts the line into fields, and notes what happened to it so far. One that was withheld is none of
 * the parser's. 0 or -ENOMEM.
 */
static int parse_line(struct pipeline *pipeline, const struct file *file, struct route_input *input)
{
	struct outcome *outcome = &pipeline->line.outcome;
	const struct parser *parser = file->source->parser;
	int r = PARSER_E_MISS;

	if (parser && LIKELY(!input->withheld)) {
		struct parser_input text = file_parser_input(file, input->facts.line);

		r = parser_extract(parser, pipeline->scratch, &text, &pipeline->arena,
				   pipeline->fields);
		if (LIKELY(r == 0) || r == PARSER_E_PARTLY)
			input->facts.fields = pipeline->fields;
		input->facts.partly = r == PARSER_E_PARTLY;
	}
	if (UNLIKELY(r < 0))
		return r;
	if (UNLIKELY(input->withheld))
		outcome_note(outcome, OUTCOME_WITHHELD);
	else if (UNLIKELY(input->redacted))
		outcome_note(outcome, OUTCOME_REDACTED);
	if (UNLIKELY(r != 0) && (parser || input->withheld))
		outcome_note(outcome, OUTCOME_UNMATCHED);
	if (UNLIKELY(r == PARSER_E_LIMIT))
		outcome_note(outcome, OUTCOME_LIMITED);
	return 0;
}

/* One event in so many is timed: two looks at the clock take as long as a simple pattern. */
#define TIMED_EVERY 256

/* When work on the event begins, in nanoseconds; 0: it is none of those. */
static uint64_t begin_timing(const struct file *file)
{
	const struct counters *counts = file->counts;

	return LIKELY(!counts || counts->events_read % TIMED_EVERY) ? 0 : clock_mono_ns();
}

static void end_timing(const struct file *file, uint64_t began_ns)
{
	file->counts->timed++;
	file->counts->timed_ns += clock_mono_ns() - began_ns;
}

int pipeline_record(struct pipeline *pipeline, const struct file *file, const struct event *event,
		    int64_t read_ms)
{
	int r;
	struct route_input input = {
		.facts =
			{
				.line = event->line.text,
				/* The name is its last component: no strlen for each line. */
				.path = {file->path,
					 (size_t)(file->name.at + file->name.len - file->path)},
				.name = file->name,
				.position = event->position,
				.read_ms = read_ms,
			},
		.truncated = event->line.truncated,
		.cut = event->cut,
		.made = file->over != NULL,
		.origin = &file->origin,
		.fields = pipeline->fields,
		.rules = &pipeline->rules,
	};
	uint64_t began_ns = begin_timing(file);

	arena_reset(&pipeline->arena);
	pipeline->line.outcome = (struct outcome){0};
	pipeline->line.why = NULL;
	if (UNLIKELY(event->wrapped.at != NULL)) {
		input.made = true;
		r = streams_text(file->source->join, &file->source->rules, event->wrapped,
				 event->lines, &pipeline->arena, &input.facts.line);
		if (r)
			return r;
	}
	if (UNLIKELY(event->position == 0 || file->source->charset || file->source->redact.n ||
		     file->source->not_utf8)) {
		r = read_line(pipeline, file, event->position == 0, &input);
		if (r)
			return r;
	}
	pipeline->line.text = input.facts.line;
	if (UNLIKELY(file->source->reads_header && event->position == 0)) {
		outcome_note(&pipeline->line.outcome, OUTCOME_HEADER_LINE);
		/* It is left out, so nothing of a record is missing; withheld, it is sent. */
		if (!input.withheld)
			return 0;
	}
	r = parse_line(pipeline, file, &input);
	if (UNLIKELY(began_ns))
		end_timing(file, began_ns);
	if (UNLIKELY(r))
		return r;
	if (LIKELY(!file->source->n_also))
		return route_record(file->source->route, &input, &pipeline->arena,
				    &pipeline->record, &pipeline->line.outcome);
	pipeline->noted = pipeline->line.outcome.set;
	r = route_record(file->source->route, &input, &pipeline->arena, &pipeline->record,
			 &pipeline->line.outcome);
	pipeline->input = input;
	return r;
}

int pipeline_branch(struct pipeline *pipeline, const struct file *file, unsigned branch)
{
	int r;

	pipeline->line.outcome = (struct outcome){0};
	pipeline->line.why = NULL;
	r = route_record(source_route(file->source, branch), &pipeline->input, &pipeline->arena,
			 &pipeline->record, &pipeline->line.outcome);
	/* They decide about each branch, and are counted once. */
	pipeline->line.outcome.set |= pipeline->noted;
	return r;
}

int pipeline_remake(struct pipeline *pipeline, struct slot *slot)
{
	const struct file *file = file_of_account(slot_chunk(slot)->account);
	struct event event = UNLIKELY(file->over && file->event_slot == slot_event(slot)) ?
				     file->over->event :
				     tail_event_of(&file->tail, slot);
	unsigned branch = file->source->n_also ? slot_branch(slot) : 0;
	int r = pipeline_record(pipeline, file, &event, (int64_t)slot->read_ms);

	return r || !branch ? r : pipeline_branch(pipeline, file, branch);
}

bool pipeline_is_refused(struct pipeline *pipeline, struct slot *slot)
{
	const struct source *source = file_of_account(slot_chunk(slot)->account)->source;
	const struct route *route =
		UNLIKELY(source->n_also) ? source_route(source, slot_branch(slot)) : source->route;

	pipeline->line.why = outcome_refuses(route_rules(route), &pipeline->line.outcome);
	return pipeline->line.why;
}

/* Again by its key, when its source says so of a partition that cannot be. */
static int submit_by_key(struct pipeline *pipeline, struct slot *slot, uint64_t now_us)
{
	pipeline->record.partition = -1;
	outcome_note(&pipeline->line.outcome, OUTCOME_PARTITION_ABSENT);
	if (pipeline_is_refused(pipeline, slot))
		return OUTPUT_E_REFUSED;
	return output_submit(pipeline->options.output, &pipeline->record, slot, now_us);
}

int pipeline_submit_again(struct pipeline *pipeline, struct slot *slot, uint64_t now_us, int r)
{
	if (r == OUTPUT_E_PARTITION)
		r = submit_by_key(pipeline, slot, now_us);
	if (r == OUTPUT_E_REFUSED && !pipeline->line.why) {
		outcome_note(&pipeline->line.outcome, OUTCOME_TOO_LARGE);
		pipeline_is_refused(pipeline, slot);
	}
	return r;
}

/* Of a letter: by the source's own cluster it would not be known which one is meant. */
static const char *topic_name(const struct pipeline *pipeline, const struct source *source,
			      uint32_t topic)
{
	const struct pipeline_options *options = &pipeline->options;

	return source->n_also && options->topic_keys ? options->topic_keys[topic] :
						       options->topics[topic];
}

int pipeline_dead_letter(struct pipeline *pipeline, struct slot *slot, const char *reason)
{
	const struct record *record = &pipeline->record;
	struct letters *letters = pipeline->options.letters;
	struct file *file = file_of_account(slot_chunk(slot)->account);
	struct store_dead_letter letter = {
		.file = file->id,
		.position = slot_position(slot),
		.source = file->source->name,
		.path = file->path,
		.topic = topic_name(pipeline, file->source, record->topic),
		.reason = reason,
		.cause = reason,
		.time_ms = record->timestamp_ms,
		.key = record->key,
		.value = record->value,
		.partition = record->partition,
	};
	size_t bytes = record->key.len + record->value.len;
	bool room = letters_has_room(letters, letter.source, bytes);
	int r;

	letters_want(letters, letter.source, room ? 0 : bytes);
	if (!room)
		return PIPELINE_E_LETTERS;
	r = headers_pack(record, &pipeline->arena, &letter.headers);
	if (!r)
		r = letters_add(letters, &letter);
	return r;
}
