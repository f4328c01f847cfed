/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEARCH_TWINS_H
#define SEARCH_TWINS_H

#include "packed/packed.h"

/* A file that is held against another one, byte by byte. */
struct twin {
	int fd; /* borrowed, as packed */
	enum packed_kind packing;
	struct packed *packed;
	uint64_t same; /* so many bytes of content are equal */
};

enum twins {
	TWINS_EQUAL_SO_FAR,
	TWINS_EQUAL_TO_THE_LIMIT,
	TWINS_EQUAL_TO_ITS_END, /* of the twin, which is not behind the limit */
	TWINS_DIFFER,
};

/* Goes on for 256 KiB at most, up to position `limit` of the other file, which is open as fd. */
enum twins twins_step(struct twin *twin, int fd, uint64_t limit);

#endif
