/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pipeline reads files, by position and some bytes twice; a pipe can do neither. Rather than
 * teach the tail about pipes for this one command, a stream is copied into a file in memory, piece
 * by piece, and what was passed is cut out of it again (a hole costs nothing). So preview can stand
 * behind `tail -f`, shows each line as it comes, and takes a stream of any length.
 */
#include "cmd/preview/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/whose.h"

#define PIECE_BYTES ((size_t)256 << 10)

/*
 * Freed in steps of so much. The tail looks back 64 bytes, and only the last line's may be asked
 * for.
 */
#define FREE_BYTES ((uint64_t)1 << 20)

/* A regular file is read where it stands, anything else through a copy. Takes fd. */
static int take(struct preview_input *input, int fd)
{
	struct stat st;
	off_t at;

	input->fd = fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	/* Those of /proc say that they are empty. */
	if (S_ISREG(st.st_mode) && st.st_size > 0) {
		/* Standard input may have been read from before us. */
		at = lseek(fd, 0, SEEK_CUR);
		input->start = at > 0 ? (uint64_t)at : 0;
		input->end = (uint64_t)st.st_size;
		return 0;
	}
	input->stream = fd;
	input->fd = memfd_create("waybill-preview", MFD_CLOEXEC);
	return input->fd < 0 ? -errno : 0;
}

int preview_input_open(struct preview_input *input, const char *name)
{
	int fd, r;

	*input = PREVIEW_INPUT_NULL;
	if (!name || strcmp(name, "-") == 0) {
		strcpy(input->path, "/dev/stdin");
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
		return fd < 0 ? -errno : take(input, fd);
	}
	r = whose_name(name, input->path);
	if (r)
		return r;
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? -errno : take(input, fd);
}

void preview_input_deinit(struct preview_input *input)
{
	if (input->stream >= 0)
		close(input->stream);
	if (input->fd >= 0)
		close(input->fd);
	input->fd = input->stream = -1;
}

static int append(struct preview_input *input, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = pwrite(input->fd, bytes, len, (off_t)input->end);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		input->end += (uint64_t)n;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

int preview_input_bytes(struct preview_input *input, const char *path, struct slice bytes)
{
	*input = PREVIEW_INPUT_NULL;
	if (snprintf(input->path, sizeof input->path, "%s", path) >= (int)sizeof input->path)
		return -ENAMETOOLONG;
	input->fd = memfd_create("waybill-lines", MFD_CLOEXEC);
	return input->fd < 0 ? -errno : append(input, bytes.at, bytes.len);
}

/* Where holes cannot be made the copy only grows. */
static void give_back(struct preview_input *input, uint64_t passed)
{
	if (passed < input->freed + 2 * FREE_BYTES)
		return;
	passed = (passed - FREE_BYTES) / FREE_BYTES * FREE_BYTES;
	if (fallocate(input->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)input->freed,
		      (off_t)(passed - input->freed)) == 0)
		input->freed = passed;
}

int preview_input_more(struct preview_input *input, uint64_t passed)
{
	char *bytes;
	ssize_t n;
	int r;

	if (input->stream < 0)
		return PREVIEW_INPUT_E_END;
	give_back(input, passed);
	bytes = malloc(PIECE_BYTES);
	if (!bytes)
		return -ENOMEM;
	do
		n = read(input->stream, bytes, PIECE_BYTES);
	while (n < 0 && errno == EINTR);
	r = n > 0 ? append(input, bytes, (size_t)n) : n == 0 ? PREVIEW_INPUT_E_END : -errno;
	free(bytes);
	return r;
}
