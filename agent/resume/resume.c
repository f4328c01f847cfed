/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of the store, met again at a start. A row names an inode and the bytes it begins with;
 * the path is only where to look first. When the path names another inode now, the file was
 * rotated while we were down: it is looked for behind the links that led to it, and by its inode
 * in the directories of both, where earlier generations went, and where `rotated` says. When all
 * known files are where they belong, generations that came after the newest of a lineage and were
 * rotated too, which no row knows, are looked for (generations.c).
 *
 * What has no such inode any more is looked for by its bytes (candidates.c), and only what is not
 * found by them either was deleted: when the directory that said so still says the same. A
 * rotation may be under way, and of many generations each has another name then than a moment ago.
 */
#include "resume/resume.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "files/doze.h"
#include "files/rows.h"
#include "follow/adopt.h"
#include "follow/generations.h"
#include "resume/away.h"
#include "search/candidates.h"

/* So many rows are looked for between two signs of life. */
#define ALIVE_ROWS 256

/* So often it is looked again for what is not found while directories change. */
#define LOOKS_MAX 3

struct missing {
	const struct source *source;
	const struct store_file *row;
};

struct start {
	struct files *files;
	struct discover *discover;
	struct places *places;
	struct map *newest;      /* lineage → its newest row */
	const bool *of;          /* by source: whose rows are met; NULL: all */
	struct missing *missing; /* rows whose files were not found: room for all */
	size_t n_missing;
};

static void forget(struct files *files, const struct store_file *row)
{
	struct inode_key key = {row->device, row->inode};

	if (map_get(files->stored, &key, sizeof key) == row)
		map_take(files->stored, &key, sizeof key);
	files_forget_row(files, row->id);
}

/* Nothing has the row's identity or bytes any more. */
static void vanished(struct start *start, const struct store_file *row)
{
	if (away_may_return(start->places, start->discover, row))
		return;
	away_tell_gone(start->files, start->discover, row);
	forget(start->files, row);
}

static int take_content(struct start *start, struct birth *birth, const struct candidate *found)
{
	const struct store_file *row = birth->row;
	struct inode_key key = {row->device, row->inode};
	struct files *files = start->files;

	birth->path = found->path;
	birth->packing = found->packing;
	birth->by_content = true;
	birth->moved = strcmp(found->path, row->path) != 0;
	map_take(files->stored, &key, sizeof key);
	files->counters->generations_by_content++;
	files->counters->packed_rests += found->packing != PACKED_NOT;
	files->counters->rotations +=
		strcmp(found->path, row->lineage) != 0 && strcmp(row->path, row->lineage) == 0;
	log_source(files->log, LOG_INFO, birth->source->name, "file-found",
		   "%s: what was read as %s, by its bytes: it goes on at %llu", found->path,
		   row->path, (unsigned long long)row->committed);
	return follow_adopt(files, birth, found->fd, &found->identity);
}

/* Its directory (malloc'ed), if that was renamed and the lineage's newest file tells; or NULL. */
static char *where_newest_went(const struct start *start, const struct store_file *row)
{
	const struct store_file *newest =
		map_get(start->newest, row->lineage, strlen(row->lineage));
	char *dir = places_dir_of(row->path), *found = NULL, *went;

	if (dir && newest != row && access(dir, F_OK) < 0)
		found = places_find_renamed(start->places, newest->path, newest->inode);
	went = found ? places_dir_of(found) : NULL;
	free(dir);
	free(found);
	return went;
}

/* No file has the row's identity: the one that has its bytes. 0 or -ENOMEM, and *ret_r. */
static int try_content(struct start *start, struct birth birth, int *ret_r)
{
	const struct store_file *row = birth.row;
	struct wanted wanted = {row->path,     row->lineage,          row->real,
				row->went,     birth.source->rotated, birth.source->links,
				rows_is_known, start->files};
	char *went = row->went ? NULL : where_newest_went(start, row);
	struct candidate found;
	int r;

	if (went)
		wanted.went = went;
	wanted.is_over = start->files->start_is_over;
	wanted.over_context = start->files->start_context;
	content_of_row(&wanted.content, row);
	*ret_r = candidates_find(start->places, &wanted, &found);
	free(went);
	if (*ret_r)
		return *ret_r < 0 ? *ret_r : 0;
	r = take_content(start, &birth, &found);
	free(found.path);
	return r;
}

