/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A compressed file is a row of members, each with its own beginning (cat a.gz b.gz is a gzip file;
 * pzstd and pxz write many; zstd has members without content, which pzstd writes first). What is
 * unpacked lies in a buffer of which the last PACKED_BEHIND
 * bytes stay, because whoever reads a log looks at what stands before the bytes that he takes.
 *
 * What stands behind the last member and begins none is padding and is passed over, as gzip and xz
 * do.
 */
#include "packed/packed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "packed/packed_private.h"

#define IN_BYTES ((size_t)32 << 10)
#define OUT_BYTES ((size_t)64 << 10)
#define MAGIC_MAX 6
/* Unpacked in one call on the way to a position: some milliseconds. */
#define STEP_BYTES ((uint64_t)1 << 20)

struct packed {
	const struct codec *codec;
	enum packed_kind kind;
	void *state;
	uint64_t in_at;  /* of the file: behind what is in `input` */
	uint64_t out_at; /* of the content: where `out` begins */
	size_t out_len;
	struct slice input;
	bool between;  /* no member is begun */
	bool any;      /* a member was begun */
	bool full;     /* the state may hold bytes that had no room */
	bool finished; /* what comes behind is no member */
	int broken;
	char in[IN_BYTES];
	char out[PACKED_BEHIND + OUT_BYTES];
};

static const struct {
	enum packed_kind kind;
	size_t len;
	char bytes[MAGIC_MAX + 1];
	bool any; /* the lower half of the first byte */
} magics[] = {
	{PACKED_GZIP, 3, "\x1f\x8b\x08", false},
	{PACKED_ZSTD, 4, "\x28\xb5\x2f\xfd", false},
	{PACKED_ZSTD, 4, "\x50\x2a\x4d\x18", true},
	{PACKED_XZ, 6, "\xfd\x37zXZ", false},
};

static const struct codec *codec_of(enum packed_kind kind)
{
	static const struct codec *const codecs[PACKED_KINDS] = {
		[PACKED_GZIP] = &packed_gzip,
		[PACKED_ZSTD] = &packed_zstd,
		[PACKED_XZ] = &packed_xz,
	};

	return codecs[kind];
}

/* Of a magic in which the first byte has 16 values, all of them count. */
static bool begins_with(const char *head, size_t len, size_t magic)
{
	const char *bytes = magics[magic].bytes;

	return magics[magic].any ?
		       (head[0] & 0xf0) == bytes[0] && memcmp(head + 1, bytes + 1, len - 1) == 0 :
		       memcmp(head, bytes, len) == 0;
}

enum packed_kind packed_kind_of(const void *head, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(magics); i++)
		if (len >= magics[i].len && begins_with(head, magics[i].len, i))
			return magics[i].kind;
	return PACKED_NOT;
}

enum packed_kind packed_kind_of_file(int fd)
{
	char head[MAGIC_MAX];
	ssize_t n = pread(fd, head, sizeof head, 0);

	return n > 0 ? packed_kind_of(head, (size_t)n) : PACKED_NOT;
}

const char *packed_name(enum packed_kind kind)
{
	return codec_of(kind)->name;
}

const char *packed_library_version(enum packed_kind kind)
{
	return codec_of(kind)->version();
}

static void start_over(struct packed *packed)
{
	packed->in_at = packed->out_at = 0;
	packed->out_len = 0;
	packed->input = (struct slice){packed->in, 0};
	packed->between = true;
	packed->any = packed->full = packed->finished = false;
	packed->broken = 0;
}

int packed_new(enum packed_kind kind, struct packed **ret_packed)
{
	struct packed *packed = malloc(sizeof *packed);

	if (!packed)
		return -ENOMEM;
	packed->kind = kind;
	packed->codec = codec_of(kind);
	packed->state = packed->codec->open();
	if (!packed->state) {
		free(packed);
		return -ENOMEM;
	}
	start_over(packed);
	*ret_packed = packed;
	return 0;
}

struct packed *packed_free(struct packed *packed)
{
	if (packed)
		packed->codec->close(packed->state);
	free(packed);
	return NULL;
}

/* More of the file behind what is left of it. 0 (also when there is no more), negative errno. */
static int refill(struct packed *packed, int fd)
{
	size_t have = packed->input.len;
	ssize_t n;

	memmove(packed->in, packed->input.at, have);
	packed->input.at = packed->in;
	do
		n = pread(fd, packed->in + have, IN_BYTES - have, (off_t)packed->in_at);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	packed->input.len += (size_t)n;
	packed->in_at += (uint64_t)n;
	return 0;
}

