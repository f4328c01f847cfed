/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_ACCOUNT_H
#define FLOW_ACCOUNT_H

#include "flow/branches.h"
#include "flow/chunk.h"
#include "flow/ranges.h"

/*
 * What is settled of one file. The committed position moves without a hole: it is the end of the
 * longest run of bytes from the start of the file that is wholly settled.
 *
 *   0 ....... committed | chunk | chunk | open chunk ... read position .... end of file
 *   (given up)          | settled, in flight, failed     |  ahead: ranges settled before a rewind
 */
struct account {
	struct chunk_pools *pools;            /* borrowed */
	struct chunk_share *share;            /* borrowed; NULL: nobody else wants memory */
	TAILQ_HEAD(chunk_list, chunk) chunks; /* contiguous, ascending; only the last may be open */
	uint64_t committed;
	uint32_t in_flight;  /* slots whose report will come */
	uint32_t failed;     /* slots that came back: a rewind is due */
	struct ranges ahead; /* settled ahead, at or above the read position */
	struct branches
		*branches;  /* settled of some branches only, likewise; owned; NULL: nothing is */
	struct chain chain; /* where there is no chunk: of the bytes below chain.upto */
	uint8_t tail_len;   /* bytes known before committed while there is no chunk */
	uint8_t n_branches; /* of each event (branches.h); 0: it goes to one place */
	char tail[CHUNK_LOOK_BACK];
};

/* pools is borrowed; committed is where reading starts. */
void account_init(struct account *account, struct chunk_pools *pools, uint64_t committed);

/* Drops everything. Nothing may be in flight. */
void account_deinit(struct account *account);

/* Where the next unread byte is: behind the last slot. */
static inline uint64_t account_read_position(const struct account *account)
{
	const struct chunk *last = TAILQ_LAST(&account->chunks, chunk_list);

	return last ? last->start + last->cursor : account->committed;
}

/* The chunk that may still be read into, or NULL. */
static inline struct chunk *account_open_chunk(const struct account *account)
{
	struct chunk *last = TAILQ_LAST(&account->chunks, chunk_list);

	return last && !last->sealed ? last : NULL;
}

/*
 * A new open chunk at the read position, after sealing the one before. The bytes known before it
 * are put into its look_back. NULL when the budget is used up: nothing has changed.
 */
struct chunk *account_new_chunk(struct account *account, enum chunk_class class, size_t own_bytes);

/* Gives up a chunk that has no slots (to take a larger one in its place). */
void account_drop_empty(struct account *account, struct chunk *chunk);

/* A slot in flight at the cursor of the open chunk; NULL: budget used up, nothing has changed. */
struct slot *account_add_slot(struct account *account, struct chunk *chunk, uint32_t length);
void account_undo_slot(struct account *account, struct slot *slot);

/*
 * The slots of an event of n_branches at the cursor of the open chunk, that of branch 0 first:
 * nothing is in flight, and those of branches that are settled (a bit for each) are. NULL: as
 * before.
 */
struct slot *account_add_branches(struct account *account, struct chunk *chunk, uint32_t length,
				  uint32_t settled);

/* Takes the event just added back: none of its branches was handed over. */
void account_undo_branches(struct account *account, struct slot *event);

/* One of them is in flight now; and it is not, after all. */
void account_hand_over(struct account *account, struct slot *slot);
void account_take_back(struct account *account, struct slot *slot);

/* Passes bytes that need no record; false: budget used up, nothing has changed. */
bool account_pass(struct account *account, struct chunk *chunk, uint32_t length,
		  enum slot_state state);

/* Bytes behind the committed position, where there is no chunk, were settled elsewhere. */
void account_skip(struct account *account, const char *bytes, size_t len);

/* Forgets ranges of `ahead` and `branches` that the read position has passed. */
void account_drop_passed(struct account *account);

/* A report came for a slot in flight: SLOT_DELIVERED, SLOT_FAILED, SLOT_REFUSED or SLOT_DEAD. */
void account_report(struct account *account, struct slot *slot, enum slot_state state);

/* The same for n slots of one chunk whose state the caller has set to SLOT_DELIVERED. */
void account_delivered(struct account *account, struct chunk *chunk, uint32_t n);

/* A slot that was never taken by the output is a dead letter. */
void account_dead(struct account *account, struct slot *slot);

/*
 * Moves the committed position as far as it goes and gives up chunks that it has passed. True when
 * it moved. Walks each slot once in its life.
 */
bool account_advance(struct account *account);

/*
 * The file stands still, and others want the memory: gives up the open chunk when nothing but
 * settled slots is in it. Bytes behind the cursor, if any, are read again later.
 */
void account_give_back(struct account *account);

/* The chunk that account_give_back would give up, or NULL. */
struct chunk *account_idle_chunk(const struct account *account);

/*
 * Forgets all chunks and keeps what was settled of them as ranges: reading starts again at the
 * committed position and skips those. Only when nothing is in flight. 0 or -ENOMEM (nothing
 * has changed).
 */
int account_rewind(struct account *account) MUSTCHECK;

/* Starts again at `committed`, with nothing known before or ahead: the file is another one now. */
void account_reset(struct account *account, uint64_t committed);

/* What is settled ahead of the committed position now, by slots and by `ahead`. 0 or -ENOMEM. */
int account_settled_ahead(const struct account *account, struct ranges *ret_ranges) MUSTCHECK;

/*
 * What is settled of some branches only, by slots and by `branches`, above the committed position.
 * 0: *ret_branches is for branches_free, NULL when there is nothing. -ENOMEM.
 */
int account_settled_branches(const struct account *account, struct branches **ret_branches)
	MUSTCHECK;

/* Behind the last byte that is settled ahead, be it of some branches; 0: nothing is. */
uint64_t account_ahead_end(const struct account *account);

/* The bytes before the committed position; returns their number, 0 when not known. */
uint8_t account_tail(const struct account *account, char ret_tail[CHUNK_LOOK_BACK]);

#endif
