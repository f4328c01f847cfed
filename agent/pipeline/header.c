/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first line of a file, where it names the columns of all others. It is read by itself, from
 * the start of the file, so it is known wherever reading goes on after a restart; and it is read as
 * all lines are, so what redact takes out of it is not in it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pipeline/pipeline_private.h"

/* A longer first line is none: its names would be more than all that stands below them. */
#define HEADER_MAX ((size_t)64 << 10)

/* Of what is in a compressed file; *ret_n of them are there. 0 or negative errno. */
static int read_packed(const struct tail *tail, char *bytes, size_t *ret_n)
{
	struct packed *packed = NULL;
	int r = packed_new(tail->packing, &packed);

	if (!r)
		r = packed_read(packed, tail->fd, 0, bytes, HEADER_MAX, ret_n);
	packed_free(packed);
	return r < 0 ? r : 0;
}

static int read_plain(const struct tail *tail, char *bytes, size_t *ret_n)
{
	ssize_t n;

	do
		n = pread(tail->fd, bytes, HEADER_MAX, 0);
	while (n < 0 && errno == EINTR);
	*ret_n = n > 0 ? (size_t)n : 0;
	return n < 0 ? -errno : 0;
}

/* The first event of bytes. False: it is not there as a whole, and *ret_never will be. */
static bool cut(const struct file *file, struct slice bytes, struct slice *ret_text,
		bool *ret_never)
{
	const struct line_rules *rules = file->tail.rules;
	const struct join *join = file->source->join;
	struct join_state state = {0};
	struct join_event joined = {0};
	int r;

	if (!join || join_options(join)->wrap)
		r = lines_cut(bytes, 0, rules, &joined.line);
	else
		r = join_cut(join, rules, bytes, false, &state, &joined);
	*ret_text = joined.line.text;
	*ret_never = r ? bytes.len == HEADER_MAX : joined.line.truncated;
	return !r && !joined.line.truncated;
}

/* 0 or -ENOMEM. */
static int keep(struct file *file, struct slice text)
{
	char *copy = malloc(text.len + 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, text.at, text.len);
	file->header = (struct slice){copy, text.len};
	return 0;
}

int pipeline_read_header(struct pipeline *pipeline, struct file *file)
{
	char *bytes = malloc(HEADER_MAX);
	struct slice text;
	size_t n = 0;
	int r = -ENOMEM;

	if (bytes)
		r = file->tail.packing ? read_packed(&file->tail, bytes, &n) :
					 read_plain(&file->tail, bytes, &n);
	if (!r && cut(file, (struct slice){bytes, n}, &text, &file->no_header)) {
		arena_reset(&pipeline->arena);
		r = pipeline_clean(pipeline, file, &text);
		if (!r)
			r = keep(file, text);
	}
	free(bytes);
	return r;
}
