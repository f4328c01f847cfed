/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What container runtimes of Kubernetes write before each line of a container:
 *
 *	2026-11-21T15:11:55.624103123Z stdout F message
 *
 * The tag is F for a whole line and P for a part of one, whose rest follows; more tags may follow
 * behind colons. A line of another shape does not match: a log that merely begins with a time is
 * not taken for it. Parts were joined before (agent/join); one that is left had no rest.
 */
#include <errno.h>
#include <stdlib.h>

#include "parsers/kinds/kinds_private.h"

static const char *const names[] = {"time", "stream", "tag", "message", NULL};

enum { TIME, STREAM, TAG, MESSAGE, FIELDS_N };

struct cri {
	int8_t slots[FIELDS_N];
};

static int compile(const struct parser_link *link UNUSED, const struct kind_wants *wants,
		   void **ret_state, uint32_t *ret_field UNUSED)
{
	struct cri *cri = malloc(sizeof *cri);

	if (!cri)
		return -ENOMEM;
	for (size_t i = 0; i < FIELDS_N; i++)
		cri->slots[i] = kind_slot(wants, names[i]);
	*ret_state = cri;
	return 0;
}

static void *discard(void *state)
{
	free(state);
	return NULL;
}

/* The blank behind a time of RFC 3339, or NULL. */
static const char *time_end(const char *at, const char *end)
{
	static const char shape[] = "0000-00-00T00:00:00";

	if (end - at < (ptrdiff_t)sizeof shape)
		return NULL;
	for (size_t i = 0; i + 1 < sizeof shape; i++) {
		if (shape[i] == '0' ? (unsigned char)(at[i] - '0') > 9 : at[i] != shape[i])
			return NULL;
	}
	return memchr(at, ' ', (size_t)(end - at));
}

static int extract(const void *state, struct slice text, struct kind_run *run)
{
	const struct cri *cri = state;
	const char *at = text.at, *end = at + text.len;
	const char *stream = time_end(at, end), *tag, *message;

	if (!stream)
		return kind_miss(run, at);
	stream++;
	if (end - stream < 8 ||
	    (memcmp(stream, "stdout ", 7) != 0 && memcmp(stream, "stderr ", 7) != 0))
		return kind_miss(run, stream);
	tag = stream + 7;
	if (*tag != 'F' && *tag != 'P')
		return kind_miss(run, tag);
	message = memchr(tag, ' ', (size_t)(end - tag));
	if (!message)
		message = end;
	if (message > tag + 1 && tag[1] != ':')
		return kind_miss(run, tag + 1);
	kind_set(run, cri->slots[TIME], at, stream - 1);
	kind_set(run, cri->slots[STREAM], stream, tag - 1);
	kind_set(run, cri->slots[TAG], tag, tag + 1);
	kind_set(run, cri->slots[MESSAGE], message < end ? message + 1 : end, end);
	return 0;
}

const struct kind kind_cri = {names, NULL, compile, discard, extract};
