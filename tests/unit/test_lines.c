/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines by tables, and by a property: whatever the chunks in which the bytes come, the lines are
 * those of a plain reference that looks at one byte at a time.
 */
#include "parsers/lines.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/random.h"

#define BYTES_MAX 512

static const struct line_rules FIVE = {.max_line = 5};
static const struct line_rules FIVE_KEEP = {.max_line = 5, .keep_cr = true};

Test(lines, cuts)
{
	static const struct {
		const char *bytes;
		const struct line_rules *rules;
		int r;
		const char *text;
		size_t extent;
		bool terminated, truncated;
	} CASES[] = {
		{"", &FIVE, LINES_E_MORE},
		{"abc", &FIVE, LINES_E_MORE},
		{"\n", &FIVE, 0, "", 1, true, false},
		{"\r\n", &FIVE, 0, "", 2, true, false},
		{"\r\n", &FIVE_KEEP, 0, "\r", 2, true, false},
		{"abc\ndef\n", &FIVE, 0, "abc", 4, true, false},
		{"abc\r\n", &FIVE, 0, "abc", 5, true, false},
		{"abc\r\n", &FIVE_KEEP, 0, "abc\r", 5, true, false},
		{"a\rb\r\r\n", &FIVE, 0, "a\rb\r", 6, true, false},
		/* Around max_line. */
		{"abcde", &FIVE, LINES_E_MORE},
		{"abcde\n", &FIVE, 0, "abcde", 6, true, false},
		{"abcde\r", &FIVE, LINES_E_MORE},
		{"abcde\r", &FIVE_KEEP, 0, "abcde", 5, false, true},
		{"abcde\r\n", &FIVE, 0, "abcde", 7, true, false},
		{"abcde\r\n", &FIVE_KEEP, 0, "abcde", 5, false, true},
		{"abcde\r\r", &FIVE, 0, "abcde", 5, false, true},
		{"abcdef", &FIVE, 0, "abcde", 5, false, true},
		{"abcdef\n", &FIVE, 0, "abcde", 5, false, true},
		{"abcd\r\n", &FIVE_KEEP, 0, "abcd\r", 6, true, false},
		{"abcd\rf", &FIVE, 0, "abcd\r", 5, false, true},
	};

	for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
		struct line line = {0};
		struct slice bytes = slice_of(CASES[i].bytes);

		cr_assert_eq(lines_cut(bytes, 0, CASES[i].rules, &line), CASES[i].r, "%zu", i);
		if (CASES[i].r != 0)
			continue;
		cr_expect(slice_eq(line.text, slice_of(CASES[i].text)), "case %zu", i);
		cr_expect_eq(line.text.at, bytes.at, "case %zu", i);
		cr_expect_eq(line.extent, CASES[i].extent, "case %zu: %zu", i, line.extent);
		cr_expect_eq(line.terminated, CASES[i].terminated, "case %zu", i);
		cr_expect_eq(line.truncated, CASES[i].truncated, "case %zu", i);
	}
}

Test(lines, cuts_the_last)
{
	static const struct {
		const char *bytes, *text;
		size_t extent;
		bool terminated, truncated;
	} CASES[] = {
		{"", "", 0, false, false},
		{"abc", "abc", 3, false, false},
		{"abc\r", "abc\r", 4, false, false},
		{"abcde", "abcde", 5, false, false},
		{"abcde\r", "abcde", 5, false, true},
		{"abcdef", "abcde", 5, false, true},
		{"ab\ncd", "ab", 3, true, false},
	};

	for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
		struct line line = lines_cut_last(slice_of(CASES[i].bytes), &FIVE);

		cr_expect(slice_eq(line.text, slice_of(CASES[i].text)), "case %zu", i);
		cr_expect_eq(line.extent, CASES[i].extent, "case %zu", i);
		cr_expect_eq(line.terminated, CASES[i].terminated, "case %zu", i);
		cr_expect_eq(line.truncated, CASES[i].truncated, "case %zu", i);
	}
	cr_assert_not_null(lines_cut_last(SLICE_NONE, &FIVE).text.at);
}

/* Scenario C03. A NUL is a byte like any other. */
Test(lines, passes_nul)
{
	struct line line;

	cr_assert_eq(lines_cut((struct slice){"a\0b\n", 4}, 0, &FIVE, &line), 0);
	cr_assert_eq(line.text.len, 3);
}

/* What a run over some bytes gave, in one comparable string. */
struct told {
	char text[4 * BYTES_MAX];
	size_t len;
};

static void tell(struct told *told, struct slice text, bool terminated, bool truncated)
{
	char *at = told->text + told->len;

	memcpy(at, text.at, text.len);
	at[text.len] = (char)(0x80 | (terminated ? 1 : 0) | (truncated ? 2 : 0));
	told->len += text.len + 1;
}

