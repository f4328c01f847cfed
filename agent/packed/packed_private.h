/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PACKED_PACKED_PRIVATE_H
#define PACKED_PACKED_PRIVATE_H

#include "base/slice.h"
#include "packed/packed.h"

/* What is unpacked into: `at` moves. */
struct room {
	char *at;
	size_t len;
};

/* CODEC_END: a member (frame, stream) ended; another may follow. */
enum { CODEC_END = PACKED_E_LARGE + 1 };

/* A format. A state unpacks one member; begin readies it for the next one. */
struct codec {
	const char *name;
	const char *(*version)(void);
	void *(*open)(void); /* NULL: no memory */
	void (*close)(void *state);
	int (*begin)(void *state); /* 0 or -ENOMEM */
	/* Takes from in, puts into out. 0, CODEC_END, PACKED_E_CORRUPT, _LARGE, -ENOMEM. */
	int (*step)(void *state, struct slice *in, struct room *out);
};

extern const struct codec packed_gzip;
extern const struct codec packed_zstd;
extern const struct codec packed_xz;

#endif
