/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compressed files from hostile bytes: reading ends, stays in its memory, and gives the same
 * content whatever the pieces are. The first byte is the kind, the second the size of the pieces.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "packed/packed.h"

/* A bomb has more; it is looked at as far as this. */
#define CONTENT_MAX ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All of the content in pieces; *ret_r is how it ended. */
static size_t read_all(enum packed_kind kind, int fd, size_t piece, char *bytes, int *ret_r)
{
	struct packed *packed;
	size_t have = 0, n = 1;
	int r = 0;

	if (packed_new(kind, &packed))
		abort();
	while ((!r && n) || r == PACKED_E_MORE) {
		size_t len = CONTENT_MAX - have < piece ? CONTENT_MAX - have : piece;

		if (!len)
			break;
		r = packed_read(packed, fd, have, bytes + have, len, &n);
		if (n > len)
			abort();
		have += n;
	}
	packed_free(packed);
	*ret_r = r;
	return have;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char first[CONTENT_MAX], second[CONTENT_MAX];
	enum packed_kind kind;
	int fd, one, other;
	size_t n, m;

	if (size < 2)
		return 0;
	kind = PACKED_GZIP + data[0] % (PACKED_KINDS - 1);
	fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data + 2, size - 2) != (ssize_t)size - 2)
		abort();
	n = read_all(kind, fd, CONTENT_MAX, first, &one);
	m = read_all(kind, fd, 1 + data[1] * 16u, second, &other);
	if (one < 0 || other < 0 || one != other || n != m || memcmp(first, second, n) != 0)
		abort();
	close(fd);
	return 0;
}
