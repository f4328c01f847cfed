/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of a file → events, one at a time. The caller peeks, tries to hand the event on, and only
 * then is it consumed: an event that the output had no room for is simply shown again.
 *
 * A chunk is sealed only when full; the next one is read from the cursor, so a line cut by the end
 * of a chunk is read twice rather than copied. An over-long line is shown once, truncated; its rest
 * is passed piece by piece as EVENT_DISCARD, so memory is bounded by max_line (scenario C02).
 */
#include "input/tail.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "input/hole.h"
#include "input/tail_private.h"

void tail_init(struct tail *tail, struct account *account, const struct line_rules *rules)
{
	*tail = (struct tail){
		.fd = -1,
		.account = account,
		.rules = rules,
		.discard_at = UINT64_MAX,
		.split_at = UINT64_MAX,
	};
	tail->high_water = account_read_position(account);
}

void tail_close(struct tail *tail)
{
	if (tail->fd >= 0)
		close(tail->fd);
	tail->fd = -1;
	tail->packed = packed_free(tail->packed);
}

void tail_set_fd(struct tail *tail, int fd)
{
	tail_close(tail);
	tail->fd = fd;
}

/* The next chunk at the read position: large when catching up, of its own size for a long line. */
static int next_chunk(struct tail *tail, size_t at_least, struct chunk **ret_chunk)
{
	enum chunk_class class = tail->hungry ? CHUNK_LARGE : CHUNK_SMALL;
	struct chunk *chunk;

	if (at_least > CHUNK_LARGE_BYTES - sizeof(struct chunk))
		class = CHUNK_OWN_SIZE;
	else if (at_least > CHUNK_SMALL_BYTES - sizeof(struct chunk))
		class = CHUNK_LARGE;
	chunk = tail_new_chunk(tail, class, at_least);
	if (!chunk)
		return TAIL_E_MEMORY;
	tail->scanned = 0;
	tail->joining = (struct join_state){0};
	*ret_chunk = chunk;
	return 0;
}

/* The chunk is full and holds no whole line: go on in another one. */
static int replace_full(struct tail *tail, struct chunk *chunk, struct chunk **ret_chunk)
{
	/* CR LF behind the last byte that counts. */
	size_t longest = tail->rules->max_line + LINES_ROOM;
	size_t at_least = 0;

	/* An event, or a line that is longer, and behind it the one that shows where it ends. */
	if (UNLIKELY(tail->join != NULL)) {
		size_t event = join_options(tail->join)->max_event;

		longest += event > longest ? event : longest;
	}

	if (chunk->cursor == 0) {
		/* One line fills it: the next size, up to what shows that the line is over-long. */
		at_least = (size_t)chunk->capacity * 4;
		if (at_least > longest)
			at_least = longest;
		if (chunk->first == NULL)
			account_drop_empty(tail->account, chunk);
	}
	return next_chunk(tail, at_least, ret_chunk);
}

/* What was settled before is not read again. True when the event is such a range. */
static bool peek_ahead(struct tail *tail, uint64_t position, struct event *ret_event)
{
	const struct range *range;
	uint64_t len;

	account_drop_passed(tail->account);
	range = ranges_find(&tail->account->ahead, position);
	if (!range || range->start > position)
		return false;
	len = range->end - position;
	*ret_event = (struct event){
		.kind = EVENT_AHEAD,
		.position = position,
		.extent = len < SLOT_LENGTH_MAX ? (uint32_t)len : SLOT_LENGTH_MAX,
	};
	return true;
}

/*
 * No event extends into what was settled before: a last line without LF may have been shipped in
 * two pieces, of which only the second was acknowledged. Nor over the end of what is settled of
 * some branches, for the others are of the same events. True when bytes end at such a border.
 */
static bool end_at_settled(const struct tail *tail, uint64_t position, struct slice *bytes)
{
	const struct account *account = tail->account;
	const struct range *range;
	uint64_t border;

	if (LIKELY(!account->ahead.n && !account->branches))
		return false;
	range = ranges_find(&account->ahead, position);
	border = range ? range->start : UINT64_MAX;
	if (account->branches && branches_border(account->branches, position) < border)
		border = branches_border(account->branches, position);
	if (border - position > bytes->len)
		return false;
	bytes->len = border - position;
	return true;
}