/* The reference: find the LF (or the end), then look at what stands before it. */
static void tell_plainly(struct told *told, struct slice bytes, const struct line_rules *rules)
{
	size_t at = 0;

	told->len = 0;
	while (at < bytes.len) {
		size_t end = at, len;
		bool terminated;

		while (end < bytes.len && bytes.at[end] != '\n')
			end++;
		terminated = end < bytes.len;
		len = end - at;
		if (terminated && !rules->keep_cr && len > 0 && bytes.at[end - 1] == '\r')
			len--;
		if (len > rules->max_line)
			tell(told, (struct slice){bytes.at + at, rules->max_line}, false, true);
		else
			tell(told, (struct slice){bytes.at + at, len}, terminated, false);
		at = end + 1;
	}
}

/* As the tail does it: a window over a growing file, with what is known to hold no LF. */
struct reader {
	const struct line_rules *rules;
	const char *bytes;
	size_t cursor, scanned; /* scanned counts from the cursor */
	bool discarding;
};

static void read_up_to(struct reader *reader, size_t end, bool last, struct told *told)
{
	while (reader->cursor < end) {
		const char *at = reader->bytes + reader->cursor;
		struct slice window = {at, end - reader->cursor};
		struct line line;

		if (reader->discarding) {
			reader->discarding = *at != '\n';
			reader->cursor++;
			continue;
		}
		if (lines_cut(window, reader->scanned, reader->rules, &line) == LINES_E_MORE) {
			reader->scanned = window.len;
			if (!last)
				return;
			line = lines_cut_last(window, reader->rules);
		}
		tell(told, line.text, line.terminated, line.truncated);
		reader->cursor += line.extent;
		reader->scanned = 0;
		reader->discarding = line.truncated;
	}
}

/* Bit i of cuts: a chunk ends before byte i + 1. */
static void tell_in_chunks(struct told *told, struct slice bytes, const struct line_rules *rules,
			   uint64_t cuts)
{
	/* A copy without slack, so that a read too far is seen by the sanitizer. */
	char *copy = malloc(bytes.len ? bytes.len : 1);
	struct reader reader = {.rules = rules, .bytes = copy};

	memcpy(copy, bytes.at, bytes.len);
	told->len = 0;
	for (size_t end = 1; end < bytes.len; end++) {
		if (cuts >> ((end - 1) % 64) & 1)
			read_up_to(&reader, end, false, told);
	}
	read_up_to(&reader, bytes.len, true, told);
	free(copy);
}

static void expect_alike(struct slice bytes, const struct line_rules *rules, uint64_t cuts)
{
	struct told plain, chunked;

	tell_plainly(&plain, bytes, rules);
	tell_in_chunks(&chunked, bytes, rules, cuts);
	/* The plain comparison comes first: an assertion for each of a million is slow. */
	if (plain.len == chunked.len && memcmp(plain.text, chunked.text, plain.len) == 0)
		return;
	cr_assert(false, "%zu bytes, max_line %zu, keep_cr %d, cuts %#llx", bytes.len,
		  rules->max_line, rules->keep_cr, (unsigned long long)cuts);
}

/*
 * Scenario C08. All texts of up to six letters out of { a, CR, LF }, in all chunks, for all small
 * rules.
 */
Test(lines, all_chunkings_of_all_short_texts)
{
	char text[6];

	for (size_t len = 0; len <= sizeof text; len++) {
		size_t n = 1;

		for (size_t i = 0; i < len; i++)
			n *= 3;
		for (size_t which = 0; which < n; which++) {
			for (size_t i = 0, rest = which; i < len; i++, rest /= 3)
				text[i] = "a\r\n"[rest % 3];
			for (size_t rule = 0; rule < 8; rule++) {
				struct line_rules rules = {1 + rule / 2, rule % 2};

				for (uint64_t cuts = 0; cuts < 1ull << (len ? len - 1 : 0); cuts++)
					expect_alike((struct slice){text, len}, &rules, cuts);
			}
		}
	}
}

/* Scenario C08 */
Test(lines, many_chunkings_of_a_corpus)
{
	static const char CORPUS[] =
		"\xef\xbb\xbf"
		"2024-05-01 first line with a byte order mark\n"
		"\n\n\r\n\r\r\n"
		"caf\xc3\xa9 \xff\xfe invalid \0 and NUL\r\n"
		"exactly sixteen!\nexactly sixteen!\r\nexactly seventeen\nfifteen letters\n"
		"a very long line that is truncated by every rule of this test, and then some "
		"more\n"
		"\tat org.example.Main(Main.java:7)\r\n"
		"no end";
	struct slice bytes = {CORPUS, sizeof CORPUS - 1};
	uint64_t cuts = 88172645463325252ull;

	_Static_assert(sizeof CORPUS < BYTES_MAX, "told has no room");
	for (int i = 0; i < 20000; i++) {
		struct line_rules rules = {(size_t[]){1, 15, 16, 17, 400}[i % 5], i % 2};

		/* xorshift: the same chunks in every run. */
		cuts ^= cuts << 13;
		cuts ^= cuts >> 7;
		cuts ^= cuts << 17;
		expect_alike(bytes, &rules, cuts);
	}
}

