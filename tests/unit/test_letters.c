/* SPDX-License-Identifier: Apache-2.0 */
/* Letters own what they hold: the lender's memory is overwritten and freed at once. */
#include "state/letters.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/random.h"

/* One letter with i in its texts; key and value of these lengths, -1: null. */
static void add(struct letters *letters, unsigned i, int key, int value)
{
	char path[16], topic[16], reason[16];
	char *key_at = malloc(1 + (size_t)(key > 0 ? key : 0));
	char *value_at = malloc(1 + (size_t)(value > 0 ? value : 0));
	struct store_dead_letter letter = {
		.file = i,
		.source = "s",
		.position = 2 * i,
		.path = path,
		.topic = topic,
		.reason = reason,
		.time_ms = 3 * i,
		.key = {key < 0 ? NULL : key_at, (size_t)(key < 0 ? 0 : key)},
		.value = {value < 0 ? NULL : value_at, (size_t)(value < 0 ? 0 : value)},
	};

	snprintf(path, sizeof path, "p%u", i);
	snprintf(topic, sizeof topic, "t%u", i);
	snprintf(reason, sizeof reason, "r%u", i);
	memset(key_at, 'k', letter.key.len);
	memset(value_at, 'v', letter.value.len);
	cr_assert_eq(letters_add(letters, &letter), 0);
	memset(path, 'x', sizeof path);
	memset(topic, 'x', sizeof topic);
	memset(reason, 'x', sizeof reason);
	memset(key_at, 'x', letter.key.len);
	free(key_at);
	free(value_at);
}

static void check(const struct store_dead_letter *letter, unsigned i)
{
	char text[16];

	cr_assert_eq(letter->file, i);
	cr_assert_eq(letter->position, 2 * i);
	cr_assert_eq(letter->time_ms, 3 * i);
	snprintf(text, sizeof text, "p%u", i);
	cr_assert_str_eq(letter->path, text);
	text[0] = 't';
	cr_assert_str_eq(letter->topic, text);
	text[0] = 'r';
	cr_assert_str_eq(letter->reason, text);
	for (size_t k = 0; k < letter->key.len; k++)
		cr_assert_eq(letter->key.at[k], 'k');
}

Test(letters, null_and_empty_are_kept_apart)
{
	struct letters letters;

	letters_init(&letters, 100, 0);
	add(&letters, 1, -1, 0);
	cr_assert_null(letters.items[0].key.at);
	cr_assert_not_null(letters.items[0].value.at);
	cr_assert_eq(letters.items[0].value.len, 0);
	check(&letters.items[0], 1);
	letters_deinit(&letters);
	cr_assert_eq(letters.n, 0);
	letters_deinit(&letters);
}

Test(letters, room_is_what_is_here_and_what_is_stored)
{
	struct letters letters;

	letters_init(&letters, 100, 40);
	cr_assert(letters_has_room(&letters, "s", 60));
	cr_assert(!letters_has_room(&letters, "s", 61));
	add(&letters, 1, 10, 20);
	cr_assert(letters_has_room(&letters, "s", 30));
	cr_assert(!letters_has_room(&letters, "s", 31));
	letters_stored(&letters, 1);
	cr_assert_eq(letters.bytes, 0);
	cr_assert_eq(letters.stored, 70);
	cr_assert(letters_has_room(&letters, "s", 30));
	cr_assert(!letters_has_room(&letters, "s", 31));
	letters_deinit(&letters);
}

/* 22 lines of one source took the room of all. */
Test(letters, a_source_has_its_share)
{
	struct letters letters;

	letters_init(&letters, 100, 5);
	cr_assert_eq(letters_share(&letters, "r", 40), 0);
	cr_assert_eq(letters_share(&letters, "s", 50), 0);
	letters_held(&letters, "s", 5, 0);
	add(&letters, 1, 10, 20);
	cr_expect(letters_has_room(&letters, "s", 15));
	cr_expect(!letters_has_room(&letters, "s", 16));
	letters_stored(&letters, 1);
	cr_expect(!letters_has_room(&letters, "s", 16), "it is still kept");
	cr_expect(letters_has_room(&letters, "r", 40));
	cr_expect(!letters_has_room(&letters, "r", 41));
	cr_expect(letters_has_room(&letters, "t", 65), "without a share: as all");
	cr_expect(!letters_has_room(&letters, "t", 66));
	letters_deinit(&letters);
}

