/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where records go. tests/corpus/java/partitions.tsv was written by
 * tests/integration/java/Partitions.java out of Kafka's own Java client; the integration tests do
 * the same with 100,000 fresh keys.
 */
#include "output/partitioner.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>

#define JAVA "tests/corpus/java/partitions.tsv"

/* By the hash of the name, of a key. */
struct golden {
	enum partitioner_hash hash;
	char key[32];
	int32_t n;
	int32_t partition;
};

ParameterizedTestParameters(partitioner, golden)
{
	static struct golden cases[] = {
		{PARTITIONER_MURMUR2, "kafka", 12, 4},
		{PARTITIONER_MURMUR2, "log", 12, 10},
		{PARTITIONER_MURMUR2, "host-17.example.com", 12, 11},
		{PARTITIONER_MURMUR2, "a", 12, 4},
		/* From the tests of Kafka's own murmur2: the hash itself, masked to 31 bits. */
		{PARTITIONER_MURMUR2, "21", INT32_MAX, -973932308 & 0x7fffffff},
		{PARTITIONER_MURMUR2, "foobar", INT32_MAX, -790332482 & 0x7fffffff},
		{PARTITIONER_MURMUR2, "a-little-bit-long-string", INT32_MAX,
		 -985981536 & 0x7fffffff},
		{PARTITIONER_MURMUR2, "a-little-bit-longer-string", INT32_MAX,
		 -1486304829 & 0x7fffffff},
		{PARTITIONER_MURMUR2, "abc", INT32_MAX, 479470107},
		{PARTITIONER_MURMUR2, "kafka", 1, 0},
		/* zlib's crc32 mod n. */
		{PARTITIONER_CRC32, "kafka", 7, 6},
		{PARTITIONER_CRC32, "log", 12, 9},
		{PARTITIONER_CRC32, "host-17.example.com", 48, 19},
		{PARTITIONER_CRC32, "orders-4711", 12, 7},
		{PARTITIONER_CRC32, "\xff\x80\x01", 12, 2},
		{PARTITIONER_CRC32, "", 12, 0},
		/* FNV-1a of 32 bits as a signed number, mod n, without its sign: as sarama. */
		{PARTITIONER_FNV1A, "kafka", 7, 4},
		{PARTITIONER_FNV1A, "log", 48, 33},
		{PARTITIONER_FNV1A, "a", 12, 0},
		{PARTITIONER_FNV1A, "a", 48, 36},
		{PARTITIONER_FNV1A, "orders-4711", 48, 4},
		{PARTITIONER_FNV1A, "", 48, 27},
	};

	return cr_make_param_array(struct golden, cases, ARRAY_LEN(cases));
}

/* Scenario E23 */
ParameterizedTest(struct golden *c, partitioner, golden)
{
	cr_expect_eq(partitioner_hash(c->hash, slice_of(c->key), c->n), c->partition,
		     "%s mod %d: %d", c->key, c->n,
		     partitioner_hash(c->hash, slice_of(c->key), c->n));
}

Test(partitioner, bytes_above_127_and_every_alignment)
{
	static const char long_key[] = "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8";
	char buffer[128];

	for (size_t shift = 0; shift < 8; shift++) {
		memcpy(buffer + shift, long_key, sizeof long_key);
		cr_expect_eq(partitioner_hash(PARTITIONER_MURMUR2,
					      (struct slice){buffer + shift, sizeof long_key - 1},
					      INT32_MAX),
			     -58897971 & 0x7fffffff);
	}
}

Test(partitioner, an_empty_key_is_a_key)
{
	int32_t p = partitioner_hash(PARTITIONER_MURMUR2, (struct slice){"", 0}, 12);

	cr_expect(p >= 0 && p < 12);
	cr_expect_eq(p, partitioner_hash(PARTITIONER_MURMUR2, (struct slice){"x", 0}, 12));
}

/* ---- with rules ---- */

