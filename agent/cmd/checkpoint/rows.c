/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What proved the bytes below the old position says nothing of those below the new one, so it is
 * forgotten, as is what was settled ahead. By what its first bytes are the file is still known.
 */
#include "cmd/checkpoint/rows.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "state/store.h"

static bool is_name(const struct request *request, const char *name)
{
	return name && (strcmp(request->about, name) == 0 || strcmp(request->path, name) == 0);
}

/* By its path, else the newest at which its generations appear; NULL: none. */
static struct store_file *find(struct store_file *rows, size_t n, const struct request *request)
{
	struct store_file *found = NULL;

	for (size_t i = 0; i < n; i++) {
		if (is_name(request, rows[i].path) || is_name(request, rows[i].real))
			return &rows[i];
		if (is_name(request, rows[i].lineage))
			found = &rows[i];
	}
	return found;
}

/* Of a file that is there; of one that is not it is not known. */
static bool has_size(const struct store_file *row, uint64_t *ret_size)
{
	struct stat st;

	if (stat(row->path, &st) < 0 || st.st_ino != row->inode || row->packed)
		return false;
	*ret_size = (uint64_t)st.st_size;
	return true;
}

static bool is_line_start(const struct store_file *row, uint64_t position)
{
	char before = 0;
	int fd;

	if (!position)
		return true;
	fd = open(row->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	(void)!pread(fd, &before, 1, (off_t)position - 1);
	close(fd);
	return before == '\n';
}

/* NULL: *ret_to is a position of the file at which a line begins. */
static const char *choose(const struct store_file *row, int64_t position, uint64_t *ret_to)
{
	uint64_t size;

	*ret_to = position < 0 ? 0 : (uint64_t)position;
	if (!position)
		return NULL;
	if (!has_size(row, &size))
		return "it is not there, or compressed: it can be reset only";
	if (position < 0)
		*ret_to = size;
	return *ret_to <= size && is_line_start(row, *ret_to) ?
		       NULL :
		       "no line of it begins at that position";
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

static int set(struct store *store, const struct request *request, uint64_t *ret_from,
	       uint64_t *ret_to)
{
	struct store_file *rows, *row;
	const char *why = "the state knows no such file";
	size_t n;
	int r = store_load(store, &rows, &n);

	if (r)
		return r;
	row = find(rows, n, request);
	if (row)
		why = choose(row, request->position, ret_to);
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
	struct store *store;
	char message[512];
	int r = store_open(place->dir, &store, message, sizeof message);

	if (r > 0) {
		fprintf(stderr, "waybill: no agent answers at %s, and %s\n", place->path, message);
		return ASK_E_FAILED;
	}
	if (r)
		return r;
	r = set(store, request, ret_from, ret_to);
	store_close(store);
	return r;
}
