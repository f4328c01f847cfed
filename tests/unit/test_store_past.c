/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Databases of earlier versions (tests/past): every row is what it was, and what is written next
 * has the columns of today.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "flow/branches.h"
#include "flow/ranges.h"
#include "state/store.h"

static char base[64], dir[80], message[512];
static struct store *store;
static struct store_file *rows;
static size_t n_rows;

/* A state directory with this database of tests/past in it. */
static void begin(void)
{
	strcpy(base, "/tmp/test_store_past.XXXXXX");
	cr_assert(mkdtemp(base));
	snprintf(dir, sizeof dir, "%s/state", base);
	cr_assert_eq(mkdir(dir, 0750), 0);
}

static void end(void)
{
	char command[128];

	rows = store_files_free(rows, n_rows);
	store = store_close(store);
	snprintf(command, sizeof command, "rm -r %s", base);
	cr_assert_eq(system(command), 0);
}

TestSuite(past, .init = begin, .fini = end, .timeout = 60);

static void copy(const char *name)
{
	char path[PATH_MAX];
	struct stat st;
	int from, to;

	snprintf(path, sizeof path, "tests/past/%s", name);
	from = open(path, O_RDONLY | O_CLOEXEC);
	cr_assert(from >= 0 && fstat(from, &st) == 0, "%s", path);
	snprintf(path, sizeof path, "%s/waybill.db", dir);
	to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	cr_assert_eq(sendfile(to, from, NULL, (size_t)st.st_size), st.st_size);
	close(from);
	close(to);
}

static void load(void)
{
	cr_assert_eq(store_open(dir, &store, message, sizeof message), 0, "%s", message);
	cr_assert_eq(store_load(store, &rows, &n_rows), 0);
}

static void load_again(void)
{
	rows = store_files_free(rows, n_rows);
	store = store_close(store);
	load();
}

/* What no row of an older version says. */
static void expect_nothing_new(const struct store_file *row)
{
	cr_expect(!row->real && !row->went && !row->packed && !row->flags);
	cr_expect(!row->proven && !row->chain_at && !row->rest_hash);
	cr_expect(!row->size && !row->mtime_ns);
}

static void expect_format_2(void)
{
	struct ranges ahead = RANGES_NULL;
	uint64_t bytes, letters;

	cr_assert_eq(n_rows, 3);
	cr_expect_eq(rows[0].id, 1);
	cr_expect_eq(rows[0].content_id, 0x8123456789abcdef);
	cr_expect_eq(rows[0].device, 64769);
	cr_expect_eq(rows[0].inode, 1311768);
	cr_expect_eq(rows[0].born_ns, 1767225600123456789);
	cr_expect_str_eq(rows[0].path, "/var/log/app/app.log.1");
	cr_expect_str_eq(rows[0].lineage, "/var/log/app/app.log");
	cr_expect_eq(rows[0].head_len, 1024);
	cr_expect_eq(rows[0].head_hash, 0xfedcba9876543210);
	cr_expect_eq(rows[0].committed, 1048576);
	cr_expect_eq(rows[0].tail_len, 64);
	cr_expect_eq(rows[0].tail_hash, 0x9f8e7d6c5b4a3928);
	cr_expect(rows[1].discarding && rows[1].committed == 300);
	cr_assert_eq(ranges_decode(rows[1].ahead, rows[1].committed, &ahead), 0);
	cr_expect_eq(ahead.n, 2);
	ranges_deinit(&ahead);
	cr_expect_str_eq(rows[2].path, "/var/log/app/\xff.log");
	cr_expect(rows[2].id == 5 && rows[2].content_id == 0 && rows[2].committed == 0);
	store_dead_letters(store, &bytes, &letters);
	cr_expect(bytes == 10 && letters == 1);
	cr_expect_eq(store_knows_source(store, "app"), 1);
	cr_expect_eq(store_knows_source(store, "other"), 0);
	cr_expect_str_eq(store_agent_id(store), "634f17bcb8c8848a");
}

static void see_letters(void *context, const char *source, uint64_t bytes, uint64_t copied)
{
	cr_expect_eq(copied, 0);
	cr_expect_str_eq(source, "app");
	*(uint64_t *)context += bytes;
}

/* Scenario B12. Its letters are nobody's share, and stay. */
Test(past, the_letters_of_format_2_are_taken_over)
{
	const struct store_dead_letter letter = {1,   200, "app",      "/a",        "t",
						 "r", 5,   {"key", 3}, {"value", 5}};
	uint64_t bytes = 0, all, count;

	copy("format-2.db");
	load();
	cr_assert_eq(store_source_letters(store, see_letters, &bytes), 0);
	cr_expect_eq(bytes, 0);
	cr_assert_eq(store_write(store, &(struct store_batch){.letters = &letter, .n_letters = 1},
				 message, sizeof message),
		     0, "%s", message);
	load_again();
	cr_assert_eq(store_source_letters(store, see_letters, &bytes), 0);
	cr_expect_eq(bytes, 8);
	store_dead_letters(store, &all, &count);
	cr_expect(all == 18 && count == 2);
}

