/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_TEST_EXPECT_H
#define CMD_TEST_EXPECT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/result.h"
#include "base/slice.h"

/*
 * What becomes of lines, one outcome a line, in their order: a record, "skipped", or "dead letter:
 * REASON". Either written down in a test file, where a record may have some of its members only, or
 * made, as preview prints it.
 */
struct outcomes;

struct outcomes_error {
	unsigned line; /* of the text, from 1 */
	char message[256];
};

enum {
	OUTCOMES_E_SYNTAX = 1,
};

/* What a test file expects. 0, OUTCOMES_E_SYNTAX (fills *ret_error), -ENOMEM. text is copied. */
int outcomes_parse(struct slice text, struct outcomes **ret_outcomes,
		   struct outcomes_error *ret_error) MUSTCHECK;

/* Lines of JSON as `preview --json` prints them. 0, -EBADMSG, -ENOMEM. */
int outcomes_take(struct slice json, struct outcomes **ret_outcomes) MUSTCHECK;

/* NULL is fine. Returns NULL. */
struct outcomes *outcomes_free(struct outcomes *outcomes);

/* How many lines there were. */
size_t outcomes_count(const struct outcomes *outcomes);

/*
 * One thing that is not as expected: where in the outcome ("key", "headers[1].value", "" for all of
 * it), and both as text; NULL where there is nothing. Borrowed for the call.
 */
typedef void outcomes_differ_fn(void *context, size_t outcome, const char *where,
				const char *expected, const char *got);

/*
 * Compares what is expected: of a record the members that are written down, and of those all.
 * Returns the number of differences, or -ENOMEM.
 */
int outcomes_compare(const struct outcomes *expected, const struct outcomes *got,
		     outcomes_differ_fn *differ, void *context) MUSTCHECK;

/*
 * The lines of a test file that expect what was got, each with "> ": of a record the members that
 * `expected` has, all where it has none. 0: *ret_text is malloc'ed. -ENOMEM.
 */
int outcomes_write(const struct outcomes *got, const struct outcomes *expected, char **ret_text,
		   size_t *ret_len) MUSTCHECK;

#endif