/* "prefix vip- 0", "keys a,b 1,2", "pattern ^x 3" */
static void add_rule(struct partitioner_rules *rules, const char *text)
{
	struct partitioner_rule rule = {.texts = calloc(16, sizeof(char *)),
					.partitions = calloc(16, sizeof(int32_t))};
	char *copy = strdup(text), *rest, *list;
	const char *kind = strtok_r(copy, " ", &rest);
	char *names = strtok_r(NULL, " ", &rest), *numbers = strtok_r(NULL, " ", &rest);
	struct pattern_error error;

	rule.kind = kind[1] == 'e' ? PARTITIONER_KEYS :
		    kind[1] == 'r' ? PARTITIONER_PREFIX :
				     PARTITIONER_PATTERN;
	for (char *name = strtok_r(names, ",", &list); name; name = strtok_r(NULL, ",", &list))
		rule.texts[rule.n_texts++] = strdup(name);
	for (char *p = strtok_r(numbers, ",", &list); p; p = strtok_r(NULL, ",", &list))
		rule.partitions[rule.n_partitions++] = atoi(p);
	if (rule.kind == PARTITIONER_PATTERN)
		cr_assert_eq(pattern_compile(rule.texts[0], strlen(rule.texts[0]), &rule.pattern,
					     &error),
			     0);
	cr_assert_eq(partitioner_rules_add(rules, &rule), 0);
	free(copy);
}

/* A partitioner with the rules, which end with NULL. */
static struct partitioner *make(const char *first, ...)
{
	struct partitioner *p = calloc(1, sizeof *p);
	va_list args;

	va_start(args, first);
	for (const char *rule = first; rule; rule = va_arg(args, const char *)) {
		if (!p->rules)
			p->rules = partitioner_rules_new();
		add_rule(p->rules, rule);
	}
	va_end(args);
	return p;
}

static struct partitioner_topic topic_of(const struct partitioner *p, int32_t n)
{
	struct partitioner_topic topic;

	cr_assert_eq(partitioner_topic_init(&topic, p, 0), 0);
	cr_assert_eq(partitioner_topic_resize(&topic, n), 0);
	return topic;
}

static int32_t place(struct partitioner_topic *topic, const char *key)
{
	return partitioner_of_key(topic, slice_of(key));
}

static int32_t murmur2(const char *key, int32_t n)
{
	return partitioner_hash(PARTITIONER_MURMUR2, slice_of(key), n);
}

Test(partitioner, the_first_rule_that_matches_wins)
{
	struct partitioner *p = make("prefix vip- 5", "keys vip-a,b,c 1", "pattern ^c|d$ 2,7",
				     "keys c,dd,e 3", "prefix e 4", NULL);
	struct partitioner_topic topic = topic_of(p, 12);

	cr_expect_eq(place(&topic, "vip-"), 5);
	cr_expect_eq(place(&topic, "vip-a"), 5);
	cr_expect_eq(place(&topic, "b"), 1);
	cr_expect_eq(place(&topic, "c"), 1);
	cr_expect_eq(place(&topic, "cc"), murmur2("cc", 2) ? 7 : 2);
	cr_expect_eq(place(&topic, "dd"), murmur2("dd", 2) ? 7 : 2);
	cr_expect_eq(place(&topic, "e"), 3);
	cr_expect_eq(place(&topic, "ee"), 4);
	partitioner_topic_deinit(&topic);
	partitioner_free(p);
}

Test(partitioner, what_is_left_is_in_ascending_order)
{
	static const int32_t left[] = {0, 2, 4, 6, 7};
	struct partitioner *p = make("prefix a 5,1", "keys x 3,5", NULL);
	struct partitioner_topic topic = topic_of(p, 8);
	char key[16];

	for (int i = 0; i < 1000; i++) {
		snprintf(key, sizeof key, "k%d", i);
		cr_expect_eq(place(&topic, key), left[murmur2(key, 5)]);
		snprintf(key, sizeof key, "a%d", i);
		cr_expect_eq(place(&topic, key), murmur2(key, 2) ? 1 : 5);
	}
	cr_expect_eq(place(&topic, ""), left[murmur2("", 5)]);
	partitioner_topic_deinit(&topic);
	partitioner_free(p);
}

