/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a tail says when the file is not what it was, when the last line has no end, and when
 * memory is used up: one small file each, by example. (Any growth, any rewind: test_tail.c.)
 */
#include "input/tail.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/hash.h"

static struct chunk_pools pools;
static struct account account;
static struct tail tail;
static struct line_rules rules = {.max_line = 100};
static int file;

static void begin(void)
{
	cr_assert_eq(chunk_pools_init(&pools, 1 << 20), 0);
	account_init(&account, &pools, 0);
	tail_init(&tail, &account, &rules);
	file = memfd_create("log", MFD_CLOEXEC);
	tail_set_fd(&tail, dup(file));
}

static void finish(void)
{
	tail_close(&tail);
	account_deinit(&account);
	chunk_pools_deinit(&pools);
	close(file);
}

TestSuite(tail_changes, .init = begin, .fini = finish, .timeout = 30);

static void write_at(size_t at, const char *text)
{
	cr_assert_eq(pwrite(file, text, strlen(text), (off_t)at), (ssize_t)strlen(text));
}

/* Passes one event in this state and gives its text, or "<code>". */
static const char *take(struct slot **ret_slot, bool last)
{
	static char text[256];
	struct event event;
	int r = tail_peek(&tail, &event);

	if (r == TAIL_E_DRY && last)
		r = tail_peek_last(&tail, &event);
	if (r) {
		snprintf(text, sizeof text, "<%s>",
			 r == TAIL_E_DRY       ? "dry" :
			 r == TAIL_E_MEMORY    ? "memory" :
			 r == TAIL_E_REWRITTEN ? "rewritten" :
						 strerror(-r));
		return text;
	}
	if (event.kind == EVENT_LINE) {
		struct slot *slot =
			account_add_slot(&account, account_open_chunk(&account), event.extent);

		cr_assert_not_null(slot);
		snprintf(text, sizeof text, "%s%.*s", event.split ? "..." : "",
			 (int)event.line.text.len, event.line.text.at);
		if (ret_slot)
			*ret_slot = slot;
		else
			account_report(&account, slot, SLOT_DELIVERED);
	} else {
		struct chunk *chunk = account_open_chunk(&account);

		if (!chunk)
			chunk = account_new_chunk(&account, CHUNK_SMALL, 0);
		snprintf(text, sizeof text, "<%s %u>",
			 event.kind == EVENT_AHEAD ? "ahead" :
			 event.kind == EVENT_HOLE  ? "hole" :
			 event.kind == EVENT_LF    ? "lf" :
						     "discard",
			 event.extent);
		cr_assert(account_pass(&account, chunk, event.extent,
				       event.kind == EVENT_AHEAD ? SLOT_AHEAD : SLOT_FILTERED));
	}
	tail_consumed(&tail, &event);
	account_advance(&account);
	return text;
}

#define SEE(want) cr_assert_str_eq(take(NULL, false), want)
#define SEE_LAST(want) cr_assert_str_eq(take(NULL, true), want)
#define SEND(want, slot) cr_assert_str_eq(take(&(slot), false), want)

static void go_back(void)
{
	uint64_t read_position = account_read_position(&account);

	account_advance(&account);
	cr_assert_eq(account_rewind(&account), 0);
	tail_rewound(&tail, read_position);
}

/* As after a restart at this position; the tail's hash is that of the file's bytes before it. */
static void resume(uint64_t committed, const char *before, uint64_t discard_at)
{
	account_deinit(&account);
	account_init(&account, &pools, committed);
	tail_close(&tail);
	tail_init(&tail, &account, &rules);
	tail_set_fd(&tail, dup(file));
	tail_resume(&tail, (uint32_t)strlen(before), hash_bytes(before, strlen(before)),
		    discard_at);
}

/* ---- the file is another one ---- */

/* Scenario A08 */
Test(tail_changes, a_file_that_shrank_is_seen_at_once_and_after_its_chunk_was_given_up)
{
	for (int given_up = 0; given_up < 2; given_up++) {
		cr_assert_eq(ftruncate(file, 0), 0);
		account_reset(&account, 0);
		tail_reset(&tail);
		write_at(0, "one\ntwo\n");
		SEE("one");
		SEE("two");
		SEE("<dry>");
		if (given_up)
			account_give_back(&account);
		cr_assert_eq(account_open_chunk(&account) == NULL, given_up);
		cr_assert_eq(ftruncate(file, 4), 0);
		SEE("<rewritten>");
	}
}

/* Scenario A07 */
Test(tail_changes, other_bytes_before_the_position_are_seen)
{
	write_at(0, "one\ntwo\n");
	SEE("one");
	SEE("two");
	SEE("<dry>");
	write_at(0, "One\ntwo\nthree\n");
	SEE("<rewritten>");
	write_at(0, "one\ntwo\nthree\n");
	SEE("three");
}

