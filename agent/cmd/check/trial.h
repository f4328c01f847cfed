/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_CHECK_TRIAL_H
#define CMD_CHECK_TRIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/result.h"
#include "parsers/pattern.h"

/* Trials of a pattern with lines that are meant to make it backtrack. Pure. */

/* So long is a line of a trial: quadratic effort stays below the match limit, cubic does not. */
#define CHECK_TRIAL_LEN 256

/* The longest part of a sample that is repeated. */
#define CHECK_UNIT_MAX 4

/* A sample is cut there: nothing of interest is so deep in a pattern. */
#define CHECK_SAMPLE_MAX 128

/*
 * A text that the pattern is likely to match, each repeated part once, and filler ('a', '0') where
 * many characters would do. Returns its length, at most CHECK_SAMPLE_MAX. Rough: what it does not
 * understand is left out.
 */
size_t check_pattern_sample(const char *pattern, char filler,
			    char ret_sample[CHECK_SAMPLE_MAX + 1]);

/*
 * True when a quantifier without end stands on a group that holds another one, "(a+)+"; *ret_at is
 * the first byte of that group. Atomic groups and possessive quantifiers are not counted.
 */
bool check_pattern_nested(const char *pattern, size_t *ret_at);

/*
 * Matches the sample with each part of it repeated up to CHECK_TRIAL_LEN bytes and spoilt at its
 * end. True when one of them made the match give up; *ret_unit (borrowed from sample, ret_len
 * bytes) is the part that was repeated.
 */
bool check_pattern_backtracks(const struct pattern *compiled, struct pattern_scratch *scratch,
			      const char *sample, size_t len, const char **ret_unit,
			      size_t *ret_len);

#endif
