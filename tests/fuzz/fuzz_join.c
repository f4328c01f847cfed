/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes, of any kind, wrapped or not, and any split into two reads: the events are the same as
 * those of one read, they lie within the bytes and cover them, and wrapped ones can be made one
 * line. The first four bytes of the input choose kind, limits and the split.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "join/streams.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct line_rules RULES = {.max_line = 64};

struct fold {
	uint64_t hash;
	size_t events;
};

static void mix(struct fold *fold, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		fold->hash = (fold->hash ^ (unsigned char)bytes[i]) * 1099511628211ull;
}

static void check_parts(const struct join_part *parts, size_t n, size_t extent, size_t len)
{
	size_t end = extent;

	for (size_t i = 0; i < n; i++) {
		if (parts[i].start < end || !parts[i].len || parts[i].start + parts[i].len > len)
			abort();
		end = parts[i].start + parts[i].len;
	}
}

static int cut_wrapped(const struct join *join, struct slice bytes, bool ended, struct fold *fold,
		       struct join_event *event)
{
	struct join_bytes input = {.bytes = bytes, .ended = ended};
	struct arena arena = ARENA_NULL;
	struct slice text = SLICE_NONE;
	uint32_t lines = 0;
	size_t n = 0;
	int r = streams_cut(join, &RULES, &input, event, join_parts(join), &n, &lines);

	if (r)
		return r;
	check_parts(join_parts(join), n, event->line.extent, bytes.len);
	if (event->lines > 1 && streams_text(join, &RULES, bytes, event->lines, &arena, &text))
		abort();
	mix(fold, text.at, text.len);
	arena_deinit(&arena);
	return 0;
}

/* Events off the front of bytes; returns how many bytes they take. */
static size_t read_on(const struct join *join, struct slice bytes, bool ended,
		      struct join_state *state, struct fold *fold)
{
	size_t at = 0;

	for (;;) {
		struct slice rest = {bytes.at + at, bytes.len - at};
		struct join_event event;
		int r = join_options(join)->wrap ?
				cut_wrapped(join, rest, ended, fold, &event) :
				join_cut(join, &RULES, rest, ended, state, &event);

		if (r)
			return at;
		if (!event.line.extent || event.line.extent > rest.len || !event.lines)
			abort();
		if (event.line.text.len > event.line.extent)
			abort();
		mix(fold, event.line.text.at, event.line.text.len);
		fold->hash += event.lines + event.cut;
		fold->events++;
		at += event.line.extent;
		*state = (struct join_state){0};
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct join_options options = {.flush_after_us = 1};
	struct fold whole = {0}, split = {0};
	struct join_state state = {0};
	struct slice bytes;
	struct join *join;
	size_t at, done;

	if (size < 4)
		return 0;
	options.kind = JOIN_INDENT + data[0] % (JOIN_LINES - JOIN_INDENT + 1);
	options.wrap = data[1] % 3;
	options.max_lines = 1 + data[2] % 16;
	options.max_event = 64 + data[2];
	if (join_new(&options, &join))
		return 0;
	bytes = (struct slice){(const char *)data + 4, size - 4};
	at = bytes.len ? data[3] % (bytes.len + 1) : 0;
	if (read_on(join, bytes, true, &state, &whole) != bytes.len)
		abort();
	state = (struct join_state){0};
	done = read_on(join, (struct slice){bytes.at, at}, false, &state, &split);
	done += read_on(join, (struct slice){bytes.at + done, bytes.len - done}, true, &state,
			&split);
	if (done != bytes.len || split.hash != whole.hash || split.events != whole.events)
		abort();
	join_free(join);
	return 0;
}