/* Scenario A07 */
Test(tail_changes, a_last_line_that_was_rewritten_is_seen)
{
	write_at(0, "one\npart");
	SEE("one");
	SEE("<dry>");
	write_at(4, "pastry\n");
	SEE("<rewritten>");
}

Test(tail_changes, dropping_a_chunk_that_was_too_small_keeps_what_was_known_before_it)
{
	char text[20000];
	struct account other;

	rules.max_line = 16000;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	write_at(0, "0123456789");
	write_at(10, text);
	resume(10, "0123456789", UINT64_MAX);
	/* Memory for small chunks only: one is read and dropped for a larger that does not come. */
	account_init(&other, &pools, 0);
	cr_assert_not_null(account_new_chunk(&other, CHUNK_SMALL, 0));
	pools.budget.max = POOL_SLAB_BYTES;
	SEE("<memory>");
	pools.budget.max = 1 << 20;
	write_at(0, "9876543210");
	SEE("<rewritten>");
	account_deinit(&other);
}

/* ---- after a restart ---- */

/* Scenario A07 */
Test(tail_changes, a_stored_tail_is_compared)
{
	write_at(0, "one\ntwo\nthree\n");
	resume(8, "one\ntwo\n", UINT64_MAX);
	SEE("three");
	resume(8, "one\ntwO\n", UINT64_MAX);
	SEE("<rewritten>");
	cr_assert_eq(ftruncate(file, 7), 0);
	resume(8, "one\ntwo\n", UINT64_MAX);
	SEE("<rewritten>");
}

Test(tail_changes, a_stored_tail_is_compared_where_it_stood_when_settled_bytes_follow)
{
	write_at(0, "one\ntwo\nthree\n");
	resume(4, "one\n", UINT64_MAX);
	cr_assert_eq(ranges_add(&account.ahead, 4, 8), 0);
	SEE("<ahead 4>");
	SEE("three");
	resume(4, "One\n", UINT64_MAX);
	cr_assert_eq(ranges_add(&account.ahead, 4, 8), 0);
	SEE("<rewritten>");
	cr_assert_eq(ftruncate(file, 3), 0);
	resume(4, "one\n", UINT64_MAX);
	cr_assert_eq(ranges_add(&account.ahead, 4, 8), 0);
	SEE("<rewritten>");
}

Test(tail_changes, discarding_goes_on_after_a_restart)
{
	char text[260];

	memset(text, 'x', 250);
	memcpy(text + 250, "\nnext\n", 7);
	write_at(0, text);
	resume(200, "", 200);
	SEE("<discard 51>");
	SEE("next");
	resume(0, "", 200);
	cr_assert_eq(ranges_add(&account.ahead, 100, 200), 0);
	take(NULL, false);
	SEE("<ahead 100>");
	SEE("<discard 51>");
	SEE("next");
}

/* ---- going back ---- */

Test(tail_changes, a_rewind_over_an_over_long_line_does_not_discard_the_next_one)
{
	struct slot *slot;
	char text[260];

	memset(text, 'x', 250);
	memcpy(text + 250, "\nnext\n", 7);
	write_at(0, text);
	cr_assert_eq(strlen(take(&slot, false)), 100);
	SEE("<discard 151>");
	account_report(&account, slot, SLOT_FAILED);
	go_back();
	cr_assert_eq(strlen(take(NULL, false)), 100);
	SEE("<ahead 151>");
	SEE("next");
}

Test(tail_changes, a_rewind_in_the_middle_of_an_over_long_line_discards_on)
{
	struct slot *slot;
	char text[260];

	memset(text, 'x', 250);
	text[250] = '\0';
	write_at(0, text);
	cr_assert_eq(strlen(take(&slot, false)), 100);
	SEE("<discard 150>");
	write_at(250, "\nnext\n");
	account_report(&account, slot, SLOT_FAILED);
	go_back();
	cr_assert_eq(strlen(take(NULL, false)), 100);
	SEE("<ahead 150>");
	SEE("<discard 1>");
	SEE("next");
}

/* Scenario C01 */
Test(tail_changes, a_line_shipped_in_two_pieces_is_not_joined_by_a_rewind)
{
	struct slot *slot;

	write_at(0, "half");
	cr_assert_str_eq(take(&slot, true), "half");
	write_at(4, " and half\n");
	SEE("... and half");
	account_report(&account, slot, SLOT_FAILED);
	go_back();
	SEE("half");
	SEE("<ahead 10>");
	SEE("<dry>");
	cr_assert_eq(account.committed, 14);
}

/* ---- the last line ---- */

