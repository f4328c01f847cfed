/* SPDX-License-Identifier: Apache-2.0 */
/* xz by liblzma, which is told how much memory it may take. xz -9 wants 65 MiB. */
#include <errno.h>
#include <lzma.h>
#include <stdlib.h>

#include "packed/packed_private.h"

static int xz_begin(void *state)
{
	return lzma_stream_decoder(state, PACKED_MEMORY_MAX, 0) == LZMA_OK ? 0 : -ENOMEM;
}

static void *xz_open(void)
{
	lzma_stream *stream = malloc(sizeof *stream);

	if (!stream)
		return NULL;
	*stream = (lzma_stream)LZMA_STREAM_INIT;
	if (xz_begin(stream)) {
		free(stream);
		return NULL;
	}
	return stream;
}

static void xz_close(void *state)
{
	lzma_end(state);
	free(state);
}

static int xz_step(void *state, struct slice *in, struct room *out)
{
	lzma_stream *stream = state;
	lzma_ret r;

	stream->next_in = (const uint8_t *)in->at;
	stream->avail_in = in->len;
	stream->next_out = (uint8_t *)out->at;
	stream->avail_out = out->len;
	r = lzma_code(stream, LZMA_RUN);
	*in = (struct slice){(const char *)stream->next_in, stream->avail_in};
	*out = (struct room){(char *)stream->next_out, stream->avail_out};
	switch (r) {
	case LZMA_OK:
	case LZMA_BUF_ERROR: /* nothing to take or no room */
		return 0;
	case LZMA_STREAM_END:
		return CODEC_END;
	case LZMA_MEM_ERROR:
		return -ENOMEM;
	case LZMA_MEMLIMIT_ERROR:
		return PACKED_E_LARGE;
	default:
		return PACKED_E_CORRUPT;
	}
}

const struct codec packed_xz = {
	.name = "xz",
	.version = lzma_version_string,
	.open = xz_open,
	.close = xz_close,
	.begin = xz_begin,
	.step = xz_step,
};
