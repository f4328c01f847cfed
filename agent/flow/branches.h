/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_BRANCHES_H
#define FLOW_BRANCHES_H

#include "flow/chunk.h"
#include "flow/ranges.h"

/*
 * Events that go to several places. Each branch has a slot of its own, so a report tells of a
 * branch as it tells of any record:
 *
 *   ... | event | branches 0 to n - 2: length 0 | branch n - 1: the event's length | ...
 *
 * They lie in one block, and their numbers follow from their places: a slot is as large as it would
 * be without. The event is settled when all of its slots are.
 */

/* One event goes to at most so many places. */
#define BRANCHES_MAX 8

/* By branch, the bytes whose events are settled but for other branches of theirs. */
struct branches {
	struct ranges of[BRANCHES_MAX];
};

/* What becomes of an event, as far as its branches tell. */
enum branches_state {
	BRANCHES_UNDER_WAY, /* one is in flight, and none came back */
	BRANCHES_WAIT,      /* none is in flight, and one was never handed over */
	BRANCHES_BACK,      /* one came back: its file rewinds */
	BRANCHES_SETTLED,
};

/* So many bytes of the file are the event's; of an event of one slot too. */
static inline uint32_t slot_extent(const struct slot *slot)
{
	while (UNLIKELY(!slot->length))
		slot++;
	return slot->length;
}

/* The slot of branch 0 of its event. */
struct slot *slot_event(struct slot *slot);

/* Which branch it is of its event. */
static inline unsigned slot_branch(struct slot *slot)
{
	return (unsigned)(slot - slot_event(slot));
}

/* event: the slot of branch 0. */
enum branches_state branches_state(const struct slot *event);

/* Whether a branch of it is a dead letter. */
bool branches_any_dead(const struct slot *event);

/* Which branches of an event from start to end are settled already: a bit for each number. */
uint32_t branches_settled(const struct branches *branches, uint64_t start, uint64_t end);

/* The first position behind this one from which on other branches are settled; UINT64_MAX: none. */
uint64_t branches_border(const struct branches *branches, uint64_t position);

/* Behind the last byte of which any branch is settled; 0: none is. NULL is fine. */
uint64_t branches_end(const struct branches *branches);

/*
 * Of this branch the bytes from start to end are settled; *branches is made when it is NULL. 0: so
 * noted, or there is no room for it. -ENOMEM.
 */
int branches_add(struct branches **branches, unsigned branch, uint64_t start, uint64_t end)
	MUSTCHECK;

/* Forgets what is below, or from that position on. */
void branches_drop_below(struct branches *branches, uint64_t position);
void branches_drop_above(struct branches *branches, uint64_t position);

/* Whether nothing is known of any branch. */
bool branches_are_empty(const struct branches *branches);

/* NULL is fine. Returns NULL. */
struct branches *branches_free(struct branches *branches);

/*
 * What lies above base, of each of n branches at most max_ranges, under the id of the branch; NULL:
 * of none. 0: *ret_bytes is the caller's to free, at NULL when there is nothing. -ENOMEM.
 */
int branches_encode(const struct branches *branches, const uint64_t *ids, size_t n, uint64_t base,
		    size_t max_ranges, struct slice *ret_bytes) MUSTCHECK;

/*
 * The reverse, for branches whose ids may be others now: what none of them has is left out. 0:
 * *ret_branches is for branches_free, NULL when nothing is left. -EBADMSG, -ENOMEM.
 */
int branches_decode(struct slice bytes, const uint64_t *ids, size_t n, uint64_t base,
		    struct branches **ret_branches) MUSTCHECK;

#endif
