/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_TEST_CASES_H
#define CMD_TEST_CASES_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/result.h"
#include "base/slice.h"

/*
 * A file of tests, read and written back. It knows the lines of the file, not what JSON is:
 *
 *   # a comment
 *   config ../waybill.conf          relative to this file
 *   source orders                   and so on: what holds for the cases below, until it is changed
 *
 *   < a sample line, as it is       one or more lines: a case
 *   <\ another one, with \t, \xff
 *   > {"key": "A-1"}                what becomes of them, in their order
 */

struct test_setting {
	const char *config;   /* NULL: not given */
	const char *source;   /* NULL: not given */
	const char *file;     /* path of the log */
	const char *host;     /* what ${host.name} is */
	const char *zone;     /* what timestamp_zone = "local" is */
	int32_t partitions;   /* of every topic */
	int64_t now_ms;       /* when the lines are read */
	unsigned line;        /* of what was given last; 0: nothing was */
	unsigned source_line; /* 0: not given */
};

struct test_case {
	struct test_setting with;
	unsigned line;          /* of its first sample line */
	struct slice lines;     /* as bytes of a log, each with LF */
	struct slice expected;  /* what stands behind the ">", each with LF */
	unsigned expected_line; /* of the first of those */
	size_t start, end; /* where those stand in the text; start == end: there are none yet */
};

struct test_file {
	const char *name; /* borrowed */
	char *text;       /* as it is on disk */
	size_t len;
	struct arena arena; /* of what is not borrowed from text */
	struct test_case *cases;
	size_t n_cases;
};

enum {
	TEST_FILE_E_UNREADABLE = 1, /* errno says why; a message was printed */
	TEST_FILE_E_WRONG,          /* every problem was printed, with its line */
};

/* 0, the E codes, -ENOMEM. Whatever it returns, *ret_file is for test_file_deinit. */
int test_file_read(const char *name, struct test_file *ret_file) MUSTCHECK;

void test_file_deinit(struct test_file *file);

/*
 * Replaces the file: what is expected in each case i becomes expected[i] (whole lines; NULL: as it
 * is). The old or the new file is there whatever happens, under the same name and mode. 0 or
 * negative errno.
 */
int test_file_write(const struct test_file *file, const struct slice *expected) MUSTCHECK;

/* The path of a file that is named in a test file: relative to that. malloc'ed, or NULL. */
char *test_file_beside(const struct test_file *file, const char *path);

#endif
