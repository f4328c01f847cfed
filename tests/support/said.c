/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/said.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

struct log *said_begin(void)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	cr_assert_geq(fd, 0);
	cr_assert_geq(dup2(fd, STDERR_FILENO), 0);
	close(fd);
	return log_new(LOG_INFO);
}

size_t said_times(const char *words)
{
	struct stat st;
	char *text;
	size_t n = 0;
	ssize_t len;

	cr_assert_eq(fstat(STDERR_FILENO, &st), 0);
	text = calloc(1, (size_t)st.st_size + 1);
	cr_assert_not_null(text);
	len = pread(STDERR_FILENO, text, (size_t)st.st_size, 0);
	cr_assert_eq(len, st.st_size);
	for (const char *at = text; (at = strstr(at, words)); at += strlen(words))
		n++;
	free(text);
	return n;
}

struct log *said_end(struct log *log)
{
	return log_free(log);
}