Test(partitioner, rules_use_the_hash_that_is_set)
{
	static const int32_t named[] = {6, 1, 3}, left[] = {0, 2, 4, 5};
	struct partitioner *p = make("prefix a 6,1,3", NULL);
	struct partitioner_topic topic;

	p->hash = PARTITIONER_FNV1A;
	topic = topic_of(p, 7);
	for (char c = 'a'; c <= 'z'; c++) {
		struct slice key = {(char[]){'a', c}, 2}, other = {(char[]){'b', c}, 2};

		cr_expect_eq(partitioner_of_key(&topic, key),
			     named[partitioner_hash(PARTITIONER_FNV1A, key, 3)]);
		cr_expect_eq(partitioner_of_key(&topic, other),
			     left[partitioner_hash(PARTITIONER_FNV1A, other, 4)]);
	}
	partitioner_topic_deinit(&topic);
	partitioner_free(p);
}

Test(partitioner, too_few_partitions_place_what_they_can)
{
	struct partitioner *p = make("prefix vip- 0", "prefix far- 4", NULL);
	struct partitioner_topic topic = topic_of(p, 1);

	cr_expect_eq(partitioner_least(p), 5);
	cr_expect_eq(place(&topic, "vip-1"), 0);
	cr_expect_eq(place(&topic, "far-1"), -1);
	cr_expect_eq(place(&topic, "other"), -1);
	cr_assert_eq(partitioner_topic_resize(&topic, 2), 0);
	cr_expect_eq(place(&topic, "far-1"), -1);
	cr_expect_eq(place(&topic, "other"), 1);
	cr_assert_eq(partitioner_topic_resize(&topic, 5), 0);
	cr_expect_eq(place(&topic, "far-1"), 4);
	cr_expect_eq(place(&topic, "other"), 1 + murmur2("other", 3));
	cr_assert_eq(partitioner_topic_resize(&topic, 1), 0);
	cr_expect_eq(place(&topic, "vip-1"), 0);
	cr_expect_eq(place(&topic, "other"), -1);
	partitioner_topic_deinit(&topic);
	partitioner_free(p);
}

Test(partitioner, least)
{
	static const struct {
		const char *rule;
		int32_t least;
	} cases[] = {
		{"prefix a 0", 2},   {"prefix a 1", 2},          {"prefix a 0,1,2", 4},
		{"prefix a 2,0", 3}, {"prefix a 99999", 100000},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct partitioner *p = make(cases[i].rule, NULL);

		cr_expect_eq(partitioner_least(p), cases[i].least, "%s", cases[i].rule);
		partitioner_free(p);
	}
	cr_expect_eq(partitioner_least(partitioner_default()), 1);
}

/* With fewer than partitioner_least some key has no place, with as many all have one. */
Test(partitioner, least_is_enough_and_no_more)
{
	struct partitioner *p = make("prefix a 3,1", "keys x,y 0", "pattern z$ 7", NULL);
	static const char *const keys[] = {"a", "a1", "x", "y", "z", "other", ""};
	int32_t least = partitioner_least(p);

	for (int32_t n = 1; n < 20; n++) {
		struct partitioner_topic topic = topic_of(p, n);
		bool all = true;

		for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
			int32_t at = place(&topic, keys[i]);

			cr_expect(at >= -1 && at < n);
			all &= at >= 0;
		}
		cr_expect_eq(all, n >= least, "%d partitions", n);
		partitioner_topic_deinit(&topic);
	}
	partitioner_free(p);
}

Test(partitioner, equal_is_what_places_alike)
{
	static const char *const rules[] = {"prefix a 0", "keys a 0",     "pattern a 0",
					    "prefix b 0", "prefix a 0,1", "prefix a 1,0"};
	struct partitioner *plain = make(NULL, NULL), *two = make(rules[0], rules[1], NULL);

	cr_expect(partitioner_equal(plain, partitioner_default()));
	plain->hash = PARTITIONER_CRC32;
	cr_expect_not(partitioner_equal(plain, partitioner_default()));
	plain->hash = PARTITIONER_MURMUR2;
	plain->null_key = PARTITIONER_RANDOM;
	cr_expect_not(partitioner_equal(plain, partitioner_default()));
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		struct partitioner *a = make(rules[i], NULL);

		cr_expect_not(partitioner_equal(a, partitioner_default()));
		cr_expect_not(partitioner_equal(a, two));
		for (size_t k = 0; k < ARRAY_LEN(rules); k++) {
			struct partitioner *b = make(rules[k], NULL);

			cr_expect_eq(partitioner_equal(a, b), i == k, "%s, %s", rules[i], rules[k]);
			partitioner_free(b);
		}
		partitioner_free(a);
	}
	partitioner_free(plain);
	partitioner_free(two);
}

