/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the rules of a partitioner cost a record: rules KIND COUNT places COUNT keys, and prints the
 * nanoseconds of CPU each. KIND is plain (no rules), prefix, keys (a list of a hundred), pattern or
 * all (one rule of each). One key in ten matches. What a kind takes above plain is its cost.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "output/partitioner.h"

#define KEYS 1000
#define PARTITIONS 12

/* The keys are customer-00000 to customer-00999, every tenth one vip-00000 and so on. */
static void add(struct partitioner *p, enum partitioner_kind kind)
{
	struct partitioner_rule rule = {.kind = kind};
	struct pattern_error error;
	int r = 0;

	rule.n_texts = kind == PARTITIONER_KEYS ? KEYS / 10 : 1;
	rule.texts = calloc(rule.n_texts, sizeof rule.texts[0]);
	for (size_t i = 0; i < rule.n_texts; i++) {
		if (kind != PARTITIONER_KEYS)
			rule.texts[i] = strdup(kind == PARTITIONER_PREFIX ? "vip-" : "^vip-\\d+$");
		else if (asprintf(&rule.texts[i], "vip-%05zu", i * 10) < 0)
			abort();
	}
	rule.n_partitions = 2;
	rule.partitions = calloc(2, sizeof rule.partitions[0]);
	rule.partitions[1] = 1;
	if (kind == PARTITIONER_PATTERN)
		r = pattern_compile(rule.texts[0], strlen(rule.texts[0]), &rule.pattern, &error);
	if (!p->rules)
		p->rules = partitioner_rules_new();
	if (r || partitioner_rules_add(p->rules, &rule))
		abort();
}

static void add_all(struct partitioner *p, const char *kind)
{
	static const char *const names[] = {"pattern", "keys", "prefix"};
	static const enum partitioner_kind kinds[] = {PARTITIONER_PATTERN, PARTITIONER_KEYS,
						      PARTITIONER_PREFIX};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strcmp(kind, names[i]) == 0 || strcmp(kind, "all") == 0)
			add(p, kinds[i]);
}

static double cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

int main(int argc, char **argv)
{
	struct partitioner partitioner = {0};
	struct partitioner_topic topic;
	static char keys[KEYS][32];
	long count = argc == 3 ? atol(argv[2]) : 0, sum = 0;
	double begin;

	if (count <= 0) {
		fputs("usage: rules plain|prefix|keys|pattern|all COUNT\n", stderr);
		return 64;
	}
	add_all(&partitioner, argv[1]);
	if (partitioner_topic_init(&topic, &partitioner, 0) ||
	    partitioner_topic_resize(&topic, PARTITIONS))
		return 1;
	for (int i = 0; i < KEYS; i++)
		snprintf(keys[i], sizeof keys[i], i % 10 ? "customer-%05d" : "vip-%05d", i);
	begin = cpu_ns();
	for (long i = 0; i < count; i++) {
		const char *key = keys[i % KEYS];
		size_t len = i % KEYS % 10 ? 14 : 9;

		sum += partitioner_of_key(&topic, (struct slice){key, len});
	}
	printf("%.2f\n", (cpu_ns() - begin) / (double)count);
	return sum < 0;
}
