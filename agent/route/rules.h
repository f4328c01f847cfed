/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROUTE_RULES_H
#define ROUTE_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/result.h"
#include "parsers/pattern.h"
#include "parsers/template.h"

/*
 * Which lines of a source are sent. Rules see fields and facts only, so a line has the same answer
 * whenever it is read; but how many a second a limit lets through is for who has a clock
 * (pipeline/limits.h).
 */

#define RULES_MAX 32

enum rule_action {
	RULE_KEEP,   /* what does not match is left out */
	RULE_DROP,   /* what matches is left out */
	RULE_SAMPLE, /* of what matches, all but one in so many */
	RULE_LIMIT,  /* of what matches, what is more than so many a second */
};

struct rule {
	char *name; /* owned, as the others */
	char *why;  /* "rule \"NAME\"" */
	enum rule_action action;
	struct template *value;  /* what the pattern looks at; NULL: the line */
	struct pattern *pattern; /* NULL: of every line */
	struct template *by;     /* sample, limit: what belongs together; NULL: see rules_judge */
	uint64_t one_in;
	uint32_t per_second, burst;
	bool waits;      /* what is over the limit waits; false: it is left out */
	uint32_t number; /* among those of all sources, from 0 */
};

/* Zeroed: none. */
struct rules {
	size_t n;
	struct rule of[RULES_MAX];
};

/* The limits that a line is subject to, and of which bucket each. */
struct rules_due {
	uint32_t n;
	struct {
		const struct rule *rule;
		uint64_t bucket;
	} of[RULES_MAX];
};

/* What they work with: of whoever asks, for one line at a time. */
struct rules_work {
	struct pattern_scratch *scratch; /* borrowed */
	struct rules_due due;
};

enum {
	RULES_E_LEFT_OUT = 1, /* rules_judge: *ret_rule leaves the line out */
};

/*
 * By the rules in their order. One whose value or by is missing does not judge the line: what
 * nobody could look at is not left out. A pattern that gives up has not matched, and does not judge
 * either. Without `by` a sample is of single lines, and a limit of the source. 0: it is sent, as
 * far as the limits in work->due let it. RULES_E_LEFT_OUT. -ENOMEM.
 */
int rules_judge(const struct rules *rules, struct rules_work *work,
		const struct template_facts *facts, struct arena *arena,
		const struct rule **ret_rule) MUSTCHECK;

/* The fields that they look at: a bit for each number. */
uint64_t rules_reads(const struct rules *rules);

void rules_deinit(struct rules *rules);

#endif
