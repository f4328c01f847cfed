/* SPDX-License-Identifier: Apache-2.0 */
#ifndef JOIN_STREAMS_H
#define JOIN_STREAMS_H

#include "base/arena.h"
#include "join/join.h"

/* Events out of wrapped lines, of which those of two streams stand in one file. */

struct join_bytes {
	struct slice bytes; /* from the event's first line on */
	bool ended;         /* as of join_cut */
	/* Whether what is settled of the line there makes it another event's. NULL: never. */
	bool (*is_apart)(const void *context, size_t at);
	const void *context;
};

/*
 * As join_cut, from the event's first line on: in ret_event->line the extent is that of the lines
 * up to the first one of another stream, and the text of one line only. ret_parts, JOIN_PARTS_MAX
 * long, are the others. LINES_E_MORE: *ret_lines wait.
 */
int streams_cut(const struct join *join, const struct line_rules *rules,
		const struct join_bytes *input, struct join_event *ret_event,
		struct join_part *ret_parts, size_t *ret_n, uint32_t *ret_lines) MUSTCHECK;

/*
 * The first `lines` lines of the stream of the first one, as one wrapped line in the arena. 0 or
 * -ENOMEM.
 */
int streams_text(const struct join *join, const struct line_rules *rules, struct slice bytes,
		 uint32_t lines, struct arena *arena, struct slice *ret_text) MUSTCHECK;

#endif
