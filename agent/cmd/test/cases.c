/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of tests on disk. It is kept as it is in memory, and written back around what is expected:
 * comments, blank lines and the samples are the user's. Where it is a link the file behind it is
 * replaced, by a rename, so that a full disk leaves the old one.
 */
#include "cmd/test/cases.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/test/cases_private.h"

#define FILE_MAX ((size_t)16 << 20)
#define PIECE ((size_t)64 << 10)

/* errno is set where it is not 0. */
static int read_bytes(int fd, struct test_file *file)
{
	while (file->len < FILE_MAX) {
		char *text = realloc(file->text, file->len + PIECE);
		ssize_t n;

		if (!text)
			return -ENOMEM;
		file->text = text;
		n = read(fd, text + file->len, PIECE);
		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return TEST_FILE_E_UNREADABLE;
		file->len += n > 0 ? (size_t)n : 0;
	}
	errno = EFBIG;
	return TEST_FILE_E_UNREADABLE;
}

int test_file_read(const char *name, struct test_file *ret_file)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY), error, r;

	*ret_file = (struct test_file){.name = name};
	r = fd < 0 ? TEST_FILE_E_UNREADABLE : read_bytes(fd, ret_file);
	error = errno;
	if (fd >= 0)
		close(fd);
	if (r == TEST_FILE_E_UNREADABLE)
		fprintf(stderr,
			error == EISDIR ? "%s: is a directory: name its files, %s/*.test\n" :
					  "%s: cannot be read: %s\n",
			name, error == EISDIR ? name : strerror(error));
	errno = error;
	return r ? r : test_file_parse(ret_file);
}

void test_file_deinit(struct test_file *file)
{
	free(file->text);
	free(file->cases);
	arena_deinit(&file->arena);
	*file = (struct test_file){0};
}

char *test_file_beside(const struct test_file *file, const char *path)
{
	const char *slash = strrchr(file->name, '/');
	char *joined;

	if (path[0] == '/' || !slash)
		return strdup(path);
	return asprintf(&joined, "%.*s/%s", (int)(slash - file->name), file->name, path) < 0 ?
		       NULL :
		       joined;
}

/* Writing */

static void write_text(const struct test_file *file, const struct slice *expected, FILE *to)
{
	size_t at = 0;

	for (size_t i = 0; i < file->n_cases; i++) {
		const struct test_case *test = &file->cases[i];

		if (!expected[i].at)
			continue;
		fwrite(file->text + at, 1, test->start - at, to);
		if (test->start && file->text[test->start - 1] != '\n')
			fputc('\n', to);
		fwrite(expected[i].at, 1, expected[i].len, to);
		at = test->end;
	}
	fwrite(file->text + at, 1, file->len - at, to);
}

/* Onto the disk, with the mode of the old one. 0 or negative errno. */
static int finish(FILE *to, const char *name)
{
	struct stat st;
	int r = 0;

	if (fflush(to) || ferror(to) || stat(name, &st) || fchmod(fileno(to), st.st_mode & 07777) ||
	    fsync(fileno(to)))
		r = -errno;
	return fclose(to) && !r ? -errno : r;
}

int test_file_write(const struct test_file *file, const struct slice *expected)
{
	char *name = realpath(file->name, NULL), *next = NULL;
	int fd = -1, r = 0;
	FILE *to = NULL;

	if (!name)
		return -errno;
	if (asprintf(&next, "%s.XXXXXX", name) < 0)
		next = NULL;
	if (next)
		fd = mkostemp(next, O_CLOEXEC);
	to = fd < 0 ? NULL : fdopen(fd, "w");
	if (to) {
		write_text(file, expected, to);
		r = finish(to, name);
		if (!r && rename(next, name))
			r = -errno;
		if (r)
			unlink(next);
	} else {
		r = next ? -errno : -ENOMEM;
	}
	free(next);
	free(name);
	return r;
}
