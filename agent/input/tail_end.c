/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where reading starts for start_at = "end". A line that is half written there is in progress and
 * shipped whole, so its start is looked for; of one that is longer than anybody looks back, the
 * rest is passed, because a piece of a line is worse than none.
 *
 * Of a compressed file only unpacking all of it tells where its content ends.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "input/tail.h"

#define STEP_BYTES ((size_t)32 << 10)
/* Unpacked in one call. */
#define PASS_BYTES ((size_t)1 << 20)
/* Longer than any line that is shipped as it is; read in some milliseconds. */
#define LOOK_BACK_BYTES ((uint64_t)16 << 20)

int tail_find_end(int fd, const struct line_rules *rules, uint64_t *ret_position)
{
	char bytes[STEP_BYTES];
	struct stat st;
	uint64_t at, low;

	if (fstat(fd, &st) < 0)
		return -errno;
	at = (uint64_t)st.st_size;
	low = at > LOOK_BACK_BYTES ? at - LOOK_BACK_BYTES : 0;
	while (at > low) {
		size_t want = at - low < sizeof bytes ? at - low : sizeof bytes;
		ssize_t n = pread(fd, bytes, want, (off_t)(at - want));
		size_t end;

		if (n < 0)
			return -errno;
		end = lines_find_last_end((struct slice){bytes, (size_t)n}, at - want, rules);
		if (end) {
			*ret_position = at - want + end;
			return 0;
		}
		at -= want;
		/* One may stand on both sides. */
		if (at > low)
			at += lines_end_rest(rules);
	}
	*ret_position = low ? (uint64_t)st.st_size : 0;
	return low ? TAIL_E_WITHIN : 0;
}

int tail_find_packed_end(struct tail *tail, uint64_t *at, uint64_t *ret_position)
{
	char bytes[STEP_BYTES];
	int r = tail->packed ? 0 : packed_new(tail->packing, &tail->packed);

	for (size_t n = 0, passed = 0; !r && passed < PASS_BYTES; passed += n) {
		const char *lf;

		r = packed_read(tail->packed, tail->fd, *at, bytes, sizeof bytes, &n);
		lf = n ? memrchr(bytes, '\n', n) : NULL;
		if (lf)
			*ret_position = *at + (uint64_t)(lf - bytes) + 1;
		*at += n;
		if (r < 0 || r == PACKED_E_MORE)
			break;
		if (n < sizeof bytes)
			return 0;
	}
	return r < 0 ? r : TAIL_E_AGAIN;
}
