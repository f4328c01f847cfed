/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PRESSURE_KICK_H
#define PRESSURE_KICK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * When to kick: the gate that keeps the user's linger in our hands. Pure; time is passed in, all
 * times are microseconds of one monotonic clock that starts above 0. The gate only says when; who
 * owns it does the kick and tells the gate by kick_done.
 */

#define KICK_MARKS 64
#define KICK_MARK_US 1000ull

/* Not kicked into an empty wire: the first retry, and where doubling ends. */
#define KICK_RETRY_MIN_US 4000ull
#define KICK_RETRY_MAX_US 1000000ull

/* On a full queue: so long after the last report, doubling to KICK_RETRY_MAX_US. */
#define KICK_FULL_US 5000ull

/* The unacknowledged records of one partition: how many, and how old the oldest is. */
struct kick_partition {
	uint64_t at_us[KICK_MARKS]; /* when the first record of each mark was submitted */
	uint32_t count[KICK_MARKS];
	uint32_t first, n_marks;
	uint32_t records;
	uint64_t kicked_us; /* the last kick while it had records; 0: none */
	uint64_t retry_us;  /* wait after a kick that nothing came of */
	uint64_t urgent_us; /* records of this time or before do not linger */
	bool reported;      /* since the last kick, and what is left is less than a batch */
	bool full_batch;    /* what it has fills a batch */
};

/* One gate a producer. Embedded; set up by kick_init. */
struct kick_gate {
	uint64_t linger_us;
	uint64_t next_us;       /* a lower bound of the next due time; CLOCK_NEVER: nothing waits */
	uint64_t kicked_us;     /* the last kick of all */
	uint64_t reported_us;   /* the last report of all */
	uint64_t full_since_us; /* 0: the queue is not full */
	uint64_t full_retry_us;
	bool scan_partial; /* the scan met a partition with less than a batch */
};

/* linger_us: the longest that a record waits for company. */
void kick_init(struct kick_gate *gate, uint64_t linger_us);

/*
 * One record was submitted to the partition. full_batch, here and below: what the partition has now
 * fills a batch, which the library sends without being kicked.
 */
void kick_submitted(struct kick_gate *gate, struct kick_partition *part, bool full_batch,
		    uint64_t now_us);

/* n records of the partition were reported (n <= part->records). */
void kick_reported(struct kick_gate *gate, struct kick_partition *part, uint32_t n, bool full_batch,
		   uint64_t now_us);

/* What the partition has now is to go without lingering. */
void kick_urge(struct kick_gate *gate, struct kick_partition *part, uint64_t now_us);

/* Whether the queue is full now; the gate remembers since when. */
void kick_full(struct kick_gate *gate, bool full, uint64_t now_us);

/*
 * When this partition wants to be kicked; CLOCK_NEVER when it is empty. The past means: now.
 */
uint64_t kick_partition_due(const struct kick_gate *gate, const struct kick_partition *part);

/* True when it is time to look at all partitions (kick_scan); cheap. */
static inline bool kick_look(const struct kick_gate *gate, uint64_t now_us)
{
	return now_us >= gate->next_us;
}

/*
 * Looking at all partitions: kick_scan_begin, kick_scan_add for each, kick_scan_end. The last
 * says whether to kick now, and remembers when to look again.
 */
void kick_scan_begin(struct kick_gate *gate);
void kick_scan_add(struct kick_gate *gate, const struct kick_partition *part);
bool kick_scan_end(struct kick_gate *gate, uint64_t now_us);

/*
 * The kick was made: kick_done for the gate, then kick_done_partition for every partition.
 */
void kick_done(struct kick_gate *gate, uint64_t now_us);
void kick_done_partition(struct kick_gate *gate, struct kick_partition *part, uint64_t now_us);

#endif
