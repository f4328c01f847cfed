/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_PIPELINE_PRIVATE_H
#define PIPELINE_PIPELINE_PRIVATE_H

#include "pipeline/pipeline.h"

/*
 * Calls go one way: pipeline.c (the way of a line) and reports.c (the way of its report) call
 * suspects.c (records that go alone), and all of them records.c (event → record → output).
 */

/* A suspect and why its batch was refused; reason is static text. */
struct suspect {
	struct slot *slot;
	const char *reason;
};

/* Refused alone: a dead letter as soon as there is room for it. Its file reads nothing more. */
struct convict {
	struct slot *slot;
	const char *reason;
	size_t bytes; /* of key and value */
};

struct topic_flow {
	uint32_t in_flight;
	bool suspended;     /* nothing but suspects, one at a time, is submitted to it */
	bool resumed;       /* it was, until lately */
	uint64_t moved;     /* output_moved, when it was last asked */
	bool sorted;        /* suspects are in the order of their files and positions */
	struct slot *alone; /* the suspect that is in flight alone */
	struct suspect *suspects;
	size_t n_suspects;
	size_t next; /* the next suspect to go */
	size_t capacity;
};

struct pipeline {
	struct pipeline_options options;
	struct pattern_scratch *scratch;
	struct topic_flow *topics;
	size_t n_suspended;
	struct file_stack touched;
	const char *last_failure;
	struct convict *convicts;
	size_t n_convicts, convicts_capacity;
	size_t next_convict;       /* the next to be tried, modulo their number */
	struct pipeline_line line; /* that a record was made of last */
	bool taken;                /* by the last turn */

	/* The record that was made last: its slices borrow from chunk, route, arena and fields. */
	struct record record;
	struct arena arena;
	struct slice fields[PARSER_FIELDS_MAX];
};

/* Event, read at read_ms → pipeline->record and pipeline->line. 0 or -ENOMEM. */
int pipeline_record(struct pipeline *pipeline, const struct file *file, const struct event *event,
		    int64_t read_ms) MUSTCHECK;

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

	if (UNLIKELY(r))
		return pipeline_submit_again(pipeline, slot, now_us, r);
	pipeline->topics[pipeline->record.topic].in_flight++;
	return 0;
}

/* Puts the file on the stack of touched ones. */
static inline void pipeline_touch(struct pipeline *pipeline, struct file *file)
{
	if (file->touched)
		return;
	file->touched = true;
	SLIST_INSERT_HEAD(&pipeline->touched, file, touched_link);
}

/* Keeps the record, of `slot`, as a dead letter. 0, PIPELINE_E_LETTERS (no room), -ENOMEM. */
int pipeline_dead_letter(struct pipeline *pipeline, struct slot *slot, const char *reason)
	MUSTCHECK;

/* Suspends the topic. 0 or -ENOMEM. */
int pipeline_add_suspect(struct pipeline *pipeline, struct topic_flow *topic,
			 const struct suspect *suspect) MUSTCHECK;

/* The suspect was refused alone: a dead letter, or a convict while there is no room. */
int pipeline_refused_alone(struct pipeline *pipeline, struct slot *slot, const char *reason)
	MUSTCHECK;

/* The file rewinds: its suspects will be read again. */
void pipeline_forget_suspects(struct pipeline *pipeline, struct file *file);

#endif