Test(tail_changes, a_last_line_without_lf_ships_when_it_is_asked_for)
{
	write_at(0, "one\npart");
	SEE("one");
	SEE("<dry>");
	cr_assert_eq(tail.pending, 4);
	SEE_LAST("part");
	cr_assert_eq(tail.pending, 0);
	SEE_LAST("<dry>");
	write_at(8, "ner\n");
	SEE("...ner");
	SEE_LAST("<dry>");
	cr_assert_eq(account.committed, 12);
}

Test(tail_changes, a_cr_at_the_end_waits_for_its_lf)
{
	write_at(0, "one\r");
	SEE("<dry>");
	write_at(4, "\n");
	SEE("one");
	write_at(5, "two\r");
	SEE_LAST("two\r");
}

/* ---- memory ---- */

/* Scenario D08 */
Test(tail_changes, without_memory_reading_stops_and_goes_on)
{
	struct account other;
	struct chunk *taken[4];

	write_at(0, "one\n");
	account_init(&other, &pools, 0);
	for (size_t i = 0; i < 4; i++) {
		taken[i] = account_new_chunk(&other, CHUNK_LARGE, 5000);
		cr_assert_not_null(taken[i]);
	}
	SEE("<memory>");
	SEE("<memory>");
	account_drop_empty(&other, taken[3]);
	account_drop_empty(&other, taken[2]);
	SEE("one");
	SEE("<dry>");
	account_deinit(&other);
}

/* ---- lines in two pieces ---- */

Test(tail_changes, the_rest_of_a_line_that_was_shipped_is_told_from_its_lf)
{
	write_at(0, "one\nhalf");
	SEE("one");
	SEE_LAST("half");
	write_at(8, " line\nthree");
	SEE("... line");
	SEE_LAST("three");
	write_at(19, "\nfour\n");
	SEE("<lf 1>");
	SEE("four");
	SEE("<dry>");
}

/* ---- holes ---- */

/* What copytruncate does, and the writer that goes on where it was. */
static void truncate_and_write_at(size_t at, const char *text)
{
	cr_assert_eq(ftruncate(file, 0), 0);
	write_at(at, text);
}

static void start_over(void)
{
	account_reset(&account, 0);
	tail_reset(&tail);
}

/* Scenario A10: the key was null, or the first real line was gone behind max_line NULs. */
Test(tail_changes, a_hole_in_front_is_passed)
{
	write_at(0, "one\n");
	SEE("one");
	truncate_and_write_at(100001, "two\nthree\n");
	SEE("<rewritten>");
	start_over();
	SEE("<hole 100001>");
	SEE("two");
	SEE("three");
	SEE("<dry>");
}

/* Scenario A10 */
Test(tail_changes, a_hole_of_8_gib_takes_no_memory)
{
	const uint64_t end = 8ULL << 30;
	uint64_t before;

	truncate_and_write_at(end, "two\n");
	start_over();
	SEE("<hole 15728639>");
	before = pools.budget.used;
	while (account_read_position(&account) < end) {
		cr_assert_eq(strncmp(take(NULL, false), "<hole ", 6), 0);
		cr_assert_leq(pools.budget.used, before);
	}
	cr_expect_eq(account.committed, end);
	SEE("two");
	SEE("<dry>");
}

Test(tail_changes, written_nuls_in_front_are_a_hole_after_a_truncation_only)
{
	cr_assert_eq(pwrite(file, "\0\0\0two\n", 7, 0), 7);
	cr_assert_eq(strlen(take(NULL, false)), 0, "as it was written");
	cr_expect_eq(account.committed, 7);
	start_over();
	SEE("<hole 3>");
	SEE("two");
}

/* Whole pages of them, as a file system that knows no holes shows one (NFS before 4.2, FAT). */
static void write_nuls(size_t at, size_t len)
{
	char *nuls = calloc(1, len);

	cr_assert_eq(pwrite(file, nuls, len, (off_t)at), (ssize_t)len);
	free(nuls);
}

/* The holes in front of the next line, which is given. */
static const char *behind_holes(uint64_t *ret_bytes)
{
	uint64_t begin = account_read_position(&account);
	const char *text = take(NULL, false);

	while (strncmp(text, "<hole", 5) == 0) {
		*ret_bytes = account_read_position(&account) - begin;
		text = take(NULL, false);
	}
	return text;
}

/* Scenario A10: 1 MiB of NULs were a record, and the first line was gone. */
Test(tail_changes, a_hole_on_a_file_system_without_holes_is_passed_whatever_its_size)
{
	static const size_t sizes[] = {1, 4095, 4096, 262143, 262144, 262145, 1 << 20, 5000001};
	uint64_t bytes;

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		bytes = 0;
		cr_assert_eq(ftruncate(file, 0), 0);
		start_over();
		write_nuls(0, sizes[i]);
		SEE("<dry>");
		write_at(sizes[i], "two\nthree\n");
		cr_assert_str_eq(behind_holes(&bytes), "two");
		cr_expect_eq(bytes, sizes[i]);
		SEE("three");
		SEE("<dry>");
	}
}

