/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A dead letter from the record that was refused to the one that is sent again: its headers as
 * bytes, its row, its removal, and how it is told.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "control/letter.h"
#include "flow/headers.h"
#include "state/letters.h"

static char dir[64], message[512];
static struct store *store;
static struct arena arena;

static void begin(void)
{
	strcpy(dir, "/tmp/test_kept_letters.XXXXXX");
	cr_assert(mkdtemp(dir));
	cr_assert_eq(store_open(dir, &store, message, sizeof message), 0, "%s", message);
}

static void end(void)
{
	char command[128];

	arena_deinit(&arena);
	store = store_close(store);
	snprintf(command, sizeof command, "rm -r %s", dir);
	cr_assert_eq(system(command), 0);
}

TestSuite(kept, .init = begin, .fini = end, .timeout = 60);

static const struct record record = {
	.n_headers = 3,
	.headers = {{{"a", 1}, {"x\0y", 3}}, {{"a", 1}, {NULL, 0}}, {{"", 0}, {"", 0}}},
};

Test(kept, headers_are_what_they_were)
{
	struct record back = {0};
	struct slice bytes;

	cr_assert_eq(headers_pack(&record, &arena, &bytes), 0);
	cr_assert_eq(headers_unpack(bytes, &back), 0);
	cr_assert_eq(back.n_headers, 3);
	cr_expect(back.headers[0].value.len == 3 && memcmp(back.headers[0].value.at, "x", 2) == 0);
	cr_expect_null(back.headers[1].value.at, "null");
	cr_expect(back.headers[2].value.at && !back.headers[2].value.len, "empty");
	for (size_t len = 1; len < bytes.len; len++) {
		int r = headers_unpack((struct slice){bytes.at, len}, &back);

		/* Only a whole header may end there. */
		cr_expect_eq(r == 0, back.n_headers > 0, "%zu", len);
	}
}

static void write_letters(size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct store_dead_letter letter = {
			.file = 7,
			.position = 10 * i,
			.source = i % 2 ? "odd" : "even",
			.path = "/var/log/a.log",
			.topic = "t",
			.reason = "r",
			.value = {"value", 5},
			.partition = (int32_t)i,
		};

		cr_assert_eq(headers_pack(&record, &arena, &letter.headers), 0);
		cr_assert_eq(store_write(store,
					 &(struct store_batch){.letters = &letter, .n_letters = 1},
					 message, sizeof message),
			     0, "%s", message);
	}
}

static uint64_t count(uint64_t *ret_bytes)
{
	uint64_t n;

	store_dead_letters(store, ret_bytes, &n);
	return n;
}

Test(kept, the_oldest_of_a_source_is_found)
{
	struct store_gone oldest;

	write_letters(5);
	cr_assert_eq(store_oldest_letter(store, "odd", 0, false, &oldest), 0);
	cr_expect(oldest.id == 2 && oldest.bytes == 5);
	cr_assert_eq(store_oldest_letter(store, "odd", 2, false, &oldest), 0);
	cr_expect(oldest.id == 4);
	cr_expect_eq(store_oldest_letter(store, "odd", 4, false, &oldest), STORE_E_NONE);
	cr_expect_eq(store_oldest_letter(store, "none", 0, false, &oldest), STORE_E_NONE);
}

Test(kept, one_that_is_removed_gives_its_room_back)
{
	struct store_dead_letter letter;
	struct letters letters;
	uint64_t bytes;

	write_letters(3);
	letters_init(&letters, 15, 15);
	cr_assert_eq(letters_share(&letters, "odd", 5), 0);
	letters_held(&letters, "odd", 5, 0);
	cr_expect_not(letters_has_room(&letters, "odd", 1));
	cr_assert_eq(store_next_letter(store, 1, &letter), 0);
	cr_expect(letter.id == 2 && letter.partition == 1 && letter.position == 10);
	cr_assert_eq(letters_remove(&letters, &letter), 0);
	cr_expect(letters_has_room(&letters, "odd", 5));
	cr_assert_eq(
		store_write(store,
			    &(struct store_batch){.gone = letters.gone, .n_gone = letters.n_gone},
			    message, sizeof message),
		0, "%s", message);
	letters_removed(&letters, 1);
	cr_expect_eq(letters.n_gone, 0);
	store_letter_free(&letter);
	cr_expect(count(&bytes) == 2 && bytes == 10);
	cr_assert_eq(store_next_letter(store, 1, &letter), 0);
	cr_expect_eq(letter.id, 3);
	store_letter_free(&letter);
	letters_deinit(&letters);
	/* A number is never given out again. */
	write_letters(1);
	cr_assert_eq(store_next_letter(store, 3, &letter), 0);
	cr_expect_eq(letter.id, 4);
	store_letter_free(&letter);
}

