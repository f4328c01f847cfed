/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPS_ACKS_H
#define OPS_ACKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"

/*
 * Acknowledgements as JSON, one object a line, on a descriptor whose reader may be slow, stopped or
 * gone. Nothing here blocks. A slow reader is pressure, as a slow broker is: acks_has_room is
 * false. One that takes nothing for ACKS_PATIENCE_US stops being waited for; what finds no room
 * then is left out, and told: by a line {"lost":N} where it is missing, and by acks_news.
 */
struct acks;

/* What is printed of one record. */
struct ack {
	struct slice path;
	uint64_t position;
	struct slice cluster; /* of several, the one that has it; at NULL: there is one */
	struct slice topic;
	int32_t partition;
	int64_t offset;       /* -1: Kafka did not say */
	int64_t timestamp_ms; /* -1: none */
	bool append_time;     /* it is the broker's, not the record's own */
};

/* Above so many bytes there is no room; the rest up to the maximum is for what is under way. */
#define ACKS_ROOM_BYTES ((size_t)1 << 20)
#define ACKS_MAX_BYTES ((size_t)16 << 20)
#define ACKS_PATIENCE_US 10000000ull

/*
 * fd is borrowed; it, or the same file opened anew, is made non-blocking. -1: nothing is printed,
 * which is for acks_sample alone. 0 or negative errno.
 */
int acks_new(int fd, struct acks **ret_acks) MUSTCHECK;

/* NULL is fine. Returns NULL. */
struct acks *acks_free(struct acks *acks);

/* Counts it, and puts its line behind those that wait. */
void acks_add(struct acks *acks, const struct ack *ack);

/* Hands the reader what it takes now. */
void acks_flush(struct acks *acks, uint64_t now_us);

/* Whether lines wait for the reader: a reason to poll acks_fd for writing. */
bool acks_waits(const struct acks *acks);

/* False: nothing more should be sent now, for its acknowledgement could find no room. */
bool acks_has_room(const struct acks *acks, uint64_t now_us);

/* What to poll for writing; -1 when that cannot be polled, because it never blocks. */
int acks_fd(const struct acks *acks);

/* The end: flushes until all is out or the reader took nothing for patience_us. */
void acks_finish(struct acks *acks, uint64_t patience_us);

enum acks_state {
	ACKS_FLOWING,
	ACKS_PATIENT,  /* the reader takes nothing for a second and more, and is waited for */
	ACKS_GIVEN_UP, /* it is not waited for any more */
	ACKS_CLOSED,   /* it is gone: nothing is printed any more */
};

struct acks_news {
	enum acks_state state;
	int error;     /* ACKS_CLOSED: negative errno */
	uint64_t lost; /* left out so far, all together */
};

/* 0: the state has changed since the last call. 1: it has not; *ret_news is filled all the same. */
int acks_news(struct acks *acks, uint64_t now_us, struct acks_news *ret_news);

/*
 * How many there were since the last call, and the line of one of them (without LF, cut at len,
 * empty when there was none), for a message at level debug.
 */
uint64_t acks_sample(struct acks *acks, char *ret_text, size_t len);

#endif
