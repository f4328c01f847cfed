/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line goes through the text that an agent would send, so that a reader sees the same from both,
 * and --json prints it.
 */
#include "cmd/telling.h"

#include <errno.h>

#include "protocol/line.h"

struct json *telling_begin(struct telling *telling, const char *kind)
{
	arena_reset(&telling->arena);
	telling->json = (struct json){.arena = &telling->arena};
	if (kind)
		line_begin(&telling->json, kind);
	return &telling->json;
}

int telling_see(struct telling *telling)
{
	struct object *object;
	struct slice line;
	char message[128];
	int r = json_finish(&telling->json, &line);

	if (r)
		return r;
	line.len--;
	if (object_read(line, &object, message, sizeof message))
		return -ENOMEM;
	r = telling->see(telling->context, line, object);
	object_free(object);
	return r;
}

int telling_end(struct telling *telling)
{
	line_end(&telling->json);
	return telling_see(telling);
}

void telling_deinit(struct telling *telling)
{
	arena_deinit(&telling->arena);
}
