/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What run would follow now: the same discovery walks the same patterns, and every file found is
 * looked at as a start would. What it turned out to be is counted by pattern and kind, with one
 * file as an example: a thousand rotated archives are one finding (files_judge.c).
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/filesystem.h"
#include "base/glob.h"
#include "base/map.h"
#include "cmd/check/files_private.h"
#include "input/discover.h"
#include "input/identity.h"
#include "packed/packed.h"

static int add_tally(struct check_walk *walk, size_t source, const char *text)
{
	struct check_tally *tally = &walk->tallies[walk->n_tallies];
	char message[256];
	int r = glob_compile(text, &tally->glob, message, sizeof message);

	/* An invalid one was noted when the configuration was loaded. */
	if (r)
		return r < 0 ? r : 0;
	tally->source = source;
	tally->text = text;
	walk->n_tallies++;
	return 0;
}

static int add_source(struct check_walk *walk, size_t source)
{
	const struct conf_patterns *s = &walk->check->conf->patterns[source];
	char message[256];
	int r = 0;

	if (!s->paths || !s->exclude)
		return 0;
	for (char **path = s->paths; *path && r == 0; path++)
		r = add_tally(walk, source, *path);
	if (r == 0)
		r = discover_add(walk->discover, (int)source, s->paths, s->exclude, message,
				 sizeof message);
	if (!r)
		discover_set_links(walk->discover, (int)source,
				   walk->check->conf->sources[source].links);
	if (!r)
		discover_limit(walk->discover, (int)source,
			       walk->check->conf->sources[source].max_directories);
	return r < 0 ? r : 0;
}

static int begin(struct check_walk *walk)
{
	const struct conf *conf = walk->check->conf;
	size_t n = 1;
	int r;

	for (size_t i = 0; i < conf->n_sources; i++) {
		for (char **path = conf->patterns[i].paths; path && *path; path++)
			n++;
	}
	walk->tallies = calloc(n, sizeof *walk->tallies);
	walk->seen = map_new();
	walk->denied = map_new();
	if (!walk->tallies || !walk->seen || !walk->denied)
		return -ENOMEM;
	if (fstat(STDERR_FILENO, &walk->own_log) < 0 || !S_ISREG(walk->own_log.st_mode))
		walk->own_log.st_ino = 0;
	r = discover_new(&walk->discover);
	if (r == 0 && walk->check->state_dir[0] == '/')
		r = discover_shun(walk->discover, walk->check->state_dir);
	for (size_t i = 0; i < conf->n_sources && r == 0; i++)
		r = add_source(walk, i);
	if (r == 0)
		r = discover_set_max(walk->discover, conf->max_directories);
	if (r == 0)
		r = quota_init(&walk->files, conf->n_sources, conf->max_files);
	/* There is one look only. */
	discover_quota(walk->discover)->turn_max = conf->max_directories;
	walk->files.turn_max = conf->max_files;
	for (size_t i = 0; i < conf->n_sources && r == 0; i++)
		if (conf->sources[i].max_files)
			quota_limit(&walk->files, i, conf->sources[i].max_files);
	return r ? r : discover_scan(walk->discover);
}

static void end(struct check_walk *walk)
{
	for (size_t i = 0; i < walk->n_tallies; i++) {
		glob_free(walk->tallies[i].glob);
		for (size_t k = 0; k < CHECK_KINDS; k++)
			free(walk->tallies[i].example[k]);
	}
	free(walk->tallies);
	map_free(walk->seen);
	map_free(walk->denied);
	quota_deinit(&walk->files);
	discover_free(walk->discover);
}

/* What a regular file is, by its first bytes. */
static int kind_of_content(const struct source *source, int fd)
{
	unsigned char head[8];
	ssize_t n = pread(fd, head, sizeof head, 0);

	if (n <= 0 || !identity_is_compressed(head, (size_t)n))
		return CHECK_KIND_LOG;
	if (!packed_kind_of(head, (size_t)n))
		return CHECK_KIND_COMPRESSED;
	return source->compressed ? CHECK_KIND_PACKED : CHECK_KIND_PACKABLE;
}

/* Opens what a start would open, in the way in which it would. -1: it has gone meanwhile. */
static int kind_of(const struct check_walk *walk, const char *path, const struct source *source,
		   struct stat *ret_st)
{
	char target[PATH_MAX];
	int fd, kind;

