/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of tests: whatever the bytes, a file is read or refused with words; and what is written
 * down for an outcome is what is expected of it the next time. (Leaks: libFuzzer looks.)
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cmd/test/cases.h"
#include "cmd/test/expect.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libFuzzer itself writes to the descriptor. */
int LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED)
{
	stderr = fopen("/dev/null", "w");
	return stderr ? 0 : -1;
}

static void differ(UNUSED void *context, UNUSED size_t outcome, UNUSED const char *where,
		   UNUSED const char *expected, UNUSED const char *got)
{
}

/* Without the ">" of each line. */
static size_t strip(char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		if (text[i] != '>' || (i && text[i - 1] != '\n'))
			text[n++] = text[i];
	return n;
}

static void there_and_back(const struct outcomes *outcomes)
{
	struct outcomes_error error;
	struct outcomes *again;
	size_t len;
	char *text;

	if (outcomes_write(outcomes, outcomes, &text, &len))
		abort();
	len = strip(text, len);
	if (outcomes_parse((struct slice){text, len}, &again, &error) ||
	    outcomes_count(again) != outcomes_count(outcomes) ||
	    outcomes_compare(again, outcomes, differ, NULL))
		abort();
	free(text);
	outcomes_free(again);
}

static void look_at(const struct test_file *file, const struct test_case *test)
{
	struct outcomes_error error = {0};
	struct outcomes *outcomes;

	if (!test->lines.len || test->start > test->end || test->end > file->len)
		abort();
	if (!outcomes_parse(test->expected, &outcomes, &error)) {
		there_and_back(outcomes);
		outcomes_free(outcomes);
	} else if (!error.line || !error.message[0]) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	struct test_file file;
	char path[64];
	int r;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	r = test_file_read(path, &file);
	if (r < 0 || r == TEST_FILE_E_UNREADABLE)
		abort();
	for (size_t i = 0; i < file.n_cases; i++)
		look_at(&file, &file.cases[i]);
	test_file_deinit(&file);
	close(fd);
	return 0;
}
