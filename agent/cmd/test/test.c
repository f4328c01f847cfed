/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waybill test: unit tests of a configuration, kept beside it. Lines and what is to become of them
 * stand in files (cases.c); the lines go through run's pipeline as preview does it (outcome.c);
 * what came out is compared with what is expected (expect.c) and told (show.c).
 *
 * No broker, no state, no secrets, and by default neither the host's name nor the time of day: a
 * test that passes here passes in the night's build.
 */
#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/test/cases.h"
#include "cmd/test/expect.h"
#include "cmd/test/outcome.h"
#include "cmd/test/show.h"

#define EX_FAILED 1

struct tester {
	struct test_run run;
	struct paper paper;
	bool update;
	size_t passed, failed, updated;
	int status; /* EX_OK, or of what went wrong but failed tests */
};

/* One file while its cases run. */
struct tested {
	struct test_file file;
	struct slice *texts; /* what is to be expected from now on; SLICE_NONE: as it is */
	size_t passed, failed, updated;
};

/* Told only where something failed. */
static void differ(void *context, size_t outcome, const char *where, const char *expected,
		   const char *got)
{
	if (context)
		test_show_difference(context, outcome, where, expected, got);
}

static int parse_expected(struct tester *tester, const struct test_file *file,
			  const struct test_case *test, struct outcomes **ret_expected)
{
	struct outcomes_error error;
	int r = outcomes_parse(test->expected, ret_expected, &error);

	if (r != OUTCOMES_E_SYNTAX)
		return r;
	fprintf(stderr, "%s:%u: %s\n", file->name, test->expected_line + error.line - 1,
		error.message);
	tester->status = EX_CONFIG;
	return r;
}

/* Compares and tells. 0 or -ENOMEM. */
static int judge(struct tester *tester, struct tested *tested, size_t i,
		 const struct outcomes *expected, const struct outcomes *got)
{
	const struct test_case *test = &tested->file.cases[i];
	struct test_failure failure = {&tester->paper, &tested->file, test, false, 0};
	bool empty = test->start == test->end;
	int n;

	if (empty && !tester->update) {
		test_show_head(&failure);
		fputs("  nothing is expected yet; --update writes down what becomes of it\n",
		      stdout);
	}
	n = outcomes_compare(expected, got, differ, tester->update || empty ? NULL : &failure);
	if (n < 0)
		return n;
	if (!n && !empty) {
		tested->passed++;
	} else if (!tester->update) {
		tested->failed++;
	} else {
		tested->updated++;
		return outcomes_write(got, expected, (char **)&tested->texts[i].at,
				      &tested->texts[i].len);
	}
	return 0;
}

/* 0 or negative errno. */
static int test_case(struct tester *tester, struct tested *tested, size_t i)
{
	const struct test_case *test = &tested->file.cases[i];
	struct outcomes *expected = NULL, *got = NULL;
	int r = parse_expected(tester, &tested->file, test, &expected);

	if (r)
		return r < 0 ? r : 0;
	r = test_run_case(&tester->run, &tested->file, test, &got);
	if (!r)
		r = judge(tester, tested, i, expected, got);
	else if (r == TEST_RUN_E_CONF)
		tester->status = EX_CONFIG;
	outcomes_free(expected);
	outcomes_free(got);
	return r < 0 ? r : 0;
}

static void print_counts(const char *name, size_t passed, size_t failed, size_t updated)
{
	printf("%s: %zu passed", name, passed);
	if (failed)
		printf(", %zu failed", failed);
	if (updated)
		printf(", %zu updated", updated);
	putchar('\n');
}

static int test_cases(struct tester *tester, struct tested *tested)
{
	int r = 0;

	tested->texts = calloc(tested->file.n_cases + 1, sizeof tested->texts[0]);
	if (!tested->texts)
		return -ENOMEM;
	for (size_t i = 0; !r && i < tested->file.n_cases; i++)
		r = test_case(tester, tested, i);
	if (!r && tested->updated)
		r = test_file_write(&tested->file, tested->texts);
	for (size_t i = 0; i < tested->file.n_cases; i++)
		free((char *)tested->texts[i].at);
	free(tested->texts);
	if (r)
		return r;
	print_counts(tested->file.name, tested->passed, tested->failed, tested->updated);
	tester->passed += tested->passed;
	tester->failed += tested->failed;
	tester->updated += tested->updated;
	return 0;
}

static void test_file(struct tester *tester, const char *name)
{
	struct tested tested = {0};
	int r = test_file_read(name, &tested.file);

	if (r == TEST_FILE_E_UNREADABLE)
		tester->status = errno == EACCES ? EX_NOPERM : EX_NOINPUT;
	else if (r == TEST_FILE_E_WRONG)
		tester->status = EX_CONFIG;
	else if (!r)
		r = test_cases(tester, &tested);
	if (r < 0) {
		fprintf(stderr, "waybill: %s: %s\n", name, strerror(-r));
		tester->status = r == -ENOMEM ? EX_OSERR : EX_IOERR;
	}
	test_file_deinit(&tested.file);
}

static const struct cmd_option rows[] = {
	{"update", NULL, offsetof(struct tester, update),
	 .help = "write what is into FILE where it is not what is expected, or where\n"
		 "nothing is expected yet; then look at the difference"},
};

static const struct cmd_syntax syntax = {
	.about = "Tests a configuration: what becomes of sample lines is compared with what is\n"
		 "expected of them. No broker is asked, nothing is stored, no secret is read.",
	.options = rows,
	.n_options = ARRAY_LEN(rows),
	.words = "FILE...",
	.words_min = 1,
	.words_max = INT_MAX,
	.missing = "which files of tests?",
	.more = "A FILE, e.g. orders.test:\n"
		"\n"
		"  config waybill.conf\n"
		"  source orders\n"
		"\n"
		"  < 2026-11-21T15:11:55Z INFO order=A-17 cid=c1\n"
		"  > {\"topic\": \"orders\", \"key\": \"A-17\"}\n"
		"\n"
		"Exit status: 0 all passed, 1 some failed, 78 a configuration or FILE is wrong.",
};

int cmd_test(int argc, char **argv)
{
	struct tester tester = {.run = TEST_RUN_NULL};
	struct cmd_words files;
	int status = cmd_read_options(&syntax, argc, argv, &tester, &files);

	if (status != CMD_GO_ON)
		return status;
	setlocale(LC_CTYPE, "");
	paper_init(&tester.paper, stdout);
	for (char **name = files.at; *name; name++)
		test_file(&tester, *name);
	test_run_deinit(&tester.run);
	if (files.n > 1)
		print_counts("all", tester.passed, tester.failed, tester.updated);
	return tester.status ? tester.status : tester.failed ? EX_FAILED : EX_OK;
}