/* Keys of every length, in two lists, some in both: all are found, and nothing else is. */
Test(partitioner, listed_keys_of_every_length)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	struct partitioner_rules *rules = partitioner_rules_new();
	const struct partitioner_rule *all;
	size_t n;

	for (int which = 0; which < 2; which++) {
		struct partitioner_rule rule = {.kind = PARTITIONER_KEYS,
						.texts = calloc(200, sizeof(char *)),
						.partitions = calloc(1, sizeof(int32_t)),
						.n_partitions = 1};

		for (size_t len = 1; len <= 40; len++) {
			for (size_t from = (size_t)which; from < 3 + (size_t)which; from++)
				rule.texts[rule.n_texts++] = strndup(letters + from, len);
		}
		cr_assert_eq(partitioner_rules_add(rules, &rule), 0);
	}
	all = partitioner_rules_all(rules, &n);
	cr_assert_eq(n, 2);
	for (size_t len = 1; len <= 40; len++) {
		for (size_t from = 0; from < 5; from++) {
			const struct partitioner_rule *found = partitioner_rules_match(
				rules, NULL, (struct slice){letters + from, len});

			cr_expect_eq(found,
				     from < 3  ? &all[0] :
				     from == 3 ? &all[1] :
						 NULL,
				     "length %zu, from %zu", len, from);
		}
	}
	cr_expect_null(partitioner_rules_match(rules, NULL, (struct slice){"", 0}));
	partitioner_rules_free(rules);
}

static size_t unhex(const char *text, char *ret_bytes)
{
	size_t n = 0;
	unsigned int byte;

	for (; sscanf(text + 2 * n, "%2x", &byte) == 1; n++)
		ret_bytes[n] = (char)byte;
	return n;
}

/* Scenario E23 */
Test(partitioner, as_the_java_client)
{
	FILE *file = fopen(JAVA, "r");
	struct partitioner *priority = make("prefix vip- 0", NULL);
	char line[4096], key[2048];
	size_t lines = 0;

	cr_assert(file, "run from the top directory");
	while (fgets(line, sizeof line, file)) {
		char *rest = line, *type = strsep(&rest, "\t"), *n = strsep(&rest, "\t");
		struct slice bytes = {key, unhex(strsep(&rest, "\t"), key)};
		int32_t as_java = atoi(strsep(&rest, "\t"));
		int32_t by_rule = *rest == '-' ? -1 : atoi(rest);
		struct partitioner_topic topic = topic_of(partitioner_default(), atoi(n));

		cr_expect_eq(partitioner_of_key(&topic, bytes), as_java, "%s, line %zu", type,
			     lines + 1);
		partitioner_topic_deinit(&topic);
		topic = topic_of(priority, atoi(n));
		cr_expect_eq(partitioner_of_key(&topic, bytes), by_rule, "%s, line %zu", type,
			     lines + 1);
		partitioner_topic_deinit(&topic);
		lines++;
	}
	cr_expect_eq(lines, 480);
	fclose(file);
	partitioner_free(priority);
}

/* ---- without a key ---- */

static bool held(const void *context, int32_t partition)
{
	return *(const unsigned int *)context >> partition & 1;
}

static int32_t next(struct partitioner_topic *topic, size_t bytes, unsigned int mask)
{
	return partitioner_of_null(topic, bytes, 1000, held, &mask);
}

