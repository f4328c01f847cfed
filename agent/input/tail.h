/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INPUT_TAIL_H
#define INPUT_TAIL_H

#include "flow/account.h"
#include "join/join.h"
#include "packed/packed.h"
#include "parsers/lines.h"

/* A compressed file, when it gave nothing more: until it is another, it is not asked again. */
struct tail_dry {
	uint64_t size; /* of the file, as mtime_ns */
	int64_t mtime_ns;
	uint64_t at; /* of the content: its end */
	bool known;
};

/*
 * Reads one open file into chunks of its account and shows one event at a time, without consuming
 * it. Owns the descriptor, not the account.
 */
struct tail {
	int fd;                         /* -1: closed */
	struct account *account;        /* borrowed */
	const struct line_rules *rules; /* borrowed */
	const struct join *join;        /* borrowed; NULL: each line is an event */
	struct join_state joining;      /* of the event behind the open chunk's cursor */
	uint32_t scanned;    /* bytes behind the open chunk's cursor known to hold no LF */
	uint32_t pending;    /* bytes behind the last LF when it was last dry */
	bool hungry;         /* the last read filled its chunk: take a large one next */
	bool truncated;      /* what is in the file took the place of other content */
	uint64_t hole_to;    /* NULs there go on a hole that was passed up to it; 0: none */
	bool discarding;     /* the read position lies in the rest of an over-long line */
	uint64_t split_at;   /* a line was shipped without its LF up to here; UINT64_MAX: none */
	uint64_t discard_at; /* reading that gets here is discarding again; UINT64_MAX: never */
	uint32_t stored_tail_len; /* after a restart: bytes under stored_tail_hash, 0: none */
	uint64_t stored_tail_hash;
	bool rewritten;           /* the file is known to hold other bytes than were read */
	enum packed_kind packing; /* positions are those of the content */
	struct packed *packed;    /* owned, while it is open and was read */
	struct tail_dry dry;
	int broken; /* PACKED_E_SHORT, _CORRUPT, _LARGE: how its content ends now; 0: well */
	uint64_t high_water; /* bytes below it were read before: re-reading is counted apart */
	uint64_t counted;    /* whole lines of an open event below it were counted as read */
	bool open;           /* when it was last dry, whole lines waited for the event's end */
	uint64_t reach;      /* so many were there at a look, read or not */
};

enum {
	TAIL_E_DRY = 1,   /* no whole line at the read position now */
	TAIL_E_MEMORY,    /* the chunk budget is used up: wait for reports */
	TAIL_E_WITHIN,    /* of tail_find_end: the position lies in a very long line */
	TAIL_E_REWRITTEN, /* the file shrank below what was read, or other bytes are there now */
	TAIL_E_AGAIN,     /* on its way to the read position: not yet there */
};

enum event_kind {
	EVENT_LINE,    /* a line, to be parsed */
	EVENT_DISCARD, /* a piece of the rest of an over-long line */
	EVENT_LF,      /* the LF, at last, of a line that was shipped without it */
	EVENT_HOLE,    /* NULs that nobody wrote, or a piece of them: see input/hole.h */
	EVENT_AHEAD,   /* was settled before a rewind or restart */
};

struct event {
	enum event_kind kind;
	struct line
		line; /* EVENT_LINE: text borrows from the chunk; others: whether it is the end */
	uint32_t extent;      /* bytes it takes in the file */
	uint64_t position;    /* of its first byte */
	bool first_time;      /* not read before in this life of the agent */
	uint32_t lines;       /* EVENT_LINE: of it; of these, */
	uint32_t lines_old;   /* that were counted as read before, */
	uint32_t bytes_old;   /* and of extent */
	uint32_t n_parts;     /* of join_parts: bytes of it that do not stand in its extent */
	struct slice wrapped; /* at != NULL: its lines are to be made one of these bytes */
	bool cut;             /* EVENT_LINE: the next one goes on with it: a limit */
	bool split; /* EVENT_LINE: a line before it was shipped without LF; this goes on */
};

/* Reading starts at account's read position. Nothing is opened. */
void tail_init(struct tail *tail, struct account *account, const struct line_rules *rules);

/* Takes fd (consumed); an older one is closed. */
void tail_set_fd(struct tail *tail, int fd);

/* Whether the file may have something behind the read position: only fstat is asked. */
bool tail_has_more(const struct tail *tail);

/* Closes the descriptor, keeps everything else. */
void tail_close(struct tail *tail);

