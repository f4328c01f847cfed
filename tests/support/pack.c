/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed files for tests, made by the libraries that gzip, zstd and xz are made of. */
#include "tests/support/pack.h"

#include <lzma.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

static size_t pack_gzip(const char *bytes, size_t len, char *out, size_t room)
{
	z_stream stream = {.next_in = (Bytef *)bytes, .avail_in = (uInt)len};

	stream.next_out = (Bytef *)out;
	stream.avail_out = (uInt)room;
	if (deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK ||
	    deflate(&stream, Z_FINISH) != Z_STREAM_END)
		abort();
	deflateEnd(&stream);
	return stream.total_out;
}

/* With a check sum, as zstd(1) does it. */
static size_t pack_zstd(const char *bytes, size_t len, char *out, size_t room)
{
	ZSTD_CCtx *context = ZSTD_createCCtx();
	size_t n;

	ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
	n = ZSTD_compress2(context, out, room, bytes, len);
	ZSTD_freeCCtx(context);
	return n;
}

static size_t pack_xz(const char *bytes, size_t len, char *out, size_t room)
{
	size_t n = 0;

	if (lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, NULL, (const uint8_t *)bytes, len,
				    (uint8_t *)out, &n, room) != LZMA_OK)
		abort();
	return n;
}

struct slice pack(enum packed_kind kind, const char *bytes, size_t len)
{
	size_t room = len + len / 8 + 1024;
	char *out = malloc(room);
	size_t n = kind == PACKED_GZIP ? pack_gzip(bytes, len, out, room) :
		   kind == PACKED_ZSTD ? pack_zstd(bytes, len, out, room) :
					 pack_xz(bytes, len, out, room);

	return (struct slice){out, n};
}