/* Scenario A10 */
Test(tail_changes, holes_and_nuls_by_turns_are_one_hole)
{
	uint64_t bytes = 0;

	cr_assert_eq(ftruncate(file, 0), 0);
	start_over();
	for (size_t at = 0; at < 200; at++)
		write_nuls(at * 16384, 4096);
	write_nuls(200 * 16384, 1 << 20);
	write_at((200 * 16384) + (1 << 20), "two\n");
	cr_assert_str_eq(behind_holes(&bytes), "two");
	cr_expect_eq(bytes, (200 * 16384) + (1 << 20));
	SEE("<dry>");
}

/* Scenario A10: what stands behind it is a line only when its LF is there. */
Test(tail_changes, a_hole_and_half_a_line_behind_it)
{
	uint64_t bytes = 0;

	truncate_and_write_at(3 << 20, "tw");
	start_over();
	cr_assert_str_eq(behind_holes(&bytes), "<dry>");
	cr_expect_eq(bytes, 3 << 20);
	write_at((3 << 20) + 2, "o");
	SEE("<dry>");
	write_at((3 << 20) + 3, "\n");
	SEE("two");
	write_at((5 << 20), "three\n");
	cr_assert_str_eq(behind_holes(&bytes), "three");
	SEE("<dry>");
}

/* Scenario A10: nothing is behind it, then another truncation. */
Test(tail_changes, a_hole_that_is_all_there_is_waits_and_goes_with_the_next_truncation)
{
	truncate_and_write_at(0, "");
	start_over();
	cr_assert_eq(ftruncate(file, 5 << 20), 0);
	SEE("<dry>");
	SEE("<dry>");
	SEE_LAST("<dry>");
	cr_assert_eq(ftruncate(file, 0), 0);
	write_at(0, "two\n");
	SEE("two");
	SEE("<dry>");
}

Test(tail_changes, a_hole_between_lines_is_passed)
{
	write_at(0, "one\n");
	write_at(50000, "two\n");
	SEE("one");
	SEE("<hole 49996>");
	SEE("two");
	SEE("<dry>");
}

/* Scenario C09: who preallocates fills them later, and a network file system shows them so. */
Test(tail_changes, nuls_with_nothing_behind_them_wait)
{
	write_at(0, "one\n");
	cr_assert_eq(ftruncate(file, 1 << 20), 0);
	SEE("one");
	SEE("<dry>");
	write_at(4, "two\n");
	SEE("two");
	SEE("<dry>");
}

/* Scenario C03 */
Test(tail_changes, a_line_may_begin_with_nul)
{
	write_at(0, "one\n");
	cr_assert_eq(pwrite(file, "\0two\n", 5, 4), 5);
	SEE("one");
	SEE("");
	SEE("<dry>");
	cr_expect_eq(account.committed, 9);
}

/* ---- where to start ---- */

static uint64_t find_end(void)
{
	uint64_t position = 12345;

	cr_assert_eq(tail_find_end(file, &rules, &position), 0);
	return position;
}

Test(tail_changes, the_end_is_the_start_of_the_line_in_progress)
{
	char block[4097];

	memset(block, 'x', 4096);
	block[4096] = '\0';
	cr_assert_eq(find_end(), 0);
	write_at(0, "part");
	cr_assert_eq(find_end(), 0);
	write_at(4, "\n");
	cr_assert_eq(find_end(), 5);
	for (size_t i = 0; i < 15; i++) {
		write_at(5 + i * 4096, block);
		cr_assert_eq(find_end(), 5);
	}
	for (size_t i = 15; i < 100; i++)
		write_at(5 + i * 4096, block);
	cr_assert_eq(find_end(), 5, "a line of 400 KiB");
	write_at(4095, "\n");
	cr_assert_eq(find_end(), 4096);
	write_at(5 + 100 * 4096, "\n");
	cr_assert_eq(find_end(), 5 + 100 * 4096 + 1);
}

/* Nobody looks back for ever; a piece of a line is worse than none. */
Test(tail_changes, the_end_within_a_line_of_20_mib_is_told)
{
	const size_t end = 20 << 20;
	uint64_t position = 0;

	write_at(0, "one\n");
	cr_assert_eq(pwrite(file, "x", 1, (off_t)end), 1);
	cr_assert_eq(tail_find_end(file, &rules, &position), TAIL_E_WITHIN);
	cr_assert_eq(position, end + 1);
	resume(position, "", position);
	SEE("<dry>");
	write_at(end + 1, "y\ntwo\n");
	SEE("<discard 2>");
	SEE("two");
}
