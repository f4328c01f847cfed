/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The committed position of a file (principle 3 of agent/README.md). Reports come in any order,
 * from several partitions; here they become one number and a list of ranges. The walk over the
 * slots stops at the first that is not settled and goes on from there next time, so every slot is
 * passed once.
 *
 * A rewind does not put records back into a queue: it forgets the chunks, remembers what was
 * settled in them as ranges, and lets the file be read again. That keeps the order (others reverse
 * it, scenario E35) and repeats nothing that was acknowledged.
 *
 * When memory runs short, wholly settled chunks behind an unsettled one are folded into the chunk
 * before them as one settled slot: a partition that is down for hours then costs a few slots, not
 * the bytes of everything that was delivered to the others meanwhile. Their receipts go with them.
 */
#include "flow/account.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void account_init(struct account *account, struct chunk_pools *pools, uint64_t committed)
{
	*account = (struct account){.pools = pools, .committed = committed, .ahead = RANGES_NULL};
	account->chain = committed ? chain_unknown() : chain_of_nothing();
	TAILQ_INIT(&account->chunks);
}

/* The chain of a chunk that goes, as far as the tail has brought it. */
static void remember_chain(struct account *account, const struct chunk *chunk)
{
	if (chunk->end_chain.upto == chunk->start + chunk->cursor)
		account->chain = chunk->end_chain;
	else if (chunk->chain.upto != CHAIN_UNKNOWN)
		account->chain = chunk->chain;
}

static void drop_chunks(struct account *account)
{
	struct chunk *chunk;

	while ((chunk = TAILQ_FIRST(&account->chunks))) {
		TAILQ_REMOVE(&account->chunks, chunk, link);
		chunk_free(account->pools, chunk);
	}
	account->failed = 0;
}

void account_deinit(struct account *account)
{
	if (!account->pools)
		return;
	drop_chunks(account);
	ranges_deinit(&account->ahead);
	account->branches = branches_free(account->branches);
}

struct chunk *account_new_chunk(struct account *account, enum chunk_class class, size_t own_bytes)
{
	struct chunk *last = TAILQ_LAST(&account->chunks, chunk_list);
	uint64_t position = account_read_position(account);
	struct chunk *chunk =
		chunk_new(account->pools, account->share, account, position, class, own_bytes);
	const char *known;

	if (!chunk)
		return NULL;
	if (last) {
		chunk_seal(last);
		chunk->look_back_len = last->end_tail_len;
		known = last->end_tail;
	} else {
		chunk->look_back_len = account->tail_len;
		known = account->tail;
	}
	memcpy(chunk->look_back + CHUNK_LOOK_BACK - chunk->look_back_len, known,
	       chunk->look_back_len);
	TAILQ_INSERT_TAIL(&account->chunks, chunk, link);
	return chunk;
}

void account_drop_empty(struct account *account, struct chunk *chunk)
{
	struct chunk *before = TAILQ_PREV(chunk, chunk_list, link);
	const char *known = chunk->look_back + CHUNK_LOOK_BACK - chunk->look_back_len;

	/* It may have read more of the bytes before it than was known when it was made. */
	if (before)
		before->end_tail_len = chunk->look_back_len;
	else
		account->tail_len = chunk->look_back_len;
	memcpy(before ? before->end_tail : account->tail, known, chunk->look_back_len);
	if (!before)
		remember_chain(account, chunk);
	TAILQ_REMOVE(&account->chunks, chunk, link);
	chunk_free(account->pools, chunk);
}

struct slot *account_add_slot(struct account *account, struct chunk *chunk, uint32_t length)
{
	struct slot *slot = chunk_add_slot(account->pools, chunk, length);

	if (slot)
		account->in_flight++;
	return slot;
}

void account_undo_slot(struct account *account, struct slot *slot)
{
	chunk_undo_slot(slot_chunk(slot), slot);
	account->in_flight--;
}