/* An event is cut again from its slot's extent, without what follows it in the file. */
Test(lines, own_extent_gives_the_same_text)
{
	static const char *const BYTES[] = {"abc\n",      "abc\r\n", "abcde\r\n",
					    "abcdefgh\n", "\n",      "abcde\r\rx"};

	for (size_t i = 0; i < sizeof BYTES / sizeof BYTES[0]; i++) {
		struct line line, again;

		cr_assert_eq(lines_cut(slice_of(BYTES[i]), 0, &FIVE, &line), 0);
		again = lines_cut_last((struct slice){BYTES[i], line.extent}, &FIVE);
		cr_expect(slice_eq(line.text, again.text), "case %zu", i);
		cr_expect_eq(line.extent, again.extent, "case %zu", i);
	}
}

Test(lines, scanned_is_not_looked_at_again)
{
	struct line line;

	/* A wrong hint shows that it is used: the LF it hides is not found. */
	cr_assert_eq(lines_cut(slice_of("a\nb\n"), 2, &FIVE, &line), 0);
	cr_assert_eq(line.extent, 4);
	cr_assert_eq(lines_cut(slice_of("abc"), 3, &FIVE, &line), LINES_E_MORE);
	cr_assert_eq(lines_cut(slice_of("abcdefgh"), 8, &FIVE, &line), 0);
	cr_assert(line.truncated);
}

/* What a line ends in besides LF; the last two are UTF-16. */
static const struct line_rules ENDS[] = {
	{.max_line = 6, .end_len = 2, .end = "--"},
	{.max_line = 6, .end_len = 3, .end = "-a-"},
	{.max_line = 6, .end_len = 1, .end = "\0", .nuls = true},
	{.max_line = 6, .end_len = 2, .end = "\n\0", .wide = true},
	{.max_line = 6, .end_len = 2, .end = "\0\n", .wide = true},
};

/* The same by the simplest means; 0: no end within what decides. */
static size_t plain_end(struct slice bytes, const struct line_rules *rules)
{
	for (size_t at = 0; at + rules->end_len <= bytes.len; at += rules->wide ? 2 : 1)
		if (memcmp(bytes.at + at, rules->end, rules->end_len) == 0)
			return at + rules->end_len;
	return 0;
}

/* However the bytes become known, and with what was looked at before: one cut, the right one. */
Test(lines, other_ends_are_found_in_any_pieces)
{
	static const char letters[] = "-a\0\n\rb";
	struct random random = {7};
	char bytes[40];

	for (int round = 0; round < 20000; round++) {
		const struct line_rules *rules = &ENDS[round % (int)ARRAY_LEN(ENDS)];
		size_t scanned = 0, end, len = sizeof bytes;
		struct line line, whole;
		int r = LINES_E_MORE;

		for (size_t i = 0; i < len; i++)
			bytes[i] = letters[random_below(&random, sizeof letters - 1)];
		for (size_t known = 1; r && known <= len; known++) {
			r = lines_cut((struct slice){bytes, known}, scanned, rules, &line);
			scanned = known;
		}
		cr_assert_eq(r, 0);
		cr_assert_eq(lines_cut((struct slice){bytes, len}, 0, rules, &whole), 0);
		cr_expect(line.extent == whole.extent && line.text.len == whole.text.len &&
			  line.terminated == whole.terminated);
		end = plain_end((struct slice){bytes, len}, rules);
		cr_expect_eq(lines_find_end((struct slice){bytes, len}, rules), end);
		if (line.terminated)
			cr_expect_eq(line.extent, end);
		else
			cr_expect(line.truncated && line.extent == rules->max_line &&
				  (!end || end - rules->end_len > rules->max_line));
	}
}

Test(lines, the_last_of_other_ends)
{
	cr_expect_eq(lines_find_last_end(slice_of("a--b---"), 0, &ENDS[0]), 7);
	cr_expect_eq(lines_find_last_end(slice_of("a--b-"), 0, &ENDS[0]), 3);
	cr_expect_eq(lines_find_last_end(slice_of("ab"), 0, &ENDS[0]), 0);
	cr_expect_eq(lines_find_last_end((struct slice){"a\0\n\0\0\n\0b", 8}, 0, &ENDS[3]), 4);
	cr_expect_eq(lines_find_last_end((struct slice){"a\0\n\0\0\n\0b", 8}, 1, &ENDS[3]), 7);
	cr_expect_eq(lines_find_last_end((struct slice){"\0\n\0b", 4}, 6, &ENDS[4]), 2);
}
