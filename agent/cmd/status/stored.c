/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same lines as of an agent, so there is one way to print them, and a script need not know
 * which it reads. Of a file that is there its size is asked, if it is the file of the row.
 */
#include "cmd/status/stored.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "control/line.h"
#include "state/copy.h"

struct telling {
	const struct request *request;
	ask_see *see;
	void *context;
	struct arena arena;
	struct json json;
	uint64_t shown, lag;
};

static struct json *begin(struct telling *telling, const char *kind)
{
	arena_reset(&telling->arena);
	telling->json = (struct json){.arena = &telling->arena};
	line_begin(&telling->json, kind);
	return &telling->json;
}

/* The line is complete. */
static int tell(struct telling *telling)
{
	struct object *object;
	struct slice line;
	char message[128];
	int r;

	line_end(&telling->json);
	r = json_finish(&telling->json, &line);
	if (r)
		return r;
	line.len--;
	if (object_read(line, &object, message, sizeof message))
		return -ENOMEM;
	r = telling->see(telling->context, line, object);
	object_free(object);
	return r;
}

static int tell_agent(struct telling *telling, struct store *store, size_t n_files, const char *dir)
{
	struct json *json = begin(telling, "agent");
	uint64_t bytes, count;

	store_dead_letters(store, &bytes, &count);
	line_text(json, "waybill", WAYBILL_VERSION);
	line_bool(json, "running", false);
	line_text(json, "state", "stopped");
	line_text(json, "state_dir", dir);
	line_number(json, "files", n_files);
	line_number(json, "dead_letters", count);
	line_number(json, "dead_letter_bytes", bytes);
	return tell(telling);
}

static bool is_asked(const struct request *request, const struct store_file *row)
{
	const char *names[] = {row->path, row->lineage, row->real};

	if (!*request->about)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (names[i] &&
		    (strcmp(names[i], request->about) == 0 || strcmp(names[i], request->path) == 0))
			return true;
	}
	return false;
}

static int tell_file(struct telling *telling, const struct store_file *row)
{
	struct json *json = begin(telling, "file");
	uint64_t size = row->reach > row->committed ? row->reach : row->committed;
	bool sized = !row->packed;
	struct stat st;

	if (stat(row->path, &st) == 0 && st.st_ino == row->inode)
		size = (uint64_t)st.st_size;
	line_text(json, "path", row->path);
	line_text(json, "source", NULL);
	line_text(json, "state", "stored");
	line_text(json, "waits_for", NULL);
	line_number(json, "position", row->committed);
	line_number(json, "read", row->committed);
	line_natural(json, "size", sized ? (int64_t)size : -1);
	size = size > row->committed ? size - row->committed : 0;
	line_natural(json, "lag_bytes", sized ? (int64_t)size : -1);
	line_number(json, "in_flight", 0);
	telling->shown++;
	telling->lag += sized ? size : 0;
	return tell(telling);
}

static int tell_all(struct telling *telling, struct store *store, const char *dir)
{
	struct store_file *rows;
	struct json *json;
	size_t n;
	int r = store_load(store, &rows, &n);

	if (r)
		return r;
	r = tell_agent(telling, store, n, dir);
	for (size_t i = 0; !r && i < n; i++) {
		if (is_asked(telling->request, &rows[i]))
			r = tell_file(telling, &rows[i]);
	}
	store_files_free(rows, n);
	if (r)
		return r;
	json = begin(telling, "end");
	line_number(json, "files_shown", telling->shown);
	line_number(json, "lag_bytes", telling->lag);
	line_bool(json, "known", !*telling->request->about || telling->shown);
	return tell(telling);
}

int stored_see(const struct ask_place *place, const struct request *request, ask_see *see,
	       void *context)
{
	struct telling telling = {.request = request, .see = see, .context = context};
	struct store *store;
	char message[512];
	int r = copy_open(place->dir, &store, message, sizeof message);

	if (r < 0)
		return r;
	if (r) {
		fprintf(stderr, "waybill: no agent answers at %s, and %s\n", place->path, message);
		return ASK_E_FAILED;
	}
	r = tell_all(&telling, store, place->dir);
	arena_deinit(&telling.arena);
	store_close(store);
	return r;
}