struct slot *account_add_branches(struct account *account, struct chunk *chunk, uint32_t length,
				  uint32_t settled)
{
	unsigned n = account->n_branches;
	struct slot *slot = NULL;

	if (!chunk_gather(account->pools, chunk, n))
		return NULL;
	for (unsigned i = 0; i < n; i++) {
		slot = chunk_add_slot(account->pools, chunk, i + 1 == n ? length : 0);
		slot->state = SLOT_OWED;
		if (!(settled & UINT32_C(1) << i))
			continue;
		slot->state = SLOT_AHEAD;
		chunk->unsettled--;
	}
	return slot - (n - 1);
}

void account_undo_branches(struct account *account, struct slot *event)
{
	for (unsigned i = account->n_branches; i > 0; i--)
		chunk_undo_slot(slot_chunk(event), &event[i - 1]);
}

void account_hand_over(struct account *account, struct slot *slot)
{
	slot->state = SLOT_IN_FLIGHT;
	account->in_flight++;
}

void account_take_back(struct account *account, struct slot *slot)
{
	slot->state = SLOT_OWED;
	account->in_flight--;
}

bool account_pass(struct account *account, struct chunk *chunk, uint32_t length,
		  enum slot_state state)
{
	if (!chunk_pass(account->pools, chunk, length, state))
		return false;
	if (chunk->cursor > chunk->filled)
		chunk_seal(chunk);
	return true;
}

void account_skip(struct account *account, const char *bytes, size_t len)
{
	size_t known = len < CHUNK_LOOK_BACK ? len : CHUNK_LOOK_BACK;

	account->committed += len;
	account->tail_len = (uint8_t)known;
	memcpy(account->tail, bytes + len - known, known);
}

void account_drop_passed(struct account *account)
{
	ranges_drop_below(&account->ahead, account_read_position(account));
	if (LIKELY(!account->branches))
		return;
	branches_drop_below(account->branches, account_read_position(account));
	if (branches_are_empty(account->branches))
		account->branches = branches_free(account->branches);
}

void account_report(struct account *account, struct slot *slot, enum slot_state state)
{
	slot->state = state;
	account->in_flight--;
	if (state == SLOT_FAILED || state == SLOT_REFUSED)
		account->failed++;
	else
		slot_chunk(slot)->unsettled--;
}

void account_delivered(struct account *account, struct chunk *chunk, uint32_t n)
{
	account->in_flight -= n;
	chunk->unsettled -= n;
}

void account_dead(struct account *account, struct slot *slot)
{
	account_report(account, slot, SLOT_DEAD);
}

static void remember_tail(struct account *account, const struct chunk *chunk)
{
	remember_chain(account, chunk);
	account->tail_len = chunk->end_tail_len;
	memcpy(account->tail, chunk->end_tail, CHUNK_LOOK_BACK);
}

/*
 * Moves the chunk's head over settled slots; true when it passed them all. Over an event of several
 * branches it moves as a whole, for it has to be known which of them are settled.
 */
static bool pass_settled(struct account *account, struct chunk *chunk)
{
	struct slot_walk walk = slot_walk_open(chunk);
	struct slot *slot;

	while ((slot = slot_walk_next(&walk))) {
		if (!slot_is_settled(slot))
			return false;
		if (UNLIKELY(!slot->length))
			continue;
		account->committed = chunk->start + slot->start + slot->length;
		chunk->head = walk.block;
		chunk->head_index = (uint8_t)walk.index;
	}
	return true;
}

/*
 * Folds `chunk`, wholly settled, into the one before it. False when it cannot: nothing has
 * changed.
 */
