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

/* The first line end from `from` on, which is that of a pair of bytes where these count. */
static const char *find_end(struct slice bytes, size_t from, const struct line_rules *rules)
{
	const char *end = bytes.at + bytes.len, *at = bytes.at + from;

	while (at < end && (at = memmem(at, (size_t)(end - at), rules->end, rules->end_len))) {
		if (!rules->wide || !((at - bytes.at) & 1))
			return at;
		at++;
	}
	return NULL;
}

/* A CR of two bytes, in the order of the end, that is none of the text. */
static bool is_wide_cr(const char *at, const struct line_rules *rules)
{
	bool big = !rules->end[0];

	return rules->wide && !rules->keep_cr && at[big] == '\r' && !at[!big];
}

int lines_cut_end(struct slice bytes, size_t scanned, const struct line_rules *rules,
		  struct line *ret_line)
{
	size_t most = rules->max_line + LINES_ROOM, rest = lines_end_rest(rules), len;
	const char *end;

	if (bytes.len > most)
		bytes.len = most;
	scanned = scanned > rest ? scanned - rest : 0;
	end = scanned < bytes.len ? find_end(bytes, scanned, rules) : NULL;
	len = end ? (size_t)(end - bytes.at) : bytes.len;
	if (!end && bytes.len < most)
		return LINES_E_MORE;
	if (end && len >= 2 && is_wide_cr(end - 2, rules))
		len -= 2;
	if (!end || len > rules->max_line) {
		*ret_line = truncate_at_max(bytes, rules);
		return 0;
	}
	*ret_line = (struct line){
		.text = {bytes.at, len},
		.extent = (size_t)(end - bytes.at) + rules->end_len,
		.terminated = true,
	};
	return 0;
}

static size_t end_len(const struct line_rules *rules)
{
	return rules->end_len ? rules->end_len : 1;
}

size_t lines_find_end(struct slice bytes, const struct line_rules *rules)
{
	const char *at =
		rules->end_len ? find_end(bytes, 0, rules) : memchr(bytes.at, '\n', bytes.len);

	return at ? (size_t)(at - bytes.at) + end_len(rules) : 0;
}

size_t lines_end_begun(struct slice bytes, const struct line_rules *rules)
{
	size_t rest = lines_end_rest(rules), n = bytes.len < rest ? bytes.len : rest;

	for (; n; n--) {
		size_t at = bytes.len - n;

		if (memcmp(bytes.at + at, rules->end, n) == 0 && (!rules->wide || !(at & 1)))
			break;
	}
	return n;
}

size_t lines_find_last_end(struct slice bytes, uint64_t position, const struct line_rules *rules)
{
	const char *lf = rules->end_len ? NULL : memrchr(bytes.at, '\n', bytes.len);

	if (lf)
		return (size_t)(lf - bytes.at) + 1;
	for (size_t i = bytes.len; rules->end_len && i >= rules->end_len; i--) {
		size_t at = i - rules->end_len;

		if (memcmp(bytes.at + at, rules->end, rules->end_len) == 0 &&
		    (!rules->wide || !((position + at) & 1)))
			return i;
	}
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