/* Scenario B12 */
Test(past, the_state_of_format_2_is_taken_over)
{
	struct store_file row;

	copy("format-2.db");
	load();
	expect_format_2();
	for (size_t i = 0; i < n_rows; i++)
		expect_nothing_new(&rows[i]);
	/* Once more: nothing of it was changed on the way. */
	load_again();
	expect_format_2();
	/* The next checkpoint of one of them has what is new, the others still have not. */
	row = rows[0];
	row.real = (char *)"/real/app.log.1";
	row.proven = true;
	row.chain_at = 1048576;
	row.chain = (struct hash128){1, 2};
	row.size = 1048600;
	cr_assert_eq(store_write(store, &(struct store_batch){.files = &row, .n_files = 1}, message,
				 sizeof message),
		     0, "%s", message);
	load_again();
	expect_format_2();
	cr_expect_str_eq(rows[0].real, "/real/app.log.1");
	cr_expect(rows[0].proven && rows[0].chain.low == 1 && rows[0].chain.high == 2);
	cr_expect(rows[0].chain_at == 1048576 && rows[0].size == 1048600);
	expect_nothing_new(&rows[1]);
	expect_nothing_new(&rows[2]);
}

/*
 * What a newer format says of a letter an older row leaves open; it can be sent again all the same.
 */
Test(past, the_letters_of_format_3_can_be_sent_again)
{
	struct store_dead_letter letter;

	copy("format-3.db");
	load();
	cr_assert_eq(n_rows, 4);
	cr_expect(rows[3].proven && rows[3].chain_at == 4096 && rows[3].committed == 5000);
	cr_assert_eq(store_next_letter(store, 0, &letter), 0);
	cr_expect(letter.id == 1 && !letter.source && !letter.headers.at);
	store_letter_free(&letter);
	cr_assert_eq(store_next_letter(store, 1, &letter), 0);
	cr_expect(letter.id == 2 && letter.file == 7 && letter.position == 400);
	cr_expect_str_eq(letter.source, "orders");
	cr_expect_str_eq(letter.reason, "MSG_SIZE_TOO_LARGE");
	cr_expect(letter.partition == -1 && !letter.headers.at && letter.value.len == 9);
	store_letter_free(&letter);
	cr_expect_eq(store_next_letter(store, 2, &letter), STORE_E_NONE);
}

static void see_topic(void *context, const struct store_topic *topic)
{
	uint32_t *seen = context;

	seen[0] += strcmp(topic->name, "orders") == 0 ? topic->partitions : 0;
	seen[1] += strcmp(topic->name, "audit") == 0 ? topic->partitions : 0;
	seen[2]++;
}

static void expect_format_4(void)
{
	uint32_t topics[3] = {0};

	cr_assert_eq(n_rows, 5);
	cr_expect_eq(rows[4].id, 8);
	cr_expect_eq(rows[4].content_id, 0x1122334455667788);
	cr_expect_str_eq(rows[4].path, "/srv/audit/audit.log");
	cr_expect_str_eq(rows[4].real, "/data/audit/audit.log");
	cr_expect(rows[4].proven && rows[4].chain_at == 8192 && rows[4].committed == 9000);
	cr_expect(rows[4].chain.low == 3 && rows[4].chain.high == 4 && rows[4].rest_hash == 5);
	cr_expect(rows[4].size == 9100 && rows[4].reach == 9100);
	cr_assert_eq(store_topics(store, see_topic, topics), 0);
	cr_expect(topics[0] == 6 && topics[1] == 3 && topics[2] == 2);
	cr_expect_eq(store_knows_source(store, "audit"), 1);
	cr_expect_str_eq(store_agent_id(store), "634f17bcb8c8848a");
}

/*
 * Scenario B12. The keys of a topic go on by the number that is remembered; no letter names a
 * partition or has headers, until one of today does.
 */
