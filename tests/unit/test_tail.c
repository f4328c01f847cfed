/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tail over a real file (a memfd) and a real account. What it should show is said by
 * expect_all, which sees the whole content at once and cuts it in the plainest way; however the
 * bytes arrive, and however often reading goes back, the events must be those.
 */
#include "input/tail.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/hash.h"
#include "tests/support/random.h"

#define IN_FLIGHT_MAX 512

static struct chunk_pools pools;
static struct account account;
static struct tail tail;
static struct line_rules rules;
static int file = -1;
static uint64_t seed_now;

/* What the file holds, and by position: the text length + 1 of the line that begins there. */
static char *content;
static size_t content_len;
static uint32_t *want_text;
static bool *want_cut;
static size_t n_wanted;
static uint8_t *delivered; /* by position of a line: how often */
static uint8_t *passed;    /* by byte: 1 in a line's extent, 2 discarded */

static struct slot *in_flight[IN_FLIGHT_MAX];
static size_t n_in_flight;

static void begin(size_t memory, size_t max_line)
{
	cr_assert_eq(chunk_pools_init(&pools, memory), 0);
	rules = (struct line_rules){.max_line = max_line};
	account_init(&account, &pools, 0);
	tail_init(&tail, &account, &rules);
	file = memfd_create("log", MFD_CLOEXEC);
	cr_assert_geq(file, 0);
	tail_set_fd(&tail, dup(file));
	n_in_flight = 0;
}

static void end(void)
{
	tail_close(&tail);
	account_deinit(&account);
	cr_expect_eq(pools.budget.used % POOL_SLAB_BYTES, 0, "a mapping of its own was leaked");
	chunk_pools_trim(&pools);
	cr_expect_eq(pools.budget.used, 0, "seed %lu", seed_now);
	chunk_pools_deinit(&pools);
	close(file);
	free(content);
	free(want_text);
	free(want_cut);
	free(delivered);
	free(passed);
	content = NULL, want_text = NULL, want_cut = NULL, delivered = NULL, passed = NULL;
}

/* Cuts the whole content; what is left without LF and not over-long is no line yet. */
static void expect_all(void)
{
	size_t at = 0;

	want_text = calloc(content_len + 1, sizeof *want_text);
	want_cut = calloc(content_len + 1, sizeof *want_cut);
	delivered = calloc(content_len + 1, 1);
	passed = calloc(content_len + 1, 1);
	n_wanted = 0;
	while (at < content_len) {
		const char *lf = memchr(content + at, '\n', content_len - at);
		size_t text = lf ? (size_t)(lf - content) - at : content_len - at;
		size_t next = lf ? (size_t)(lf - content) + 1 : content_len;

		if ((lf || text == rules.max_line + 1) && text && !rules.keep_cr &&
		    content[at + text - 1] == '\r')
			text--;
		if (!lf && text <= rules.max_line)
			break;
		want_cut[at] = text > rules.max_line;
		want_text[at] = (uint32_t)(want_cut[at] ? rules.max_line : text) + 1;
		n_wanted++;
		at = next;
	}
}

static void check_line(const struct event *event)
{
	size_t at = event->position;

	cr_assert_lt(at, content_len, "seed %lu: a line at %zu", seed_now, at);
	cr_assert_neq((int)want_text[at], 0, "seed %lu: no line begins at %zu", seed_now, at);
	cr_assert_eq(event->line.text.len, want_text[at] - 1, "seed %lu: line at %zu", seed_now,
		     at);
	cr_assert_eq(memcmp(event->line.text.at, content + at, event->line.text.len), 0,
		     "seed %lu: line at %zu", seed_now, at);
	cr_assert_eq(event->line.truncated, want_cut[at], "seed %lu: line at %zu", seed_now, at);
}

static void note_passed(const struct event *event, uint8_t as)
{
	for (size_t i = 0; i < event->extent; i++) {
		uint8_t *byte = &passed[event->position + i];

		cr_assert(*byte == 0 || *byte == as, "seed %lu: byte %lu", seed_now,
			  event->position + i);
		*byte = as;
	}
}

