/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_TEST_OUTCOME_H
#define CMD_TEST_OUTCOME_H

#include "cmd/test/cases.h"
#include "cmd/test/expect.h"

struct conf;

/* The configuration that was loaded last: files and cases that name the same share it. */
struct test_run {
	char *path, *host, *zone; /* NULL: none was loaded yet */
	struct conf *conf;        /* NULL: it is wrong, which was said */
};

#define TEST_RUN_NULL ((struct test_run){0})

enum {
	TEST_RUN_E_CONF = 1, /* what the case names is wrong; a message was printed */
};

/*
 * What becomes of a case's lines. 0: *ret_outcomes is the caller's. TEST_RUN_E_CONF; negative
 * errno.
 */
int test_run_case(struct test_run *run, const struct test_file *file, const struct test_case *test,
		  struct outcomes **ret_outcomes) MUSTCHECK;

void test_run_deinit(struct test_run *run);

#endif
