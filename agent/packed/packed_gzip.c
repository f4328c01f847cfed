/* SPDX-License-Identifier: Apache-2.0 */
/* gzip by zlib. The check sum and length at a member's end are looked at by the library. */
#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#include "packed/packed_private.h"

/* 32 KiB of window; +16: gzip only, no bare zlib stream. */
#define WINDOW_BITS (15 + 16)

static void *gzip_open(void)
{
	z_stream *stream = calloc(1, sizeof *stream);

	if (stream && inflateInit2(stream, WINDOW_BITS) != Z_OK) {
		free(stream);
		return NULL;
	}
	return stream;
}

static void gzip_close(void *state)
{
	inflateEnd(state);
	free(state);
}

static int gzip_begin(void *state)
{
	return inflateReset(state) == Z_OK ? 0 : -ENOMEM;
}

static int gzip_step(void *state, struct slice *in, struct room *out)
{
	z_stream *stream = state;
	int r;

	stream->next_in = (Bytef *)in->at;
	stream->avail_in = (uInt)in->len;
	stream->next_out = (Bytef *)out->at;
	stream->avail_out = (uInt)out->len;
	r = inflate(stream, Z_NO_FLUSH);
	*in = (struct slice){(const char *)stream->next_in, stream->avail_in};
	*out = (struct room){(char *)stream->next_out, stream->avail_out};
	switch (r) {
	case Z_OK:
	case Z_BUF_ERROR: /* nothing to take or no room */
		return 0;
	case Z_STREAM_END:
		return CODEC_END;
	case Z_MEM_ERROR:
		return -ENOMEM;
	default:
		return PACKED_E_CORRUPT;
	}
}

const struct codec packed_gzip = {
	.name = "gzip",
	.version = zlibVersion,
	.open = gzip_open,
	.close = gzip_close,
	.begin = gzip_begin,
	.step = gzip_step,
};