/* Consumes the event as the pipeline does. False: no memory. */
static bool consume(const struct event *event)
{
	struct chunk *chunk = account_open_chunk(&account);
	struct slot *slot;

	if (event->kind == EVENT_LINE) {
		if (n_in_flight == IN_FLIGHT_MAX)
			return false;
		check_line(event);
		slot = account_add_slot(&account, chunk, event->extent);
		if (!slot)
			return false;
		in_flight[n_in_flight++] = slot;
		note_passed(event, 1);
	} else {
		if (!chunk)
			chunk = account_new_chunk(&account, CHUNK_SMALL, 0);
		if (!chunk ||
		    !account_pass(&account, chunk, event->extent,
				  event->kind == EVENT_AHEAD ? SLOT_AHEAD : SLOT_FILTERED))
			return false;
		if (event->kind == EVENT_DISCARD)
			note_passed(event, 2);
	}
	tail_consumed(&tail, event);
	return true;
}

/* 0: one event was consumed. */
static int step(void)
{
	struct event event;
	int r = tail_peek(&tail, &event);

	if (r)
		return r;
	return consume(&event) ? 0 : TAIL_E_MEMORY;
}

static void report(size_t i, enum slot_state state)
{
	struct slot *slot = in_flight[i];

	if (state == SLOT_DELIVERED) {
		struct event again = tail_event_of(&tail, slot);

		again.line.truncated = want_cut[slot_position(slot)];
		check_line(&again);
		delivered[slot_position(slot)]++;
	}
	account_report(&account, slot, state);
	in_flight[i] = in_flight[--n_in_flight];
}

static void deliver_all(void)
{
	while (n_in_flight)
		report(n_in_flight - 1, SLOT_DELIVERED);
	account_advance(&account);
}

static void rewind_now(void)
{
	uint64_t read_position = account_read_position(&account);

	account_advance(&account);
	cr_assert_eq(account_rewind(&account), 0);
	tail_rewound(&tail, read_position);
}

/* Reads on with every record delivered at once until the file is dry. */
static void read_dry(void)
{
	int r;

	while ((r = step()) == 0 || r == TAIL_E_MEMORY) {
		size_t before = n_in_flight;

		deliver_all();
		if (r)
			account_give_back(&account);
		cr_assert(!r || before || account_open_chunk(&account) == NULL, "seed %lu: stuck",
			  seed_now);
	}
	cr_assert_eq(r, TAIL_E_DRY, "seed %lu at %lu", seed_now, account_read_position(&account));
	deliver_all();
}

/* Every line of the file once, every byte before the last partial line settled. */
static void check_all(void)
{
	size_t found = 0;

	for (size_t at = 0; at < content_len; at++) {
		cr_assert_eq(delivered[at], want_text[at] != 0, "seed %lu: line at %zu", seed_now,
			     at);
		found += want_text[at] != 0;
	}
	cr_assert_eq(found, n_wanted);
	cr_assert_eq(account.committed, account_read_position(&account), "seed %lu", seed_now);
	cr_assert_eq(tail.pending, tail.discarding ? 0 : content_len - account.committed,
		     "seed %lu", seed_now);
}

static void append(size_t from, size_t len)
{
	cr_assert_eq((size_t)pwrite(file, content + from, len, (off_t)from), len);
}

static size_t line_length(struct random *random)
{
	static const size_t edges[] = {0, 1, 2, 62, 63, 64, 65};
	size_t kind = random_below(random, 10);

	if (kind < 4)
		return edges[random_below(random, ARRAY_LEN(edges))];
	if (kind < 7)
		return rules.max_line - 3 + random_below(random, 7);
	if (kind < 8)
		return random_below(random, 10 * rules.max_line);
	return random_below(random, rules.max_line);
}

/*
 * Lines of every awkward length, some with CR, sometimes CR where none belongs; the last unended.
 */
