/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of files. A file is its inode; its path is only where it was seen last, so three maps:
 * by inode, by path, and by lineage (the path at which a generation was found).
 */
#include "files/files.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "search/places.h"

static struct inode_key key_of(uint64_t device, uint64_t inode)
{
	return (struct inode_key){device, inode};
}

static void learn_own_log(struct files *files)
{
	struct stat st;

	if (fstat(STDERR_FILENO, &st) == 0 && S_ISREG(st.st_mode)) {
		files->own_log_device = st.st_dev;
		files->own_log_inode = st.st_ino;
	}
}

static int remember_rows(struct files *files, struct store_file *rows, size_t n_rows)
{
	for (size_t i = 0; i < n_rows; i++) {
		struct inode_key key = key_of(rows[i].device, rows[i].inode);
		int r = map_put(files->stored, &key, sizeof key, &rows[i]);

		if (!r)
			r = map_put(files->stored_paths, rows[i].path, strlen(rows[i].path),
				    &rows[i]);

		if (r)
			return r;
		if (rows[i].born_ns > files->alive_ns)
			files->alive_ns = rows[i].born_ns;
		if (rows[i].mtime_ns > files->alive_ns)
			files->alive_ns = rows[i].mtime_ns;
		if (rows[i].id >= files->next_id)
			files->next_id = rows[i].id + 1;
	}
	files->rows = rows;
	files->n_rows = n_rows;
	return 0;
}

int files_drop_rows(struct files *files)
{
	struct map *stored = map_new(), *paths = map_new();
	struct store_file *left = calloc(map_count(files->stored) + 1, sizeof *left);
	int r = stored && paths && left ? 0 : -ENOMEM;
	size_t n = 0;

	for (size_t i = 0; !r && i < files->n_rows; i++) {
		struct inode_key key = key_of(files->rows[i].device, files->rows[i].inode);

		if (map_get(files->stored, &key, sizeof key) != &files->rows[i])
			continue;
		left[n] = files->rows[i];
		r = map_put(stored, &key, sizeof key, &left[n]);
		if (!r)
			r = map_put(paths, left[n].path, strlen(left[n].path), &left[n]);
		n++;
	}
	if (r) {
		map_free(stored);
		map_free(paths);
		free(left);
		return r;
	}
	/* Those that stay keep what is theirs. */
	for (size_t i = 0; i < files->n_rows; i++) {
		struct inode_key key = key_of(files->rows[i].device, files->rows[i].inode);

		if (map_get(files->stored, &key, sizeof key) == &files->rows[i])
			files->rows[i] = (struct store_file){0};
	}
	store_files_free(files->rows, files->n_rows);
	map_free(files->stored);
	map_free(files->stored_paths);
	files->rows = left;
	files->n_rows = n;
	files->stored = stored;
	files->stored_paths = paths;
	return 0;
}

int files_init(struct files *files, const struct source *sources, size_t n_sources,
	       struct chunk_pools *pools, struct counters *counters, struct log *log,
	       struct store_file *rows, size_t n_rows)
{
	*files = (struct files){
		.sources = sources,
		.n_sources = n_sources,
		.pools = pools,
		.counters = counters,
		.log = log,
		.by_inode = map_new(),
		.by_path = map_new(),
		.by_lineage = map_new(),
		.kept = map_new(),
		.refused = map_new(),
		.unreadable = map_new(),
		.stored = map_new(),
		.stored_paths = map_new(),
		.arrivals = map_new(),
		.claims = map_new(),
		.source_known = calloc(n_sources + SOURCES_SPARE + 1, sizeof(bool)),
		.source_counters = calloc(n_sources + SOURCES_SPARE + 1, sizeof(struct counters)),
		.next_id = 1,
		.agent_id = "",
		.first_scan = true,
		.max_open = files_max_open(),
	};
	for (size_t i = 0; i < n_sources; i++) {
		files->provenance |= sources[i].provenance;
		files->compressed |= sources[i].compressed;
	}
	for (int wait = 0; wait < FILE_WAITS; wait++)
		TAILQ_INIT(&files->held[wait]);
	TAILQ_INIT(&files->dirty);
	TAILQ_INIT(&files->to_check);
	TAILQ_INIT(&files->aging);
	TAILQ_INIT(&files->proofs);
	TAILQ_INIT(&files->polled);
	TAILQ_INIT(&files->copies);
	TAILQ_INIT(&files->claims_due);
	TAILQ_INIT(&files->claims_hunting);
	learn_own_log(files);
	if (files_init_shares(files) || !files->by_inode || !files->by_path || !files->by_lineage ||
	    !files->kept || !files->refused || !files->unreadable || !files->stored ||
	    !files->source_counters || !files->stored_paths || !files->arrivals || !files->claims ||
	    dangling_init(&files->danglings) || !files->source_known ||
	    dormants_init(&files->dormants) || quota_init(&files->quota, n_sources, SIZE_MAX) ||
	    quota_init(&files->awake, n_sources, SIZE_MAX))
		return -ENOMEM;
	return remember_rows(files, rows, n_rows);
}

