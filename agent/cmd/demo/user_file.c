/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The demo says "lost 0" only of what it has looked at itself: before anything is shipped it marks
 * where each line of a file begins, and crosses the mark when a record with that position comes
 * out. So it knows lost and repeated lines apart, and lines that others append meanwhile do not
 * disturb the count. A byte of memory for each byte of the file is a lot, and is bounded by
 * DEMO_FILE_MAX; a map would need code instead.
 */
#include "cmd/demo/user_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MARK_NONE, MARK_LINE, MARK_SEEN };

/* Reads up to len bytes at a position; a file that shrinks meanwhile gives less. */
static ssize_t read_at(int fd, char *to, size_t len, uint64_t position)
{
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = pread(fd, to + done, len - done, (off_t)(position + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

static void mark_lines(struct demo_file *file, const char *bytes, size_t len)
{
	size_t start = 0;

	for (const char *lf; (lf = memchr(bytes + start, '\n', len - start)); file->lines++) {
		file->marks[start] = MARK_LINE;
		start = (size_t)(lf - bytes) + 1;
	}
	file->end = start;
	file->cut = len - start;
}

static int write_all(const char *path, const char *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int r = 0;

	if (fd < 0)
		return -errno;
	while (len > 0 && r == 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno != EINTR)
			r = -errno;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	close(fd);
	return r;
}

/* Makes the file a copy of its end: what follows the first LF of bytes, which are moved down. */
static int take_end(struct demo_file *file, const char *dir, char *bytes, size_t *len)
{
	const char *lf = memchr(bytes, '\n', *len);
	size_t skipped = lf ? (size_t)(lf - bytes) + 1 : 0;
	int n;

	strcpy(file->origin, file->path);
	n = snprintf(file->path, sizeof file->path, "%s/%zu-%.200s", dir, file->number,
		     strrchr(file->origin, '/') + 1);
	if (n < 0 || (size_t)n >= sizeof file->path)
		return -ENAMETOOLONG;
	*len -= skipped;
	memmove(bytes, bytes + skipped, *len);
	return write_all(file->path, bytes, *len);
}

static int load(struct demo_file *file, int fd, uint64_t size, const char *dir)
{
	size_t want = size < DEMO_FILE_MAX ? (size_t)size : DEMO_FILE_MAX;
	char *bytes = malloc(want + 1);
	ssize_t got;
	size_t len;
	int r = 0;

	file->marks = calloc(DEMO_FILE_MAX, 1);
	if (!bytes || !file->marks) {
		free(bytes);
		return -ENOMEM;
	}
	got = read_at(fd, bytes, want, size - want);
	len = got < 0 ? 0 : (size_t)got;
	if (got < 0)
		r = (int)got;
	else if (size > DEMO_FILE_MAX)
		r = take_end(file, dir, bytes, &len);
	if (r == 0)
		mark_lines(file, bytes, len);
	free(bytes);
	return r;
}

int demo_file_open(struct demo_file *file, const char *name, const char *dir, const char **ret_why)
{
	struct stat st;
	int fd, r;

	/* Without O_NONBLOCK the open of a FIFO would wait for its writer. */
	if (!realpath(name, file->path) ||
	    (fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) < 0) {
		*ret_why = strerror(errno);
		return DEMO_FILE_E_REFUSED;
	}
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		*ret_why = "not a regular file";
		close(fd);
		return DEMO_FILE_E_REFUSED;
	}
	r = load(file, fd, (uint64_t)st.st_size, dir);
	close(fd);
	return r;
}

void demo_file_arrived(struct demo_file *file, uint64_t position)
{
	if (position >= file->end) {
		file->later++;
	} else if (file->marks[position] == MARK_LINE) {
		file->marks[position] = MARK_SEEN;
		file->seen++;
	} else {
		file->repeated++;
	}
}

void demo_file_deinit(struct demo_file *file)
{
	free(file->marks);
	file->marks = NULL;
}