/* Without the half of a character that they begin with, see lines_half. */
static struct slice behind_half(struct slice bytes, uint64_t position,
				const struct line_rules *rules)
{
	size_t half = lines_half(position, rules);

	if (UNLIKELY(half && bytes.len))
		return (struct slice){bytes.at + half, bytes.len - half};
	return bytes;
}

/* The rest of an over-long line, as far as it is in memory. 0 or LINES_E_MORE. */
static int cut_discard(struct slice bytes, const struct line_rules *rules, struct event *event)
{
	struct slice rest = behind_half(bytes, event->position, rules);
	size_t end = lines_find_end(rest, rules);
	size_t len = end ? end : rest.len - lines_end_begun(rest, rules);

	/* What may be the beginning of a line end is looked at again, with what follows. */
	event->kind = EVENT_DISCARD;
	event->extent = (uint32_t)(bytes.len - rest.len + len);
	event->line = (struct line){.terminated = end > 0};
	return event->extent ? 0 : LINES_E_MORE;
}

/*
 * A line of which the rest lies elsewhere: it was truncated, which its length tells, or had no
 * LF.
 */
static struct line last_piece(struct slice bytes, const struct line_rules *rules)
{
	struct line line = lines_cut_last(bytes, rules);

	line.truncated |= bytes.len == rules->max_line;
	return line;
}

/* The line at a position, whose first `scanned` bytes hold no end. 0 or LINES_E_MORE. */
static int cut_line(const struct tail *tail, struct slice bytes, uint64_t position, size_t scanned,
		    struct line *ret_line)
{
	struct slice rest = behind_half(bytes, position, tail->rules);
	size_t half = bytes.len - rest.len;
	int r = lines_cut(rest, scanned > half ? scanned - half : 0, tail->rules, ret_line);

	ret_line->extent += r ? 0 : half;
	return r;
}

/* Which has no end in bytes; as a piece of one, or as all there is. */
static struct line cut_rest(const struct tail *tail, struct slice bytes, uint64_t position,
			    bool piece)
{
	struct slice rest = behind_half(bytes, position, tail->rules);
	struct line line =
		piece ? last_piece(rest, tail->rules) : lines_cut_last(rest, tail->rules);

	line.extent += bytes.len - rest.len;
	return line;
}

/* What follows on a last line that was shipped without its LF: its LF, or a piece of it. */
static void mark_rest(struct event *event)
{
	if (event->line.terminated && !event->line.text.len)
		event->kind = EVENT_LF;
	else
		event->split = true;
}

/* The event is one line. */
static void count_line(struct event *event)
{
	event->extent = (uint32_t)event->line.extent;
	event->lines = 1;
	event->lines_old = !event->first_time;
	event->bytes_old = event->first_time ? 0 : event->extent;
	event->cut = false;
	event->wrapped = SLICE_NONE;
	event->n_parts = 0;
}

/* Cuts an event from the bytes behind the cursor. 0 or LINES_E_MORE. */
static int cut(struct tail *tail, const struct chunk *chunk, struct event *event)
{
	struct slice bytes = {chunk->bytes + chunk->cursor, chunk->filled - chunk->cursor};
	bool ended;
	int r;

	event->position = chunk->start + chunk->cursor;
	ended = end_at_settled(tail, event->position, &bytes);
	event->first_time = event->position >= tail->high_water;
	if (UNLIKELY(tail->discarding))
		return cut_discard(bytes, tail->rules, event);
	event->kind = EVENT_LINE;
	event->split = false;
	if (UNLIKELY(tail->join != NULL && event->position != tail->split_at))
		return tail_cut_joined(tail, bytes, ended, event);
	r = cut_line(tail, bytes, event->position, tail->scanned, &event->line);
	if (UNLIKELY(r && ended)) {
		event->line = cut_rest(tail, bytes, event->position, true);
	} else if (r) {
		tail->scanned = (uint32_t)bytes.len;
		return r;
	}
	count_line(event);
	if (UNLIKELY(event->position == tail->split_at))
		mark_rest(event);
	return 0;
}

