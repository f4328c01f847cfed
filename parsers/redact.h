/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_REDACT_H
#define PARSERS_REDACT_H

#include "base/arena.h"
#include "base/result.h"
#include "base/slice.h"
#include "parsers/pattern.h"

/* Rules that take out of a line what must not leave the host, in their order. */

struct redact_rule {
	struct pattern *pattern;
	char *replacement;
	size_t replacement_len;
	char *withheld; /* what takes the place of a line on which the rule gave up */
};

/* Those of the configuration, then those of a source. Read only once built. */
struct redact {
	struct redact_rule *rules;
	size_t n;
	size_t n_shared; /* the first of them borrow all they hold */
};

#define REDACT_NULL ((struct redact){0})

/*
 * Begins a list with the rules of `shared`, which must outlive it; NULL: with none. capacity more
 * can be added. 0 or -ENOMEM; deinit is fine after both.
 */
int redact_init(struct redact *redact, const struct redact *shared, size_t capacity) MUSTCHECK;

/*
 * Adds a rule within the capacity. pattern is consumed, whatever is returned; the replacement was
 * checked and is copied. 0 or -ENOMEM.
 */
int redact_add(struct redact *redact, struct pattern *pattern, const char *replacement) MUSTCHECK;

/* Fine on REDACT_NULL. */
void redact_deinit(struct redact *redact);

enum {
	REDACT_E_CHANGED = 1, /* a rule matched: the line lies in the arena now */
	REDACT_E_WITHHELD,    /* a rule gave up: the line is a fixed text now, of the redact */
};

/*
 * Applies all rules, each to what the one before it left. 0: none matched, *line is as it was, and
 * nothing was copied. Once a rule gives up, nothing of the line is left in *line. REDACT_E_x.
 * -ENOMEM: *line must not be used.
 */
int redact_line(const struct redact *redact, struct pattern_scratch *scratch, struct arena *arena,
		struct slice *line) MUSTCHECK;

#endif
