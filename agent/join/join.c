/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event is shown when it is known where it ends, and that is mostly the line behind it:
 *
 *   cursor | first line | second line | third line | a line that begins another event ...
 *          | ............ taken .................. |
 *
 * Nothing is consumed before, so an open event holds the committed position, and whatever happens
 * in the middle of it (a restart, a rewind), it is read again from its first line and joined again.
 * For the same reason nothing but its own bytes may decide: the mode of a trace begins anew with
 * each event, also with the rest of one that a limit has cut.
 *
 * Lines that arrive one by one are not looked at again: `taken` says how far the event is known.
 *
 * Rejected: to copy lines together as they come. The event lies in the chunk as it stands, and is
 * the record's payload without a copy.
 */
#include "join/join.h"

#include <errno.h>
#include <stdlib.h>

struct join {
	struct join_options options;
	struct pattern_scratch *scratch;
	struct join_part *parts;
};

int join_new(const struct join_options *options, struct join **ret_join)
{
	struct join *join = calloc(1, sizeof *join);

	if (!join)
		return -ENOMEM;
	join->scratch = pattern_scratch_new();
	join->parts = calloc(JOIN_PARTS_MAX, sizeof *join->parts);
	if (!join->scratch || !join->parts) {
		join_free(join);
		return -ENOMEM;
	}
	join->options = *options;
	*ret_join = join;
	return 0;
}

struct join *join_free(struct join *join)
{
	if (join) {
		pattern_free(join->options.start);
		pattern_free(join->options.go_on);
		pattern_free(join->options.end);
		pattern_scratch_free(join->scratch);
		free(join->parts);
		free(join);
	}
	return NULL;
}

struct join_part *join_parts(const struct join *join)
{
	return join->parts;
}

const struct join_options *join_options(const struct join *join)
{
	return &join->options;
}

/* A pattern that gives up does not match. */
static bool matches(const struct join *join, const struct pattern *pattern, struct slice text)
{
	return pattern_match(pattern, join->scratch, text, PATTERN_NO_FIELDS, NULL) == 0;
}

uint8_t join_begin(const struct join *join, struct slice text)
{
	return ready_begin(join->options.kind, text);
}

bool join_goes_on(const struct join *join, uint8_t *mode, struct slice text)
{
	const struct join_options *o = &join->options;

	if (o->kind != JOIN_PATTERNS)
		return ready_goes_on(o->kind, mode, text);
	if (o->start && matches(join, o->start, text))
		return false;
	return !o->go_on || matches(join, o->go_on, text);
}

bool join_ends(const struct join *join, struct slice text)
{
	return join->options.end && matches(join, join->options.end, text);
}

static void take(const struct join *join, struct join_state *state, const struct line *line)
{
	if (!state->lines)
		state->mode = join_begin(join, line->text);
	state->text = state->taken + (uint32_t)line->text.len;
	state->taken += (uint32_t)line->extent;
	state->scanned = 0;
	state->lines++;
	state->terminated = line->terminated;
	state->truncated = line->truncated;
	state->whole = line->truncated || !line->terminated || join_ends(join, line->text) ||
		       ready_is_whole(join->options.kind, state->mode);
}

/* Whether the event would be too long with the line. */
static bool is_beyond(const struct join *join, const struct join_state *state,
		      const struct line *line)
{
	return line->truncated || state->lines >= join->options.max_lines ||
	       state->taken + line->extent > join->options.max_event;
}

static void show(const struct join_state *state, struct slice bytes, bool cut,
		 struct join_event *ret_event)
{
	*ret_event = (struct join_event){
		.line =
			{
				.text = {bytes.at, state->text},
				.extent = state->taken,
				.terminated = state->terminated,
				.truncated = state->truncated,
			},
		.lines = state->lines,
		.cut = cut,
	};
}

/* The next line of the bytes: 0, or LINES_E_MORE when it is not there as a whole. */
static int next_line(const struct line_rules *rules, struct slice rest, bool ended,
		     struct join_state *state, struct line *ret_line)
{
	int r = lines_cut(rest, state->scanned, rules, ret_line);

	if (r && ended && rest.len) {
		*ret_line = lines_cut_last(rest, rules);
		return 0;
	}
	if (r)
		state->scanned = (uint32_t)rest.len;
	return r;
}

/* A line that begins with NUL may be a hole, which is to be seen at the cursor. */
static bool may_be_hole(struct slice rest)
{
	return rest.len && !rest.at[0];
}

int join_cut(const struct join *join, const struct line_rules *rules, struct slice bytes,
	     bool ended, struct join_state *state, struct join_event *ret_event)
{
	bool cut = false;

	/* Bytes that were forgotten meanwhile. */
	if (UNLIKELY(state->taken > bytes.len))
		*state = (struct join_state){0};
	while (!state->whole) {
		struct slice rest = {bytes.at + state->taken, bytes.len - state->taken};
		struct line line;
		int r;

		if (state->lines && may_be_hole(rest))
			break;
		r = next_line(rules, rest, ended, state, &line);
		if (r && ended && state->lines)
			break;
		if (r)
			return r;
		if (state->lines) {
			struct join_state before = *state;

			if (!join_goes_on(join, &state->mode, line.text)) {
				*state = before;
				break;
			}
			cut = is_beyond(join, state, &line);
			if (cut) {
				*state = before;
				break;
			}
		}
		take(join, state, &line);
	}
	show(state, bytes, cut, ret_event);
	return 0;
}
