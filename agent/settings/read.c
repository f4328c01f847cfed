/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text is read by us and not by libconfig, so that what conf_scan looked at is what libconfig
 * then parses, and so that a directory, an enormous file or a NUL byte (where libconfig would
 * silently stop) gets a message of its own. The file that is named on the command line may be a
 * pipe: `waybill check --config <(generate)`. Any other is a regular file: a FIFO among them would
 * be waited for, and a start that waits for ever says nothing.
 */
#include "settings/read.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Reads until the end or until max + 1 bytes are there. The length, or -1 with errno. */
static ssize_t read_all(int fd, char *text, size_t max)
{
	size_t len = 0;

	while (len <= max) {
		ssize_t n = read(fd, text + len, max + 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

/* Some editors put a byte order mark in front of UTF-8, which needs none. The length without. */
static size_t pass_over_mark(char *text, size_t len)
{
	static const char mark[] = "\xef\xbb\xbf";
	size_t skip = strncmp(text, mark, sizeof mark - 1) == 0 ? sizeof mark - 1 : 0;

	memmove(text, text + skip, len - skip + 1);
	return len - skip;
}

static int read_fd(int fd, size_t max, bool text_only, char **ret_text, size_t *ret_len)
{
	char *text = malloc(max + 2);
	ssize_t len;
	int error;

	if (!text)
		return -ENOMEM;
	len = read_all(fd, text, max);
	error = len < 0 ? errno : 0;
	if (len > (ssize_t)max)
		error = EFBIG;
	else if (text_only && len > 1 &&
		 (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
		error = EILSEQ;
	else if (text_only && len > 0 && memchr(text, '\0', (size_t)len))
		error = EINVAL;
	if (error) {
		free(text);
		errno = error;
		return READ_E_FAILED;
	}
	text[len] = '\0';
	*ret_text = text;
	*ret_len = text_only ? pass_over_mark(text, (size_t)len) : (size_t)len;
	return 0;
}

/* A directory is told apart by reading it. */
static bool may_be_read(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return false;
	errno = ENXIO;
	return S_ISREG(st.st_mode) || S_ISDIR(st.st_mode);
}

static int read_regular(const char *path, size_t max, bool text_only, char **ret_text,
			size_t *ret_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), error;
	int r = READ_E_FAILED;

	if (fd < 0)
		return READ_E_FAILED;
	if (may_be_read(fd))
		r = read_fd(fd, max, text_only, ret_text, ret_len);
	error = errno;
	close(fd);
	errno = error;
	return r;
}

int conf_read(const char *path, size_t max, char **ret_text, size_t *ret_len)
{
	return read_regular(path, max, true, ret_text, ret_len);
}

int conf_read_bytes(const char *path, size_t max, char **ret_bytes, size_t *ret_len)
{
	return read_regular(path, max, false, ret_bytes, ret_len);
}

int conf_read_any(const char *path, size_t max, char **ret_text, size_t *ret_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), error, r;

	if (fd < 0)
		return READ_E_FAILED;
	r = read_fd(fd, max, true, ret_text, ret_len);
	error = errno;
	close(fd);
	errno = error;
	return r;
}

const char *conf_read_message(int error, char *buffer, size_t len)
{
	char words[128];

	switch (error) {
	case EISDIR:
		snprintf(buffer, len, "is a directory");
		break;
	case EFBIG:
		snprintf(buffer, len, "is too large to be read");
		break;
	case EINVAL:
		snprintf(buffer, len, "holds a NUL byte, so it is not a text file");
		break;
	case EILSEQ:
		snprintf(buffer, len, "is UTF-16; it has to be saved as UTF-8");
		break;
	case ENXIO:
		snprintf(buffer, len, "is no regular file (a FIFO, a device or a socket)");
		break;
	default:
		snprintf(buffer, len, "cannot be read: %s", strerror_r(error, words, sizeof words));
	}
	return buffer;
}

static int is_wanted(const struct dirent *entry)
{
	const char *end = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && end && strcmp(end, ".conf") == 0;
}

/* Not alphasort: that one sorts by the locale, and so differently under systemd and in a shell. */
static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int conf_list(const char *dir, char ***ret_paths)
{
	struct dirent **entries = NULL;
	int n = scandir(dir, &entries, is_wanted, by_bytes), r = 0;
	char **paths;

	if (n < 0 && errno != ENOENT)
		return READ_E_FAILED;
	n = n < 0 ? 0 : n;
	paths = calloc((size_t)n + 1, sizeof *paths);
	for (int i = 0; i < n; i++) {
		if (r == 0 &&
		    (!paths || asprintf(&paths[i], "%s/%s", dir, entries[i]->d_name) < 0)) {
			r = -ENOMEM;
			if (paths)
				paths[i] = NULL;
		}
		free(entries[i]);
	}
	free(entries);
	if (!paths || r) {
		conf_paths_free(paths);
		return -ENOMEM;
	}
	*ret_paths = paths;
	return 0;
}

char **conf_paths_free(char **paths)
{
	for (char **path = paths; path && *path; path++)
		free(*path);
	free(paths);
	return NULL;
}

char *conf_path_beside(const char *file, const char *path)
{
	const char *slash = strrchr(file, '/');
	char *joined = NULL;

	if (path[0] == '/' || !slash)
		return strdup(path);
	if (asprintf(&joined, "%.*s/%s", (int)(slash - file), file, path) < 0)
		return NULL;
	return joined;
}