static bool begins_with_nul(const struct tail *tail, const struct chunk *chunk)
{
	return chunk->cursor < chunk->filled && !chunk->bytes[chunk->cursor] && !tail->discarding &&
	       !tail->packing && !tail->rules->nuls;
}

/*
 * A longer hole takes several events. What is left must be seen as a hole after a restart, too, so
 * it is more than the NULs that hole_find passes behind the last place where the file system has
 * one.
 */
#define HOLE_PIECE (SLOT_LENGTH_MAX - (1u << 20))

/* The NULs at the cursor as an event of their own. 0, TAIL_E_DRY: wait, HOLE_E_NONE, errno. */
enum { NO_HOLE = TAIL_E_REWRITTEN + 1 };

static int cut_hole(const struct tail *tail, struct chunk *chunk, struct event *ret_event)
{
	uint64_t position = chunk->start + chunk->cursor, end;
	bool nuls = position ? position == tail->hole_to : tail->truncated;
	int r = hole_find(tail->fd, position, nuls, &end);

	if (r == HOLE_E_OPEN) {
		/* Forgotten: other bytes may take their place, and that is no rewriting. */
		chunk->filled = chunk->cursor;
		chunk->end_chain = chain_unknown();
		return TAIL_E_DRY;
	}
	if (r && r != HOLE_E_PART)
		return r == HOLE_E_NONE ? NO_HOLE : r;
	*ret_event = (struct event){
		.kind = EVENT_HOLE,
		.position = position,
		.line.terminated = !r && end - position <= SLOT_LENGTH_MAX,
		.first_time = position >= tail->high_water,
		.extent =
			end - position <= SLOT_LENGTH_MAX ? (uint32_t)(end - position) : HOLE_PIECE,
	};
	return 0;
}

/* Reads until an event is whole, the file has no more, or memory is out. */
static int read_event(struct tail *tail, struct chunk *chunk, struct event *ret_event)
{
	bool all_read = false;
	int r;

	for (;;) {
		if (UNLIKELY(begins_with_nul(tail, chunk))) {
			r = cut_hole(tail, chunk, ret_event);
			if (r != NO_HOLE)
				return r;
		}
		if (!cut(tail, chunk, ret_event))
			return 0;
		if (all_read)
			return TAIL_E_DRY;
		if (chunk->filled == chunk->capacity) {
			r = replace_full(tail, chunk, &chunk);
			if (r)
				return r;
		}
		r = tail_fill(tail, chunk);
		if (r)
			return r;
		/* A chunk that is not full holds all that the file had. */
		all_read = chunk->filled < chunk->capacity && !begins_with_nul(tail, chunk);
	}
}

int tail_peek(struct tail *tail, struct event *ret_event)
{
	struct chunk *chunk = account_open_chunk(tail->account);
	uint64_t position = account_read_position(tail->account);
	int r;

	if (UNLIKELY(tail->rewritten))
		return TAIL_E_REWRITTEN;
	if (UNLIKELY(tail->account->ahead.n) && peek_ahead(tail, position, ret_event))
		return tail->stored_tail_len ? tail_check_stored(tail, position) : 0;
	if (UNLIKELY(position == tail->discard_at)) {
		tail->discarding = true;
		tail->discard_at = UINT64_MAX;
	}
	if (!chunk) {
		r = next_chunk(tail, 0, &chunk);
		if (r)
			return r;
	}
	r = read_event(tail, chunk, ret_event);
	if (r != TAIL_E_DRY)
		return r;
	tail->hungry = false;
	chunk = account_open_chunk(tail->account);
	tail->pending = tail->discarding ? 0 : chunk->filled - chunk->cursor;
	tail->open = tail->joining.lines;
	return r;
}

