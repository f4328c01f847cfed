/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The account against a model that marks every byte: unread, in flight, failed, settled.
 * After each random step the committed position, the ranges ahead of it, the counts and the bytes
 * known before it must be what the model says; and nothing that was acknowledged is read again.
 * With a small budget, settled chunks are folded together under way: the model must not notice.
 */
#include "flow/account.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/random.h"

#define FILE_BYTES 150000
#define SLOTS_MAX 4096

enum { UNREAD, FLYING, FAILED, SETTLED };

static struct chunk_pools pools;
static struct account account;
static uint8_t model[FILE_BYTES];
static struct slot *flying[SLOTS_MAX];
static size_t n_flying, folds;
static uint64_t seed_now;

static char byte_at(uint64_t position)
{
	return (char)(position * 2654435761u >> 13);
}

static void mark(const struct slot *slot, uint8_t as)
{
	for (uint32_t i = 0; i < slot->length; i++) {
		uint8_t *byte = &model[slot_position(slot) + i];

		cr_assert_neq(*byte, SETTLED, "seed %lu: byte %lu was settled already", seed_now,
			      slot_position(slot) + i);
		*byte = as;
	}
}

/* ---- what must hold at any time ---- */

static uint64_t model_committed(void)
{
	uint64_t read_position = account_read_position(&account), at = 0;

	while (at < read_position && model[at] == SETTLED)
		at++;
	return at;
}

static void check_ahead(void)
{
	struct ranges ahead;
	uint64_t at = account.committed;
	size_t i = 0;

	cr_assert_eq(account_settled_ahead(&account, &ahead), 0);
	while (at < FILE_BYTES) {
		uint64_t end = at;

		while (end < FILE_BYTES && model[end] == SETTLED)
			end++;
		if (end > at) {
			cr_assert_lt(i, ahead.n, "seed %lu: [%lu, %lu) is missing", seed_now, at,
				     end);
			cr_assert_eq(ahead.at[ahead.first + i].start, at, "seed %lu", seed_now);
			cr_assert_eq(ahead.at[ahead.first + i].end, end, "seed %lu", seed_now);
			i++;
		}
		at = end + 1;
	}
	cr_assert_eq(i, ahead.n, "seed %lu: a range too many", seed_now);
	ranges_deinit(&ahead);
}

static void check(void)
{
	char tail[CHUNK_LOOK_BACK];
	size_t of[4] = {0};
	uint8_t n;

	account_advance(&account);
	cr_assert_eq(account.committed, model_committed(), "seed %lu: %lu, not %lu", seed_now,
		     account.committed, model_committed());
	cr_assert_eq(account.in_flight, n_flying, "seed %lu", seed_now);
	n = account_tail(&account, tail);
	for (uint8_t i = 0; i < n; i++)
		cr_assert_eq(tail[i], byte_at(account.committed - n + i), "seed %lu", seed_now);
	for (size_t i = 0; i < FILE_BYTES; i++)
		of[model[i]]++;
	cr_assert_eq(account.failed != 0, of[FAILED] != 0, "seed %lu", seed_now);
	check_ahead();
}

/* ---- what happens to an account ---- */

/* Fills the open chunk, or takes one, so that n bytes lie behind its cursor. */
static struct chunk *read_bytes(struct random *random, uint32_t n)
{
	struct chunk *chunk = account_open_chunk(&account);

	if (!chunk || chunk->capacity - chunk->cursor < n)
		chunk = account_new_chunk(
			&account, random_once_in(random, 20) ? CHUNK_LARGE : CHUNK_SMALL, 0);
	if (!chunk)
		return NULL;
	while (chunk->filled < chunk->capacity &&
	       (chunk->filled < chunk->cursor + n || !random_once_in(random, 100))) {
		chunk->bytes[chunk->filled] = byte_at(chunk->start + chunk->filled);
		chunk->filled++;
	}
	return chunk;
}

static void read_line(struct random *random)
{
	uint64_t position = account_read_position(&account);
	uint32_t n = 1 + (uint32_t)random_below(random, 200);
	const struct range *ahead;
	struct chunk *chunk;
	struct slot *slot;

	account_drop_passed(&account);
	ahead = ranges_find(&account.ahead, position);
	if (ahead && ahead->start <= position) {
		chunk = account_open_chunk(&account);
		if (!chunk)
			chunk = account_new_chunk(&account, CHUNK_SMALL, 0);
		if (chunk)
			account_pass(&account, chunk, (uint32_t)(ahead->end - position),
				     SLOT_AHEAD);
		return;
	}
	if (ahead && ahead->start - position < n)
		n = (uint32_t)(ahead->start - position);
	if (position + n > FILE_BYTES || !(chunk = read_bytes(random, n)))
		return;
	if (random_once_in(random, 6)) {
		if (account_pass(&account, chunk, n, SLOT_FILTERED))
			memset(model + position, SETTLED, n);
		return;
	}
	if (n_flying == SLOTS_MAX || !(slot = account_add_slot(&account, chunk, n)))
		return;
	if (random_once_in(random, 10)) {
		account_undo_slot(&account, slot);
		return;
	}
	mark(slot, FLYING);
	flying[n_flying++] = slot;
}

