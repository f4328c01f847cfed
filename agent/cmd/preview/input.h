/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_PREVIEW_INPUT_H
#define CMD_PREVIEW_INPUT_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"

/* Lines to preview: a file, or a stream that is turned into one as it comes. */
struct preview_input {
	char path[PATH_MAX]; /* as run would see it: absolute */
	int fd;              /* a regular file, or the copy of the stream */
	int stream;          /* -1: a regular file */
	uint64_t start;      /* position of the first byte */
	uint64_t end;        /* behind the last byte that is there to be read */
	uint64_t freed;      /* bytes of the copy that were given back */
};

#define PREVIEW_INPUT_NULL ((struct preview_input){.fd = -1, .stream = -1})

/*
 * name: NULL or "-" is standard input, whose path is "/dev/stdin". Negative errno: deinit is fine
 * and owed in both cases.
 */
int preview_input_open(struct preview_input *input, const char *name) MUSTCHECK;

/*
 * Lines that are in memory already: copied, as the content of a file of that path. Errors as above.
 */
int preview_input_bytes(struct preview_input *input, const char *path, struct slice bytes)
	MUSTCHECK;

void preview_input_deinit(struct preview_input *input);

enum {
	PREVIEW_INPUT_E_END = 1, /* there is no more */
};

/*
 * Waits for more of a stream, at most 256 KiB. What lies well below `passed` is given back, so that
 * a stream without end needs no memory. 0, PREVIEW_INPUT_E_END (always for a file), negative errno.
 */
int preview_input_more(struct preview_input *input, uint64_t passed) MUSTCHECK;

#endif