static void make_content(struct random *random, size_t about)
{
	content = malloc(about + 12 * rules.max_line + 100);
	content_len = 0;
	while (content_len < about) {
		for (size_t n = line_length(random); n; n--)
			content[content_len++] = random_once_in(random, 9) ?
							 '\r' :
							 (char)('a' + random_below(random, 26));
		if (random_once_in(random, 3))
			content[content_len++] = '\r';
		content[content_len++] = '\n';
	}
	if (random_once_in(random, 2))
		content_len -= random_below(random, 3);
	expect_all();
}

/* ---- arriving ---- */

/* Scenario C01 */
Test(tail, however_a_file_grows_the_events_are_the_same, .timeout = 120)
{
	FOR_SEEDS(seed, 200)
	{
		struct random random = {seed};
		size_t written = 0, piece = 1 + random_below(&random, seed % 2 ? 1 : 200);

		seed_now = seed;
		begin(16 << 20, seed % 5 == 0 ? 7000 : 64 + random_below(&random, 100));
		rules.keep_cr = seed % 3 == 0;
		make_content(&random, seed % 5 == 0 ? 30000 : 1500);
		while (written < content_len) {
			size_t n = content_len - written < piece ? content_len - written : piece;

			append(written, n);
			written += n;
			read_dry();
			if (random_once_in(&random, 3))
				account_give_back(&account);
		}
		check_all();
		end();
	}
}

/* A line of this length, a short one behind it; what is shown of the first. */
static void show_one(size_t max_line, size_t length, bool cr)
{
	begin(16 << 20, max_line);
	content_len = length + cr + 1 + 5;
	content = malloc(content_len);
	memset(content, 'x', content_len);
	memcpy(content + length, "\r", cr);
	content[length + cr] = '\n';
	memcpy(content + content_len - 5, "next\n", 5);
	expect_all();
	cr_assert_eq(n_wanted, 2);
	cr_assert_eq(want_cut[0], length > max_line);
	append(0, content_len);
	read_dry();
	check_all();
	end();
}

/* Scenario C02 */
Test(tail, lines_around_max_line_and_far_above_it)
{
	static const size_t max_lines[] = {64, 3800, 4096, 262144, 1 << 20, 8 << 20};

	for (size_t i = 0; i < ARRAY_LEN(max_lines); i++)
		for (size_t more = 0; more < 3; more++) {
			show_one(max_lines[i], max_lines[i] - 1 + more, false);
			show_one(max_lines[i], max_lines[i] - 1 + more, true);
		}
	show_one(64, 640, false);
	show_one(1 << 20, 10 << 20, false);
}

Test(tail, a_line_longer_than_its_chunk_is_shown_without_another_wake)
{
	struct event event;

	begin(16 << 20, 8 << 20);
	content_len = 3 << 20;
	content = malloc(content_len);
	memset(content, 'x', content_len);
	content[content_len - 1] = '\n';
	append(0, content_len);
	/* DRY would put the file to rest until something is written to it again. */
	cr_assert_eq(tail_peek(&tail, &event), 0);
	cr_assert_eq(event.extent, content_len);
	end();
}

/* Scenario C02 */
Test(tail, a_sparse_line_of_1_gib_takes_bounded_memory, .timeout = 120)
{
	const uint64_t gib = 1 << 30;
	uint64_t discarded = 0;
	size_t most = 0, lines = 0;
	struct event event;
	int r;

	begin(16 << 20, 1 << 20);
	cr_assert_eq(ftruncate(file, (off_t)gib), 0);
	/* The hole is within a line, not before it. */
	cr_assert_eq((size_t)pwrite(file, "x", 1, 0), 1);
	cr_assert_eq((size_t)pwrite(file, "\nnext\n", 6, (off_t)gib), 6);
	while (!(r = tail_peek(&tail, &event))) {
		lines += event.kind == EVENT_LINE;
		discarded += event.kind == EVENT_DISCARD ? event.extent : 0;
		if (event.kind == EVENT_LINE && lines == 2)
			cr_assert_eq(memcmp(event.line.text.at, "next", 4), 0);
		cr_assert(account_pass(&account, account_open_chunk(&account), event.extent,
				       SLOT_FILTERED));
		tail_consumed(&tail, &event);
		account_advance(&account);
		most = pools.budget.used > most ? pools.budget.used : most;
	}
	cr_assert_eq(r, TAIL_E_DRY);
	cr_assert_eq(lines, 2);
	cr_assert_eq(discarded, gib + 1 - (1 << 20));
	cr_assert_lt(most, 4 << 20);
	end();
}

