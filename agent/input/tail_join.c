/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events of several lines, where a source has them. They are cut from the chunk's bytes like lines,
 * and lie there as a whole, so a chunk is at least as large as an event and the line behind it.
 *
 * The lines of an event that may go on are read and wait: they count as read when the file is dry,
 * and not a second time when the event is consumed. `counted` is how far that goes.
 */
#include <string.h>

#include "input/tail_private.h"
#include "join/streams.h"

/* Below it all lines are counted as read. */
static uint64_t mark_of(const struct tail *tail)
{
	return tail->high_water > tail->counted ? tail->high_water : tail->counted;
}

uint32_t tail_count_lf(const char *at, size_t len)
{
	const char *end = at + len, *lf;
	uint32_t n = 0;

	while (at < end && (lf = memchr(at, '\n', (size_t)(end - at)))) {
		at = lf + 1;
		n++;
	}
	return n;
}

/* What of the event was counted before. */
static void count_old(const struct tail *tail, struct slice bytes, struct event *event)
{
	uint64_t mark = mark_of(tail);

	event->lines_old = event->bytes_old = 0;
	if (LIKELY(event->position >= mark))
		return;
	if (event->position + event->extent <= mark) {
		event->lines_old = event->lines;
		event->bytes_old = event->extent;
		return;
	}
	event->bytes_old = (uint32_t)(mark - event->position);
	event->lines_old = tail_count_lf(bytes.at, event->bytes_old);
}

static void show(const struct tail *tail, struct slice bytes, const struct join_event *joined,
		 struct event *event)
{
	event->kind = EVENT_LINE;
	event->line = joined->line;
	event->extent = (uint32_t)joined->line.extent;
	event->lines = joined->lines;
	event->cut = joined->cut;
	event->split = false;
	event->wrapped = SLICE_NONE;
	event->n_parts = 0;
	count_old(tail, bytes, event);
}

bool tail_is_settled(const struct tail *tail, size_t at)
{
	uint64_t position = account_read_position(tail->account) + at;
	const struct range *range = ranges_find(&tail->account->ahead, position);

	return range && range->start <= position;
}

bool tail_is_apart(const struct tail *tail, size_t at)
{
	const struct branches *branches = tail->account->branches;
	uint64_t first = account_read_position(tail->account), position = first + at;

	if (tail_is_settled(tail, at))
		return true;
	return branches && branches_settled(branches, position, position + 1) !=
				   branches_settled(branches, first, first + 1);
}

static bool is_apart(const void *context, size_t at)
{
	return tail_is_apart(context, at);
}

/* Of lines of two streams: what was settled before is no end for that of the other. */
static int cut_wrapped(struct tail *tail, struct slice bytes, bool ended, struct event *event)
{
	struct join_bytes input = {.bytes = bytes, .ended = ended, .context = tail};
	struct join_event joined;
	uint32_t lines = 0;
	size_t n = 0;
	int r;

	if (tail->account->ahead.n || tail->account->branches)
		input.is_apart = is_apart;
	r = streams_cut(tail->join, tail->rules, &input, &joined, join_parts(tail->join), &n,
			&lines);
	if (!ended)
		tail->joining.lines = lines;
	if (r)
		return r;
	show(tail, bytes, &joined, event);
	event->wrapped = joined.lines > 1 ? bytes : SLICE_NONE;
	event->n_parts = (uint32_t)n;
	return 0;
}

int tail_cut_joined(struct tail *tail, struct slice bytes, bool ended, struct event *event)
{
	struct join_state state = tail->joining;
	struct join_event joined;
	int r;

	if (join_options(tail->join)->wrap) {
		const struct chunk *chunk = account_open_chunk(tail->account);

		bytes.len = chunk->filled - chunk->cursor;
		return cut_wrapped(tail, bytes, false, event);
	}
	r = join_cut(tail->join, tail->rules, bytes, ended, &state, &joined);

	/* What ends here only because there is no more for now may go on when it is shown again. */
	if (!ended)
		tail->joining = state;
	if (r)
		return r;
	show(tail, bytes, &joined, event);
	return 0;
}

struct slice tail_waiting(const struct tail *tail)
{
	const struct chunk *chunk = account_open_chunk(tail->account);

	if (!chunk || tail->discarding)
		return (struct slice){"", 0};
	return (struct slice){chunk->bytes + chunk->cursor, chunk->filled - chunk->cursor};
}

