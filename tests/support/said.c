/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/said.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "tests/support/must.h"

struct log *said_begin(void)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	MUST(fd >= 0);
	MUST(dup2(fd, STDERR_FILENO) >= 0);
	close(fd);
	return log_new(LOG_INFO, LOG_FORMAT_TEXT);
}

size_t said_times(const char *words)
{
	struct stat st;
	char *text;
	size_t n = 0;
	ssize_t len;

	MUST(fstat(STDERR_FILENO, &st) == 0);
	text = calloc(1, (size_t)st.st_size + 1);
	MUST(text);
	len = pread(STDERR_FILENO, text, (size_t)st.st_size, 0);
	MUST(len == st.st_size);
	for (const char *at = text; (at = strstr(at, words)); at += strlen(words))
		n++;
	free(text);
	return n;
}

struct log *said_end(struct log *log)
{
	return log_free(log);
}
