/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes in any encoding: what comes out is UTF-8, also by iconv, which has no part in it but
 * for the tables; where iconv takes the bytes it is what iconv makes of them. What is repaired is
 * UTF-8, and is left alone when it was. The first byte of the input chooses.
 */
#include <iconv.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "parsers/charset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {"ISO-8859-1", "CP1252",   "KOI8-R", "ISO-8859-15",
				    "UTF-16LE",   "UTF-16BE", "CP437",  "MACINTOSH"};

/* What iconv makes of the text. False: it does not take all of it. */
static bool convert(const char *name, const char *target, struct slice text, char *room,
		    size_t *len)
{
	iconv_t way = iconv_open(target, name);
	char *in = (char *)(uintptr_t)text.at, *out = room;
	size_t in_left = text.len, out_left = *len, r;

	if (way == (iconv_t)-1)
		return false;
	r = iconv(way, &in, &in_left, &out, &out_left);
	iconv_close(way);
	*len = (size_t)(out - room);
	return r != (size_t)-1 && !in_left;
}

/* By iconv, which knows what UTF-32 cannot hold, but not what UTF-8 must not. */
static bool is_utf8(struct slice text, char *room, size_t len)
{
	return convert("UTF-8", "UTF-32LE", text, room, &len);
}

static void try_decode(const char *name, struct slice text)
{
	size_t len = 4 * text.len + 4, checked = 3 * len;
	char *theirs = malloc(len), *room = malloc(checked);
	struct arena arena = ARENA_NULL;
	struct charset *charset;
	struct slice ours;

	if (charset_new(name, &charset)) {
		/* The library may not know it. */
		free(theirs);
		free(room);
		return;
	}
	if (charset_decode(charset, charset_order(charset) == CHARSET_BIG, text, &arena, &ours))
		abort();
	if (!charset_is_utf8(ours, false) || !is_utf8(ours, room, checked))
		abort();
	if (convert(name, "UTF-8", text, theirs, &len) &&
	    !slice_eq(ours, (struct slice){theirs, len}))
		abort();
	charset_free(charset);
	arena_deinit(&arena);
	free(theirs);
	free(room);
}

static void try_repair(struct slice text)
{
	struct arena arena = ARENA_NULL;
	bool good = charset_is_utf8(text, false);
	size_t len = 4 * text.len + 4;
	char *room = malloc(len);
	struct slice repaired;

	if (good != is_utf8(text, room, len) || (good && !charset_is_utf8(text, true)))
		abort();
	if (charset_repair(text, &arena, &repaired) || !charset_is_utf8(repaired, false))
		abort();
	if (good && !slice_eq(text, repaired))
		abort();
	/* What is cut amid a character is one that was good. */
	for (size_t cut = 1; good && cut < 5 && cut <= text.len; cut++) {
		if (!charset_is_utf8((struct slice){text.at, text.len - cut}, true))
			abort();
	}
	arena_deinit(&arena);
	free(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *bytes;

	if (size == 0)
		return 0;
	bytes = malloc(size);
	memcpy(bytes, data + 1, size - 1);
	if (data[0] & 128)
		try_repair((struct slice){bytes, size - 1});
	else
		try_decode(names[data[0] % ARRAY_LEN(names)], (struct slice){bytes, size - 1});
	free(bytes);
	return 0;
}
