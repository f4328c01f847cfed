/* SPDX-License-Identifier: Apache-2.0 */
#ifndef JOIN_JOIN_H
#define JOIN_JOIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"
#include "join/ready.h"
#include "join/wrap.h"
#include "parsers/lines.h"
#include "parsers/pattern.h"

/*
 * Lines → an event: those that stand together in a file and belong together, such as a stack trace
 * and the line that it was logged with. Pure: the same bytes from the event's start give the same
 * event, however they arrived. Compiled for a source; what a match writes is its own, so it serves
 * one thread.
 */
struct join;

/* Bytes of an event that do not stand with its first line: start from there. */
struct join_part {
	uint32_t start, len;
};

/* An event of more is cut. */
#define JOIN_PARTS_MAX 64

/* A slot counts the lines of its event in 16 bits. */
#define JOIN_LINES_MAX 65535

struct join_options {
	enum join_kind kind;
	enum join_wrap wrap;   /* what lines are wrapped in: events are cut by streams.h then */
	struct pattern *start; /* JOIN_PATTERNS: a line that matches begins an event; NULL: none */
	struct pattern *go_on; /* one that does not match does, too; NULL: none */
	struct pattern *end;   /* behind one that matches, another begins; NULL: none */
	uint32_t max_lines;    /* 1 .. JOIN_LINES_MAX */
	size_t max_event;      /* bytes, line ends included */
	uint64_t flush_after_us; /* an event is whole when nothing came for so long */
};

/* The patterns are consumed. 0 or -ENOMEM, which leaves them the caller's. */
int join_new(const struct join_options *options, struct join **ret_join) MUSTCHECK;

/* NULL is fine. Returns NULL. */
struct join *join_free(struct join *join);

const struct join_options *join_options(const struct join *join);

/* Room for JOIN_PARTS_MAX parts of the event that is cut last, where lines are wrapped. */
struct join_part *join_parts(const struct join *join);

/* ---- of the lines of an event, for streams.c too ---- */

/* The mode of an event with this first line. */
uint8_t join_begin(const struct join *join, struct slice text);

/* Whether a line behind the first one belongs to the event, whose mode goes on. */
bool join_goes_on(const struct join *join, uint8_t *mode, struct slice text);

/* Whether behind this line the event is over. */
bool join_ends(const struct join *join, struct slice text);

/* How far the event at the cursor is known: to be zeroed where an event begins. */
struct join_state {
	uint32_t taken;   /* bytes of whole lines that are known to be its */
	uint32_t scanned; /* bytes behind them that hold no LF */
	uint32_t lines;   /* of taken */
	uint32_t text;    /* bytes of taken without the last line end */
	uint8_t mode;     /* what the lines so far are, as ready.c has it */
	bool whole;       /* no line behind it is its */
	bool terminated, truncated;
};

struct join_event {
	struct line line; /* of all its lines: text without the last line end only */
	uint32_t lines;
	bool cut; /* it was ended by max_lines or max_event: the next event goes on with it */
};

/*
 * Cuts an event off the front of bytes. 0 or LINES_E_MORE: it may go on behind the bytes, and
 * *state knows how far they were looked at. With `ended` nothing is behind them: LINES_E_MORE only
 * where there are none. A line longer than max_line is an event of its own.
 */
int join_cut(const struct join *join, const struct line_rules *rules, struct slice bytes,
	     bool ended, struct join_state *state, struct join_event *ret_event) MUSTCHECK;

#endif
