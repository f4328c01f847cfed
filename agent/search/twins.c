/* SPDX-License-Identifier: Apache-2.0 */
/* No hash is needed where both files are there. */
#include "search/twins.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEP_BYTES ((size_t)256 << 10)
#define READ_BYTES ((size_t)16 << 10)

/* Bytes of the twin's content. Their number, 0 at its end; -EAGAIN: on the way; negative errno. */
static ssize_t read_twin(struct twin *twin, char *bytes, size_t len, uint64_t at)
{
	size_t n;
	int r;

	if (!twin->packing)
		return pread(twin->fd, bytes, len, (off_t)at);
	if (!twin->packed && packed_new(twin->packing, &twin->packed))
		return -ENOMEM;
	r = packed_read(twin->packed, twin->fd, at, bytes, len, &n);
	return r == PACKED_E_MORE ? -EAGAIN : r < 0 ? r : (ssize_t)n;
}

enum twins twins_step(struct twin *twin, int fd, uint64_t limit)
{
	uint64_t stop = twin->same + STEP_BYTES;
	char ours[READ_BYTES], theirs[READ_BYTES];

	while (twin->same < limit && twin->same < stop) {
		uint64_t left = limit - twin->same;
		size_t len = left < sizeof ours ? left : sizeof ours;
		ssize_t n = read_twin(twin, ours, len, twin->same);

		if (n == 0)
			return TWINS_EQUAL_TO_ITS_END;
		if (n == -EAGAIN)
			return TWINS_EQUAL_SO_FAR;
		/* What cannot be read is no copy. */
		if (n < 0 || pread(fd, theirs, (size_t)n, (off_t)twin->same) != n ||
		    memcmp(ours, theirs, (size_t)n) != 0)
			return TWINS_DIFFER;
		twin->same += (uint64_t)n;
	}
	if (twin->same < limit)
		return TWINS_EQUAL_SO_FAR;
	return read_twin(twin, ours, 1, twin->same) == 0 ? TWINS_EQUAL_TO_ITS_END :
							   TWINS_EQUAL_TO_THE_LIMIT;
}

bool twins_is_beginning(int fd, int of)
{
	struct twin twin = {.fd = fd, .packing = packed_kind_of_file(fd)};
	enum twins compared = twins_step(&twin, of, UINT64_MAX);
	struct stat st;

	twin.packed = packed_free(twin.packed);
	if (twin.packing)
		return compared == TWINS_EQUAL_TO_ITS_END && twin.same;
	if (compared != TWINS_EQUAL_SO_FAR)
		return compared == TWINS_EQUAL_TO_ITS_END;
	if (fstat(fd, &st) < 0)
		return false;
	if ((uint64_t)st.st_size > twin.same + READ_BYTES)
		twin.same = (uint64_t)st.st_size - READ_BYTES;
	return twins_step(&twin, of, UINT64_MAX) == TWINS_EQUAL_TO_ITS_END;
}

bool twins_is_beginning_of_packed(int fd, int of, enum packed_kind kind)
{
	struct twin whole = {.fd = of, .packing = kind};
	struct stat st;
	enum twins compared;

	if (fstat(fd, &st) < 0 || packed_kind_of_file(fd))
		return false;
	compared = twins_step(&whole, fd, (uint64_t)st.st_size);
	packed_free(whole.packed);
	return compared == TWINS_EQUAL_SO_FAR || compared == TWINS_EQUAL_TO_THE_LIMIT ||
	       (compared == TWINS_EQUAL_TO_ITS_END && whole.same == (uint64_t)st.st_size);
}