/* As the agent does before each transaction. Returns how many went. */
static unsigned displace(struct letters *letters, uint64_t *stored, size_t bytes)
{
	struct letters_share *share = &letters->shares[0];
	unsigned n = 0;

	for (; letters_has_surplus(letters, share) && *stored; (*stored)--, n++)
		cr_assert_eq(letters_displace(letters, share,
					      &(struct store_gone){share->looked++, bytes}, false),
			     0);
	return n;
}

static void store(struct letters *letters, uint64_t *stored)
{
	*stored += letters->n;
	letters_stored(letters, letters->n);
	letters_removed(letters, letters->n_gone);
}

Test(letters, the_oldest_make_room)
{
	struct letters letters;
	uint64_t stored = 4;

	letters_init(&letters, 100, 40);
	cr_assert_eq(letters_share(&letters, "s", 40), 0);
	letters_held(&letters, "s", 40, 0);
	cr_expect(!letters_has_room(&letters, "s", 1));
	letters_drop_oldest(&letters, "s");
	cr_expect(!letters_has_surplus(&letters, &letters.shares[0]), "nothing is to be stored");
	for (unsigned i = 0; i < 3; i++) {
		cr_assert(letters_has_room(&letters, "s", 10));
		add(&letters, i, 4, 6);
	}
	cr_expect(letters_has_room(&letters, "s", 10), "what is on its way is 30 of 40");
	cr_expect(!letters_has_room(&letters, "s", 11), "and no more may be in memory");
	cr_expect_eq(displace(&letters, &stored, 10), 3);
	cr_expect_eq(letters.shares[0].displaced, 3);
	cr_expect_eq(letters_kept(&letters, "s"), 40);
	cr_expect_eq(letters.n_gone, 3);
	store(&letters, &stored);
	cr_expect_eq(stored, 4);
	add(&letters, 4, 10, 30);
	cr_expect_eq(displace(&letters, &stored, 10), 4, "all of them for a large one");
	cr_expect(!letters_has_surplus(&letters, &letters.shares[0]));
	store(&letters, &stored);
	cr_expect_eq(letters_kept(&letters, "s"), 40);
	cr_expect_eq(letters.stored, 40);
	letters_deinit(&letters);
}

/* It is told as full only when nothing of its own that went would help. */
Test(letters, others_may_leave_no_room_that_the_oldest_could_make)
{
	struct letters letters;

	letters_init(&letters, 100, 90);
	cr_assert_eq(letters_share(&letters, "s", 40), 0);
	letters_drop_oldest(&letters, "s");
	cr_assert_eq(letters_share(&letters, "r", 90), 0);
	letters_held(&letters, "s", 10, 0);
	letters_held(&letters, "r", 80, 0);
	letters_want(&letters, "s", 20);
	cr_expect(letters_has_room(&letters, "s", 20), "its 10 make room");
	cr_expect_null(letters_next_full(&letters));
	letters_want(&letters, "s", 21);
	cr_expect(!letters_has_room(&letters, "s", 21));
	cr_expect_str_eq(letters_next_full(&letters)->source, "s");
	letters_want(&letters, "s", 0);
	add(&letters, 1, 0, 20);
	cr_expect(!letters_has_room(&letters, "s", 1));
	letters_want(&letters, "s", 1);
	cr_expect_null(letters_next_full(&letters), "it has when this one is stored");
	letters_deinit(&letters);
}

/* One that an order removes at the same time goes once. */
Test(letters, one_that_goes_already_makes_no_room_again)
{
	struct letters letters;
	const struct store_dead_letter letter = {.id = 7, .source = "s", .value = {"x", 10}};

	letters_init(&letters, 100, 40);
	cr_assert_eq(letters_share(&letters, "s", 40), 0);
	letters_drop_oldest(&letters, "s");
	letters_held(&letters, "s", 40, 0);
	cr_assert_eq(letters_remove(&letters, &letter), 0);
	cr_assert_eq(
		letters_displace(&letters, &letters.shares[0], &(struct store_gone){7, 10}, false),
		0);
	cr_expect_eq(letters_kept(&letters, "s"), 30);
	cr_expect_eq(letters.n_gone, 1);
	cr_expect_eq(letters.shares[0].displaced, 0);
	letters_deinit(&letters);
}

