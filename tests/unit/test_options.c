/* SPDX-License-Identifier: Apache-2.0 */
/* A command's rows: what is read, what is refused with which words, and the help made of them. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <criterion/redirect.h>
#include <stddef.h>
#include <string.h>
#include <sysexits.h>

#include "cmd/options.h"

struct values {
	const char *name;
	int digit;
	bool fast, slow;
};

static bool take_digit(const char *argument, void *ret_value)
{
	*(int *)ret_value = argument[0] - '0';
	return argument[0] >= '0' && argument[0] <= '9' && !argument[1];
}

static const struct cmd_option rows[] = {
	{"name", "NAME", offsetof(struct values, name), .help = "what it is called"},
	{"digit", "N", offsetof(struct values, digit), take_digit, .wanted = "one digit",
	 .help = "how much\nof it"},
	{"fast", NULL, offsetof(struct values, fast), .help = "at once"},
	{"slow-and-with-much-care", NULL, offsetof(struct values, slow), .alternative = true,
	 .help = "one day"},
};

static const struct cmd_syntax syntax = {
	.about = "Tries.",
	.options = rows,
	.n_options = ARRAY_LEN(rows),
	.words = "FILE...",
	.words_min = 1,
	.words_max = 2,
	.missing = "which files?",
	.more = "The end.",
};

static const char synopsis[] = "usage: waybill try [--name NAME] [--digit N]\n"
			       "                   [--fast | --slow-and-with-much-care] FILE...\n";

#define READ(values, words, ...)                                                       \
	cmd_read_options(&syntax, ARRAY_LEN(((char *[]){"waybill try", __VA_ARGS__})), \
			 (char *[]){"waybill try", __VA_ARGS__, NULL}, values, words)

Test(options, values_and_words)
{
	struct values values = {.digit = 7};
	char *argv[] = {"waybill try", "a", "--name=x", "--digit", "3", "--slow", "b", NULL};
	struct cmd_words words;

	cr_assert_eq(cmd_read_options(&syntax, 7, argv, &values, &words), CMD_GO_ON);
	cr_expect_str_eq(values.name, "x");
	cr_expect_eq(values.digit, 3);
	cr_expect(values.slow && !values.fast);
	cr_assert_eq(words.n, 2);
	cr_expect_str_eq(words.at[0], "a");
	cr_expect_str_eq(words.at[1], "b");
	cr_expect_null(words.at[2]);
}

Test(options, defaults_stay)
{
	struct values values = {.digit = 7};
	struct cmd_words words;

	cr_assert_eq(READ(&values, &words, "a"), CMD_GO_ON);
	cr_expect_eq(values.digit, 7);
	cr_expect(!values.name && !values.fast && !values.slow);
}

Test(options, help, .init = cr_redirect_stdout)
{
	struct values values = {0};
	char wanted[1024];

	snprintf(wanted, sizeof wanted, "%s%s", synopsis,
		 "\n"
		 "Tries.\n"
		 "\n"
		 "  --name NAME  what it is called\n"
		 "  --digit N    how much\n"
		 "               of it\n"
		 "  --fast       at once\n"
		 "  --slow-and-with-much-care\n"
		 "               one day\n"
		 "\n"
		 "The end.\n");
	cr_assert_eq(READ(&values, NULL, "--help"), EX_OK);
	fflush(stdout);
	cr_expect_stdout_eq_str(wanted);
}

struct refusal {
	char arguments[3][32];
	char says[96]; /* behind the command's name */
};

static struct refusal refusals[] = {
	{{"a", "--nonsense"}, "unrecognized option '--nonsense'"},
	{{"a", "--name"}, "option '--name' requires an argument"},
	{{"a", "--fast=1"}, "option '--fast' doesn't allow an argument"},
	{{"a", "--digit=12"}, "--digit is one digit, not \"12\""},
	{{"a", "--name="}, "--name is empty"},
	{{"a", "--fast", "--slow"}, "--fast and --slow-and-with-much-care: give one of them"},
	{{"--fast"}, "which files?"},
	{{"a", "b", "c.conf"}, "\"c.conf\" is an argument too many"},
};

ParameterizedTestParameters(options, refusal)
{
	return cr_make_param_array(struct refusal, refusals, ARRAY_LEN(refusals));
}

/* What is wrong, the synopsis, and where there is more; nothing else. */
ParameterizedTest(struct refusal *refusal, options, refusal, .init = cr_redirect_stderr)
{
	char *argv[5] = {"waybill try"}, wanted[1024];
	struct values values = {0};
	struct cmd_words words;
	int argc = 1;

	for (; argc < 4 && refusal->arguments[argc - 1][0]; argc++)
		argv[argc] = refusal->arguments[argc - 1];
	cr_assert_eq(cmd_read_options(&syntax, argc, argv, &values, &words), EX_USAGE);
	snprintf(wanted, sizeof wanted, "waybill try: %s\n%sTry `waybill try --help`.\n",
		 refusal->says, synopsis);
	fflush(stderr);
	cr_expect_stderr_eq_str(wanted);
}
