/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PRESSURE_LEDGER_H
#define PRESSURE_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output/partitioner.h"
#include "output/share.h"
#include "pressure/keys.h"
#include "pressure/kick.h"
#include "pressure/topic_facts.h"

/*
 * What is in flight, by topic and partition: counts, bytes, age, progress. Pure: it calls nobody
 * but kick.c and partitioner.c, and time is passed in. From it follow pressure ("full"), holds,
 * stalls and kicks.
 */

/* What a record costs besides its bytes: the library's struct for it. */
#define LEDGER_RECORD_BYTES 168

/* A partition with records that has not moved for so long stands still. */
#define LEDGER_HOLD_US 1000000ull

/* So much beyond a limit for partitions that move, while others stand still with as much of it. */
#define LEDGER_RESERVE(limit) (limit)

struct ledger_partition {
	uint64_t delivered; /* records, in all; ledger_reported is not told which are */
	uint64_t records;
	uint64_t bytes;        /* key, value and headers */
	uint64_t header_bytes; /* the part of `bytes` that reports do not tell */
	uint64_t progress_us;  /* the last report, or when it became busy */
	uint64_t led_us;       /* when its leader last moved, or a replica came back; or 0 */
	uint64_t probed_us;    /* when its leader was last asked about a stall; or 0 */
	int32_t leader;        /* the id of the broker; -1: it has none */
	bool told_waiting;     /* the log knows that its records wait for long */
	bool wanted;           /* a record for it was put on hold */
	uint32_t in_sync;      /* replicas */
	struct kick_partition kick;
};

struct ledger_topic {
	enum topic_state state;
	bool heard;             /* brokers were asked for it since it came */
	uint64_t moved;         /* rises when a hold may have ended; see output_moved */
	bool told;              /* the log knows that it is not ready */
	uint64_t waits_told_us; /* when the log was told that records of it wait; or 0 */
	uint64_t waits_gap_us;  /* from then to when it is told again */
	uint64_t no_place_us;  /* when the log was told that its rules need more partitions; or 0 */
	uint64_t doubt_gap_us; /* a broker refuses what is sent to it: between two tries; or 0 */
	uint64_t doubt_until_us;    /* before the next */
	bool waits_lone;            /* a record was told to wait for the lone producer */
	uint32_t min_insync;        /* min.insync.replicas; 0: not known */
	uint32_t max_message_bytes; /* 0: not known */
	bool compacted;             /* it refuses records without a key */
	uint32_t replicas;          /* of a partition; 0: not known */
	bool durability_told;       /* the log knows what an acknowledgement is worth, with */
	uint32_t told_replicas, told_min_insync;
	char told_acks[4];
	int32_t n;      /* partitions known now */
	int32_t n_kept; /* keys are placed among so many; 0: not known */
	int32_t n_told; /* the log knows of this number; 0: of none but n_kept */
	int32_t n_seen; /* partitions with an account: those of the past may be in flight */
	struct ledger_partition *partitions;
	struct partitioner_topic placing; /* which of the n a record goes to */
	struct keys keys;                 /* a sample of those that were placed */
};

struct ledger {
	struct kick_gate gate;
	size_t n_topics;
	struct ledger_topic *topics;
	uint64_t max_records, max_bytes;
	uint64_t batch_bytes;
	uint64_t records, bytes; /* all in flight; bytes with LEDGER_RECORD_BYTES each */
	uint64_t still_records, still_bytes; /* of them, in partitions that stand still */
	uint64_t look_us;                    /* when to look again for those */
	bool turned_away; /* a source, since the last report: it has its share of the queue */
	/* With as much free one that is wanted may take records again; CLOCK_NEVER: none waits. */
	uint64_t want_records, want_bytes;
	uint32_t seed; /* spreads where records without key begin */
};

/*
 * partitioners: of each topic, borrowed until ledger_deinit; NULL: the default for all. seed
 * spreads where records without key begin. 0, -ENOMEM: it is for ledger_deinit all the same.
 */
