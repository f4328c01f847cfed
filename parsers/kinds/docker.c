/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Docker's driver json-file: a line of a container is the member "log" of an object, with its line
 * end, beside "stream" and "time". It is given as message, without the line end; tag says whether
 * it had one (F), or is a part of a line that was too long for Docker (P). Parts were
 * joined before (agent/join). What the container was told to log with it is attrs.NAME.
 */
#include <errno.h>
#include <stdlib.h>

#include "parsers/kinds/json_private.h"

static const char *const names[] = {"message", "stream", "time", "tag", NULL};
static const char *const members[] = {"log", "stream", "time"};

enum { MESSAGE, STREAM, TIME, MEMBERS_N, TAG = MEMBERS_N, FIELDS_N };

struct docker {
	struct json_paths paths; /* their slots are places in an array of our own */
	size_t n;
	int8_t slots[PARSER_FIELDS_MAX + MEMBERS_N]; /* of these places */
	int8_t tag;
};

static int add_attrs(struct docker *docker, const struct kind_wants *wants, uint32_t *ret_field)
{
	for (uint32_t i = 0; i < wants->fields->n; i++) {
		const char *name = wants->fields->names[i];

		if (!(wants->wanted >> i & 1) || strncmp(name, "attrs.", 6) != 0)
			continue;
		docker->slots[docker->n] = (int8_t)i;
		if (json_add_path(&docker->paths, name, (int8_t)docker->n++))
			continue;
		*ret_field = i;
		return PARSER_E_NAME;
	}
	return 0;
}

static int compile(const struct parser_link *link UNUSED, const struct kind_wants *wants,
		   void **ret_state, uint32_t *ret_field)
{
	struct docker *docker = calloc(1, sizeof *docker);

	if (!docker)
		return -ENOMEM;
	*ret_state = docker;
	for (size_t i = 0; i < MEMBERS_N; i++) {
		docker->slots[i] = kind_slot(wants, names[i]);
		json_add_path(&docker->paths, members[i], (int8_t)docker->n++);
	}
	docker->tag = kind_slot(wants, names[TAG]);
	return add_attrs(docker, wants, ret_field);
}

static void *discard(void *state)
{
	free(state);
	return NULL;
}

static int extract(const void *state, struct slice text, struct kind_run *run)
{
	const struct docker *docker = state;
	struct slice found[PARSER_FIELDS_MAX + MEMBERS_N];
	struct slice *message = &found[MESSAGE];
	struct kind_run own = {run->scratch, run->arena, found};
	bool whole;
	int r;

	for (size_t i = 0; i < docker->n; i++)
		found[i] = SLICE_NONE;
	r = json_extract(&docker->paths, text, &own);
	if (r)
		return r < 0 ? r : kind_miss(run, own.stop);
	if (!message->at)
		return kind_miss(run, text.at);
	whole = message->len && message->at[message->len - 1] == '\n';
	message->len -= whole;
	for (size_t i = 0; i < docker->n; i++) {
		if (docker->slots[i] >= 0 && found[i].at)
			run->fields[docker->slots[i]] = found[i];
	}
	if (docker->tag >= 0)
		run->fields[docker->tag] = (struct slice){whole ? "F" : "P", 1};
	return 0;
}

const struct kind kind_docker = {names, "attrs.", compile, discard, extract};
