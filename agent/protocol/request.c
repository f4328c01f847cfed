/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request is read whole or refused with a reason: whoever writes a client by hand shall see what
 * is wrong. A version that is not ours is refused rather than guessed at.
 */
#include "protocol/request.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/object.h"

static const char *const names[REQUEST_KINDS] = {
	[REQUEST_STATUS] = "status",   [REQUEST_METRICS] = "metrics", [REQUEST_EXPLAIN] = "explain",
	[REQUEST_LETTERS] = "letters", [REQUEST_ORDER] = "order",     [REQUEST_REPLAY] = "replay",
	[REQUEST_DROP] = "drop",       [REQUEST_SET] = "set",         [REQUEST_ACCEPT] = "accept",
};

const char *const request_sorts[SORTS] = {
	[SORT_STATE] = "state",
	[SORT_LAG] = "lag",
	[SORT_IN_FLIGHT] = "in_flight",
};

const char *request_name(const struct request *request)
{
	return names[request->kind];
}

bool request_is_privileged(const struct request *request)
{
	switch (request->kind) {
	case REQUEST_ACCEPT:
	case REQUEST_REPLAY:
	case REQUEST_DROP:
	case REQUEST_SET:
		return true;
	case REQUEST_LETTERS:
		return request->content;
	default:
		return false;
	}
}

/* False when it is longer than a path may be. */
static bool take_text(const struct object *object, const char *name, char text[PATH_MAX])
{
	const char *value = object_text(object, name);

	return snprintf(text, PATH_MAX, "%s", value ? value : "") < PATH_MAX;
}

/* What is not known of it is as if it were not there. */
static void take_choice(const struct object *object, struct request *request)
{
	const char *sort = object_text(object, "sort"), *match = object_text(object, "match");
	int64_t limit = object_number(object, "limit", 0);

	request->limit = limit < 0                 ? 0 :
			 limit > REQUEST_LIMIT_MAX ? REQUEST_LIMIT_MAX :
						     (size_t)limit;
	for (int i = 0; sort && i < SORTS; i++) {
		if (strcmp(sort, request_sorts[i]) == 0)
			request->sort = (enum request_sort)i;
	}
	snprintf(request->match, sizeof request->match, "%s", match ? match : "");
	request->topics = object_number(object, "topics", 0) > 0;
}

static int understand(const struct object *object, struct request *request, char *ret_message,
		      size_t len)
{
	const int64_t version = object_number(object, "version", 0);
	const char *name = object_text(object, "request");
	int kind = 0;

	if (version != CONTROL_VERSION) {
		snprintf(ret_message, len, "version is %" PRId64 ", this agent speaks %d", version,
			 CONTROL_VERSION);
		return REQUEST_E_WRONG;
	}
	while (name && kind < REQUEST_KINDS && strcmp(names[kind], name) != 0)
		kind++;
	if (!name || kind == REQUEST_KINDS) {
		snprintf(ret_message, len, "this agent knows no such request");
		return REQUEST_E_WRONG;
	}
	request->kind = (enum request_kind)kind;
	request->position = object_number(object, "position", -1);
	take_choice(object, request);
	request->content = object_number(object, "content", 0) > 0;
	request->first = (uint64_t)object_number(object, "first", 1);
	request->last = (uint64_t)object_number(object, "last", INT64_MAX);
	request->device = (uint64_t)object_number(object, "device", 0);
	request->inode = (uint64_t)object_number(object, "inode", 0);
	request->number = (uint64_t)object_number(object, "number", 0);
	request->open_metrics = object_number(object, "open_metrics", 0) > 0;
	if (take_text(object, "about", request->about) && take_text(object, "path", request->path))
		return 0;
	snprintf(ret_message, len, "a name is longer than %d bytes", PATH_MAX - 1);
	return REQUEST_E_WRONG;
}

int request_read(struct slice line, struct request *ret_request, char *ret_message, size_t len)
{
	struct request request = {0};
	struct object *object;
	int r = object_read(line, &object, ret_message, len);

	if (r)
		return REQUEST_E_WRONG;
	r = understand(object, &request, ret_message, len);
	object_free(object);
	if (!r)
		*ret_request = request;
	return r;
}