void files_deinit(struct files *files)
{
	void *cursor = NULL, *arrival;
	struct file *file;

	dormants_deinit(&files->dormants);
	losses_deinit(&files->losses);
	while (files->arrivals && (arrival = map_next(files->arrivals, &cursor)))
		free(arrival);
	files->arrivals = map_free(files->arrivals);
	files->claims = map_free(files->claims);
	while (files->n_made)
		free(files->made[--files->n_made]);
	dangling_deinit(&files->danglings);
	files_unlook(&files->looked);
	files_unlook(&files->sought);
	cursor = NULL;
	while (files->by_inode && (file = map_next(files->by_inode, &cursor)))
		files_end_judge(files, file);
	cursor = NULL;
	while (files->by_inode && (file = map_next(files->by_inode, &cursor)))
		file_free(file);
	files->by_inode = map_free(files->by_inode);
	files->by_path = map_free(files->by_path);
	files->by_lineage = map_free(files->by_lineage);
	files->kept = map_free(files->kept);
	files->refused = map_free(files->refused);
	files->unreadable = map_free(files->unreadable);
	files->stored = map_free(files->stored);
	files->stored_paths = map_free(files->stored_paths);
	files->rows = store_files_free(files->rows, files->n_rows);
	free(files->shares);
	free(files->source_known);
	free(files->source_counters);
	free(files->removed);
	quota_deinit(&files->quota);
	quota_deinit(&files->awake);
}

static size_t source_of(const struct files *files, const struct source *source)
{
	return (size_t)(source - files->sources);
}

int files_set_max(struct files *files, size_t max, size_t max_awake)
{
	int r = quota_resize(&files->quota, files->n_sources, max);

	if (!r)
		r = quota_resize(&files->awake, files->n_sources, max_awake);
	for (size_t i = 0; !r && i < files->n_sources; i++)
		if (files->sources[i].max_files)
			quota_limit(&files->quota, i, files->sources[i].max_files);
	return r;
}

bool files_has_room(struct files *files, const struct source *source)
{
	size_t i = source_of(files, source);

	return quota_has_room(&files->quota, i) && quota_has_room(&files->awake, i);
}

size_t files_count(const struct files *files)
{
	return map_count(files->by_inode) + files->dormants.n;
}

void files_take_place(struct files *files, const struct source *source)
{
	quota_take(&files->quota, source_of(files, source));
	quota_take(&files->awake, source_of(files, source));
}

void files_give_place(struct files *files, const struct source *source)
{
	quota_give(&files->quota, source_of(files, source));
	quota_give(&files->awake, source_of(files, source));
}

struct file *files_by_inode(const struct files *files, uint64_t device, uint64_t inode)
{
	struct inode_key key = key_of(device, inode);

	return map_get(files->by_inode, &key, sizeof key);
}

/* While it is open, or bytes of it are under way, its inode cannot be another's or is needed. */
static bool may_be_used_again(const struct file *file)
{
	return file->tail.fd < 0 && file->state != FILE_DRAINING && file_is_settled(file);
}

struct file *files_by_identity(const struct files *files, const struct identity *now)
{
	struct file *file = files_by_inode(files, now->device, now->inode);

	return file && may_be_used_again(file) && !identity_same_inode(now, &file->identity) ?
		       NULL :
		       file;
}

struct file *files_at(const struct files *files, const char *path, uint64_t device, uint64_t inode)
{
	struct file *file = files_by_inode(files, device, inode);
	struct identity now;

	/* Asked of the disk only where it matters; another one may have the path by now. */
	if (file && may_be_used_again(file) && identity_at(path, &now) == 0 && now.inode == inode &&
	    now.device == device)
		return files_by_identity(files, &now);
	return file;
}

int files_put_in(struct files *files, struct file *file)
{
	struct inode_key key = key_of(file->identity.device, file->identity.inode);
	struct file *former = map_get(files->by_inode, &key, sizeof key);
	struct file *newest = map_get(files->by_lineage, file->lineage, strlen(file->lineage));
	bool replaces =
		!newest || (newest->id < file->id && (!file->left_path || newest->left_path ||
						      strcmp(newest->path, newest->lineage) != 0));
	int r;

	files_give_share(files, file);
	file->counts = &files->source_counters[source_of(files, file->source)];
	r = map_put(files->by_path, file->path, strlen(file->path), file);
	if (!r && replaces)
		r = map_put(files->by_lineage, file->lineage, strlen(file->lineage), file);
	if (!r && file->real && replaces)
		r = map_put(files->by_lineage, file->real, strlen(file->real), file);
	if (!r && former && former != file)
		r = files_leave_inode(files, former);
	if (!r)
		r = map_put(files->by_inode, &key, sizeof key, file);
	quota_take(&files->awake, source_of(files, file->source));
	return r;
}

