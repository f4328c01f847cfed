/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The content chain. By example: what changes it. By property: however a file is read, in whatever
 * pieces it comes, through rewinds, folds, restarts and ranges settled ahead, the chain is that of
 * the bytes straight from the start.
 */
#include "flow/chain.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "input/tail.h"
#include "tests/support/random.h"

/* ---- the chain alone ---- */

/* Straight over the first len bytes, without chain_add. */
static struct chain chain_of(const char *bytes, size_t len)
{
	struct chain chain = {.upto = len};

	for (; len - chain.at >= CHAIN_BLOCK; chain.at += CHAIN_BLOCK)
		chain.hash = hash_pair(chain.hash, hash_bytes128(bytes + chain.at, CHAIN_BLOCK));
	chain.rest = hash_bytes(bytes + chain.at, len - chain.at);
	return chain;
}

static void fill_random(char *bytes, size_t len, struct random *random)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)random_next(random);
}

Test(chain, any_split_gives_the_same)
{
	static char bytes[40000];

	FOR_SEEDS(seed, 300)
	{
		struct random random = {seed};
		struct chain chain = chain_of_nothing(), want;
		size_t len = random_below(&random, seed % 2 ? sizeof bytes : 9000), n;

		fill_random(bytes, len, &random);
		for (size_t at = 0; at < len; at += n) {
			n = 1 + random_below(&random, seed % 3 ? 9000 : 500);
			if (n > len - at)
				n = len - at;
			cr_assert(chain_rest_is(&chain, bytes + chain.at));
			chain_add(&chain, bytes + chain.at, bytes + at, n);
		}
		want = chain_of(bytes, len);
		cr_assert(chain_equal(&chain, &want), "seed %lu", seed);
	}
}

Test(chain, every_bit_and_the_order_of_blocks_count)
{
	static char bytes[3 * CHAIN_BLOCK + 100], moved[sizeof bytes];
	struct random random = {1};
	struct chain want, got;

	fill_random(bytes, sizeof bytes, &random);
	want = chain_of(bytes, sizeof bytes);
	for (size_t at = 0; at < sizeof bytes; at += 97) {
		bytes[at] ^= 1;
		got = chain_of(bytes, sizeof bytes);
		cr_assert(!chain_equal(&got, &want), "byte %zu", at);
		bytes[at] ^= 1;
	}
	memcpy(moved, bytes, sizeof bytes);
	memcpy(moved, bytes + CHAIN_BLOCK, CHAIN_BLOCK);
	memcpy(moved + CHAIN_BLOCK, bytes, CHAIN_BLOCK);
	got = chain_of(moved, sizeof moved);
	cr_assert(!chain_equal(&got, &want));
	/* Blocks that are all alike: their number counts. */
	memset(bytes, 'x', sizeof bytes);
	want = chain_of(bytes, 2 * CHAIN_BLOCK);
	got = chain_of(bytes, 3 * CHAIN_BLOCK);
	cr_assert(want.hash.low != got.hash.low && want.hash.high != got.hash.high);
}

/* They are in the state of users: never another. */
Test(chain, values_are_fixed)
{
	static char bytes[2 * CHAIN_BLOCK + 5];
	struct chain chain;

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)(i * 7);
	chain = chain_of(bytes, sizeof bytes);
	cr_expect_eq(chain.hash.low, 0x4ad68b77c5873c5du, "%#lx", chain.hash.low);
	cr_expect_eq(chain.hash.high, 0x52c0008d0d9e38bu, "%#lx", chain.hash.high);
	cr_expect_eq(chain.rest, 0x8ad58ce18a6fd093u, "%#lx", chain.rest);
	chain = chain_of_nothing();
	cr_expect_eq(chain.rest, 0xef46db3751d8e999u, "%#lx", chain.rest);
}

/* ---- carried along by a tail ---- */

static struct chunk_pools pools;
static struct account account;
static struct tail tail;
static struct line_rules rules = {.max_line = 3000};
static int file;
static char *content;
static size_t content_len, written;
static struct slot *in_flight[20000];
static size_t n_in_flight;
static uint64_t seed_now;

static void begin(size_t memory)
{
	cr_assert_eq(chunk_pools_init(&pools, memory), 0);
	account_init(&account, &pools, 0);
	tail_init(&tail, &account, &rules);
	file = memfd_create("log", MFD_CLOEXEC);
	tail_set_fd(&tail, dup(file));
	written = 0;
	n_in_flight = 0;
}

