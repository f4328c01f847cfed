/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEARCH_TWINS_H
#define SEARCH_TWINS_H

#include <stdbool.h>

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

/*
 * Whether the file holds nothing but the beginning of the other one, and be it nothing: a copy, or
 * one in the making. Of a long one 256 KiB at its start and the last 16 KiB are asked. What is
 * packed in it counts, if that is something, and not longer than that.
 */
bool twins_is_beginning(int fd, int of);

/*
 * The same of what is packed in the other one, by that kind, at one step: as far as 256 KiB tell.
 * Of a file that is packed itself it is never said.
 */
bool twins_is_beginning_of_packed(int fd, int of, enum packed_kind kind);

#endif