static void report(struct random *random, size_t i)
{
	struct slot *slot = flying[i];
	size_t kind = random_below(random, seed_now % 2 ? 20 : 500);

	if (kind < 2) {
		mark(slot, FAILED);
		account_report(&account, slot, kind ? SLOT_REFUSED : SLOT_FAILED);
	} else {
		mark(slot, SETTLED);
		account_report(&account, slot, kind == 2 ? SLOT_DEAD : SLOT_DELIVERED);
	}
	flying[i] = flying[--n_flying];
}

static void unsettle(void)
{
	for (size_t i = 0; i < FILE_BYTES; i++)
		if (model[i] != SETTLED)
			model[i] = UNREAD;
}

static void rewind_now(struct random *random)
{
	while (n_flying)
		report(random, random_below(random, n_flying));
	cr_assert_eq(account_rewind(&account), 0);
	unsettle();
	cr_assert_eq(account_read_position(&account), account.committed, "seed %lu", seed_now);
	check();
}

/* What a checkpoint stores comes back; what was in flight was never acknowledged. */
static void restart(void)
{
	struct ranges ahead;
	uint64_t committed;
	char *bytes;
	size_t len;

	account_advance(&account);
	committed = account.committed;
	cr_assert_eq(account_settled_ahead(&account, &ahead), 0);
	cr_assert_eq(ranges_encode(&ahead, committed, SIZE_MAX, &bytes, &len), 0);
	ranges_deinit(&ahead);
	account_deinit(&account);
	account_init(&account, &pools, committed);
	cr_assert_eq(ranges_decode((struct slice){bytes, len}, committed, &account.ahead), 0);
	free(bytes);
	n_flying = 0;
	unsettle();
}

static void some_reports(struct random *random)
{
	struct chunk *first = TAILQ_FIRST(&account.chunks);
	struct chunk *second = first ? TAILQ_NEXT(first, link) : NULL;

	/* A partition may be slow: often what was sent first stays out longest. */
	size_t slow = random_once_in(random, 10) ? 0 : 5;

	for (size_t i = random_below(random, 30); i && n_flying > slow; i--)
		report(random, slow + random_below(random, n_flying - slow));
	account_advance(&account);
	folds += second && first == TAILQ_FIRST(&account.chunks) &&
		 second != TAILQ_NEXT(first, link);
}

static void live(struct random *random)
{
	for (size_t i = 0; i < 150; i++) {
		for (size_t k = random_below(random, 30); k; k--)
			read_line(random);
		some_reports(random);
		if (random_once_in(random, 5))
			account_give_back(&account);
		if (random_once_in(random, 60))
			rewind_now(random);
		if (random_once_in(random, 60))
			restart();
		check();
	}
}

/* Reads and delivers the rest: then all is one run. */
static void finish(struct random *random)
{
	for (size_t i = 0; i < 100000 && account.committed < FILE_BYTES; i++) {
		if (account_read_position(&account) == FILE_BYTES || random_once_in(random, 1000))
			rewind_now(random);
		read_line(random);
		account_give_back(&account);
		while (n_flying)
			report(random, n_flying - 1);
	}
	check();
	cr_assert_eq(account.committed, FILE_BYTES, "seed %lu", seed_now);
	account_give_back(&account);
	account_deinit(&account);
	chunk_pools_trim(&pools);
	cr_assert_eq(pools.budget.used, 0, "seed %lu", seed_now);
}

static void lives(size_t n, size_t memory)
{
	FOR_SEEDS(seed, n)
	{
		struct random random = {seed};

		seed_now = seed;
		memset(model, UNREAD, sizeof model);
		n_flying = 0;
		cr_assert_eq(chunk_pools_init(&pools, memory), 0);
		account_init(&account, &pools, 0);
		live(&random);
		finish(&random);
		chunk_pools_deinit(&pools);
	}
}

/* Scenario B02 */
Test(account, random_lives_against_a_model, .timeout = 120)
{
	lives(40, 16 << 20);
}

