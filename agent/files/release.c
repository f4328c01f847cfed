/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A source that changes is restarted alone. Its files are freed and met again by their rows, as all
 * files are at a start, so that nothing of what they were read by before can stay with them;
 * those of other sources are not touched.
 */
#include "files/release.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "files/doubt.h"

static size_t index_of(const struct files *files, const struct file *file)
{
	return (size_t)(file->source - files->sources);
}

static bool is_quiet(const struct files *files, const struct file *file)
{
	return !file->account.in_flight && !file->touched && file->state != FILE_DRAINING &&
	       !map_get(files->claims, &file->id, sizeof file->id);
}

bool files_are_quiet(const struct files *files, const bool *of)
{
	void *cursor = NULL;
	struct file *file;

	while ((file = map_next(files->by_inode, &cursor)))
		if (of[index_of(files, file)] && !is_quiet(files, file))
			return false;
	return true;
}

struct dropping {
	struct files *files;
	const bool *of;
};

static void drop_dormant(void *context, struct dormant *dormant)
{
	struct dropping *dropping = context;

	if (!dropping->of[dormant->source])
		return;
	quota_give(&dropping->files->quota, dormant->source);
	dormants_drop(&dropping->files->dormants, dormant);
}

int files_release_sources(struct files *files, const bool *of)
{
	struct dropping dropping = {files, of};
	struct file **going = calloc(map_count(files->by_inode) + 1, sizeof(struct file *)), *file;
	void *cursor = NULL;
	size_t n = 0;

	if (!going)
		return -ENOMEM;
	while ((file = map_next(files->by_inode, &cursor)))
		if (of[index_of(files, file)])
			going[n++] = file;
	for (size_t i = 0; i < n; i++) {
		doubt_end(files, going[i]);
		files_remove(files, going[i], false);
	}
	free(going);
	dormants_each(&files->dormants, drop_dormant, &dropping);
	return 0;
}

/* ---- what comes back ---- */

static bool is_unmet(const struct files *files, const struct store_file *row)
{
	struct inode_key key = {row->device, row->inode};

	return map_get(files->stored, &key, sizeof key) == row;
}

/* A row that a file has. */
static bool is_met(const struct files *files, const struct store_file *row)
{
	const struct file *file = files_by_inode(files, row->device, row->inode);

	return file && file->id == row->id;
}

/* Moves a row; what is left behind is for nobody. */
static void move(struct store_file *from, struct store_file *to)
{
	*to = *from;
	*from = (struct store_file){.id = 0};
}

static int put(struct map *stored, struct map *paths, struct store_file *row)
{
	struct inode_key key = {row->device, row->inode};
	int r = map_put(stored, &key, sizeof key, row);

	return r ? r : map_put(paths, row->path, strlen(row->path), row);
}

static void take(struct files *files, struct store_file *all, size_t n, struct map *stored,
		 struct map *paths)
{
	store_files_free(files->rows, files->n_rows);
	map_free(files->stored);
	map_free(files->stored_paths);
	files->rows = all;
	files->n_rows = n;
	files->stored = stored;
	files->stored_paths = paths;
}

static void learn_alive(struct files *files, const struct store_file *row)
{
	if (row->born_ns > files->alive_ns)
		files->alive_ns = row->born_ns;
	if (row->mtime_ns > files->alive_ns)
		files->alive_ns = row->mtime_ns;
}

int files_add_rows(struct files *files, struct store_file *rows, size_t n_rows,
		   bool (*is_wanted)(void *context, const struct store_file *row), void *context)
{
	struct store_file *all = calloc(files->n_rows + n_rows + 1, sizeof *all);
	struct map *stored = map_new(), *paths = map_new();
	int r = all && stored && paths ? 0 : -ENOMEM;
	size_t n = 0;

	/* Those that come are the same ones or younger: a row is known by one of them only. */
	for (size_t i = 0; !r && i < files->n_rows; i++) {
		if (!is_unmet(files, &files->rows[i]) || is_wanted(context, &files->rows[i]))
			continue;
		move(&files->rows[i], &all[n]);
		r = put(stored, paths, &all[n++]);
	}
	for (size_t i = 0; !r && i < n_rows; i++) {
		if (!is_wanted(context, &rows[i]) || is_met(files, &rows[i]))
			continue;
		learn_alive(files, &rows[i]);
		move(&rows[i], &all[n]);
		r = put(stored, paths, &all[n++]);
	}
	store_files_free(rows, n_rows);
	if (!r) {
		take(files, all, n, stored, paths);
		return 0;
	}
	store_files_free(all, n);
	map_free(stored);
	map_free(paths);
	return r;
}

struct seeing {
	void (*see)(void *context, const char *lineage, size_t source);
	void *context;
};

static void see_dormant(void *context, struct dormant *dormant)
{
	struct seeing *seeing = context;
	char path[PATH_MAX];

	if (dormant_path(dormant, path, sizeof path))
		seeing->see(seeing->context, path, dormant->source);
}

void files_each_lineage(struct files *files,
			void (*see)(void *context, const char *lineage, size_t source),
			void *context)
{
	struct seeing seeing = {see, context};
	void *cursor = NULL;
	struct file *file;

	while ((file = map_next(files->by_inode, &cursor)))
		see(context, file->lineage, index_of(files, file));
	dormants_each(&files->dormants, see_dormant, &seeing);
}
