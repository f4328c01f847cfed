/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_LINES_H
#define PARSERS_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/result.h"
#include "base/slice.h"

/*
 * Cuts one line off the front of a run of bytes. Pure: the same bytes give the same cut, however
 * they arrived (scenario C08), so an event can be cut again from its slot's extent.
 */
/* Bytes that a line end may have. */
#define LINES_END_MAX 8

struct line_rules {
	size_t max_line; /* at least 1: bytes of text; a longer line is truncated there */
	bool keep_cr;    /* a CR before the LF is part of the value */
	bool wide;       /* UTF-16: an end, and max_line, is of whole pairs of bytes */
	bool nuls;       /* a line may begin with a NUL, which is none of a hole then */
	uint8_t end_len; /* of end; 0: an LF, as all below has it */
	char end[LINES_END_MAX];
};

/* Bytes after max_line that lines_cut must see to be sure: a CR and a line end. */
#define LINES_ROOM (2 + LINES_END_MAX)

enum {
	LINES_E_MORE = 1, /* no LF yet, and too few bytes to say that the line is too long; never
			   * given for max_line + LINES_ROOM bytes or more */
};

struct line {
	struct slice text; /* without LF, and without CR unless kept; at is never NULL */
	size_t extent;     /* bytes taken off the front: text, CR, LF */
	bool terminated;   /* the extent ends in LF */
	bool truncated;    /* text and extent are max_line bytes of a longer line; the rest, up to
			    * and with its LF, is for the caller to discard */
};

/* Of lines_cut: no LF within max_line. */
int lines_cut_long(struct slice bytes, const struct line_rules *rules, struct line *ret_line)
	MUSTCHECK;

/* As lines_cut, where a line ends in something else. */
int lines_cut_end(struct slice bytes, size_t scanned, const struct line_rules *rules,
		  struct line *ret_line) MUSTCHECK;

/* Behind the first line end of bytes, which begin with a line or in one; 0: there is none. */
size_t lines_find_end(struct slice bytes, const struct line_rules *rules);

/* Behind the last one of bytes that stand at a position of their file; 0: there is none. */
size_t lines_find_last_end(struct slice bytes, uint64_t position, const struct line_rules *rules);

/* Bytes at the end of some without line end that may be the beginning of one. */
static inline size_t lines_end_rest(const struct line_rules *rules)
{
	return rules->end_len ? rules->end_len - 1u : 0;
}

/* The same of bytes that begin with a line or in one: those that are the beginning of one. */
size_t lines_end_begun(struct slice bytes, const struct line_rules *rules);

/*
 * What of bytes at a position of their file is none of a line: of UTF-16, the second half of a
 * character whose first one was all there was when it was shipped. Without it they can be cut.
 */
static inline size_t lines_half(uint64_t position, const struct line_rules *rules)
{
	return UNLIKELY(rules->wide) ? position & 1 : 0;
}

/*
 * Looks at bytes, of which the first `scanned` are known to hold no LF (0 when not known).
 * 0 or LINES_E_MORE. A line of exactly max_line bytes with its LF (and CR) is not truncated.
 */
MUSTCHECK static inline int lines_cut(struct slice bytes, size_t scanned,
				      const struct line_rules *rules, struct line *ret_line)
{
	size_t most = rules->max_line + LINES_ROOM, window = bytes.len < most ? bytes.len : most;
	const char *lf = NULL;
	size_t len;

	if (UNLIKELY(rules->end_len))
		return lines_cut_end(bytes, scanned, rules, ret_line);
	if (LIKELY(scanned < window))
		lf = memchr(bytes.at + scanned, '\n', window - scanned);
	if (UNLIKELY(!lf))
		return lines_cut_long(bytes, rules, ret_line);
	len = (size_t)(lf - bytes.at);
	if (len > 0 && lf[-1] == '\r' && !rules->keep_cr)
		len--;
	if (UNLIKELY(len > rules->max_line))
		return lines_cut_long(bytes, rules, ret_line);
	*ret_line = (struct line){
		.text = {bytes.at, len},
		.extent = (size_t)(lf - bytes.at) + 1,
		.terminated = true,
	};
	return 0;
}

/*
 * The same for bytes that are all there will be: a last line without LF is cut as it is, a CR at
 * its end included. No bytes give an empty line with extent 0. Cutting a line's own extent again
 * gives the same text; only `truncated` is lost, since that was a matter of what came behind.
 */
struct line lines_cut_last(struct slice bytes, const struct line_rules *rules);

#endif