/* With dead_letter_full = "hold": what the topic has holds up nothing once the store knows. */
Test(letters, what_was_copied_makes_way)
{
	const struct store_dead_letter letter = {.id = 3, .source = "s", .value = {"x", 10}};
	struct letters letters;
	struct letters_share *share;

	letters_init(&letters, 100, 100);
	cr_assert_eq(letters_share(&letters, "s", 40), 0);
	cr_assert_eq(letters_share(&letters, "r", 90), 0);
	letters_held(&letters, "s", 40, 0);
	letters_held(&letters, "r", 60, 20);
	share = &letters.shares[0];
	cr_expect(!letters_has_room(&letters, "s", 1), "its own room is used up");
	cr_expect(letters_has_room(&letters, "r", 20) && !letters_has_room(&letters, "r", 21));
	cr_assert_eq(letters_copy(&letters, &letter), 0);
	cr_expect(letters_is_copied(&letters, &letter) && !letters_goes(&letters, 3));
	cr_expect(!letters_has_room(&letters, "s", 1), "no transaction has noted it");
	cr_expect(!letters_has_surplus(&letters, share));
	letters_removed(&letters, 1);
	cr_expect_eq(letters_kept_copies(&letters, "s"), 10);
	cr_expect(letters_has_room(&letters, "s", 10) && !letters_has_room(&letters, "s", 11));
	add(&letters, 9, 4, 6);
	cr_assert(letters_has_surplus(&letters, share));
	cr_assert_eq(letters_displace(&letters, share, &(struct store_gone){3, 10}, true), 0);
	cr_expect(!letters_has_surplus(&letters, share), "and no more than is needed");
	cr_expect(share->displaced == 0 && letters_kept(&letters, "s") == 40);
	cr_expect(letters_kept_copies(&letters, "s") == 0 && letters.copied == 20);
	letters_deinit(&letters);
}

/* Where the shares are more than the room for all, copies of one source make way for another's. */
Test(letters, copies_of_others_make_way)
{
	struct letters letters;

	letters_init(&letters, 100, 90);
	cr_assert_eq(letters_share(&letters, "s", 40), 0);
	cr_assert_eq(letters_share(&letters, "r", 90), 0);
	letters_held(&letters, "r", 90, 90);
	cr_expect(letters_has_room(&letters, "s", 40));
	add(&letters, 1, 0, 40);
	cr_expect(letters_has_surplus(&letters, &letters.shares[1]));
	cr_assert_eq(
		letters_displace(&letters, &letters.shares[1], &(struct store_gone){1, 30}, true),
		0);
	cr_expect(!letters_has_surplus(&letters, &letters.shares[1]));
	letters_deinit(&letters);
}

/* A replay removes it in the same transaction that notes it, or in the next one. */
Test(letters, a_copy_that_goes_is_no_copy)
{
	struct store_dead_letter letter = {.id = 3, .source = "s", .value = {"x", 10}};
	struct letters letters;

	for (unsigned noted = 0; noted < 2; noted++) {
		letters_init(&letters, 100, 40);
		cr_assert_eq(letters_share(&letters, "s", 40), 0);
		letters_held(&letters, "s", 40, 0);
		letter.copied = false;
		cr_assert_eq(letters_copy(&letters, &letter), 0);
		if (noted)
			letters_removed(&letters, 1);
		letter.copied = noted;
		cr_assert_eq(letters_remove(&letters, &letter), 0);
		letters_removed(&letters, letters.n_gone);
		cr_expect_eq(letters_kept(&letters, "s"), 30);
		cr_expect_eq(letters_kept_copies(&letters, "s"), 0);
		cr_expect_eq(letters.copied, 0);
		letters_deinit(&letters);
	}
}