Test(past, the_state_of_format_4_is_taken_over)
{
	const struct store_dead_letter today = {8, 900,      "audit",      "/a", "audit",      "r",
						5, {"k", 1}, {"value", 5}, 2,    {"packed", 6}};
	struct store_dead_letter letter;

	copy("format-4.db");
	load();
	expect_format_4();
	cr_assert_eq(store_next_letter(store, 2, &letter), 0);
	cr_expect(letter.id == 3 && letter.file == 8 && letter.position == 700);
	cr_expect(letter.partition == -1 && !letter.headers.at && letter.value.len == 13);
	cr_expect_str_eq(letter.reason, "PARTITION_ABSENT");
	store_letter_free(&letter);
	cr_assert_eq(store_write(store, &(struct store_batch){.letters = &today, .n_letters = 1},
				 message, sizeof message),
		     0, "%s", message);
	load_again();
	expect_format_4();
	cr_assert_eq(store_next_letter(store, 3, &letter), 0);
	cr_expect(letter.id == 4 && letter.partition == 2);
	cr_expect(slice_eq(letter.headers, slice_of("packed")));
	store_letter_free(&letter);
}

static void expect_format_5(const struct store_file *row)
{
	struct ranges ahead = RANGES_NULL;

	cr_expect_eq(row->id, 9);
	cr_expect_str_eq(row->path, "/srv/shop/shop.log");
	cr_expect(row->proven && row->chain_at == 4096 && row->committed == 5000);
	cr_expect(row->ctime_ns == 1767300001000000000 && row->reach == 5300);
	cr_assert_eq(ranges_decode(row->ahead, row->committed, &ahead), 0);
	cr_expect(ahead.n == 2 && ahead.at[0].start == 5010 && ahead.at[1].end == 5042);
	ranges_deinit(&ahead);
}

/*
 * Scenario B12. No row says of lines that went to one of several topics, until one of today does;
 * who looks for other topics finds nothing in it.
 */
Test(past, the_state_of_format_5_is_taken_over)
{
	const uint64_t ids[] = {11, 22}, others[] = {33, 22};
	struct branches branches = {.of = {RANGES_NULL}}, *loaded;
	struct store_dead_letter letter;
	struct store_file row;

	copy("format-5.db");
	load();
	cr_assert_eq(n_rows, 6);
	expect_format_5(&rows[5]);
	for (size_t i = 0; i < n_rows; i++)
		cr_expect(!rows[i].branches.len);
	cr_assert_eq(store_next_letter(store, 3, &letter), 0);
	cr_expect(letter.id == 4 && letter.partition == 4);
	cr_expect(slice_eq(letter.headers, slice_of("packed")));
	store_letter_free(&letter);
	row = rows[5];
	cr_assert_eq(ranges_add(&branches.of[0], 5050, 5070), 0);
	cr_assert_eq(ranges_add(&branches.of[1], 5042, 5050), 0);
	cr_assert_eq(branches_encode(&branches, ids, 2, row.committed, 100, &row.branches), 0);
	cr_assert_eq(store_write(store, &(struct store_batch){.files = &row, .n_files = 1}, message,
				 sizeof message),
		     0, "%s", message);
	free((char *)row.branches.at);
	load_again();
	expect_format_5(&rows[5]);
	cr_assert_eq(branches_decode(rows[5].branches, others, 2, 5000, &loaded), 0);
	cr_expect(loaded && !loaded->of[0].n && loaded->of[1].n == 1);
	cr_expect(branches_settled(loaded, 5042, 5050) == 2 &&
		  !branches_settled(loaded, 5050, 5070));
	branches_free(loaded);
	ranges_deinit(&branches.of[0]);
	ranges_deinit(&branches.of[1]);
}

/* Scenario B12. No letter says that it was copied, until one of today does. */
Test(past, the_state_of_format_6_is_taken_over)
{
	const uint64_t ids[] = {11, 22};
	const struct store_gone copied = {.id = 5, .stays = true};
	struct store_dead_letter letter;
	struct branches *loaded;

	copy("format-6.db");
	load();
	cr_assert_eq(n_rows, 6);
	expect_format_5(&rows[5]);
	cr_assert_eq(branches_decode(rows[5].branches, ids, 2, 5000, &loaded), 0);
	cr_expect(loaded && branches_settled(loaded, 5042, 5050) == 2);
	branches_free(loaded);
	for (uint64_t id = 1; id <= 5; id++) {
		cr_assert_eq(store_next_letter(store, id - 1, &letter), 0);
		cr_expect(letter.id == id && !letter.copied);
		store_letter_free(&letter);
	}
	cr_assert_eq(store_write(store, &(struct store_batch){.gone = &copied, .n_gone = 1},
				 message, sizeof message),
		     0, "%s", message);
	load_again();
	cr_assert_eq(store_next_letter(store, 4, &letter), 0);
	cr_expect(letter.copied && letter.id == 5);
	cr_expect_str_eq(letter.reason, "MSG_SIZE_TOO_LARGE");
	store_letter_free(&letter);
}
