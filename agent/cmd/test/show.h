/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_TEST_SHOW_H
#define CMD_TEST_SHOW_H

#include "cmd/paper.h"
#include "cmd/test/cases.h"
#include "cmd/test/expect.h"

/* One failed case while it is shown. */
struct test_failure {
	const struct paper *paper;
	const struct test_file *file;
	const struct test_case *test;
	bool begun;     /* its head is printed */
	size_t outcome; /* that the line shown last belongs to */
};

/* The head of a failed case, unless it is there: "FILE:LINE: failed". */
void test_show_head(struct test_failure *failure);

/* An outcomes_differ_fn; context is a struct test_failure. */
void test_show_difference(void *context, size_t outcome, const char *where, const char *expected,
			  const char *got);

#endif