/* Tries the row's file at path. 0 and *ret_r (what rows_open said), or -ENOMEM. */
static int try_path(struct files *files, struct birth birth, const char *path, int *ret_r)
{
	struct inode_key key = {birth.row->device, birth.row->inode};
	struct identity identity;
	int fd;

	*ret_r = rows_open(files, birth.row, path, birth.source->links, &fd, &identity);
	if (*ret_r)
		return 0;
	map_take(files->stored, &key, sizeof key);
	if (strcmp(path, birth.row->path) == 0)
		files->counters->generations_by_path++;
	else
		files->counters->generations_by_inode++;
	/* Renamed once more is not rotated once more. */
	files->counters->rotations += strcmp(path, birth.row->lineage) != 0 &&
				      strcmp(birth.row->path, birth.row->lineage) == 0;
	birth.path = path;
	birth.moved = strcmp(path, birth.row->path) != 0;
	return follow_adopt(files, &birth, fd, &identity);
}

/* The same wherever rotation may have put it. */
static int try_places(struct start *start, const struct birth *birth, int *ret_r)
{
	const struct store_file *row = birth->row;
	char *found = places_find_file(start->places, row->path, row->real, row->went,
				       birth->source->rotated, row->inode);
	int r;

	if (!found)
		found = places_find_renamed(start->places, row->path, row->inode);
	r = found ? try_path(start->files, *birth, found, ret_r) : 0;
	free(found);
	return r;
}

/* A row that cannot be looked at now stays in files->stored: it is met again when its path is. */
static int take_row(struct start *start, const struct source *source, const struct store_file *row)
{
	struct birth birth = {
		.source = source,
		.lineage = row->lineage,
		.real = row->real,
		.row = row,
		.position = row->committed,
		.discover = start->discover,
	};
	struct inode_key key = {row->device, row->inode};
	int r, met;

	/* An inode that was used again has two rows until the older one is forgotten. */
	if (files_by_inode(start->files, row->device, row->inode)) {
		forget(start->files, row);
		return 0;
	}
	if (doze_row(start->files, source, row)) {
		map_take(start->files->stored, &key, sizeof key);
		return 0;
	}
	/* It is met again when a look finds its file, and there is room. */
	if (!files_has_room(start->files, source))
		return 0;
	r = try_path(start->files, birth, row->path, &met);
	if (!r && met == ROWS_E_OTHER && row->real)
		r = try_path(start->files, birth, row->real, &met);
	if (!r && met == ROWS_E_OTHER)
		r = try_places(start, &birth, &met);
	if (!r && met == ROWS_E_OTHER)
		r = try_content(start, birth, &met);
	if (!r && met == CANDIDATES_E_NONE)
		start->missing[start->n_missing++] = (struct missing){source, row};
	return r;
}

/* Those that were not found, in what directories say now. */
static int look_again(struct start *start)
{
	size_t n = start->n_missing;
	int r = 0;

	places_free(start->places);
	start->places = places_new();
	if (!start->places)
		return -ENOMEM;
	start->n_missing = 0;
	for (size_t i = 0; !r && i < n; i++) {
		struct missing missing = start->missing[i];

		/* Another row's file has its inode now. */
		if (files_by_inode(start->files, missing.row->device, missing.row->inode))
			start->missing[start->n_missing++] = missing;
		else
			r = take_row(start, missing.source, missing.row);
	}
	return r;
}

/* The row's file is in none of the places: so they said, and say now. */
static bool is_missing(const struct start *start, const struct store_file *row)
{
	return places_are_still(start->places, row->path) &&
	       places_are_still(start->places, row->lineage) &&
	       (!row->real || places_are_still(start->places, row->real));
}