int ledger_init(struct ledger *ledger, size_t n_topics,
		const struct partitioner *const *partitioners, uint64_t max_records,
		uint64_t max_bytes, uint64_t linger_us, uint32_t seed) MUSTCHECK;
void ledger_deinit(struct ledger *ledger);

/*
 * The topics are so many by now, the ones before among them: pointers to those are void. The same.
 */
int ledger_take_topics(struct ledger *ledger, size_t n_topics,
		       const struct partitioner *const *partitioners) MUSTCHECK;

/* Takes over partitions and leaders of a ready topic; n_kept has been set. 0, -ENOMEM. */
int ledger_learn(struct ledger *ledger, size_t topic, const struct topic_facts *facts) MUSTCHECK;

/* What of that which stands still does not count to a limit. */
static inline uint64_t ledger_beside(uint64_t max, uint64_t still)
{
	return still < LEDGER_RESERVE(max) ? still : LEDGER_RESERVE(max);
}

static inline uint64_t ledger_limit(uint64_t max, uint64_t still)
{
	return max + ledger_beside(max, still);
}

/* So many records of the topic are in flight. */
uint64_t ledger_topic_records(const struct ledger *ledger, size_t topic);

static inline bool ledger_has_room(const struct ledger *l)
{
	return l->records < ledger_limit(l->max_records, l->still_records) &&
	       l->bytes < ledger_limit(l->max_bytes, l->still_bytes);
}

/*
 * Whether a source, one of several, has its share of the queue. Not while partitions stand still:
 * what it has there would hold up what it has for others, and shares are by partition then.
 */
bool ledger_is_spent(struct ledger *ledger, const struct output_share *share);

/*
 * Looks which partitions stand still, some times a second, and is cheap in between. Returns when it
 * wants to be called again; CLOCK_NEVER: not before something was submitted or reported.
 */
uint64_t ledger_look(struct ledger *ledger, uint64_t now_us);

/* Whether records for this partition wait now: it has its share of a queue that others want. */
bool ledger_is_held(const struct ledger *ledger, const struct ledger_partition *part,
		    uint64_t now_us);

/* A record for the partition is put on hold: its topic's `moved` rises when it may go. */
void ledger_want(struct ledger *ledger, size_t topic, int32_t partition, uint64_t now_us);

/* The partition for a record without a key; -1 when none may take it now: all are wanted. */
int32_t ledger_pick(struct ledger *ledger, size_t topic, size_t bytes, uint64_t now_us);

/* One record went to the partition, which must be known. */
void ledger_submitted(struct ledger *ledger, size_t topic, int32_t partition, size_t bytes,
		      size_t header_bytes, uint64_t now_us);

/* n records of the partition came back; bytes: their keys and values. */
void ledger_reported(struct ledger *ledger, size_t topic, int32_t partition, uint32_t n,
		     size_t bytes, uint64_t now_us);

/* n records of the partition are in Kafka, or were reported as such: they are counted. */
static inline void ledger_delivered(struct ledger *ledger, size_t topic, int32_t partition,
				    uint64_t n)
{
	struct ledger_topic *t = &ledger->topics[topic];

	if (LIKELY(partition >= 0 && partition < t->n_seen))
		t->partitions[partition].delivered += n;
}

/* Whether a kick is due. Cheap until the gate's own time has come. */
bool ledger_kick_due(struct ledger *ledger, uint64_t now_us);

/* All that is queued now shall go without linger. */
void ledger_urge(struct ledger *ledger, uint64_t now_us);

/* A kick was made. */
void ledger_kicked(struct ledger *ledger, uint64_t now_us);

/*
 * A partition with records that has not moved since before_us; false when there is none. Of several
 * one that has a leader, and of these the one that was probed longest ago.
 */
bool ledger_find_stalled(const struct ledger *ledger, uint64_t before_us, size_t *ret_topic,
			 int32_t *ret_partition);

/* Forgets the producer's past, when its successor takes over with nothing in flight. */
void ledger_restart(struct ledger *ledger, uint64_t batch_bytes);

#endif