/* Whether a member may begin with these bytes, of which there are not enough to know. */
static bool may_begin(const struct packed *packed)
{
	size_t len = packed->input.len;

	for (size_t i = 0; i < ARRAY_LEN(magics); i++)
		if (magics[i].kind == packed->kind && len < magics[i].len &&
		    (!len || begins_with(packed->input.at, len, i)))
			return true;
	return false;
}

static void skip_padding(struct packed *packed)
{
	while (packed->input.len && !packed->input.at[0]) {
		packed->input.at++;
		packed->input.len--;
	}
}

/* Where a member may begin. 0: one does; CODEC_END: none does now; the E codes; negative errno. */
static int begin_member(struct packed *packed, int fd)
{
	int r;

	if (packed->any)
		skip_padding(packed);
	if (packed->input.len < MAGIC_MAX) {
		r = refill(packed, fd);
		if (r)
			return r;
		if (packed->any)
			skip_padding(packed);
	}
	if (packed_kind_of(packed->input.at, packed->input.len) == packed->kind) {
		r = packed->codec->begin(packed->state);
		packed->between = r != 0;
		packed->any = true;
		return r;
	}
	if (packed->any && !packed->input.len)
		return CODEC_END;
	if (may_begin(packed))
		return PACKED_E_SHORT;
	packed->finished = packed->any;
	return packed->any ? CODEC_END : PACKED_E_CORRUPT;
}

/* Makes room behind what must stay. */
static struct room make_room(struct packed *packed)
{
	if (sizeof packed->out - packed->out_len < OUT_BYTES / 2) {
		size_t gone = packed->out_len - PACKED_BEHIND;

		memmove(packed->out, packed->out + gone, PACKED_BEHIND);
		packed->out_at += gone;
		packed->out_len = PACKED_BEHIND;
	}
	return (struct room){packed->out + packed->out_len, sizeof packed->out - packed->out_len};
}

/* One step forward. 0; CODEC_END: the content ends here; the E codes; negative errno. */
static int unpack(struct packed *packed, int fd)
{
	struct room room;
	int r = 0;

	if (packed->finished)
		return CODEC_END;
	if (packed->between)
		r = begin_member(packed, fd);
	if (!r && !packed->input.len && !packed->full) {
		r = refill(packed, fd);
		if (!r && !packed->input.len)
			r = PACKED_E_SHORT;
	}
	if (r)
		return r;
	room = make_room(packed);
	r = packed->codec->step(packed->state, &packed->input, &room);
	packed->out_len = (size_t)(room.at - packed->out);
	packed->full = !room.len;
	if (r == CODEC_END) {
		packed->between = true;
		packed->full = false;
		return 0;
	}
	return r;
}

/* Copies what is there already of the bytes wanted; *done of them are. */
static void copy(const struct packed *packed, uint64_t at, char *bytes, size_t len, size_t *done)
{
	uint64_t from = at + *done, end = packed->out_at + packed->out_len;
	size_t n;

	if (from >= end)
		return;
	n = end - from < len - *done ? end - from : len - *done;
	memcpy(bytes + *done, packed->out + (from - packed->out_at), n);
	*done += n;
}

int packed_read(struct packed *packed, int fd, uint64_t at, char *bytes, size_t len,
		size_t *ret_len)
{
	uint64_t unpacked = 0;
	int r = 0;

	*ret_len = 0;
	if (at < packed->out_at)
		start_over(packed);
	r = packed->broken;
	while (!r) {
		uint64_t before = packed->out_at + packed->out_len + packed->in_at;

		copy(packed, at, bytes, len, ret_len);
		if (*ret_len == len)
			return 0;
		if (unpacked > STEP_BYTES + len)
			return *ret_len ? 0 : PACKED_E_MORE;
		r = unpack(packed, fd);
		unpacked += packed->out_at + packed->out_len + packed->in_at - before;
	}
	copy(packed, at, bytes, len, ret_len);
	if (r == PACKED_E_CORRUPT || r == PACKED_E_LARGE)
		packed->broken = r;
	/* What is wrong is so behind the bytes that were wanted. */
	return r == CODEC_END || (r > 0 && *ret_len == len) ? 0 : r;
}