static void see_copies(void *context, const char *source, uint64_t bytes, uint64_t copied)
{
	uint64_t *sums = context;

	cr_expect_eq(bytes, 10);
	sums[strcmp(source, "odd") == 0] = copied;
}

Test(kept, that_one_was_copied_is_noted)
{
	const struct store_gone gone[] = {{.id = 3, .bytes = 5, .stays = true}};
	struct store_dead_letter letter;
	struct store_gone oldest;
	uint64_t bytes, copies[2] = {7, 7};

	write_letters(4);
	cr_assert_eq(store_write(store, &(struct store_batch){.gone = gone, .n_gone = 1}, message,
				 sizeof message),
		     0, "%s", message);
	cr_expect(count(&bytes) == 4 && bytes == 20, "it stays");
	cr_assert_eq(store_oldest_letter(store, "even", 0, true, &oldest), 0);
	cr_expect_eq(oldest.id, 3);
	cr_expect_eq(store_oldest_letter(store, "odd", 0, true, &oldest), STORE_E_NONE);
	cr_assert_eq(store_oldest_letter(store, "even", 0, false, &oldest), 0);
	cr_expect_eq(oldest.id, 1);
	for (uint64_t id = 1; id <= 4; id++) {
		cr_assert_eq(store_next_letter(store, id - 1, &letter), 0);
		cr_expect_eq(letter.copied, id == 3);
		store_letter_free(&letter);
	}
	cr_assert_eq(store_source_letters(store, see_copies, copies), 0);
	cr_expect(copies[0] == 5 && copies[1] == 0);
}

Test(kept, a_letter_of_no_source_of_today_takes_nobodys_room)
{
	struct letters letters;
	struct store_dead_letter letter = {.id = 1, .source = "old", .value = {"value", 5}};

	letters_init(&letters, 100, 10);
	letters_held(&letters, "old", 5, 0);
	cr_expect(letters.stored == 5 && letters.left_behind == 5);
	cr_assert_eq(letters_remove(&letters, &letter), 0);
	cr_expect(letters.stored == 5 && letters.left_behind == 0);
	letter.source = NULL;
	cr_assert_eq(letters_remove(&letters, &letter), 0);
	cr_expect_eq(letters.stored, 0);
	letters_deinit(&letters);
}

Test(kept, it_is_chosen_by_id_and_by_name)
{
	const struct store_dead_letter letter = {
		.id = 5, .source = "orders", .topic = "t", .path = "/a"};
	static const struct {
		struct request request;
		bool asked;
	} cases[] = {
		{{.first = 1, .last = 9}, true},
		{{.first = 5, .last = 5}, true},
		{{.first = 6, .last = 9}, false},
		{{.first = 1, .last = 4}, false},
		{{.first = 1, .last = 9, .about = "orders"}, true},
		{{.first = 1, .last = 9, .about = "t"}, true},
		{{.first = 1, .last = 9, .about = "a", .path = "/a"}, true},
		{{.first = 1, .last = 9, .about = "a"}, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		cr_expect_eq(letter_is_asked(&cases[i].request, &letter), cases[i].asked, "%zu", i);
}

/* The examples of RFC 4648, 10. */
Test(kept, base64_is_that_of_the_standard)
{
	static const char *const cases[][2] = {
		{"", "\"\""},
		{"f", "\"Zg==\""},
		{"fo", "\"Zm8=\""},
		{"foo", "\"Zm9v\""},
		{"foob", "\"Zm9vYg==\""},
		{"fooba", "\"Zm9vYmE=\""},
		{"foobar", "\"Zm9vYmFy\""},
		{NULL, "null"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct json json = {.arena = &arena};
		struct slice text;

		base64_put(&json, slice_of(cases[i][0]));
		cr_assert_eq(json_finish(&json, &text), 0);
		cr_expect(text.len == strlen(cases[i][1]) &&
				  memcmp(text.at, cases[i][1], text.len) == 0,
			  "%zu", i);
	}
}