/* A source was renamed each time that its share was full: what it left filled the room of all. */
Test(letters, what_a_renamed_source_has_left_takes_no_room)
{
	struct letters letters;

	letters_init(&letters, 100, 95);
	cr_assert_eq(letters_share(&letters, "r", 40), 0);
	cr_assert_eq(letters_share(&letters, "s", 50), 0);
	letters_held(&letters, "s", 5, 0);
	letters_held(&letters, "s under another name", 50, 0);
	letters_held(&letters, "s under yet another", 40, 0);
	cr_expect_eq(letters.left_behind, 90);
	cr_expect_eq(letters.stored, 5);
	cr_expect(letters_has_room(&letters, "s", 45));
	cr_expect(!letters_has_room(&letters, "s", 46));
	cr_expect(letters_has_room(&letters, "r", 40));
	letters_deinit(&letters);
}

Test(letters, each_source_without_room_is_told_once)
{
	struct letters letters;

	letters_init(&letters, 100, 0);
	cr_assert_eq(letters_share(&letters, "r", 40), 0);
	cr_assert_eq(letters_share(&letters, "s", 50), 0);
	cr_expect_null(letters_next_full(&letters));
	letters_want(&letters, "r", 41);
	letters_want(&letters, "s", 51);
	letters_want(&letters, "t", 101);
	cr_expect_str_eq(letters_next_full(&letters)->source, "r");
	cr_expect_str_eq(letters_next_full(&letters)->source, "s");
	cr_expect_str_eq(letters_next_full(&letters)->source, "");
	cr_expect_null(letters_next_full(&letters));
	letters_want(&letters, "s", 0);
	cr_expect_null(letters_next_full(&letters));
	letters_want(&letters, "s", 60);
	cr_expect_str_eq(letters_next_full(&letters)->source, "s");
	letters_deinit(&letters);
}

Test(letters, sizes_near_the_end_of_the_numbers_do_not_wrap)
{
	struct letters letters;

	letters_init(&letters, UINT64_MAX, 0);
	cr_assert(letters_has_room(&letters, "s", SIZE_MAX));
	letters_init(&letters, 10, UINT64_MAX - 5);
	cr_assert(!letters_has_room(&letters, "s", 6));
	cr_assert(!letters_has_room(&letters, "s", SIZE_MAX));
}

Test(letters, the_first_are_stored_the_later_ones_stay_in_order)
{
	FOR_SEEDS(seed, 100)
	{
		struct random random = {seed};
		unsigned added = 0, stored = 0;
		struct letters letters;

		letters_init(&letters, SIZE_MAX, 0);
		for (size_t i = 0; i < 100; i++) {
			if (random_once_in(&random, 3)) {
				unsigned n = (unsigned)random_below(&random, letters.n + 1);

				letters_stored(&letters, n);
				stored += n;
			} else {
				add(&letters, added, (int)(added % 7), (int)(added % 5) - 1);
				added++;
			}
			cr_assert_eq(letters.n, added - stored, "seed %lu", seed);
			for (unsigned k = 0; k < letters.n; k++)
				check(&letters.items[k], stored + k);
		}
		letters_deinit(&letters);
	}
}

/* Each is told once, whatever was stored meanwhile, and with a name that lives on. */
Test(letters, each_is_told_once)
{
	static const char name[] = "s";
	const struct store_dead_letter *letter;
	struct letters letters;
	const char *source;

	letters_init(&letters, 1000, 0);
	cr_assert_eq(letters_share(&letters, name, 1000), 0);
	cr_assert_null(letters_next_untold(&letters, &source));
	for (unsigned i = 0; i < 3; i++)
		add(&letters, i, 1, 1);
	for (unsigned i = 0; i < 2; i++) {
		letter = letters_next_untold(&letters, &source);
		cr_assert(letter);
		cr_assert_eq(letter->file, i);
		cr_assert_eq(source, name);
	}
	letters_stored(&letters, 1);
	letter = letters_next_untold(&letters, &source);
	cr_assert(letter);
	cr_assert_eq(letter->file, 2);
	cr_assert_null(letters_next_untold(&letters, &source));
	letters_stored(&letters, 2);
	add(&letters, 3, 1, 1);
	letter = letters_next_untold(&letters, &source);
	cr_assert(letter);
	cr_assert_eq(letter->file, 3);
	/* Stored before it was told: what comes behind it is told all the same. */
	add(&letters, 4, 1, 1);
	letters_stored(&letters, 2);
	add(&letters, 5, 1, 1);
	letter = letters_next_untold(&letters, &source);
	cr_assert(letter);
	cr_assert_eq(letter->file, 5);
	letters_deinit(&letters);
}