int tail_peek_last(struct tail *tail, struct event *ret_event)
{
	struct chunk *chunk = account_open_chunk(tail->account);
	size_t len = chunk && !tail->discarding ? chunk->filled - chunk->cursor : 0;

	if (!len)
		return TAIL_E_DRY;
	if (UNLIKELY(tail->join != NULL && account_read_position(tail->account) != tail->split_at))
		return tail_peek_joined(tail, false, ret_event);
	*ret_event = (struct event){
		.kind = EVENT_LINE,
		.position = chunk->start + chunk->cursor,
	};
	ret_event->line = cut_rest(tail, (struct slice){chunk->bytes + chunk->cursor, len},
				   ret_event->position, false);
	ret_event->first_time = ret_event->position >= tail->high_water;
	count_line(ret_event);
	return 0;
}

void tail_consumed(struct tail *tail, const struct event *event)
{
	uint64_t end = event->position + event->extent;

	tail->scanned = 0;
	tail->pending = 0;
	tail->joining = (struct join_state){0};
	tail->open = false;
	if (end > tail->high_water)
		tail->high_water = end;
	if (event->kind == EVENT_DISCARD)
		tail->discarding = !event->line.terminated;
	else if (event->kind == EVENT_LINE)
		tail->discarding = event->line.truncated;
	else
		/* It held the rest of the line before, too; discard_at knows where that went on. */
		tail->discarding = false;
	tail->hole_to = event->kind == EVENT_HOLE ? end : 0;
	if (UNLIKELY(event->kind == EVENT_LINE && !event->line.terminated &&
		     !event->line.truncated))
		tail->split_at = end;
}

struct event tail_event_of(const struct tail *tail, const struct slot *slot)
{
	const struct chunk *chunk = slot_chunk(slot);
	struct slice bytes = {chunk->bytes + slot->start, slot_extent(slot)};
	struct event event = {
		.kind = EVENT_LINE,
		.position = chunk->start + slot->start,
		.extent = slot_extent(slot),
		.lines = slot->lines,
	};

	if (UNLIKELY(slot->lines > 1))
		tail_show_again(tail, slot, &event);
	else if (cut_line(tail, bytes, event.position, 0, &event.line))
		event.line = cut_rest(tail, bytes, event.position, true);
	if (UNLIKELY(tail->join != NULL))
		event.cut = tail_was_cut(tail, slot);
	return event;
}

void tail_skip(struct tail *tail, const char *bytes, size_t len)
{
	account_skip(tail->account, bytes, len);
	/* Of the bytes before those. */
	tail->stored_tail_len = 0;
}

void tail_rewound(struct tail *tail, uint64_t read_position)
{
	/*
	 * In the rest of an over-long line: that state is found again where reading comes back to
	 * it.
	 */
	if (tail->discarding &&
	    (tail->discard_at == UINT64_MAX || tail->discard_at < read_position))
		tail->discard_at = read_position;
	tail->discarding = false;
	tail->scanned = 0;
	tail->pending = 0;
	tail->joining = (struct join_state){0};
	tail->open = false;
}

void tail_reset(struct tail *tail)
{
	tail->discarding = false;
	tail->discard_at = UINT64_MAX;
	tail->scanned = 0;
	tail->pending = 0;
	tail->joining = (struct join_state){0};
	tail->open = false;
	tail->counted = 0;
	tail->hungry = false;
	tail->rewritten = false;
	tail->truncated = true;
	tail->hole_to = 0;
	tail->split_at = UINT64_MAX;
	tail->stored_tail_len = 0;
	tail->dry.known = false;
	tail->broken = 0;
	tail->packed = packed_free(tail->packed);
	tail->high_water = account_read_position(tail->account);
	tail->reach = 0;
}

bool tail_discards_at(const struct tail *tail, uint64_t position)
{
	if (tail->discarding && position == account_read_position(tail->account))
		return true;
	return position == tail->discard_at;
}

void tail_resume(struct tail *tail, uint32_t tail_len, uint64_t tail_hash, uint64_t discard_at)
{
	tail->stored_tail_len = tail_len;
	tail->stored_tail_hash = tail_hash;
	tail->discard_at = discard_at;
}