int files_insert(struct files *files, struct file *file)
{
	quota_take(&files->quota, source_of(files, file->source));
	return files_put_in(files, file);
}

/* Takes the entry out only while it is this file's: a later file may have taken the name over. */
static void take_if_own(struct map *map, const char *name, const struct file *file)
{
	if (map_get(map, name, strlen(name)) == file)
		map_take(map, name, strlen(name));
}

int files_move(struct files *files, struct file *file, const char *path)
{
	int r;

	if (strcmp(file->path, path) == 0)
		return map_put(files->by_path, path, strlen(path), file);
	take_if_own(files->by_path, file->path, file);
	file->astray_us = 0;
	r = file_set_path(file, path);
	if (!r)
		r = map_put(files->by_path, file->path, strlen(file->path), file);
	files_dirty(files, file);
	return r;
}

int files_settle_at(struct files *files, struct file *file, const char *path)
{
	char *lineage = strdup(path);
	int r;

	if (!lineage)
		return -ENOMEM;
	take_if_own(files->by_lineage, file->lineage, file);
	free(file->lineage);
	file->lineage = lineage;
	file->left_path = false;
	r = map_put(files->by_lineage, lineage, strlen(lineage), file);
	return r ? r : files_move(files, file, path);
}

int files_leave_inode(struct files *files, struct file *file)
{
	struct inode_key key = key_of(file->identity.device, file->identity.inode);
	struct inode_key other = key_of(key.device, UINT64_MAX - file->id);
	int r;

	/* It has none already. */
	if (key.inode == other.inode)
		return 0;
	r = map_put(files->by_inode, &other, sizeof other, file);
	if (r)
		return r;
	if (map_get(files->by_inode, &key, sizeof key) == file)
		map_take(files->by_inode, &key, sizeof key);
	file->identity.inode = other.inode;
	files_dirty(files, file);
	return 0;
}

void files_forget_row(struct files *files, uint64_t id)
{
	if (files->n_removed == files->removed_capacity) {
		size_t capacity = files->removed_capacity ? 2 * files->removed_capacity : 64;
		void *removed = reallocarray(files->removed, capacity, sizeof files->removed[0]);

		if (!removed)
			return;
		files->removed = removed;
		files->removed_capacity = capacity;
	}
	files->removed[files->n_removed++] = id;
}

void files_poll(struct files *files, struct file *file)
{
	if (file->polled)
		return;
	file->polled = true;
	TAILQ_INSERT_TAIL(&files->polled, file, polled_link);
	files->counters->polled_files++;
}

static void unpoll(struct files *files, struct file *file)
{
	if (!file->polled)
		return;
	file->polled = false;
	TAILQ_REMOVE(&files->polled, file, polled_link);
	files->counters->polled_files--;
}

void files_take_out(struct files *files, struct file *file)
{
	struct inode_key key = key_of(file->identity.device, file->identity.inode);

	quota_give(&files->awake, source_of(files, file->source));
	take_if_own(files->by_path, file->path, file);
	take_if_own(files->by_lineage, file->lineage, file);
	take_if_own(files->kept, file->lineage, file);
	if (file->real)
		take_if_own(files->by_lineage, file->real, file);
	if (map_get(files->by_inode, &key, sizeof key) == file)
		map_take(files->by_inode, &key, sizeof key);
}

void files_remove(struct files *files, struct file *file, bool forget)
{
	files_end_judge(files, file);
	files_promote_next(files, file);
	files_rest(files, file);
	files_close(files, file);
	files_unpacked(files, file);
	if (file->dirty)
		TAILQ_REMOVE(&files->dirty, file, dirty_link);
	files_unage(files, file);
	files_uncheck(files, file);
	unpoll(files, file);
	if (forget)
		files_forget_row(files, file->id);
	quota_give(&files->quota, source_of(files, file->source));
	file_uncount(file, files->counters);
	files_take_out(files, file);
	file_free(file);
}

void files_unlook(struct files_looked *looked)
{
	looked->places = places_free(looked->places);
}

void files_promote_next(struct files *files, struct file *older)
{
	struct file *newer = older->newer;

	file_unchain(older);
	if (!newer || newer->older)
		return;
	file_set_state(newer, FILE_READING);
	files_ready(files, newer);
}