static void end(void)
{
	tail_close(&tail);
	account_deinit(&account);
	chunk_pools_deinit(&pools);
	close(file);
	free(content);
}

static void make_content(struct random *random, size_t about, size_t longest)
{
	content = malloc(about + longest + 1);
	for (content_len = 0; content_len < about;) {
		for (size_t n = random_below(random, longest); n; n--)
			content[content_len++] = (char)('a' + random_below(random, 26));
		content[content_len++] = '\n';
	}
}

static void append(size_t len)
{
	if (len > content_len - written)
		len = content_len - written;
	cr_assert_eq(pwrite(file, content + written, len, (off_t)written), (ssize_t)len);
	written += len;
}

/* The chain is known and right; may_lack: or not known now. */
static void expect_chain(bool may_lack)
{
	struct chain got, want;

	if (!tail_chain(&tail, &got)) {
		cr_assert(may_lack, "seed %lu: no chain at %lu", seed_now, account.committed);
		return;
	}
	want = chain_of(content, account.committed);
	cr_assert(chain_equal(&got, &want), "seed %lu: other chain at %lu", seed_now,
		  account.committed);
}

/* One event, left in flight. 0 or what tail_peek says. */
static int step(void)
{
	struct event event;
	struct chunk *chunk;
	int r = tail_peek(&tail, &event);

	if (r)
		return r;
	chunk = account_open_chunk(&account);
	if (!chunk)
		chunk = tail_new_chunk(&tail, CHUNK_SMALL, 0);
	if (!chunk)
		return TAIL_E_MEMORY;
	if (event.kind != EVENT_LINE) {
		if (!account_pass(&account, chunk, event.extent,
				  event.kind == EVENT_AHEAD ? SLOT_AHEAD : SLOT_FILTERED))
			return TAIL_E_MEMORY;
	} else if (n_in_flight < ARRAY_LEN(in_flight)) {
		struct slot *slot = account_add_slot(&account, chunk, event.extent);

		if (!slot)
			return TAIL_E_MEMORY;
		in_flight[n_in_flight++] = slot;
	} else {
		return TAIL_E_MEMORY;
	}
	tail_consumed(&tail, &event);
	return 0;
}

static void deliver(size_t i, enum slot_state state)
{
	account_report(&account, in_flight[i], state);
	in_flight[i] = in_flight[--n_in_flight];
}

static void deliver_all(void)
{
	while (n_in_flight)
		deliver(n_in_flight - 1, SLOT_DELIVERED);
	account_advance(&account);
}

/* Some come back; as pipeline_rewind does it. */
static void rewind_some(struct random *random)
{
	uint64_t read_position;

	while (n_in_flight)
		deliver(random_below(random, n_in_flight),
			random_once_in(random, 2) ? SLOT_FAILED : SLOT_DELIVERED);
	read_position = account_read_position(&account);
	account_advance(&account);
	(void)tail_chain(&tail, &(struct chain){0});
	cr_assert_eq(account_rewind(&account), 0);
	tail_rewound(&tail, read_position);
}

/* A crash after a checkpoint: what was delivered behind the position is known as ranges. */
static void restart(void)
{
	uint64_t committed, discard_at;
	struct ranges ahead;
	struct chain chain;
	bool known;

	account_advance(&account);
	known = tail_chain(&tail, &chain);
	cr_assert_eq(account_settled_ahead(&account, &ahead), 0);
	committed = account.committed;
	discard_at = tail_discards_at(&tail, ahead.n ? ahead.at[ahead.first + ahead.n - 1].end :
						       committed) ?
			     (ahead.n ? ahead.at[ahead.first + ahead.n - 1].end : committed) :
			     UINT64_MAX;
	if (!known) {
		ranges_deinit(&ahead);
		return;
	}
	n_in_flight = 0;
	account_deinit(&account);
	account_init(&account, &pools, committed);
	account.chain = chain;
	account.ahead = ahead;
	tail_close(&tail);
	tail_init(&tail, &account, &rules);
	tail_resume(&tail, 0, 0, discard_at);
	tail_set_fd(&tail, dup(file));
}

static void act(struct random *random)
{
	int steps;

	switch (random_below(random, 8)) {
	case 0:
		append(random_below(random, random_once_in(random, 4) ? 60000 : 3000));
		break;
	case 1:
	case 2:
		for (steps = (int)random_below(random, 200); steps && !step(); steps--)
			continue;
		break;
	case 3:
		for (size_t i = n_in_flight; i--;)
			if (random_once_in(random, 2))
				deliver(i, SLOT_DELIVERED);
		account_advance(&account);
		break;
	case 4:
		deliver_all();
		tail_give_back(&tail);
		break;
	case 5:
		if (random_once_in(random, 4))
			rewind_some(random);
		break;
	case 6:
		if (random_once_in(random, 4))
			restart();
		break;
	default:
		expect_chain(true);
	}
}