static bool fold(struct account *account, struct chunk *before, struct chunk *chunk)
{
	uint64_t end = chunk->start + chunk->cursor;

	if (chunk->cursor > SLOT_LENGTH_MAX / 2 || end - before->start > UINT32_MAX ||
	    !chunk_pass(account->pools, before, chunk->cursor, SLOT_AHEAD))
		return false;
	before->end_tail_len = chunk->end_tail_len;
	memcpy(before->end_tail, chunk->end_tail, CHUNK_LOOK_BACK);
	before->end_chain = chunk->end_chain;
	TAILQ_REMOVE(&account->chunks, chunk, link);
	chunk_free(account->pools, chunk);
	return true;
}

/* Above this mark memory counts for more than receipts. */
static bool is_short(const struct account *account)
{
	return account->pools->budget.used >= account->pools->budget.max / 2;
}

static void fold_settled(struct account *account)
{
	struct chunk *chunk = TAILQ_FIRST(&account->chunks), *next;

	if (LIKELY(!is_short(account)) || !chunk)
		return;
	for (; (next = TAILQ_NEXT(chunk, link));) {
		if (!next->sealed || next->unsettled || !fold(account, chunk, next))
			chunk = next;
	}
}

bool account_advance(struct account *account)
{
	uint64_t before = account->committed;
	struct chunk *chunk;

	while ((chunk = TAILQ_FIRST(&account->chunks)) && pass_settled(account, chunk) &&
	       chunk->sealed) {
		remember_tail(account, chunk);
		TAILQ_REMOVE(&account->chunks, chunk, link);
		chunk_free(account->pools, chunk);
	}
	fold_settled(account);
	return account->committed != before;
}

struct chunk *account_idle_chunk(const struct account *account)
{
	struct chunk *chunk = account_open_chunk(account);
	bool first = chunk && chunk == TAILQ_FIRST(&account->chunks);

	if (!chunk || chunk->unsettled)
		return NULL;
	return first || !chunk->cursor || is_short(account) ? chunk : NULL;
}

void account_give_back(struct account *account)
{
	struct chunk *chunk = account_idle_chunk(account);

	if (!chunk)
		return;
	if (chunk != TAILQ_FIRST(&account->chunks) && !chunk->cursor) {
		account_drop_empty(account, chunk);
		return;
	}
	chunk_seal(chunk);
	account_advance(account);
}

/* Adds what the slots of a chunk say is settled above the committed position, run by run. */
static int add_settled(const struct account *account, struct chunk *chunk, struct ranges *ranges)
{
	struct slot_walk walk = slot_walk_open(chunk);
	struct range run = {0, 0};
	bool whole = true;
	struct slot *slot;
	int r = 0;

	while (r >= 0 && (slot = slot_walk_next(&walk))) {
		uint64_t start = chunk->start + slot->start;
		bool settled = whole && slot_is_settled(slot);

		whole = slot->length || settled;
		if (!slot->length || !settled || start < account->committed)
			continue;
		if (start != run.end) {
			r = ranges_add(ranges, run.start, run.end);
			run.start = start;
		}
		run.end = start + slot->length;
	}
	/* RANGES_E_FULL costs repeats after a crash, not correctness. */
	return r < 0 ? r : ranges_add(ranges, run.start, run.end);
}

int account_settled_ahead(const struct account *account, struct ranges *ret_ranges)
{
	struct ranges ranges = RANGES_NULL;
	struct chunk *chunk;
	int r = 0;

	TAILQ_FOREACH (chunk, &account->chunks, link) {
		r = add_settled(account, chunk, &ranges);
		if (r < 0)
			break;
	}
	for (size_t i = 0; r >= 0 && i < account->ahead.n; i++) {
		const struct range *range = &account->ahead.at[account->ahead.first + i];

		r = ranges_add(&ranges, range->start, range->end);
	}
	if (r < 0) {
		ranges_deinit(&ranges);
		return r;
	}
	/* The position may have passed ranges of `ahead` since the read position did. */
	ranges_drop_below(&ranges, account->committed);
	*ret_ranges = ranges;
	return 0;
}