static struct slice whole_lines(struct slice bytes)
{
	const char *lf = memrchr(bytes.at, '\n', bytes.len);

	bytes.len = lf ? (size_t)(lf - bytes.at) + 1 : 0;
	return bytes;
}

int tail_peek_joined(struct tail *tail, bool whole, struct event *ret_event)
{
	struct slice bytes = tail_waiting(tail);

	if (whole)
		bytes = whole_lines(bytes);
	if (!bytes.len)
		return TAIL_E_DRY;
	*ret_event = (struct event){.position = account_read_position(tail->account)};
	ret_event->first_time = ret_event->position >= tail->high_water;
	if (join_options(tail->join)->wrap)
		return cut_wrapped(tail, bytes, true, ret_event) ? TAIL_E_DRY : 0;
	return tail_cut_joined(tail, bytes, true, ret_event) ? TAIL_E_DRY : 0;
}

int tail_peek_open(struct tail *tail, struct event *ret_event)
{
	return tail->open ? tail_peek_joined(tail, true, ret_event) : TAIL_E_DRY;
}

/* Whole lines from `at` on: their number, without those that were settled before. */
static uint64_t count_unsettled(const struct tail *tail, struct slice bytes, size_t at,
				uint64_t *ret_bytes)
{
	uint64_t n = 0;

	while (at < bytes.len) {
		const char *lf = memchr(bytes.at + at, '\n', bytes.len - at);
		size_t end = lf ? (size_t)(lf - bytes.at) + 1 : bytes.len;

		if (!tail_is_settled(tail, at)) {
			*ret_bytes += end - at;
			n++;
		}
		at = end;
	}
	return n;
}

uint64_t tail_count_open(struct tail *tail, uint64_t *ret_bytes)
{
	return tail_count_lines(tail, whole_lines(tail_waiting(tail)), ret_bytes);
}

uint64_t tail_count_lines(struct tail *tail, struct slice bytes, uint64_t *ret_bytes)
{
	uint64_t start = account_read_position(tail->account), mark = mark_of(tail), skip;

	*ret_bytes = 0;
	skip = mark > start ? mark - start : 0;
	if (skip >= bytes.len)
		return 0;
	tail->counted = start + bytes.len;
	if (UNLIKELY(tail->account->ahead.n))
		return count_unsettled(tail, bytes, skip, ret_bytes);
	*ret_bytes = bytes.len - skip;
	return tail_count_lf(bytes.at + skip, bytes.len - skip);
}

static struct line joined_line(const struct tail *tail, const struct slot *slot)
{
	const char *bytes = slot_chunk(slot)->bytes + slot->start;
	size_t extent = slot_extent(slot);
	const char *before = memrchr(bytes, '\n', extent - 1);
	size_t last = before ? (size_t)(before - bytes) + 1 : 0;
	struct line line = lines_cut_last((struct slice){bytes + last, extent - last}, tail->rules);

	line.text = (struct slice){bytes, last + line.text.len};
	line.extent = extent;
	return line;
}

/* What showed it is in memory still: the line behind the event. */
bool tail_was_cut(const struct tail *tail, const struct slot *slot)
{
	const struct chunk *chunk = slot_chunk(slot);
	struct slice bytes = {chunk->bytes + slot->start, chunk->filled - slot->start};
	struct join_bytes input = {.bytes = bytes, .ended = true};
	struct join_state state = {0};
	struct join_event joined;
	uint32_t lines;
	size_t n;
	int r;

	if (join_options(tail->join)->wrap)
		r = streams_cut(tail->join, tail->rules, &input, &joined, join_parts(tail->join),
				&n, &lines);
	else
		r = join_cut(tail->join, tail->rules, bytes, true, &state, &joined);
	return !r && joined.cut && joined.lines == slot->lines;
}

void tail_show_again(const struct tail *tail, const struct slot *slot, struct event *event)
{
	const struct chunk *chunk = slot_chunk(slot);
	const char *bytes = chunk->bytes + slot->start;

	if (tail->join && join_options(tail->join)->wrap) {
		event->line = lines_cut_last((struct slice){bytes, slot_extent(slot)}, tail->rules);
		event->wrapped = (struct slice){bytes, chunk->filled - slot->start};
		return;
	}
	event->line = joined_line(tail, slot);
}