/* ---- going back ---- */

/* A restart from what a checkpoint would hold now; what is in flight was never acknowledged. */
static void restart(void)
{
	char known[CHUNK_LOOK_BACK], *bytes;
	struct ranges ahead;
	uint64_t committed, hash, settled;
	uint8_t known_len;
	bool discards;
	size_t len;

	account_advance(&account);
	committed = account.committed;
	known_len = account_tail(&account, known);
	hash = known_len ? hash_bytes(known, known_len) : tail.stored_tail_hash;
	if (!known_len)
		known_len = (uint8_t)tail.stored_tail_len;
	cr_assert_eq(account_settled_ahead(&account, &ahead), 0);
	settled = ahead.n ? ahead.at[ahead.first + ahead.n - 1].end : committed;
	discards = tail_discards_at(&tail, settled);
	cr_assert_eq(ranges_encode(&ahead, committed, 5000, &bytes, &len), 0);
	ranges_deinit(&ahead);
	n_in_flight = 0;
	account_deinit(&account);
	account_init(&account, &pools, committed);
	cr_assert_eq(ranges_decode((struct slice){bytes, len}, committed, &account.ahead), 0);
	free(bytes);
	tail_close(&tail);
	tail_init(&tail, &account, &rules);
	tail_set_fd(&tail, dup(file));
	tail_resume(&tail, known_len, hash, discards ? settled : UINT64_MAX);
}

static void report_some(struct random *random, size_t out_of)
{
	for (size_t i = n_in_flight; i-- > 0;)
		if (random_once_in(random, out_of))
			report(i, random_once_in(random, 4) ? SLOT_FAILED : SLOT_DELIVERED);
	account_advance(&account);
}

static void random_life(struct random *random)
{
	size_t written = 0;

	while (written < content_len) {
		size_t n = random_below(random, content_len / 10);
		int r = 0;

		n = n < content_len - written ? n : content_len - written;
		append(written, n);
		written += n;
		for (size_t i = random_below(random, 40); i && !r; i--)
			r = step();
		cr_assert(r == 0 || r == TAIL_E_DRY || r == TAIL_E_MEMORY, "seed %lu: %d", seed_now,
			  r);
		report_some(random, 2);
		if (random_once_in(random, 6)) {
			restart();
		} else if (r == TAIL_E_MEMORY || account.failed || random_once_in(random, 6)) {
			report_some(random, 1);
			rewind_now();
		}
		if (random_once_in(random, 5))
			account_give_back(&account);
	}
}

static void lives(uint64_t seed, size_t memory, size_t max_line, size_t about)
{
	struct random random = {seed};

	seed_now = seed;
	begin(memory, max_line);
	make_content(&random, about);
	random_life(&random);
	report_some(&random, 1);
	rewind_now();
	read_dry();
	check_all();
	end();
}

/* Scenario C01 */
Test(tail, rewinds_and_restarts_deliver_every_line_once, .timeout = 120)
{
	FOR_SEEDS(seed, 3000)
	lives(seed, 16 << 20, 64 + seed % 50, 1500);
}

Test(tail, rewinds_and_restarts_with_long_lines_and_little_memory, .timeout = 120)
{
	FOR_SEEDS(seed, 100)
	lives(seed, 1 << 20, 5000 + seed * 11, 200000);
}
