/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_SCRIPTED_H
#define SUPPORT_SCRIPTED_H

#include "output/output.h"
#include "tests/support/random.h"

/*
 * An output that behaves as badly as Kafka may: it is full, holds records of some partitions back,
 * refuses whole batches, fails runs of records or all of them, and reports late, in order within a
 * partition and in any order across partitions. A seed repeats what it does; what happened is kept
 * as a list of notes for a judge.
 */

#define SCRIPTED_TOPICS 4
#define SCRIPTED_PARTITIONS 3

/* A record whose value holds this is refused by the broker, and with it its batch. */
#define SCRIPTED_POISON "POISON"
/* A record whose value holds this is refused by submit itself. */
#define SCRIPTED_HUGE "HUGE"

/* A record whose value holds this has to go alone, and is taken then. */
#define SCRIPTED_SUSPECT "SUSPECT"

/* In percent: of submissions, of batches. */
struct scripted_weather {
	uint32_t full; /* submit says FULL, or has_room says no */
	uint32_t
		hold; /* a partition holds its records back, drawn anew with each scripted_change */
	uint32_t refuse; /* a batch of innocent records is refused */
	uint32_t fail;   /* a batch fails */
	uint32_t gone;   /* scripted_step: the producer ends and all in flight fails */
};

enum scripted_what {
	SCRIPTED_SUBMITTED,
	SCRIPTED_REFUSED, /* by submit: OUTPUT_E_REFUSED */
	SCRIPTED_REPORTED,
};

struct scripted_note {
	enum scripted_what what;
	uint64_t now_us;
	uint64_t device; /* of the slot's file */
	uint64_t inode;
	uint64_t position; /* of the slot in its file */
	uint32_t extent;
	uint32_t topic;
	unsigned branch;
	char *value; /* copies; key is NULL for a null key; both NULL in a report */
	size_t value_len;
	char *key;
	size_t key_len;
	bool marked;  /* it has the header of a truncated line */
	bool changed; /* REPORTED: the payload was not what it was when it was submitted */
	struct report report;
};

struct scripted_flight {
	struct report report;
	struct slice value; /* the payload where it stays, for as long as it flies */
	char *copy;
	uint64_t device, inode, position;
	unsigned branch;
	bool poison;
	bool alone;
};

struct scripted_partition {
	bool held;
	int64_t next_offset;
	struct scripted_flight *flights; /* oldest first */
	size_t n, capacity;
};

struct scripted {
	struct output output;
	struct random random;
	struct scripted_weather weather;
	uint32_t queue; /* records that fit */
	uint32_t in_flight;
	struct scripted_partition partitions[SCRIPTED_TOPICS][SCRIPTED_PARTITIONS];
	uint64_t moved[SCRIPTED_TOPICS]; /* ends of holds */
	uint32_t holds;                  /* records that were put on hold */
	struct scripted_flight *ready;   /* their reports can be fetched */
	size_t n_ready, ready_capacity;
	struct scripted_note *notes; /* since the last scripted_forget */
	size_t n_notes, notes_capacity;
	uint64_t kicks;
};

/* queue: records that fit. Aborts without memory. */
void scripted_init(struct scripted *scripted, uint64_t seed, uint32_t queue);
void scripted_deinit(struct scripted *scripted);

/* All partitions of the topic hold their records back, or none does. */
void scripted_hold_topic(struct scripted *scripted, uint32_t topic, bool held);

/* Throws anew which partitions hold. */
void scripted_change(struct scripted *scripted, const struct scripted_weather *weather);

/* Up to batches batches, of random partitions, come to their end: their reports can be fetched. */
void scripted_step(struct scripted *scripted, uint32_t batches);

/* All that is in flight to the topic has this fate; its reports can be fetched. */
void scripted_end_topic(struct scripted *scripted, uint32_t topic, enum report_kind kind);

/* The same for the first record of each of its partitions. */
void scripted_end_first(struct scripted *scripted, uint32_t topic, enum report_kind kind);

/* Everything that is in flight comes to its end. */
void scripted_drain(struct scripted *scripted);

/* The agent is gone: nothing is in flight any more. */
void scripted_crash(struct scripted *scripted);

/* The notes were read. */
void scripted_forget(struct scripted *scripted);

#endif