/*
 * The event at the read position, reading if needed: one read a call, and for a line that outgrows
 * its chunk one more for each larger size. 0: *ret_event is valid until the next call of a tail
 * function. The E codes; -EIO and such from the kernel.
 */
int tail_peek(struct tail *tail, struct event *ret_event) MUSTCHECK;

/*
 * After TAIL_E_DRY: the bytes behind the last LF as an event of their own, because nothing more is
 * expected (rotated and quiet, or --until-eof). TAIL_E_DRY when there are none.
 */
int tail_peek_last(struct tail *tail, struct event *ret_event) MUSTCHECK;

/*
 * After TAIL_E_DRY: the whole lines that wait for their event's end as an event, because nothing
 * came behind them for so long. TAIL_E_DRY when there are none.
 */
int tail_peek_open(struct tail *tail, struct event *ret_event) MUSTCHECK;

/*
 * After TAIL_E_DRY: the whole lines that wait, and were not counted as read before, are counted.
 * Returns their number; *ret_bytes is theirs.
 */
uint64_t tail_count_open(struct tail *tail, uint64_t *ret_bytes);

/* The same of lines that stand at the read position, in whoever's memory. */
uint64_t tail_count_lines(struct tail *tail, struct slice bytes, uint64_t *ret_bytes);

/* Line ends in len bytes. */
uint32_t tail_count_lf(const char *at, size_t len);

/* What was read behind the cursor; nothing while the rest of an over-long line is passed. */
struct slice tail_waiting(const struct tail *tail);

/* Whether the line that is so far behind the read position was settled: it is of another event. */
bool tail_is_settled(const struct tail *tail, size_t at);

/* The same, or other branches of it are than of the line at the read position. */
bool tail_is_apart(const struct tail *tail, size_t at);

/*
 * Bytes at the read position, of a file of which no chunk is in memory, were settled elsewhere:
 * reading goes on behind them.
 */
void tail_skip(struct tail *tail, const char *bytes, size_t len);

/*
 * The event was consumed: its slot is in the account. Must follow the peek that showed it; the
 * cursor was moved by the account.
 */
void tail_consumed(struct tail *tail, const struct event *event);

/*
 * The file is dry, or the event that was peeked at cannot be handed on now: memory that is needed
 * for nothing else is given back (account_give_back), and what was not consumed is read again
 * later, with a small read. Takes along what is known of the bytes; may find that the file was
 * rewritten, as tail_chain.
 */
void tail_give_back(struct tail *tail);

/* A slot's event, cut again from its chunk: what it was when it was first consumed. */
struct event tail_event_of(const struct tail *tail, const struct slot *slot);

/*
 * Reading goes on at the account's committed position; it was at read_position before
 * account_rewind.
 */
void tail_rewound(struct tail *tail, uint64_t read_position);

/* Reading starts at 0 of other content (after account_reset). */
void tail_reset(struct tail *tail);

/*
 * Whether position, which all settled bytes lie below, is in the rest of an over-long line: part of
 * the checkpoint.
 */
bool tail_discards_at(const struct tail *tail, uint64_t position);

/*
 * After tail_init, from a checkpoint: tail_len bytes before the committed position have this hash
 * (0: not known); reading that gets to discard_at is in the rest of an over-long line (UINT64_MAX:
 * none).
 */
void tail_resume(struct tail *tail, uint32_t tail_len, uint64_t tail_hash, uint64_t discard_at);

/*
 * What is known of all bytes below the committed position: as they were read, not as the file holds
 * them now. At most one block is read again. False: not known, or the file was rewritten meanwhile
 * (tail->rewritten).
 */
bool tail_chain(struct tail *tail, struct chain *ret_chain);

/*
 * A new open chunk at the read position; the class as account_new_chunk has it. NULL: the budget is
 * used up.
 */
struct chunk *tail_new_chunk(struct tail *tail, enum chunk_class class, size_t own_bytes);

/*
 * Where reading starts for start_at = "end": the start of the line in progress at the end of the
 * file. 0 and *ret_position; TAIL_E_WITHIN and *ret_position, the end: that line is longer than
 * 16 MiB, and its rest is to be discarded; negative errno.
 */
int tail_find_end(int fd, const struct line_rules *rules, uint64_t *ret_position) MUSTCHECK;

/*
 * The same of a compressed file, some milliseconds a call: what is in it is unpacked and passed.
 * *at and *ret_position are 0 before the first call. 0 and *ret_position; TAIL_E_AGAIN; negative
 * errno.
 */
int tail_find_packed_end(struct tail *tail, uint64_t *at, uint64_t *ret_position) MUSTCHECK;

#endif
