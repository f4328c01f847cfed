/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same lines as of an agent, so there is one way to print them, and a script need not know
 * which it reads. Of a file that is there its size is asked, if it is the file of the row.
 */
#include "cmd/stored.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "cmd/telling.h"
#include "conf/load.h"
#include "control/ending.h"
#include "protocol/line.h"
#include "state/copy.h"

struct stored {
	const struct request *request;
	struct telling lines;
	uint64_t shown, lag;
};

static int tell_agent(struct stored *stored, struct store *store, size_t n_files, const char *dir)
{
	struct json *json = telling_begin(&stored->lines, "agent");
	uint64_t bytes, count;

	store_dead_letters(store, &bytes, &count);
	line_text(json, "waybill", WAYBILL_VERSION);
	line_bool(json, "running", false);
	line_text(json, "state", "stopped");
	line_text(json, "state_dir", dir);
	line_number(json, "files", n_files);
	line_number(json, "dead_letters", count);
	line_number(json, "dead_letter_bytes", bytes);
	return telling_end(&stored->lines);
}

static int tell_endings(struct stored *stored, const struct conf *conf,
			const struct cluster_ends *ends)
{
	struct ending ending = {0};
	int r = 0;

	for (bool more = true; !r && more;) {
		struct json *json = telling_begin(&stored->lines, NULL);

		more = ending_line(&ending, conf, ends, clock_real_ms(), json);
		if (more)
			r = telling_see(&stored->lines);
	}
	return r;
}

/* What files say that the configuration names; what a secret is needed for is left out. */
static int tell_expiry(struct stored *stored, const struct ask_place *place)
{
	static const struct conf_surroundings without_secrets = {.no_secrets = true};
	struct cluster_ends *ends;
	struct conf *conf;
	FILE *nowhere = fopen("/dev/null", "we");
	int r = nowhere ? conf_load_in(&without_secrets, place->conf, nowhere, &conf) : -errno;

	if (nowhere)
		fclose(nowhere);
	/* It was good a moment ago. */
	if (r)
		return r < 0 ? r : 0;
	ends = calloc(conf->n_clusters, sizeof *ends);
	r = ends ? 0 : -ENOMEM;
	for (size_t i = 0; !r && i < conf->n_clusters; i++)
		r = cluster_ends_read(&conf->clusters[i], &ends[i]);
	if (!r)
		r = tell_endings(stored, conf, ends);
	free(ends);
	conf_unref(conf);
	return r;
}

static bool is_asked(const struct request *request, const struct store_file *row)
{
	const char *names[] = {row->path, row->lineage, row->real};

	if (!*request->about ||
	    (request->inode && row->inode == request->inode && row->device == request->device))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (names[i] &&
		    (strcmp(names[i], request->about) == 0 || strcmp(names[i], request->path) == 0))
			return true;
	}
	return false;
}

static int tell_file(struct stored *stored, const struct store_file *row)
{
	struct json *json = telling_begin(&stored->lines, "file");
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
	line_natural(json, "lag_ms", -1);
	line_number(json, "in_flight", 0);
	stored->shown++;
	stored->lag += sized ? size : 0;
	return telling_end(&stored->lines);
}

static int tell_all(struct stored *stored, struct store *store, const struct ask_place *place)
{
	struct store_file *rows;
	struct json *json;
	size_t n;
	int r = store_load(store, &rows, &n);

	if (r)
		return r;
	r = tell_agent(stored, store, n, place->dir);
	if (!r)
		r = tell_expiry(stored, place);
	for (size_t i = 0; !r && i < n; i++) {
		if (is_asked(stored->request, &rows[i]))
			r = tell_file(stored, &rows[i]);
	}
	store_files_free(rows, n);
	if (r)
		return r;
	json = telling_begin(&stored->lines, "end");
	line_number(json, "files_shown", stored->shown);
	line_number(json, "lag_bytes", stored->lag);
	line_bool(json, "known", !*stored->request->about || stored->shown);
	return telling_end(&stored->lines);
}

int stored_see(const struct ask_place *place, const struct request *request, ask_see *see,
	       void *context)
{
	struct stored stored = {
		.request = request,
		.lines = {.see = see, .context = context},
	};
	struct store *store;
	char message[512];
	int r = copy_open(place->dir, &store, message, sizeof message);

	if (r < 0)
		return r;
	if (r) {
		fprintf(stderr, "waybill: no agent answers at %s, and %s\n", place->path, message);
		return ASK_E_FAILED;
	}
	r = tell_all(&stored, store, place);
	telling_deinit(&stored.lines);
	store_close(store);
	return r;
}
