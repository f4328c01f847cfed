/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_PIPELINE_H
#define PIPELINE_PIPELINE_H

#include "base/reasons.h"
#include "files/file.h"
#include "flow/rate.h"
#include "flow/report.h"
#include "ops/acks.h"
#include "ops/counters.h"
#include "ops/histogram.h"
#include "ops/losses.h"
#include "output/output.h"
#include "state/letters.h"

/*
 * The way of a line, and the way of its report back. Knows no loop, no clock, no directory and no
 * Kafka: files are handed in, an output is behind an interface, time is a parameter.
 */
struct pipeline;

struct pipeline_options {
	struct output *output;     /* borrowed */
	struct counters *counters; /* borrowed */
	struct losses *losses;     /* borrowed; may be NULL */
	struct letters *letters;   /* borrowed */
	const char *const *topics; /* names by record.topic; borrowed */
	/* names of the clusters that they are of, likewise; NULL: there is one cluster */
	const char *const *topic_clusters;
	/* "CLUSTER/TOPIC", where a source has topics of several; likewise */
	const char *const *topic_keys;
	size_t n_topics;
	size_t n_rules; /* of all sources */
	bool limits;    /* false: those of rules are not kept, for lines that are only looked at */
	struct histogram *delays; /* from reading a line to its report; borrowed, NULL: none */
	struct acks *acks;        /* where acknowledgements are told; borrowed, NULL: nowhere */
};

enum {
	PIPELINE_E_IDLE = 1,  /* no whole line waits in the file */
	PIPELINE_E_FULL,      /* the output has no room: no file can go on */
	PIPELINE_E_SPENT,     /* the file's source has its share of that: none of its files can */
	PIPELINE_E_HOLD,      /* this file's next record cannot go to file->waits_topic now: others
			       * may, there too; or it waits for the reports of the file */
	PIPELINE_E_LETTERS,   /* its next record is refused, and has no room as a dead letter */
	PIPELINE_E_LIMIT,     /* a limit lets its next line not go yet, and it waits */
	PIPELINE_E_MEMORY,    /* the chunk budget is used up: files without a chunk wait */
	PIPELINE_E_REWRITTEN, /* the file is another one now: it must be reset */
	PIPELINE_E_REFUSED,   /* of replay_send */
	PIPELINE_E_AGAIN,     /* its content is being unpacked up to what is unread: another turn */
};

/* 0 or -ENOMEM. */
int pipeline_new(const struct pipeline_options *options, struct pipeline **ret_pipeline) MUSTCHECK;

/* NULL is fine. Returns NULL. */
struct pipeline *pipeline_free(struct pipeline *pipeline);

/*
 * One turn of a file in FILE_READING: at most the budget of it. A last line without LF is shipped
 * too when no byte came for partial_after_us (0: at once; CLOCK_NEVER: it waits for its LF). 0: the
 * budget is used and more waits. The E codes; negative errno from reading the file or -ENOMEM.
 */
int pipeline_turn(struct pipeline *pipeline, struct file *file, struct rate_budget budget,
		  uint64_t partial_after_us, uint64_t now_us, int64_t now_ms) MUSTCHECK;

/* The lines that the last turn took, read again ones too: their bytes, and their number. */
uint64_t pipeline_turn_bytes(const struct pipeline *pipeline);
uint64_t pipeline_turn_lines(const struct pipeline *pipeline);

/* What became of a line, besides its record. */
struct pipeline_line {
	struct slice text; /* redacted; borrowed until the next turn */
	struct outcome outcome;
	const char *why; /* it is left out or refused: static text; NULL: neither */
};

/* The line that the last turn took last; NULL: it took none. */
const struct pipeline_line *pipeline_last_line(const struct pipeline *pipeline);

/*
 * Why the source leaves out the line that begins at the position, as its bytes lie in the file now,
 * whose descriptor is fd; borrowed from the configuration. NULL: it does not, or that cannot be
 * told. Not within a turn.
 */
const char *pipeline_left_out(struct pipeline *pipeline, const struct file *file, int fd,
			      uint64_t position);

/*
 * Where the record of a slot went, as it is made again from its bytes: *ret_topic, and the
 * partition, or -1 when it has no key and no rule names one. False: it cannot be made now. Not
 * within a turn.
 */
bool pipeline_where(struct pipeline *pipeline, struct slot *slot, uint32_t *ret_topic,
		    int32_t *ret_partition);

/* There are so many rules by now; those that there were keep their numbers. 0 or -ENOMEM. */
int pipeline_set_rules(struct pipeline *pipeline, size_t n_rules) MUSTCHECK;

/* The same of topics, whose names stand behind the others in the lists of the options. */
int pipeline_set_topics(struct pipeline *pipeline, size_t n_topics) MUSTCHECK;

/* Lines that the rule of this number left out. */
uint64_t pipeline_rule_lines(const struct pipeline *pipeline, size_t number);

/*
 * Fetches the reports that wait, at most max, settles their slots, and puts the files concerned on
 * the stack of touched files. Returns the number of reports, or -ENOMEM.
 */
int pipeline_reports(struct pipeline *pipeline, size_t max, uint64_t now_us) MUSTCHECK;

/* Dead letters that were sent (pipeline/replay.h) and of which there is no report yet. */
size_t pipeline_replays(const struct pipeline *pipeline);

/* A file whose slots changed since it was last taken, or NULL. */
struct file *pipeline_take_touched(struct pipeline *pipeline);

/*
 * Whether what was put on hold for the topic may go, by what happened since the last call: until
 * then it would be put on hold again.
 */
bool pipeline_take_moved(struct pipeline *pipeline, uint32_t topic);

/*
 * A file in FILE_DRAINING whose reports are all in: goes back to its committed position, or to 0
 * when it was rewritten. Returns 0 or -ENOMEM (nothing has changed). The caller sets the state.
 */
int pipeline_rewind(struct pipeline *pipeline, struct file *file) MUSTCHECK;

/* Lines in flight, beside the one that each record has. */
uint64_t pipeline_lines_joined(const struct pipeline *pipeline);

/*
 * A file in FILE_DRAINING whose reports are all in, and which is not rewritten: it is read on from
 * seek_to, whatever was settled; of its lines that were not nothing is counted as read any more.
 * The caller sets the state.
 */
void pipeline_seek(struct pipeline *pipeline, struct file *file);

/* The reason of the last failed report, static text; for the top's message. */
const char *pipeline_last_failure(const struct pipeline *pipeline);

/* For which reason how many records came back undelivered: reports_failed and reports_refused. */
const struct reasons *pipeline_failures(const struct pipeline *pipeline);

#endif
