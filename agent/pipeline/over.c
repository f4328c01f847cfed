/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event whose first lines stand at the end of one generation, and the others at the start of the
 * next: a runtime is told to open its log anew in the midst of a line, a program's log is renamed
 * in the midst of a trace.
 *
 *   file     ... | cursor ........ end |                       whole lines that wait
 *   next                               | start ..... end | ... its first lines
 *   bytes        | 0 ............. own | own ....... len |
 *
 * Both are cut as one, in memory of their own: no chunk has them all. Nothing is kept between two
 * looks, so a restart in the midst of it finds the same bytes again and makes the same event of
 * them. What is looked at of the next generation is what it holds when the older one was quiet for
 * so long that it is taken for whole; nothing waits for more.
 */
#include "pipeline/over.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "join/streams.h"

/* So much of the next generation is looked at first: a few lines are the rest of most events. */
#define FIRST_BYTES ((size_t)4 << 10)

/* One look. */
struct look {
	const struct file *file;
	struct over *over;
	struct join_event joined;
	size_t n_parts;
};

bool over_may_be(const struct file *file)
{
	const struct file *next = file->newer;

	/* The next one begins with a header of its own. */
	if (file->source->reads_header)
		return false;
	if (!file->tail.join || !file->left_path || file->tail.packing || !next)
		return false;
	return next->source == file->source && next->state == FILE_WAITING && next->tail.fd >= 0 &&
	       !next->tail.packing && !next->unjudged && !next->spoilt && !next->rewritten &&
	       !next->tail.rewritten && TAILQ_EMPTY(&next->account.chunks);
}

/* Up to room bytes of the next generation; *ret_all: it has no more. 0 or negative errno. */
static int read_next(struct look *look, size_t room, bool *ret_all)
{
	size_t want = look->over->own + room;
	struct over *over = realloc(look->over, sizeof *over + want);
	ssize_t n = 1;

	if (!over)
		return -ENOMEM;
	look->over = over;
	while (over->len < want && n) {
		do
			n = pread(look->file->newer->tail.fd, over->bytes + over->len,
				  want - over->len, (off_t)(over->start + over->len - over->own));
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return -errno;
		over->len += (size_t)n;
	}
	*ret_all = over->len < want;
	return 0;
}

static bool is_apart(const void *context, size_t at)
{
	const struct look *look = context;
	size_t own = look->over->own;

	return at < own ? tail_is_apart(&look->file->tail, at) :
			  tail_is_settled(&look->file->newer->tail, at - own);
}

/* 0 or LINES_E_MORE. */
static int cut(struct look *look, struct slice bytes, bool ended)
{
	const struct join *join = look->file->tail.join;
	const struct line_rules *rules = &look->file->source->rules;
	struct join_bytes input = {bytes, ended, is_apart, look};
	struct join_state state = {0};
	uint32_t lines;

	look->n_parts = 0;
	if (join_options(join)->wrap)
		return streams_cut(join, rules, &input, &look->joined, join_parts(join),
				   &look->n_parts, &lines);
	return join_cut(join, rules, bytes, ended, &state, &look->joined);
}

/* A line that is being written is none yet. */
static struct slice whole_lines(const struct over *over)
{
	const char *lf = memrchr(over->bytes, '\n', over->len);

	return (struct slice){over->bytes, lf ? (size_t)(lf - over->bytes) + 1 : 0};
}

/* Reads as much of the next generation as the event may want. 0, TAIL_E_DRY, negative errno. */
static int find(struct look *look)
{
	const struct source *source = look->file->source;
	size_t longest =
		join_options(source->join)->max_event + source->rules.max_line + LINES_ROOM;
	bool ended = false;
	int r = LINES_E_MORE;

	for (size_t room = FIRST_BYTES; r && !ended; room *= 4) {
		r = read_next(look, room, &ended);
		if (r)
			return r;
		ended |= room >= longest;
		r = cut(look,
			ended ? whole_lines(look->over) :
				(struct slice){look->over->bytes, look->over->len},
			ended);
	}
	return r ? TAIL_E_DRY : 0;
}

/* Behind the last byte of the event. */
static size_t end_of(const struct look *look)
{
	const struct join_part *parts = join_parts(look->file->tail.join);
	size_t end = look->joined.line.extent;

	for (size_t i = 0; i < look->n_parts; i++)
		if (parts[i].start + parts[i].len > end)
			end = parts[i].start + parts[i].len;
	return end;
}

static void show(const struct look *look, uint64_t position)
{
	struct over *over = look->over;
	bool wrapped = join_options(look->file->tail.join)->wrap;

	over->len = end_of(look);
	over->run = look->joined.line.extent;
	over->event = (struct event){
		.kind = EVENT_LINE,
		.line = look->joined.line,
		.extent = (uint32_t)(over->run < over->own ? over->run : over->own),
		.position = position,
		.first_time = position >= look->file->tail.high_water,
		.lines = look->joined.lines,
		.n_parts = (uint32_t)look->n_parts,
		.wrapped = wrapped ? (struct slice){over->bytes, over->len} : SLICE_NONE,
		.cut = look->joined.cut,
	};
}

int over_peek(const struct file *file, struct over **ret_over)
{
	struct slice own = tail_waiting(&file->tail);
	uint64_t position = account_read_position(&file->account);
	struct look look = {.file = file};
	int r;

	if (!own.len || own.at[own.len - 1] != '\n' || position == file->tail.split_at)
		return TAIL_E_DRY;
	look.over = malloc(sizeof *look.over + own.len);
	if (!look.over)
		return -ENOMEM;
	look.over->start = account_read_position(&file->newer->account);
	look.over->own = look.over->len = own.len;
	memcpy(look.over->bytes, own.at, own.len);
	r = find(&look);
	if (!r && end_of(&look) <= own.len)
		r = TAIL_E_DRY;
	if (r) {
		free(look.over);
		return r;
	}
	show(&look, position);
	*ret_over = look.over;
	return 0;
}
