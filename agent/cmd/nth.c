/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line's number, as an editor shows it, and the position of a byte, which is all that an agent
 * knows. All bytes before the line are read for it, in pieces, so what a reader of the file may not
 * see is not told, and what has no end is not begun with.
 */
#include "cmd/nth.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "packed/packed.h"
#include "parsers/charset.h"

struct content {
	int fd;
	struct packed *packed; /* NULL: it is as it is */
	uint64_t at;
};

/* The next bytes. 0: *ret_n of them, none at the end; NTH_E_BROKEN; negative errno. */
static int read_on(struct content *content, char *bytes, size_t len, size_t *ret_n)
{
	ssize_t n;
	int r = PACKED_E_MORE;

	if (!content->packed) {
		n = read(content->fd, bytes, len);
		*ret_n = n > 0 ? (size_t)n : 0;
		return n < 0 ? -errno : 0;
	}
	*ret_n = 0;
	while (r == PACKED_E_MORE && !*ret_n)
		r = packed_read(content->packed, content->fd, content->at, bytes, len, ret_n);
	content->at += *ret_n;
	if (r == PACKED_E_MORE || *ret_n)
		return 0;
	return r > 0 ? NTH_E_BROKEN : r;
}

/* Of UTF-16 the mark of the file says which of the two it is. */
static void look_at_mark(struct slice start, struct line_rules *rules)
{
	if (rules->wide && (charset_is_utf16(start) || charset_is_big(start)))
		memcpy(rules->end, charset_is_big(start) ? "\0\n" : "\n\0", 2);
}

/* Bytes of the file in front of the line behind `left` line ends. */
static int count_lines(struct content *content, struct line_rules *rules, int64_t left,
		       int64_t *ret_position)
{
	char bytes[1 << 16];
	size_t kept = 0, n = 0;
	int64_t before = 0; /* the first byte of the buffer */
	int r = 0;

	while (left > 0 && !(r = read_on(content, bytes + kept, sizeof bytes - kept, &n)) && n) {
		size_t len = kept + n, at = 0, end;

		if (before == 0)
			look_at_mark((struct slice){bytes, len}, rules);
		while (left > 0 &&
		       (end = lines_find_end((struct slice){bytes + at, len - at}, rules))) {
			at += end;
			left--;
		}
		*ret_position = before + (int64_t)at;
		/* What may be the beginning of an end; whole pairs of bytes, where these count. */
		kept = lines_end_rest(rules) < len - at ? lines_end_rest(rules) : len - at;
		kept += rules->wide && (len - kept) & 1 && kept < len - at;
		before += (int64_t)(len - kept);
		memmove(bytes, bytes + len - kept, kept);
	}
	return r ? r : left ? NTH_E_NONE : 0;
}

int nth_line(const char *path, int64_t line, struct line_rules *rules, bool packed,
	     int64_t *ret_position)
{
	struct content content = {.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
	enum packed_kind kind = PACKED_NOT;
	int64_t position = 0;
	struct stat st;
	int r = 0;

	if (content.fd < 0)
		return -errno;
	if (fstat(content.fd, &st) < 0 || !S_ISREG(st.st_mode))
		r = NTH_E_SPECIAL;
	if (!r && packed)
		kind = packed_kind_of_file(content.fd);
	if (kind != PACKED_NOT)
		r = packed_new(kind, &content.packed);
	if (!r)
		r = line < 1 ? NTH_E_NONE : count_lines(&content, rules, line - 1, &position);
	packed_free(content.packed);
	close(content.fd);
	if (!r)
		*ret_position = position;
	return r;
}
