/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_LINES_H
#define PARSERS_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/result.h"
#include "base/slice.h"

/*
 * Cuts one line off the front of a run of bytes. Pure: the same bytes give the same cut, however
 * they arrived (scenario C08), so an event can be cut again from its slot's extent.
 */
struct line_rules {
	size_t max_line; /* bytes of a line without its LF; a longer one is truncated there */
	bool keep_cr;    /* a CR before the LF is part of the value */
};

enum {
	LINES_E_MORE = 1, /* no LF within the bytes given and not yet max_line of them */
};

struct line {
	struct slice text; /* without LF, and without CR unless kept; at is never NULL */
	size_t extent;     /* bytes taken off the front: text, CR, LF */
	bool terminated;   /* the extent ends in LF */
	bool truncated;    /* max_line bytes were taken and no LF followed: the rest is discarded */
};

/*
 * Looks at bytes, of which the first `scanned` are known to hold no LF (0 when not known).
 * 0 or LINES_E_MORE. A line of exactly max_line bytes with its LF (and CR) is not truncated.
 */
int lines_cut(struct slice bytes, size_t scanned, const struct line_rules *rules,
	      struct line *ret_line) MUSTCHECK;

/* The same for bytes that are all there will be: a last line without LF is cut as it is. */
struct line lines_cut_last(struct slice bytes, const struct line_rules *rules);

#endif
