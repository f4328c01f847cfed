/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file system says where data is, but in blocks: the first and the last block of a hole hold
 * NULs as data, and some file systems know no holes and call all of it data. So it takes both,
 * SEEK_DATA for the gigabytes and a look at the bytes for what is left.
 *
 * Rejected: to drop all NULs wherever they stand. A line may begin with one that its writer meant;
 * after a crash of the host some file systems leave written NULs, which are then part of a line, as
 * they are in the file.
 */
#include "input/hole.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE_BYTES 4096
/* So many steps at a time from hole to NULs to hole, or through NULs that are data. */
#define STEPS_MAX 64

static size_t count_nuls(const char *bytes, size_t len)
{
	size_t n = 0;

	while (n < len && !bytes[n])
		n++;
	return n;
}

/* The next byte of data from `at` on. 0, HOLE_E_OPEN, negative errno. */
static int next_data(int fd, uint64_t at, uint64_t *ret_data)
{
	off_t data = lseek(fd, (off_t)at, SEEK_DATA);

	if (data < 0 && errno == ENXIO)
		return HOLE_E_OPEN;
	/* A file system that does not know: all is data. */
	if (data < 0 && errno != EINVAL)
		return -errno;
	*ret_data = data < 0 ? at : (uint64_t)data;
	return 0;
}

/* Whether the file ends in anything but NULs: HOLE_E_PART, HOLE_E_OPEN, negative errno. */
static int ends_in_data(int fd)
{
	char last = '\0';
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size && pread(fd, &last, 1, st.st_size - 1) < 0)
		return errno == EINTR ? HOLE_E_OPEN : -errno;
	return last ? HOLE_E_PART : HOLE_E_OPEN;
}

int hole_find(int fd, uint64_t position, bool nuls, uint64_t *ret_end)
{
	uint64_t at = position, data = 0;
	char page[PAGE_BYTES];
	bool hole = nuls;

	for (int step = 0; step < STEPS_MAX; step++) {
		int r = next_data(fd, at, &data);
		ssize_t n;
		size_t nul;

		if (r)
			return r;
		hole |= data > at;
		n = pread(fd, page, sizeof page, (off_t)data);
		if (n < 0)
			return errno == EINTR ? HOLE_E_OPEN : -errno;
		nul = count_nuls(page, (size_t)n);
		at = data + nul;
		if (nul < (size_t)n) {
			*ret_end = at;
			return hole ? 0 : HOLE_E_NONE;
		}
		if (n < PAGE_BYTES)
			return HOLE_E_OPEN;
	}
	*ret_end = at;
	return hole ? ends_in_data(fd) : HOLE_E_NONE;
}
