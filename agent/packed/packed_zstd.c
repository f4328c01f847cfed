/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zstd by libzstd. A frame says how large its window is: more than 128 MiB (--ultra --long) is
 * refused.
 */
#include <errno.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "packed/packed_private.h"

#define WINDOW_LOG_MAX 27

_Static_assert((uint64_t)1 << WINDOW_LOG_MAX == PACKED_MEMORY_MAX, "one bound for all formats");

static void *zstd_open(void)
{
	ZSTD_DStream *stream = ZSTD_createDStream();

	if (stream &&
	    ZSTD_isError(ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, WINDOW_LOG_MAX))) {
		ZSTD_freeDStream(stream);
		return NULL;
	}
	return stream;
}

static void zstd_close(void *state)
{
	ZSTD_freeDStream(state);
}

static int zstd_begin(void *state)
{
	return ZSTD_isError(ZSTD_DCtx_reset(state, ZSTD_reset_session_only)) ? -ENOMEM : 0;
}

static int zstd_step(void *state, struct slice *in, struct room *out)
{
	ZSTD_inBuffer input = {in->at, in->len, 0};
	ZSTD_outBuffer output = {out->at, out->len, 0};
	size_t r = ZSTD_decompressStream(state, &output, &input);

	*in = (struct slice){in->at + input.pos, in->len - input.pos};
	*out = (struct room){out->at + output.pos, out->len - output.pos};
	if (!ZSTD_isError(r))
		return r ? 0 : CODEC_END;
	switch (ZSTD_getErrorCode(r)) {
	case ZSTD_error_memory_allocation:
		return -ENOMEM;
	case ZSTD_error_frameParameter_windowTooLarge:
		return PACKED_E_LARGE;
	default:
		return PACKED_E_CORRUPT;
	}
}

const struct codec packed_zstd = {
	.name = "zstd",
	.version = ZSTD_versionString,
	.open = zstd_open,
	.close = zstd_close,
	.begin = zstd_begin,
	.step = zstd_step,
};
