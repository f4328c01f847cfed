/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of tests: what is read out of them, what --update puts back, and what counts as expected.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/test/cases.h"
#include "cmd/test/expect.h"
#include "cmd/test/show.h"
#include "cmd/test/time.h"

static char *path_of(const char *text)
{
	static char path[] = "/tmp/waybill-test-XXXXXX";
	int fd;

	strcpy(path + sizeof path - 7, "XXXXXX");
	fd = mkstemp(path);
	cr_assert(fd >= 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	return path;
}

static int read_text(const char *text, struct test_file *ret_file)
{
	char *path = path_of(text);
	int r = test_file_read(path, ret_file);

	ret_file->name = path;
	return r;
}

static bool is(struct slice slice, const char *text)
{
	return slice_eq(slice, slice_of(text));
}

Test(test_file, cases_and_settings)
{
	struct test_file file;

	cr_assert_eq(read_text("config a.conf\n  source \t one \n< x\n<y\n> {}\n# c\n< z\n\n"
			       "source two\npartitions 7\n<\n<  two blanks \r\n>skipped\n",
			       &file),
		     0);
	cr_assert_eq(file.n_cases, 3);
	cr_assert(is(file.cases[0].lines, "x\ny\n") && is(file.cases[0].expected, "{}\n"));
	cr_assert_str_eq(file.cases[0].with.source, "one");
	cr_assert_eq(file.cases[0].line, 3);
	cr_assert_eq(file.cases[0].expected_line, 5);
	cr_assert(is(file.cases[1].lines, "z\n") && is(file.cases[1].expected, ""));
	cr_assert_eq(file.cases[1].start, file.cases[1].end);
	cr_assert_str_eq(file.cases[2].with.source, "two");
	cr_assert_str_eq(file.cases[2].with.config, "a.conf");
	cr_assert_eq(file.cases[2].with.partitions, 7);
	cr_assert(is(file.cases[2].lines, "\n two blanks \r\n"));
	cr_assert(is(file.cases[2].expected, "skipped\n"));
	unlink(file.name);
	test_file_deinit(&file);
}

Test(test_file, escapes)
{
	static const struct {
		const char *written, *bytes;
		size_t len;
	} rows[] = {
		{"<\\ a\\tb", "a\tb\n", 4},        {"<\\ \\x41\\xfF", "A\xff\n", 3},
		{"<\\ \\0\\\\\\r", "\0\\\r\n", 4}, {"<\\", "\n", 1},
		{"< \\t\\x41", "\\t\\x41\n", 7},   {"<\\\\t", "\t\n", 2},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct test_file file;
		char text[64];

		snprintf(text, sizeof text, "config c\n%s", rows[i].written);
		cr_assert_eq(read_text(text, &file), 0);
		cr_assert(slice_eq(file.cases[0].lines, (struct slice){rows[i].bytes, rows[i].len}),
			  "%s", rows[i].written);
		unlink(file.name);
		test_file_deinit(&file);
	}
}

Test(test_file, wrong)
{
	static const char *const rows[] = {
		"config c\n<\\ \\",
		"config c\n<\\ \\x4",
		"config c\n<\\ \\xg0",
		"config c\n<\\ \\n",
		"config c\n<\\ \\x0A",
		"< a\n",
		"> {}\n",
		"config c\n< a\n> {}\n#\n> {}\n",
		"config\n",
		"confi c\n",
		"partitions -1\n",
		"partitions 99999999999999999999\n",
		"now 1960-01-01T00:00:00Z\n",
		"file x\n",
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct test_file file;

		cr_assert_eq(read_text(rows[i], &file), TEST_FILE_E_WRONG, "%s", rows[i]);
		unlink(file.name);
		test_file_deinit(&file);
	}
}

Test(test_file, what_is_written_back)
{
	static const char before[] = "#1\nconfig c\n< a\n#2\n> {}\n>\n#3\n\n< b\n\n< c\n> {}\n< d";
	static const char after[] = "#1\nconfig c\n< a\n#2\nA\n#3\n\n< b\nB\n\n< c\n> {}\n< d\nD\n";
	const struct slice texts[] = {slice_of("A\n"), slice_of("B\n"), SLICE_NONE,
				      slice_of("D\n")};
	struct test_file file, again;

	cr_assert_eq(read_text(before, &file), 0);
	cr_assert_eq(file.n_cases, 4);
	cr_assert_eq(test_file_write(&file, texts), 0);
	cr_assert_eq(test_file_read(file.name, &again), TEST_FILE_E_WRONG);
	cr_assert(slice_eq((struct slice){again.text, again.len}, slice_of(after)), "%.*s",
		  (int)again.len, again.text);
	unlink(file.name);
	test_file_deinit(&file);
	test_file_deinit(&again);
}

static struct outcomes *outcomes_of(const char *text)
{
	struct outcomes *outcomes;
	struct outcomes_error error;

	cr_assert_eq(outcomes_parse(slice_of(text), &outcomes, &error), 0, "%s", text);
	return outcomes;
}

static struct outcomes *take(const char *json)
{
	struct outcomes *outcomes;

	cr_assert_eq(outcomes_take(slice_of(json), &outcomes), 0, "%s", json);
	return outcomes;
}

/* Writes "OUTCOME WHERE" of each difference behind each other. */
static void note(void *context, size_t outcome, const char *where, const char *expected,
		 const char *got)
{
	char *said = context;

	cr_assert(expected || got);
	sprintf(said + strlen(said), "%zu%s%s ", outcome, where,
		expected && got ? "" :
		got             ? "+" :
				  "-");
}

#define RECORD                                                                                   \
	"{\"topic\":\"t\",\"partition\":1,\"key\":\"k\",\"headers\":[{\"name\":\"a\",\"value\":" \
	"null},{\"name\":\"b\",\"value\":\"\"}],\"timestamp\":1,\"value\":\"\\u0000v\","         \
	"\"matched\":true}\n"
#define SKIPPED "{\"topic\":null,\"value\":\"x\",\"matched\":false}\n"
#define LONG "0123456789012345678901234567890123456789012345678901234567890123456789"
#define DEAD "{\"topic\":\"t\",\"dead_letter\":\"why\",\"matched\":true}\n"

Test(test_expect, what_differs)
{
	static const struct {
		const char *expected, *got, *differs;
	} rows[] = {
		{"{}", RECORD, ""},
		{"{\"key\":\"k\",\"value\":\"\\u0000v\"}", RECORD, ""},
		{"{\"key\":\"K\",\"partition\":1.0}", RECORD, "0key 0partition "},
		{"{\"key\":null}", RECORD, "0key "},
		{"{\"none\":null}", RECORD, "0none "},
		{"{\"headers\":[]}", RECORD, "0headers[0]+ 0headers[1]+ "},
		{"{\"headers\":[{\"name\":\"a\",\"value\":null},{\"name\":\"b\"},3]}", RECORD,
		 "0headers[1] 0headers[2]- "},
		{"{\"headers\":{}}", RECORD, "0headers "},
		{"{\"timestamp\":1}", RECORD, ""},
		{"{\"timestamp\":\"1970-01-01T01:00:00.001+01\"}", RECORD, ""},
		{"{\"timestamp\":\"soon\"}", RECORD, "0timestamp "},
		{"skipped", SKIPPED, ""},
		{"skipped", RECORD, "0 "},
		{"{}", SKIPPED, "0 "},
		{" dead letter: why \r\n", DEAD, ""},
		{"dead letter: not", DEAD, "0 "},
		{"{} {}\n skipped\n{}", RECORD RECORD SKIPPED RECORD, ""},
		{"{}", RECORD RECORD, "1+ "},
		{"{}\nskipped", RECORD, "1- "},
		{"", RECORD, "0+ "},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct outcomes *expected = outcomes_of(rows[i].expected), *got = take(rows[i].got);
		char said[256] = "";
		int n = outcomes_compare(expected, got, note, said);

		cr_assert_str_eq(said, rows[i].differs, "%s: %s", rows[i].expected, said);
		cr_assert_eq(n == 0, !*said);
		outcomes_free(expected);
		outcomes_free(got);
	}
}

Test(test_expect, syntax)
{
	static const struct {
		const char *text;
		unsigned line;
	} rows[] = {
		{"{", 1},
		{"{}\n\n{a}", 3},
		{"{\n\"a\": \n}", 3},
		{"nothing", 1},
		{"\nskippedx", 2},
		{"[]", 1},
		{"{}\ndead letter:", 2},
		{"dead letter: \343", 1},
		{"dead letter: \343", 1},
		{"{\"a\":1,\n\"a\":2}", 2},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct outcomes *outcomes;
		struct outcomes_error error = {0};

		cr_assert_eq(outcomes_parse(slice_of(rows[i].text), &outcomes, &error),
			     OUTCOMES_E_SYNTAX, "%s", rows[i].text);
		cr_assert_eq(error.line, rows[i].line, "%s: %u", rows[i].text, error.line);
	}
}

Test(test_expect, what_is_written)
{
	static const struct {
		const char *expected, *got, *written;
	} rows[] = {
		{"{\"key\":1,\"topic\":2}", RECORD, "> {\"key\": \"k\", \"topic\": \"t\"}\n"},
		{"{\"none\":1,\"key\":1}", RECORD, "> {\"key\": \"k\"}\n"},
		{"skipped", RECORD,
		 "> { \"topic\": \"t\",\n>   \"partition\": 1,\n>   \"key\": \"k\",\n"
		 ">   \"headers\": [\n>     {\"name\": \"a\", \"value\": null},\n"
		 ">     {\"name\": \"b\", \"value\": \"\"} ],\n"
		 ">   \"timestamp\": \"1970-01-01T00:00:00.001Z\",\n>   \"value\": \"\\u0000v\",\n"
		 ">   \"matched\": true }\n"},
		{"{\"key\":1}", SKIPPED DEAD, "> skipped\n> dead letter: why\n"},
		{"{\"key\":1}\n{}\n{}", RECORD, "> {\"key\": \"k\"}\n"},
		/* A member's name is a string like any other. */
		{"{}", "{\"topic\":\"t\",\"a name with \\\\ and \\\" in it\":\"" LONG "\"}\n",
		 "> { \"topic\": \"t\",\n>   \"a name with \\\\ and \\\" in it\": \"" LONG
		 "\" }\n"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct outcomes *expected = outcomes_of(rows[i].expected), *got = take(rows[i].got);
		struct outcomes *again;
		struct outcomes_error error;
		char *text, *plain;
		size_t len, n = 0;

		cr_assert_eq(outcomes_write(got, expected, &text, &len), 0);
		cr_assert_str_eq(text, rows[i].written);
		/* What is written is what is expected the next time. */
		plain = malloc(len + 1);
		for (size_t c = 0; c < len; c++)
			if (text[c] != '>' || (c && text[c - 1] != '\n'))
				plain[n++] = text[c];
		cr_assert_eq(outcomes_parse((struct slice){plain, n}, &again, &error), 0);
		cr_assert_eq(outcomes_compare(again, got, note, NULL), 0);
		free(plain);
		free(text);
		outcomes_free(again);
		outcomes_free(expected);
		outcomes_free(got);
	}
}

static char *shown(const char *where)
{
	struct paper paper = {
		.width = 80, .bold = "", .dim = "", .plain = "", .good = "", .bad = ""};
	struct test_file file = {.name = "a.test"};
	struct test_case test = {.lines = {"x\n", 2}, .line = 1};
	struct test_failure failure = {&paper, &file, &test};
	char *text;
	size_t len;

	paper.to = open_memstream(&text, &len);
	test_show_difference(&failure, 0, where, "1", "2");
	fclose(paper.to);
	return text;
}

Test(test_show, a_name_does_not_command_the_terminal)
{
	char *text = shown("a\033[2Jb"), *plain = shown("key");

	cr_assert_not(strchr(text, 033), "%s", text);
	cr_assert(strstr(text, "  a\\x1b[2Jb    expected 1\n"), "%s", text);
	cr_assert(strstr(plain, "  key          expected 1\n"), "%s", plain);
	free(text);
	free(plain);
}

Test(test_time, there_and_back)
{
	char text[TEST_TIME_LEN];
	int64_t ms;

	cr_assert_eq(test_time_read("2026-01-02T03:04:05.678Z", &ms), 0);
	cr_assert_eq(ms, 1767323045678);
	test_time_write(ms, text);
	cr_assert_str_eq(text, "2026-01-02T03:04:05.678Z");
	test_time_write(ms - 678, text);
	cr_assert_str_eq(text, "2026-01-02T03:04:05Z");
	cr_assert_eq(test_time_read("yesterday", &ms), TEST_TIME_E_INVALID);
}
