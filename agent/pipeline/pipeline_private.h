/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_PIPELINE_PRIVATE_H
#define PIPELINE_PIPELINE_PRIVATE_H

#include "pipeline/limits.h"
#include "pipeline/pipeline.h"

/*
 * Calls go one way: pipeline.c (the way of a line), reports.c (the way of its report), rewind.c and
 * judge.c call branches.c (a line that goes to several places), that calls submit.c (record →
 * output), and all of them call peek.c (the next event), records.c (event → record) and parts.c;
 * reports.c also replay.c.
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
	uint64_t turn_lines;       /* their number */

	/* The record that was made last: its slices borrow from chunk, route, arena and fields. */
	struct record record;
	struct arena arena;
	struct slice fields[PARSER_FIELDS_MAX];
	struct rules_work rules;

	/* Of a source whose lines go to several places: what the next branch is made of. */
	struct route_input input;
	uint32_t noted; /* of the line, before a record was made of it: OUTCOME_BIT of each */
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

/*
 * The record that the branch of this number is, of the line that pipeline_record was called with
 * last. 0 or -ENOMEM.
 */
int pipeline_branch(struct pipeline *pipeline, const struct file *file, unsigned branch) MUSTCHECK;

/* The record of a slot, made again, as of the time at which its line was read. 0 or -ENOMEM. */
int pipeline_remake(struct pipeline *pipeline, struct slot *slot) MUSTCHECK;

/* Whether the source of the record that was made last refuses it: line.why says why then. */
bool pipeline_is_refused(struct pipeline *pipeline, struct slot *slot);

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

/*
 * The record that was made last, of `slot` → output, or to the dead letters; alone, where it has to
 * go so. 0: the slot is in flight or a dead letter. PIPELINE_E_FULL, PIPELINE_E_HOLD (and the file
 * waits for the record's topic), PIPELINE_E_LETTERS, negative errno. submit.c
 */
int pipeline_hand_over(struct pipeline *pipeline, struct file *file, struct slot *slot,
		       uint64_t now_us) MUSTCHECK;

/* Whether the file's source has its share of what may be under way, in any of its clusters. */
static inline bool pipeline_is_spent(const struct pipeline *pipeline, const struct file *file)
{
	return output_any_spent(pipeline->options.output, file->under_way,
				file->source->n_also + 1u);
}

/* So many lines are dead letters now. */
static inline void pipeline_count_dead(struct pipeline *pipeline, struct file *file, uint64_t lines)
{
	pipeline->options.counters->lines_dead += lines;
	if (file->counts)
		file->counts->lines_dead += lines;
}

/*
 * An event of which all branches are settled already, as a restart with other settings may find it,
 * is what was settled ahead. branches.c
 */
void pipeline_look_at_branches(struct file *file, struct event *event);

/*
 * The event whose record was made last, to all places that do not have it yet. 0: it is settled, in
 * flight, or file->owed: those that did not take it now get it later. As pipeline_hand_over: nobody
 * took it; PIPELINE_E_MEMORY.
 */
int pipeline_send_branches(struct pipeline *pipeline, struct file *file, const struct event *event,
			   uint64_t now_us, int64_t now_ms) MUSTCHECK;

/* Tries again what is owed. 0: nothing is, any more. As pipeline_hand_over. */
int pipeline_submit_owed(struct pipeline *pipeline, struct file *file, uint64_t now_us) MUSTCHECK;

/* A report came for a branch of an event of so many lines, whose state was `before`. */
void pipeline_branch_reported(struct pipeline *pipeline, struct file *file,
			      const struct slot *event, uint32_t lines, enum branches_state before);

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

/*
 * What became of it now; of several branches the slot is that of branch 0. NULL: its event was left
 * out, and is settled. 0 or -ENOMEM.
 */
int pipeline_parts_settle(struct pipeline *pipeline, struct file *file, struct slot *slot)
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

/*
 * Keeps the record, of `slot`, as a dead letter, which is not counted yet. 0, PIPELINE_E_LETTERS
 * (no room), -ENOMEM.
 */
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
