/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What proved the bytes below the old position says nothing of those below the new one, so it is
 * forgotten, as is what was settled ahead. By what its first bytes are the file is still known.
 */
#include "cmd/checkpoint/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/whose.h"
#include "conf/load.h"
#include "control/find.h"
#include "state/store.h"

static bool is_name(const struct request *request, const char *name)
{
	return name && (strcmp(request->about, name) == 0 || strcmp(request->path, name) == 0);
}

/* By its path, by its inode, else the newest at which its generations appear; NULL: none. */
static struct store_file *find(struct store_file *rows, size_t n, const struct request *request)
{
	struct store_file *found = NULL, *linked = NULL;

	for (size_t i = 0; i < n; i++) {
		if (is_name(request, rows[i].path) || is_name(request, rows[i].real))
			return &rows[i];
		if (request->inode && rows[i].inode == request->inode &&
		    rows[i].device == request->device)
			linked = &rows[i];
		if (is_name(request, rows[i].lineage))
			found = &rows[i];
	}
	return linked ?: found;
}

/* Of a file that is there, and as its bytes are. -1: it is not. */
static int open_file(const struct store_file *row)
{
	int fd = open(row->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_ino == row->inode &&
	    !row->packed)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* As the source ends its lines that has the file; where none has it any more, by an LF. */
static int find_line(const struct conf *conf, const struct store_file *row,
		     const struct request *request, uint64_t *ret_to)
{
	static const struct line_rules plain = {.max_line = 1};
	const struct source *source = whose_path(conf, row->lineage ? row->lineage : row->path);
	int fd = open_file(row), r;

	if (fd < 0)
		return -ENOENT;
	r = request_line(request, fd, source ? source_line_rules(source, fd) : &plain, ret_to);
	close(fd);
	return r;
}

/* NULL: *ret_to is a position of the file at which a line begins. */
static const char *choose(const struct conf *conf, const struct store_file *row,
			  const struct request *request, uint64_t *ret_to)
{
	int r;

	*ret_to = 0;
	if (!request->position)
		return NULL;
	r = find_line(conf, row, request, ret_to);
	if (r < 0)
		return "it is not there, cannot be read, or is compressed: it can be reset only";
	return r ? "no line of it begins at that position" : NULL;
}

/* What is wrong with it has been said when the place was looked for. */
static int load(const struct ask_place *place, struct conf **ret_conf)
{
	static const struct conf_surroundings without_secrets = {.no_secrets = true};
	FILE *nowhere = fopen("/dev/null", "we");
	int r = nowhere ? conf_load_in(&without_secrets, place->conf, nowhere, ret_conf) : -errno;

	if (nowhere)
		fclose(nowhere);
	return r > 0 ? -EINVAL : r;
}

const char *rows_doubt(const struct ask_place *place, const char *path,
		       const struct request *request)
{
	struct store_file row = {.path = (char *)(uintptr_t)path};
	const char *why = NULL;
	struct conf *conf;
	struct stat st;
	uint64_t to;

	if (access(path, R_OK) < 0 || stat(path, &st) < 0 || !*place->conf || load(place, &conf))
		return NULL;
	row.inode = st.st_ino;
	/* Of another name, after a rotation, it is not known here how its lines end. */
	if (whose_path(conf, path))
		why = choose(conf, &row, request, &to);
	conf_unref(conf);
	return why;
}

static int write_row(struct store *store, const struct store_file *row, uint64_t position)
{
	struct store_file changed = *row;
	char message[512];

	changed.committed = position;
	changed.tail_len = 0;
	changed.tail_hash = 0;
	changed.proven = false;
	changed.chain_at = 0;
	changed.rest_hash = 0;
	changed.size = 0;
	changed.mtime_ns = 0;
	changed.ctime_ns = 0;
	changed.discarding = false;
	changed.ahead = SLICE_NONE;
	changed.branches = SLICE_NONE;
	if (store_write(store, &(struct store_batch){.files = &changed, .n_files = 1}, message,
			sizeof message) == 0)
		return 0;
	fprintf(stderr, "waybill: the state cannot be written: %s\n", message);
	return ASK_E_FAILED;
}

static int set(struct store *store, const struct conf *conf, const struct request *request,
	       uint64_t *ret_from, uint64_t *ret_to)
{
	struct store_file *rows, *row;
	const char *why = "the state knows no such file";
	size_t n;
	int r = store_load(store, &rows, &n);

	if (r)
		return r;
	row = find(rows, n, request);
	if (row)
		why = choose(conf, row, request, ret_to);
	if (why) {
		fprintf(stderr, "waybill: %s: %s\n", request->about, why);
		r = ASK_E_FAILED;
	} else {
		*ret_from = row->committed;
		r = write_row(store, row, *ret_to);
	}
	store_files_free(rows, n);
	return r;
}

int rows_set(const struct ask_place *place, const struct request *request, uint64_t *ret_from,
	     uint64_t *ret_to)
{
	struct store *store = NULL;
	struct conf *conf;
	char message[512];
	int r = load(place, &conf);

	if (r)
		return r;
	r = store_open(place->dir, &store, message, sizeof message);
	if (!r)
		r = set(store, conf, request, ret_from, ret_to);
	else if (r > 0) {
		fprintf(stderr, "waybill: no agent answers at %s, and %s\n", place->path, message);
		r = ASK_E_FAILED;
	}
	store_close(store);
	conf_unref(conf);
	return r;
}