/* Reads and settles to the end; a last line without LF is left. */
static void read_all(void)
{
	int r = 0;

	while (r != TAIL_E_DRY) {
		r = step();
		cr_assert(r != TAIL_E_REWRITTEN, "seed %lu", seed_now);
		if (r || n_in_flight > 1000) {
			deliver_all();
			tail_give_back(&tail);
		}
	}
}

Test(chain, however_it_is_read_it_is_that_of_the_bytes, .timeout = 240)
{
	FOR_SEEDS(seed, 400)
	{
		struct random random = {seed};

		seed_now = seed;
		begin(seed % 2 ? 16 << 20 : 600 << 10);
		make_content(&random, seed % 4 ? 50000 : 400000, seed % 3 ? 200 : 4000);
		for (int i = 0; i < 300; i++)
			act(&random);
		/* What comes behind a gap closes it. */
		append(content_len);
		read_all();
		expect_chain(true);
		content = realloc(content, content_len + 4);
		memcpy(content + content_len, "end\n", 4);
		content_len += 4;
		append(4);
		read_all();
		cr_assert_eq(account.committed, content_len, "seed %lu", seed);
		expect_chain(false);
		end();
	}
}

static void take_lines(int n)
{
	while (n--)
		cr_assert_eq(step(), 0);
	deliver_all();
}

Test(chain, bytes_that_changed_behind_our_back_never_get_into_it)
{
	struct event event;
	struct chain chain;

	begin(1 << 20);
	content = malloc(5000);
	memset(content, 'x', 5000);
	for (content_len = 99; content_len < 5000; content_len += 100)
		content[content_len] = '\n';
	content_len = 5000;
	append(1000);
	take_lines(10);
	expect_chain(false);
	/* Rewritten between the read and the end of its chunk. */
	append(500);
	cr_assert_eq(step(), 0);
	cr_assert_eq(pwrite(file, "y", 1, 300), 1);
	take_lines(4);
	expect_chain(false);
	tail_give_back(&tail);
	cr_assert_eq(account.committed, 1500);
	expect_chain(false);
	/* Whoever reads on sees it: far more than 64 bytes before. */
	append(500);
	cr_assert_eq(tail_peek(&tail, &event), TAIL_E_REWRITTEN);
	/* And whoever only wants the chain, when its beginning is needed again. */
	cr_assert_eq(pwrite(file, "x", 1, 300), 1);
	take_lines(1);
	tail_give_back(&tail);
	cr_assert_eq(step(), 0);
	cr_assert_eq(pwrite(file, "y", 1, 300), 1);
	deliver_all();
	cr_assert(!tail_chain(&tail, &chain) && tail.rewritten);
	cr_assert_eq(tail_peek(&tail, &event), TAIL_E_REWRITTEN);
	account_reset(&account, 0);
	tail_reset(&tail);
	content[300] = 'y';
	take_lines(20);
	expect_chain(false);
	end();
}

/* NULs that wait for what comes behind them are no bytes of the file yet. */
Test(chain, nuls_that_became_a_line_are_not_in_it)
{
	begin(1 << 20);
	content = strdup("one\ntwo\nsix\n");
	content_len = 12;
	append(4);
	take_lines(1);
	tail_give_back(&tail);
	append(4);
	cr_assert_eq(pwrite(file, "\0\0\0\0", 4, 8), 4);
	take_lines(1);
	cr_assert_eq(step(), TAIL_E_DRY);
	append(4);
	take_lines(1);
	expect_chain(false);
	tail_give_back(&tail);
	expect_chain(false);
	cr_assert_eq(account.committed, 12);
	end();
}

Test(chain, what_was_never_read_has_none)
{
	struct chain chain;

	begin(1 << 20);
	content = malloc(3 << 20);
	memset(content, '\n', 3 << 20);
	content_len = 3 << 20;
	append(content_len);
	account_deinit(&account);
	account_init(&account, &pools, 2 << 20);
	cr_assert(!tail_chain(&tail, &chain));
	take_lines(10);
	cr_assert(!tail_chain(&tail, &chain));
	/* After a reset it is that of the new content. */
	account_reset(&account, 0);
	tail_reset(&tail);
	take_lines(10);
	expect_chain(false);
	end();
}