/* A row whose file was not found in a directory that never stands still is kept. */
static int judge_missing(struct start *start)
{
	int r = 0;

	for (int looks = 0; !r && start->n_missing; looks++) {
		size_t n = start->n_missing;

		start->n_missing = 0;
		for (size_t i = 0; i < n; i++)
			if (is_missing(start, start->missing[i].row))
				vanished(start, start->missing[i].row);
			else
				start->missing[start->n_missing++] = start->missing[i];
		if (looks == LOOKS_MAX || !start->n_missing)
			break;
		r = look_again(start);
	}
	return r;
}

/* Whether the file that the row tells of may still have its path, met by us or not. */
static bool is_in_place(const struct files *files, const struct store_file *row,
			const struct file *file)
{
	struct inode_key key = {row->device, row->inode};

	/* One that the first scan put into the lineage for its order is where it always was. */
	if (file)
		return !file->left_path;
	return map_get(files->stored, &key, sizeof key) == row &&
	       strcmp(row->path, row->lineage) == 0;
}

/* What came after the newest row of a lineage and is not at its path any more. */
static int take_missed(struct start *start, const struct source *source,
		       const struct store_file *row)
{
	struct file *file;
	struct missed missed = {
		.source = source,
		.lineage = row->lineage,
		.real = row->real,
		.went = row->went,
		.known_ns = row->mtime_ns > 0 ? row->mtime_ns : 0,
		.after_ns = row->born_ns ? row->born_ns : INT64_MAX,
	};

	/* Its newest is as it was. */
	if (dormants_at(&start->files->dormants, row->lineage, strlen(row->lineage)))
		return 0;
	file = map_get(start->files->by_lineage, row->lineage, strlen(row->lineage));
	if (is_in_place(start->files, row, file))
		return 0;
	if (file && file->id >= row->id)
		return follow_missed_after(start->files, start->discover, start->places, file);
	/* That one is gone, and what came behind it is younger than it, not than the one before. */
	missed.newest = file;
	missed.path = file ? file->path : NULL;
	return follow_missed(start->files, start->discover, start->places, &missed);
}

/*
 * Calls `take` with every row that a source wants; newest: only with the newest of each lineage.
 */
static int each_row(struct start *start, bool newest,
		    int (*take)(struct start *start, const struct source *source,
				const struct store_file *row))
{
	struct files *files = start->files;
	int r = 0;

	for (size_t i = 0; !r && i < files->n_rows; i++) {
		struct store_file *row = &files->rows[i];
		size_t len = strlen(row->lineage);
		int source = discover_wants(start->discover, row->lineage);

		if (i % ALIVE_ROWS == 0 && files->start_is_over)
			(void)files->start_is_over(files->start_context);

		if (start->of && (source < 0 || !start->of[source]))
			continue;
		if (source < 0 && !newest &&
		    !away_is_of_use(start->places, start->discover, files, row))
			forget(files, row);
		if (source < 0 || (newest && map_get(start->newest, row->lineage, len) != row))
			continue;
		/* By its paths, whatever it was called then. */
		files->source_known[source] = true;
		r = take(start, &files->sources[source], row);
	}
	return r;
}

static int find_newest(struct start *start)
{
	struct files *files = start->files;
	int r = 0;

	for (size_t i = 0; !r && i < files->n_rows; i++)
		r = map_put(start->newest, files->rows[i].lineage, strlen(files->rows[i].lineage),
			    &files->rows[i]);
	return r;
}

int resume_files(struct files *files, struct discover *discover, const bool *of)
{
	struct start start = {
		.files = files,
		.discover = discover,
		.places = places_new(),
		.newest = map_new(),
		.of = of,
		.missing = calloc(files->n_rows + 1, sizeof(struct missing)),
	};
	int r = -ENOMEM;

	if (start.places && start.newest && start.missing)
		r = find_newest(&start);
	if (!r)
		r = each_row(&start, false, take_row);
	if (!r)
		r = judge_missing(&start);
	if (!r)
		r = each_row(&start, true, take_missed);
	places_free(start.places);
	map_free(start.newest);
	free(start.missing);
	return r;
}
