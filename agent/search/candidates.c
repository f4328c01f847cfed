/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A known file that is gone by its inode may be there by its bytes: compressed (logrotate's
 * compress), copied and removed, written anew by an editor or rsync, on a volume with another
 * device number. Its name says only where to look; what is believed was proved.
 */
#include "search/candidates.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "input/discover.h"
#include "search/rotated.h"

struct search {
	struct places *places;
	const struct wanted *wanted;
	struct candidate *found;
};

/*
 * Whether path is the file wanted: *search->found is filled then. 0, CANDIDATES_E_NONE, -ENOMEM.
 */
static int try_path(const struct search *search, const char *path)
{
	struct content content = search->wanted->content;
	struct candidate *found = search->found;
	struct stat st;
	int fd, r;

	if (lstat(path, &st) < 0 || (S_ISLNK(st.st_mode) && stat(path, &st) < 0) ||
	    !S_ISREG(st.st_mode) || search->wanted->is_known(search->wanted->context, path, &st))
		return CANDIDATES_E_NONE;
	fd = reach_open(path, search->wanted->links);
	if (fd < 0)
		return CANDIDATES_E_NONE;
	r = content_is(&content, fd, &found->packing);
	if (!r)
		r = identity_of(fd, &found->identity);
	if (!r) {
		found->path = strdup(path);
		r = found->path ? 0 : -ENOMEM;
	}
	if (r)
		close(fd);
	found->fd = r ? -1 : fd;
	return r == 0 || r == -ENOMEM ? r : CANDIDATES_E_NONE;
}

static int try_names(const struct search *search, const char *dir, const char *base)
{
	char *const *names;
	size_t n = places_names(search->places, dir, base, rotated_stem(base), &names);
	int r = CANDIDATES_E_NONE;

	for (size_t i = 0; r == CANDIDATES_E_NONE && i < n; i++) {
		char *path;

		if (asprintf(&path, "%s/%s", strcmp(dir, "/") == 0 ? "" : dir, names[i]) < 0)
			return -ENOMEM;
		r = try_path(search, path);
		free(path);
	}
	return r;
}

static const char *name_of(const char *path)
{
	return strrchr(path, '/') + 1;
}

/* In a directory: names like the lineage's, and like that of the file behind a link. */
static int try_dir(const struct search *search, const char *dir)
{
	const struct wanted *wanted = search->wanted;
	int r = try_names(search, dir, name_of(wanted->lineage));

	if (r == CANDIDATES_E_NONE && wanted->real &&
	    strcmp(name_of(wanted->real), name_of(wanted->lineage)) != 0)
		r = try_names(search, dir, name_of(wanted->real));
	return r;
}

static int try_beside(const struct search *search, const char *path)
{
	char *dir = places_dir_of(path);
	int r = dir ? try_dir(search, dir) : -ENOMEM;

	free(dir);
	return r;
}

static int see_rotated(void *context, const char *path)
{
	int r = try_path(context, path);

	/* Other than 0 ends it. */
	return r == CANDIDATES_E_NONE ? 0 : r < 0 ? r : 1;
}

static int try_rotated(struct search *search)
{
	int r;

	if (!search->wanted->rotated)
		return CANDIDATES_E_NONE;
	search->found->fd = -1;
	r = discover_list(search->wanted->rotated, see_rotated, search);
	if (r == -ENOMEM)
		return r;
	return search->found->fd >= 0 ? 0 : CANDIDATES_E_NONE;
}

int candidates_find(struct places *places, const struct wanted *wanted,
		    struct candidate *ret_candidate)
{
	struct search search = {places, wanted, ret_candidate};
	int r;

	if (!wanted->content.committed)
		return CANDIDATES_E_NONE;
	r = try_path(&search, wanted->path);
	if (r == CANDIDATES_E_NONE)
		r = try_beside(&search, wanted->path);
	if (r == CANDIDATES_E_NONE && strcmp(wanted->path, wanted->lineage) != 0)
		r = try_beside(&search, wanted->lineage);
	if (r == CANDIDATES_E_NONE && wanted->real)
		r = try_beside(&search, wanted->real);
	if (r == CANDIDATES_E_NONE && wanted->went)
		r = try_dir(&search, wanted->went);
	return r == CANDIDATES_E_NONE ? try_rotated(&search) : r;
}
