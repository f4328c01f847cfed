/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's standard output and error stand in one file, line by line, and a long line in
 * parts. An event is made of lines of one stream; those of the other one between them are passed
 * over, and are cut when the cursor comes to them:
 *
 *   stdout P | stderr F | stdout F | ...
 *   first ................. part             one event; then that of stderr
 *
 * So records leave in the order of their first lines. How far is looked ahead is bounded by
 * max_event, in bytes of the file. Lines are looked at again with each look: an event of parts is
 * open for microseconds, and one that is not is short.
 */
#include "join/streams.h"

#include <errno.h>
#include <string.h>

/* Patterns see so much of a message that holds escapes. */
#define MESSAGE_MAX 1024

/* One event while it is looked for. */
struct search {
	const struct join *join;
	const struct join_options *options;
	enum join_wrap wrap;
	char stream;
	bool part;  /* the last line was one */
	bool other; /* a line of the other stream was passed over */
	uint8_t mode;
	size_t at; /* of the next line, from the first one */
	size_t taken;
	struct join_event event;
	struct join_part *parts;
	size_t n;
};

static void take(struct search *s, const struct line *line, const struct wrapped *wrapped)
{
	struct join_part *last = s->n ? &s->parts[s->n - 1] : NULL;

	s->event.lines++;
	s->taken += line->extent;
	s->part = wrapped->part;
	s->event.line.terminated = line->terminated;
	if (!s->other)
		s->event.line.extent += line->extent;
	else if (last && last->start + last->len == s->at)
		last->len += (uint32_t)line->extent;
	else
		s->parts[s->n++] = (struct join_part){(uint32_t)s->at, (uint32_t)line->extent};
}

/* Whether no line behind it can be the event's. */
static bool is_whole(const struct search *s, struct slice message)
{
	if (s->part)
		return false;
	return s->options->kind == JOIN_LINES || join_ends(s->join, message) ||
	       ready_is_whole(s->options->kind, s->mode);
}

/* The first line. False: it is wrapped in no way, and so an event. */
static bool begin(struct search *s, const struct line *line)
{
	char buffer[MESSAGE_MAX];
	struct wrapped wrapped;
	struct slice message;

	s->event.line = *line;
	s->event.lines = 1;
	s->at = s->taken = line->extent;
	if (line->truncated || !line->terminated || !wrap_read(s->wrap, line->text, &wrapped))
		return false;
	s->stream = wrapped.stream;
	s->part = wrapped.part;
	message = wrap_message(s->wrap, &wrapped, buffer, sizeof buffer);
	s->mode = join_begin(s->join, message);
	return !is_whole(s, message);
}

enum next { NEXT_OTHER, NEXT_TAKEN, NEXT_WHOLE, NEXT_NOT };

/* A line behind the first one. */
static enum next look_at(struct search *s, const struct join_bytes *input, const struct line *line)
{
	char buffer[MESSAGE_MAX];
	struct wrapped wrapped;
	struct slice message;
	bool beyond = line->truncated || s->at + line->extent > s->options->max_event;

	if (line->truncated || !wrap_read(s->wrap, line->text, &wrapped) ||
	    wrapped.stream != s->stream) {
		s->other = true;
		s->event.cut |= beyond && s->part;
		return beyond ? NEXT_NOT : NEXT_OTHER;
	}
	message = wrap_message(s->wrap, &wrapped, buffer, sizeof buffer);
	if ((input->is_apart && input->is_apart(input->context, s->at)) ||
	    (!s->part && !join_goes_on(s->join, &s->mode, message)))
		return NEXT_NOT;
	/* What comes behind a part without its end is none of the event's. */
	if (beyond || s->event.lines >= s->options->max_lines ||
	    (s->other && (s->n == JOIN_PARTS_MAX || !line->terminated))) {
		s->event.cut = true;
		return NEXT_NOT;
	}
	take(s, line, &wrapped);
	return is_whole(s, message) || !line->terminated ? NEXT_WHOLE : NEXT_TAKEN;
}

int streams_cut(const struct join *join, const struct line_rules *rules,
		const struct join_bytes *input, struct join_event *ret_event,
		struct join_part *ret_parts, size_t *ret_n, uint32_t *ret_lines)
{
	struct search s = {.join = join, .options = join_options(join), .parts = ret_parts};
	bool open = true;

	s.wrap = s.options->wrap;
	while (open) {
		struct slice rest = {input->bytes.at + s.at, input->bytes.len - s.at};
		struct line line;
		enum next next;
		int r = lines_cut(rest, 0, rules, &line);

		if (r && !input->ended) {
			*ret_lines = s.event.lines;
			return r;
		}
		if (r && !rest.len) {
			if (!s.event.lines)
				return r;
			break;
		}
		if (r)
			line = lines_cut_last(rest, rules);
		if (!s.event.lines) {
			open = begin(&s, &line);
			continue;
		}
		next = rest.at[0] ? look_at(&s, input, &line) : NEXT_NOT;
		s.at += line.extent;
		open = next == NEXT_OTHER || next == NEXT_TAKEN;
	}
	*ret_event = s.event;
	*ret_n = s.n;
	return 0;
}

/* The next line of the stream behind *at, which moves on. */
static bool next_of(const struct join *join, const struct line_rules *rules, struct slice bytes,
		    char stream, size_t *at, struct wrapped *ret_wrapped)
{
	while (*at < bytes.len) {
		struct line line =
			lines_cut_last((struct slice){bytes.at + *at, bytes.len - *at}, rules);

		*at += line.extent;
		if (wrap_read(join_options(join)->wrap, line.text, ret_wrapped) &&
		    (!stream || ret_wrapped->stream == stream))
			return true;
	}
	return false;
}

static char *put(char *to, struct slice text)
{
	memcpy(to, text.at, text.len);
	return to + text.len;
}

int streams_text(const struct join *join, const struct line_rules *rules, struct slice bytes,
		 uint32_t lines, struct arena *arena, struct slice *ret_text)
{
	bool cri = join_options(join)->wrap == WRAP_CRI;
	struct wrapped first = {0}, wrapped;
	size_t at = 0, len = 0;
	char *text, *to;

	for (uint32_t i = 0; i < lines; i++) {
		if (!next_of(join, rules, bytes, first.stream, &at, &wrapped))
			break;
		first = i ? first : wrapped;
		len += wrapped.message.len + 1;
	}
	text = to = arena_alloc(arena, first.head.len + 2 + len + first.tail.len);
	if (!text)
		return -ENOMEM;
	to = put(to, first.head);
	to += cri ? 2 : 0;
	at = 0;
	for (uint32_t i = 0; i < lines; i++) {
		bool whole = i && !wrapped.part;

		if (!next_of(join, rules, bytes, first.stream, &at, &wrapped))
			break;
		if (cri && whole)
			*to++ = '\n';
		to = put(to, wrapped.message);
	}
	if (cri)
		memcpy(text + first.head.len, wrapped.part ? "P " : "F ", 2);
	else
		to = put(to, first.tail);
	*ret_text = (struct slice){text, (size_t)(to - text)};
	return 0;
}