	if (stat(path, ret_st) < 0)
		return errno == EACCES ? CHECK_KIND_DENIED : -1;
	if (!S_ISREG(ret_st->st_mode))
		return CHECK_KIND_SPECIAL;
	if (ret_st->st_ino == walk->own_log.st_ino && ret_st->st_dev == walk->own_log.st_dev)
		return CHECK_KIND_OWN_LOG;
	if (realpath(path, target) && discover_shuns(walk->discover, target))
		return CHECK_KIND_OWN_STATE;
	fd = reach_open(path, source->links);
	if (fd == -ELOOP)
		return CHECK_KIND_LINK;
	if (fd < 0)
		return fd == -ENOENT ? -1 : CHECK_KIND_DENIED;
	kind = kind_of_content(source, fd);
	close(fd);
	return kind;
}

static struct check_tally *tally_of(struct check_walk *walk, size_t source, const char *path)
{
	for (size_t i = 0; i < walk->n_tallies; i++) {
		if (walk->tallies[i].source == source && glob_match(walk->tallies[i].glob, path))
			return &walk->tallies[i];
	}
	return NULL;
}

/* An earlier source gets the path; those that match it, too, are told so when nothing is left. */
static void mark_taken(struct check_walk *walk, const struct hint *hint)
{
	for (size_t i = 0; i < walk->n_tallies; i++) {
		struct check_tally *tally = &walk->tallies[i];

		if (tally->source == (size_t)hint->source || !glob_match(tally->glob, hint->path))
			continue;
		tally->taken++;
		tally->taken_by = (size_t)hint->source;
	}
}

static void kind_of_filesystem(struct check_tally *tally, const char *path)
{
	const char *unseen = filesystem_unseen(path);

	if (!unseen)
		return;
	tally->unseen = unseen;
	tally->n_unseen++;
}

static int take(struct check_walk *walk, const struct hint *hint)
{
	struct check_tally *tally = tally_of(walk, (size_t)hint->source, hint->path);
	size_t len = strlen(hint->path);
	struct stat st;
	int kind, r;

	if (!tally || map_get(walk->seen, hint->path, len))
		return 0;
	r = map_put(walk->seen, hint->path, len, walk);
	if (r)
		return r;
	mark_taken(walk, hint);
	kind = kind_of(walk, hint->path, &walk->check->conf->sources[hint->source], &st);
	if (kind < 0)
		return 0;
	if (tally->n[kind]++ == 0)
		tally->example[kind] = strdup(hint->path);
	if (kind == CHECK_KIND_LOG || kind == CHECK_KIND_PACKED) {
		tally->bytes += (uint64_t)st.st_size;
		walk->check->n_files++;
		if (quota_has_room(&walk->files, (size_t)hint->source))
			quota_take(&walk->files, (size_t)hint->source);
		kind_of_filesystem(tally, hint->path);
	}
	return tally->example[kind] ? 0 : -ENOMEM;
}

/* All that a scan finds; not what is written meanwhile, of which there may be no end. */
static int scan(struct check_walk *walk, struct discover_trouble *ret_trouble)
{
	int watch_errno = 0, r = 0;
	bool over = false;
	struct hint hint;

	while (r == 0 && !over) {
		r = discover_next(walk->discover, &hint);
		if (r < 0)
			return r;
		discover_trouble(walk->discover, ret_trouble);
		watch_errno = watch_errno ? watch_errno : ret_trouble->watch_errno;
		over = r == 0 && hint.kind != HINT_FOUND && hint.kind != HINT_NONE;
		/* First, for its path is borrowed. */
		if (r == 0 && hint.kind == HINT_FOUND)
			r = take(walk, &hint);
		if (r < 0)
			return r;
		if (check_files_denied(walk) || check_files_link(walk))
			return -ENOMEM;
	}
	ret_trouble->watch_errno = watch_errno;
	return 0;
}

int check_files(struct check *check)
{
	struct check_walk walk = {.check = check};
	struct discover_trouble trouble = {0};
	int r = begin(&walk);

	if (r == 0)
		r = scan(&walk, &trouble);
	if (r == 0)
		r = check_files_judge(&walk);
	if (r == 0)
		check_limits(check, &trouble);
	if (r == 0)
		check_waiting(check, &walk.files, discover_quota(walk.discover));
	end(&walk);
	return r;
}
