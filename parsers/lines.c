/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One memchr a line, over no more than the window in which an LF can still matter:
 *
 *   |<------- max_line ------->| CR | LF |      the longest line that is not truncated
 *   |<---------------- window ---------->|
 *
 * The verdict "truncated" falls only when a byte is seen that no longest line has there: any byte
 * but LF at max_line, or but LF behind a CR at max_line. Until then the answer is MORE. That makes
 * the cut a function of the bytes alone, at the price that a buffer needs LINES_ROOM bytes more
 * than max_line for the question to be decided.
 *
 * Rejected: deciding at max_line bytes, which would cut a line of exactly that length differently
 * when its LF comes with the next read.
 */
#include "parsers/lines.h"

/* Whether the bytes seen so far, without LF, may still become a line that fits. */
static bool undecided(struct slice bytes, const struct line_rules *rules)
{
	if (bytes.len <= rules->max_line)
		return true;
	return bytes.len == rules->max_line + 1 && !rules->keep_cr &&
	       bytes.at[rules->max_line] == '\r';
}

static struct line truncate_at_max(struct slice bytes, const struct line_rules *rules)
{
	return (struct line){
		.text = {bytes.at, rules->max_line},
		.extent = rules->max_line,
		.truncated = true,
	};
}

int lines_cut_long(struct slice bytes, const struct line_rules *rules, struct line *ret_line)
{
	if (undecided(bytes, rules))
		return LINES_E_MORE;
	*ret_line = truncate_at_max(bytes, rules);
	return 0;
}

struct line lines_cut_last(struct slice bytes, const struct line_rules *rules)
{
	struct line line;

	if (!bytes.at)
		bytes.at = "";
	if (lines_cut(bytes, 0, rules, &line) == 0)
		return line;
	if (bytes.len > rules->max_line)
		return truncate_at_max(bytes, rules);
	return (struct line){.text = bytes, .extent = bytes.len};
}
