/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_PIPELINE_PRIVATE_H
#define PIPELINE_PIPELINE_PRIVATE_H

#include "pipeline/limits.h"
#include "pipeline/pipeline.h"

/*
 * Calls go one way: pipeline.c (the way of a line), reports.c (the way of its report), rewind.c and
 * judge.c call peek.c (the next event), records.c (event → record → output) and parts.c; reports.c
 * also replay.c.
 */

struct topic_flow {
	bool resumed;   /* files that waited for their own reports may go on */
	uint64_t moved; /* output_moved, when it was last asked */
};

struct pipeline {
	struct pipeline_options options;
	struct pattern_scratch *scratch;
	struct topic_flow *topics;
	struct limits *limits;
	uint64_t *rule_lines; /* by the number of a rule */
	struct file_stack touched;
	const char *last_failure;
	struct reasons failures;
	uint64_t lines_joined;     /* in flight, beside the first one of each event */
	int64_t real_ms;           /* of the last turn: what the clock said, */
	uint64_t mono_us;          /* and the other one */
	size_t n_replays;          /* dead letters that are under way */
	struct pipeline_line line; /* that a record was made of last */
	bool taken;                /* by the last turn */
	uint64_t turn_bytes;       /* of the lines that it took */

	/* The record that was made last: its slices borrow from chunk, route, arena and fields. */
	struct record record;
	struct arena arena;
	struct slice fields[PARSER_FIELDS_MAX];
	struct rules_work rules;
};

/*
 * The next event; a last line without LF when nothing more is expected. 0, PIPELINE_E_IDLE,
 * PIPELINE_E_MEMORY, PIPELINE_E_AGAIN, PIPELINE_E_REWRITTEN; negative errno. peek.c
 */
int pipeline_peek(struct pipeline *pipeline, struct file *file, uint64_t partial_after_us,
		  uint64_t now_us, struct event *ret_event) MUSTCHECK;

/* So many more of its lines wait, or fewer where that wraps: their event is open or came back. */
static inline void pipeline_count_waiting(struct pipeline *pipeline, struct file *file, uint64_t n)
{
	file->lines_back += n;
	pipeline->options.counters->lines_waiting += n;
}

/* Whole lines behind the cursor count as read, and wait. */
void pipeline_count_open(struct pipeline *pipeline, struct file *file);

/* Event, read at read_ms → pipeline->record and pipeline->line. 0 or -ENOMEM. */
int pipeline_record(struct pipeline *pipeline, const struct file *file, const struct event *event,
		    int64_t read_ms) MUSTCHECK;

/*
 * The first line of a file as its source has it: without its mark, decoded, redacted; it borrows
 * from the arena then. 0 or -ENOMEM. records.c
 */
int pipeline_clean(struct pipeline *pipeline, const struct file *file, struct slice *text)
	MUSTCHECK;

/*
 * Reads file->header, which stays SLICE_NONE as long as it is not whole, or sets no_header. 0 or
 * negative errno. header.c
 */
int pipeline_read_header(struct pipeline *pipeline, struct file *file) MUSTCHECK;

/* The record of a slot, made again, as of the time at which its line was read. 0 or -ENOMEM. */
int pipeline_remake(struct pipeline *pipeline, const struct slot *slot) MUSTCHECK;

/* Whether the source of the record that was made last refuses it: line.why says why then. */
bool pipeline_is_refused(struct pipeline *pipeline, const struct slot *slot);

/* Of pipeline_submit: the output did not take it, r says why. */
int pipeline_submit_again(struct pipeline *pipeline, struct slot *slot, uint64_t now_us, int r)
	MUSTCHECK;

/*
 * The record that was made last → output, by key if the partition it names cannot be and its source
 * says so. 0: in flight. OUTPUT_E_REFUSED: line.why says why. OUTPUT_E_FULL, OUTPUT_E_HOLD,
 * -ENOMEM.
 */
MUSTCHECK static inline int pipeline_submit(struct pipeline *pipeline, struct slot *slot,
					    uint64_t now_us)
{
	int r = output_submit(pipeline->options.output, &pipeline->record, slot, now_us);

	return LIKELY(!r) ? 0 : pipeline_submit_again(pipeline, slot, now_us, r);
}

/* Puts the file on the stack of touched ones. */
static inline void pipeline_touch(struct pipeline *pipeline, struct file *file)
{
	if (file->touched)
		return;
	file->touched = true;
	SLIST_INSERT_HEAD(&pipeline->touched, file, touched_link);
}

/* The parts of an event wait for what becomes of its slot. 0 or -ENOMEM. */
int pipeline_parts_keep(struct file *file, const struct event *event) MUSTCHECK;

/* Nothing waits for it any more. */
void pipeline_parts_drop(struct file *file);

/* What became of it now. NULL: its event was left out, and is settled. 0 or -ENOMEM. */
int pipeline_parts_settle(struct pipeline *pipeline, struct file *file, const struct slot *slot)
	MUSTCHECK;

/* Whether parts of an event wait for what becomes of it. */
static inline bool pipeline_parts_wait(const struct file *file)
{
	return file->parts.n || file->over;
}

/* The event is file->over, and its parts are kept: its lines there count as read now. */
void pipeline_over_count(struct pipeline *pipeline, struct file *file);

/* So many lines of the next generation count as the file's now; others are its own again. */
void pipeline_over_counted(struct pipeline *pipeline, struct file *file, uint32_t lines);

/* So many lines more are read, or fewer after all. */
static inline void pipeline_count_read(struct pipeline *pipeline, struct file *file, uint64_t lines,
				       uint64_t bytes)
{
	pipeline->options.counters->lines_read += lines;
	pipeline->options.counters->bytes_read += bytes;
	if (LIKELY(file->counts != NULL)) {
		file->counts->lines_read += lines;
		file->counts->bytes_read += bytes;
	}
}

/* Keeps the record, of `slot`, as a dead letter. 0, PIPELINE_E_LETTERS (no room), -ENOMEM. */
int pipeline_dead_letter(struct pipeline *pipeline, struct slot *slot, const char *reason)
	MUSTCHECK;

/* A report of a dead letter, whose chunk is of no file: its sender has it then. */
void pipeline_take_replay(struct pipeline *pipeline, struct chunk *chunk,
			  const struct report *report);

/* Whether its line was in a batch that was refused. */
static inline bool slot_goes_alone(const struct file *file, const struct slot *slot)
{
	const struct range *range = ranges_find(&file->alone, slot_position(slot));

	return range && range->start <= slot_position(slot);
}

#endif