Test(account, random_lives_with_settled_chunks_folded, .timeout = 120)
{
	folds = 0;
	lives(40, 3 * POOL_SLAB_BYTES);
	cr_assert_gt(folds, 100, "%zu", folds);
}

/* ---- by example ---- */

static struct random fixed = {1};

static struct slot *line(uint32_t n)
{
	return account_add_slot(&account, read_bytes(&fixed, n), n);
}

static void begin(void)
{
	cr_assert_eq(chunk_pools_init(&pools, 16 << 20), 0);
	account_init(&account, &pools, 1000);
}

static void end(void)
{
	account_deinit(&account);
	chunk_pools_deinit(&pools);
}

TestSuite(account_by_example, .init = begin, .fini = end);

/* Scenario B02 */
Test(account_by_example, the_position_does_not_pass_a_hole)
{
	struct slot *a = line(10), *b = line(20), *c = line(30);

	account_report(&account, b, SLOT_DELIVERED);
	cr_assert(!account_advance(&account));
	account_report(&account, c, SLOT_FAILED);
	account_report(&account, a, SLOT_DELIVERED);
	cr_assert(account_advance(&account));
	cr_assert_eq(account.committed, 1030);
	cr_assert(!account_advance(&account));
}

Test(account_by_example, a_filtered_slot_that_grows_after_it_was_passed_is_passed_again)
{
	cr_assert(account_pass(&account, read_bytes(&fixed, 10), 10, SLOT_FILTERED));
	cr_assert(account_advance(&account));
	cr_assert(account_pass(&account, read_bytes(&fixed, 5), 5, SLOT_FILTERED));
	cr_assert(account_advance(&account));
	cr_assert_eq(account.committed, 1015);
}

Test(account_by_example, settled_ahead_does_not_name_what_was_passed)
{
	struct ranges ahead;
	struct slot *slot;

	cr_assert_eq(ranges_add(&account.ahead, 1010, 1020), 0);
	slot = line(10);
	cr_assert(account_pass(&account, account_open_chunk(&account), 10, SLOT_AHEAD));
	account_report(&account, slot, SLOT_DELIVERED);
	cr_assert(account_advance(&account));
	cr_assert_eq(account.committed, 1020);
	cr_assert_eq(account_settled_ahead(&account, &ahead), 0);
	cr_assert_eq(ahead.n, 0);
	ranges_deinit(&ahead);
}

Test(account_by_example, a_folded_chunk_brings_what_is_known_before_its_end)
{
	struct slot *slot = line(10);
	char tail[CHUNK_LOOK_BACK];
	struct chunk *second;

	second = account_new_chunk(&account, CHUNK_SMALL, 0);
	cr_assert(account_pass(&account, second, 50000, SLOT_AHEAD));
	pools.budget.max = pools.budget.used;
	account_advance(&account);
	cr_assert_null(TAILQ_NEXT(slot_chunk(slot), link));
	account_report(&account, slot, SLOT_DELIVERED);
	cr_assert(account_advance(&account));
	cr_assert_eq(account.committed, 51010);
	cr_assert_eq(account_tail(&account, tail), 0, "they were never read");
}

Test(account_by_example, a_dead_letter_that_was_never_taken_is_settled)
{
	struct slot *slot = line(10);

	account_dead(&account, slot);
	cr_assert(account_advance(&account));
	cr_assert_eq(account.in_flight, 0);
	cr_assert_eq(account.committed, 1010);
}

/* Scenario B03 */
Test(account_by_example, an_unsettled_or_later_chunk_is_not_given_up)
{
	struct slot *slot = line(10);

	account_give_back(&account);
	cr_assert_not_null(account_open_chunk(&account));
	chunk_seal(account_open_chunk(&account));
	cr_assert(account_pass(&account, read_bytes(&fixed, 10), 10, SLOT_FILTERED));
	account_give_back(&account);
	cr_assert_not_null(account_open_chunk(&account));
	account_report(&account, slot, SLOT_DELIVERED);
	account_advance(&account);
	account_give_back(&account);
	cr_assert_null(account_open_chunk(&account));
	cr_assert_eq(account_read_position(&account), 1020);
}

Test(account_by_example, a_reset_forgets_everything)
{
	account_report(&account, line(10), SLOT_FAILED);
	cr_assert_eq(ranges_add(&account.ahead, 2000, 3000), 0);
	account_reset(&account, 0);
	cr_assert_eq(account_read_position(&account), 0);
	cr_assert_eq(account.ahead.n, 0);
	cr_assert_eq(account.failed, 0);
	cr_assert_eq(account.tail_len, 0);
}
