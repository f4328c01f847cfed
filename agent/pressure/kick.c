/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An idempotent producer has one request in flight a partition, and its thread spins while a queued
 * record is older than the library's linger. So the library gets a linger that never ends, and this
 * gate says when a short flush (a kick) sends what is queued.
 *
 * A kick is for all partitions, costs the caller about a millisecond, does nothing for a partition
 * with a request in flight, and may miss. The gate therefore judges each partition by what it can
 * know from outside: how old the oldest unacknowledged record is, whether a kick came after it, and
 * whether a report came after that kick.
 *
 *	oldest not yet kicked               due when it has lingered
 *	kicked, and reported since          due at once: the rest was queued behind a request
 *	kicked, nothing came of it          due after 4 ms, doubling to 1 s: the kick missed, or the
 *	                                    broker is slow; asking a frozen broker costs nothing
 *	it has a batch or more              not before a second: it is under way already, or goes by
 *	                                    itself. At full speed records are older than the linger
 *	                                    all the time, and kicks would cut batches short
 *
 * Ages are kept in a ring of marks of 1 ms: reports take from the oldest mark. Within a partition
 * they come in order unless something failed, and then only the age is a little off. A full ring
 * puts new records into its newest mark, so that they look older than they are: an early kick.
 *
 * gate->next_us is lazy: it may be too early, never too late. Partitions are looked at only then.
 */
#include "pressure/kick.h"

#include "base/clock.h"

void kick_init(struct kick_gate *gate, uint64_t linger_us)
{
	*gate = (struct kick_gate){
		.linger_us = linger_us,
		.next_us = CLOCK_NEVER,
		.full_retry_us = KICK_FULL_US,
	};
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t doubled(uint64_t us)
{
	return min_u64(us * 2, KICK_RETRY_MAX_US);
}

/* Kicks are at least so far apart: a kick costs a millisecond, and serves all partitions. */
static uint64_t gap_us(const struct kick_gate *gate)
{
	uint64_t gap = gate->linger_us / 4;

	return gap > 4000 ? 4000 : gap < 1000 ? 1000 : gap;
}

static void look_at(struct kick_gate *gate, uint64_t at_us)
{
	if (at_us < gate->next_us)
		gate->next_us = at_us;
}

void kick_submitted(struct kick_gate *gate, struct kick_partition *part, bool full_batch,
		    uint64_t now_us)
{
	uint32_t newest = (part->first + part->n_marks - 1) % KICK_MARKS;
	bool same_ms = part->n_marks && now_us < part->at_us[newest] + KICK_MARK_US &&
		       part->at_us[newest] > part->kicked_us;

	part->records++;
	part->full_batch = full_batch;
	if (same_ms || part->n_marks == KICK_MARKS) {
		part->count[newest]++;
		return;
	}
	newest = (part->first + part->n_marks) % KICK_MARKS;
	/*
	 * A mark begins after the last kick, so that "kicked since" holds for all of its records.
	 */
	part->at_us[newest] = max_u64(now_us, part->kicked_us + 1);
	part->count[newest] = 1;
	/* Only the first record of a partition can bring the next look nearer. */
	if (part->n_marks++ == 0)
		look_at(gate, now_us + gate->linger_us);
}

void kick_reported(struct kick_gate *gate, struct kick_partition *part, uint32_t n, bool full_batch,
		   uint64_t now_us)
{
	gate->reported_us = now_us;
	gate->full_retry_us = KICK_FULL_US;
	part->reported = !full_batch;
	part->full_batch = full_batch;
	while (n && part->n_marks) {
		uint32_t taken = n < part->count[part->first] ? n : part->count[part->first];

		part->records -= taken;
		n -= taken;
		part->count[part->first] -= taken;
		if (part->count[part->first])
			break;
		part->first = (part->first + 1) % KICK_MARKS;
		part->n_marks--;
	}
	if (part->n_marks)
		look_at(gate, kick_partition_due(gate, part));
}

void kick_urge(struct kick_gate *gate, struct kick_partition *part, uint64_t now_us)
{
	if (!part->n_marks)
		return;
	part->urgent_us = now_us;
	/* What another kick swept along may have been missed by it: do not wait for its retry. */
	part->retry_us = 0;
	look_at(gate, kick_partition_due(gate, part));
}

void kick_full(struct kick_gate *gate, bool full, uint64_t now_us)
{
	if (!full) {
		gate->full_since_us = 0;
		return;
	}
	if (!gate->full_since_us) {
		gate->full_since_us = now_us;
		gate->full_retry_us = KICK_FULL_US;
		look_at(gate, max_u64(now_us, gate->reported_us) + KICK_FULL_US);
	}
}

uint64_t kick_partition_due(const struct kick_gate *gate, const struct kick_partition *part)
{
	uint64_t oldest_us = part->at_us[part->first], due_us;

	if (!part->n_marks)
		return CLOCK_NEVER;
	due_us = oldest_us <= part->urgent_us ? oldest_us : oldest_us + gate->linger_us;
	if (part->full_batch)
		due_us = max_u64(due_us, oldest_us + KICK_RETRY_MAX_US);
	if (part->kicked_us >= oldest_us && !part->reported)
		due_us = max_u64(due_us, part->kicked_us + part->retry_us);
	return due_us;
}

static uint64_t full_due(const struct kick_gate *gate)
{
	if (!gate->full_since_us)
		return CLOCK_NEVER;
	return max_u64(max_u64(gate->full_since_us, gate->reported_us), gate->kicked_us) +
	       gate->full_retry_us;
}

void kick_scan_begin(struct kick_gate *gate)
{
	gate->next_us = CLOCK_NEVER;
	gate->scan_partial = false;
}

void kick_scan_add(struct kick_gate *gate, const struct kick_partition *part)
{
	gate->scan_partial |= part->n_marks && !part->full_batch;
	look_at(gate, kick_partition_due(gate, part));
}

bool kick_scan_end(struct kick_gate *gate, uint64_t now_us)
{
	/* A queue of nothing but full batches needs no kick, only time. */
	if (gate->full_since_us)
		look_at(gate, full_due(gate) + (gate->scan_partial ? 0 : KICK_RETRY_MAX_US));
	if (gate->kicked_us && gate->next_us != CLOCK_NEVER)
		gate->next_us = max_u64(gate->next_us, gate->kicked_us + gap_us(gate));
	return gate->next_us <= now_us;
}

void kick_done(struct kick_gate *gate, uint64_t now_us)
{
	if (gate->full_since_us && full_due(gate) <= now_us)
		gate->full_retry_us = doubled(gate->full_retry_us);
	gate->kicked_us = now_us;
	gate->next_us = full_due(gate);
}

void kick_done_partition(struct kick_gate *gate, struct kick_partition *part, uint64_t now_us)
{
	if (!part->n_marks)
		return;
	if (part->kicked_us >= part->at_us[part->first] && !part->reported && part->retry_us)
		part->retry_us = doubled(part->retry_us);
	else
		part->retry_us = KICK_RETRY_MIN_US;
	part->kicked_us = now_us;
	part->reported = false;
	look_at(gate, kick_partition_due(gate, part));
}
