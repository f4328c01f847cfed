/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The next event of a file, and what is one when nothing came behind it for long: a last line
 * without its end, lines that may go on, and what stands in the next generation of them.
 */
#include "pipeline/over.h"
#include "pipeline/pipeline_private.h"

void pipeline_count_open(struct pipeline *pipeline, struct file *file)
{
	uint64_t bytes, lines = tail_count_open(&file->tail, &bytes);

	pipeline_count_read(pipeline, file, lines, bytes);
	pipeline_count_waiting(pipeline, file, lines);
}

/* The file is dry now: whether bytes came that make no whole line yet. */
static void note_new_bytes(struct file *file, uint64_t now_us)
{
	uint64_t end = account_read_position(&file->account) + file->tail.pending;

	if (end <= file->seen_end)
		return;
	file->seen_end = end;
	file->quiet_since_us = now_us;
}

/* The file is over, and the next one has begun. */
static int peek_over(struct pipeline *pipeline, struct file *file, struct event *ret_event)
{
	int r = over_may_be(file) ? over_peek(file, &file->over) : TAIL_E_DRY;

	if (!r)
		*ret_event = file->over->event;
	/* They were to be of an event that is none of them any more. */
	if (UNLIKELY(file->over_lines && !file->over))
		pipeline_over_counted(pipeline, file, 0);
	return r;
}

/*
 * The file is dry: the lines of an event that is not whole count as read, and wait; or they are one
 * as they are, when nothing came behind them for so long.
 */
static int peek_open(struct pipeline *pipeline, struct file *file, uint64_t now_us,
		     struct event *ret_event)
{
	if (file->open_at != account_read_position(&file->account) + 1) {
		file->open_at = account_read_position(&file->account) + 1;
		file->open_since_us = now_us;
	}
	if (file_is_flushed(file, now_us)) {
		int r = peek_over(pipeline, file, ret_event);

		return r == TAIL_E_DRY ? tail_peek_open(&file->tail, ret_event) : r;
	}
	pipeline_count_open(pipeline, file);
	return TAIL_E_DRY;
}

int pipeline_peek(struct pipeline *pipeline, struct file *file, uint64_t partial_after_us,
		  uint64_t now_us, struct event *ret_event)
{
	int r = tail_peek(&file->tail, ret_event);

	if (r == TAIL_E_DRY)
		note_new_bytes(file, now_us);
	if (r == TAIL_E_DRY && now_us - file->quiet_since_us >= partial_after_us) {
		r = peek_over(pipeline, file, ret_event);
		if (r == TAIL_E_DRY)
			r = tail_peek_last(&file->tail, ret_event);
	}
	if (r == TAIL_E_DRY && UNLIKELY(file->tail.open))
		r = peek_open(pipeline, file, now_us, ret_event);
	if (LIKELY(r <= 0))
		return r;
	return r == TAIL_E_DRY    ? PIPELINE_E_IDLE :
	       r == TAIL_E_MEMORY ? PIPELINE_E_MEMORY :
	       r == TAIL_E_AGAIN  ? PIPELINE_E_AGAIN :
				    PIPELINE_E_REWRITTEN;
}