Test(partitioner, sticky_stays_for_a_batch_and_moves_on)
{
	struct partitioner_topic topic = topic_of(partitioner_default(), 3);
	int32_t expected[] = {2, 2, 2, 2, 0, 0, 0, 0, 1};

	topic.next = 2;
	for (size_t i = 0; i < ARRAY_LEN(expected); i++)
		cr_expect_eq(next(&topic, 250, 0), expected[i], "record %zu", i);
	partitioner_move_on(&topic);
	cr_expect_eq(next(&topic, 250, 0), 2);
}

/* Scenario E22 */
Test(partitioner, sticky_avoids_the_held)
{
	struct partitioner_topic topic = topic_of(partitioner_default(), 3);

	cr_expect_eq(next(&topic, 10, 0), 0);
	cr_expect_eq(next(&topic, 10, 1), 1);
	cr_expect_eq(next(&topic, 10, 3), 2);
	cr_expect_eq(next(&topic, 10, 7), -1);
	cr_expect_eq(next(&topic, 10, 6), 0);
}

Test(partitioner, sticky_survives_fewer_partitions)
{
	struct partitioner_topic topic = topic_of(partitioner_default(), 6);

	topic.next = 5;
	cr_expect_eq(next(&topic, 10, 0), 5);
	cr_assert_eq(partitioner_topic_resize(&topic, 2), 0);
	cr_expect_lt(next(&topic, 10, 0), 2);
}

Test(partitioner, round_robin_takes_the_next_that_is_not_held)
{
	struct partitioner round = {.null_key = PARTITIONER_ROUND_ROBIN};
	struct partitioner_topic topic = topic_of(&round, 4);
	int32_t free_to_go[] = {0, 1, 2, 3, 0, 1}, without_3[] = {2, 0, 1, 2};

	for (size_t i = 0; i < ARRAY_LEN(free_to_go); i++)
		cr_expect_eq(next(&topic, 10, 0), free_to_go[i], "record %zu", i);
	for (size_t i = 0; i < ARRAY_LEN(without_3); i++)
		cr_expect_eq(next(&topic, 10, 1 << 3), without_3[i], "record %zu", i);
	cr_expect_eq(next(&topic, 10, 15), -1);
}

/* Each of 8 within a tenth of its share; no run of the same longer than chance makes it. */
Test(partitioner, random_spreads)
{
	struct partitioner chance = {.null_key = PARTITIONER_RANDOM};
	struct partitioner_topic topic = topic_of(&chance, 8);
	int count[8] = {0}, run = 0, longest = 0;
	int32_t before = -1;

	for (int i = 0; i < 80000; i++) {
		int32_t at = next(&topic, 10, 0);

		cr_assert(at >= 0 && at < 8);
		count[at]++;
		run = at == before ? run + 1 : 1;
		longest = run > longest ? run : longest;
		before = at;
	}
	for (int i = 0; i < 8; i++)
		cr_expect(count[i] > 9000 && count[i] < 11000, "%d: %d", i, count[i]);
	cr_expect(longest > 2 && longest < 12, "%d", longest);
	for (int i = 0; i < 1000; i++)
		cr_expect_eq(next(&topic, 10, 0xff & ~(1u << 5)), 5);
	cr_expect_eq(next(&topic, 10, 0xff), -1);
}

Test(partitioner, what_has_no_key_keeps_off_reserved_partitions)
{
	static const enum partitioner_null_key ways[] = {
		PARTITIONER_STICKY, PARTITIONER_ROUND_ROBIN, PARTITIONER_RANDOM};
	struct partitioner *p = make("prefix vip- 0,3", NULL);

	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		struct partitioner_topic topic;
		unsigned int seen = 0;

		p->null_key = ways[i];
		topic = topic_of(p, 6);
		for (int k = 0; k < 200; k++)
			seen |= 1u << next(&topic, 300, 0);
		cr_expect_eq(seen, 1u << 1 | 1u << 2 | 1u << 4 | 1u << 5);
		cr_expect_eq(next(&topic, 10, 0x3f & ~9u), -1);
		cr_assert_eq(partitioner_topic_resize(&topic, 1), 0);
		cr_expect_eq(next(&topic, 10, 0), -1);
		partitioner_topic_deinit(&topic);
	}
	partitioner_free(p);
}