/* The same of the branches of events that are not settled as a whole. 0 or -ENOMEM. */
static int add_branches(const struct account *account, struct chunk *chunk,
			struct branches *branches)
{
	struct slot_walk walk = slot_walk_open(chunk);
	uint32_t settled = 0;
	struct slot *slot;
	unsigned n = 0;

	while ((slot = slot_walk_next(&walk))) {
		uint64_t start = chunk->start + slot->start;

		/* Of no bytes may also be what is left of a block: that comes before a branch 0. */
		if (slot == walk.block->slots)
			settled = n = 0;
		settled |= (uint32_t)slot_is_settled(slot) << n++;
		if (!slot->length)
			continue;
		/* No event, or a wholly settled one. */
		if (n != account->n_branches || settled == (UINT32_C(1) << n) - 1)
			settled = 0;
		for (; settled; settled &= settled - 1) {
			int r = ranges_add(&branches->of[__builtin_ctz(settled)], start,
					   start + slot->length);

			if (r < 0)
				return r;
		}
		n = 0;
	}
	return 0;
}

/* Those that a rewind left, and were not met again. 0 or -ENOMEM. */
static int add_left(const struct branches *left, struct branches *branches)
{
	for (unsigned k = 0; left && k < BRANCHES_MAX; k++) {
		const struct ranges *of = &left->of[k];

		for (size_t i = of->first; i < of->first + of->n; i++) {
			int r = ranges_add(&branches->of[k], of->at[i].start, of->at[i].end);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

int account_settled_branches(const struct account *account, struct branches **ret_branches)
{
	struct branches *branches;
	struct chunk *chunk;
	int r = 0;

	*ret_branches = NULL;
	if (LIKELY(!account->n_branches))
		return 0;
	branches = calloc(1, sizeof *branches);
	if (!branches)
		return -ENOMEM;
	TAILQ_FOREACH (chunk, &account->chunks, link) {
		r = r ? r : add_branches(account, chunk, branches);
	}
	r = r ? r : add_left(account->branches, branches);
	branches_drop_below(branches, account->committed);
	if (r || branches_are_empty(branches))
		branches = branches_free(branches);
	*ret_branches = branches;
	return r;
}

uint64_t account_ahead_end(const struct account *account)
{
	const struct ranges *ahead = &account->ahead;
	uint64_t end = ahead->n ? ahead->at[ahead->first + ahead->n - 1].end : 0;
	uint64_t some = branches_end(account->branches);

	return end > some ? end : some;
}

int account_rewind(struct account *account)
{
	struct branches *branches = NULL;
	struct ranges ranges;
	int r;

	account_advance(account);
	r = account_settled_ahead(account, &ranges);
	if (r)
		return r;
	r = account_settled_branches(account, &branches);
	if (r) {
		ranges_deinit(&ranges);
		return r;
	}
	account->tail_len = account_tail(account, account->tail);
	if (!TAILQ_EMPTY(&account->chunks) &&
	    TAILQ_FIRST(&account->chunks)->chain.upto <= account->committed)
		account->chain = TAILQ_FIRST(&account->chunks)->chain;
	drop_chunks(account);
	ranges_deinit(&account->ahead);
	account->ahead = ranges;
	branches_free(account->branches);
	account->branches = branches;
	return 0;
}

void account_reset(struct account *account, uint64_t committed)
{
	drop_chunks(account);
	ranges_deinit(&account->ahead);
	account->ahead = RANGES_NULL;
	account->branches = branches_free(account->branches);
	account->committed = committed;
	account->chain = committed ? chain_unknown() : chain_of_nothing();
	account->tail_len = 0;
}

uint8_t account_tail(const struct account *account, char ret_tail[CHUNK_LOOK_BACK])
{
	const struct chunk *chunk = TAILQ_FIRST(&account->chunks);

	if (chunk)
		return chunk_tail(chunk, account->committed, ret_tail);
	memmove(ret_tail, account->tail, account->tail_len);
	return account->tail_len;
}
