/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory as two indexes over its names: by inode, for a file that is known and was renamed,
 * and in their order, for generations that nobody knows and whose names begin alike. Without them
 * a start with 25,000 rotated files in one directory would read it 25,000 times.
 *
 * What a directory says is old by the time it is used. Whoever opens a name looks at what it got,
 * and whoever found nothing asks whether it says the same now. Its time would not tell: a file
 * system's clock has ticks of milliseconds, in which a rotation renames all its generations.
 */
#include "search/places.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/map.h"
#include "input/discover.h"

/* More directories in one are not looked into. */
#define BELOW_MAX 256

struct place {
	char **names; /* ascending */
	size_t n;
	size_t capacity;
	char *below[BELOW_MAX]; /* names of directories in it */
	size_t n_below;
	struct map *by_inode; /* of a name */
	uint64_t print;       /* of the names and inodes in it */
	bool judged, still;   /* it was asked whether it says the same; it does */
	struct place *next;
};

struct places {
	struct map *by_dir;
	struct place *all;
};

struct places *places_new(void)
{
	struct places *places = calloc(1, sizeof *places);

	if (places)
		places->by_dir = map_new();
	if (places && !places->by_dir)
		return places_free(places);
	return places;
}

static void place_free(struct place *place)
{
	for (size_t i = 0; i < place->n; i++)
		free(place->names[i]);
	for (size_t i = 0; i < place->n_below; i++)
		free(place->below[i]);
	free(place->names);
	map_free(place->by_inode);
	free(place);
}

struct places *places_free(struct places *places)
{
	while (places && places->all) {
		struct place *place = places->all;

		places->all = place->next;
		place_free(place);
	}
	if (places)
		map_free(places->by_dir);
	free(places);
	return NULL;
}

static int add(struct place *place, const char *text, uint64_t inode)
{
	char *name;

	if (place->n == place->capacity) {
		size_t capacity = place->capacity ? 2 * place->capacity : 64;
		char **names = reallocarray(place->names, capacity, sizeof *names);

		if (!names)
			return -ENOMEM;
		place->names = names;
		place->capacity = capacity;
	}
	name = strdup(text);
	if (!name)
		return -ENOMEM;
	place->names[place->n++] = name;
	return map_put(place->by_inode, &inode, sizeof inode, name);
}

static int add_below(struct place *place, const char *name)
{
	char *copy = strdup(name);

	if (copy)
		place->below[place->n_below++] = copy;
	return copy ? 0 : -ENOMEM;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Summed up over a directory it is the same in whatever order it is read. */
static uint64_t print_of(const struct dirent *entry)
{
	return hash_bytes(entry->d_name, strlen(entry->d_name)) ^
	       hash_bytes(&entry->d_ino, sizeof entry->d_ino);
}

/* Links have an inode of their own and are no files that were renamed. 0 or -ENOMEM. */
static int read_place(struct place *place, const char *dir)
{
	DIR *stream = opendir(dir);
	struct dirent *entry;
	int r = 0;

	while (stream && !r && (entry = readdir(stream))) {
		place->print += print_of(entry);
		if (entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN)
			r = add(place, entry->d_name, entry->d_ino);
		else if (entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
			 place->n_below < BELOW_MAX)
			r = add_below(place, entry->d_name);
	}
	if (stream)
		closedir(stream);
	if (place->n)
		qsort(place->names, place->n, sizeof place->names[0], by_name);
	return r;
}

/* A new one, found by this key from now on. NULL when memory is out. */
static struct place *new_place(struct places *places, const void *key, size_t key_len)
{
	struct place *place = calloc(1, sizeof *place);

	if (!place)
		return NULL;
	place->next = places->all;
	places->all = place;
	place->by_inode = map_new();
	if (!place->by_inode || map_put(places->by_dir, key, key_len, place))
		return NULL;
	return place;
}

/* NULL when memory is out. */
static const struct place *place_of(struct places *places, const char *dir)
{
	struct place *place = map_get(places->by_dir, dir, strlen(dir));

	if (place)
		return place;
	place = new_place(places, dir, strlen(dir));
	return place && !read_place(place, dir) ? place : NULL;
}

bool places_are_still(struct places *places, const char *path)
{
	char *dir = places_dir_of(path);
	struct place *place = dir ? map_get(places->by_dir, dir, strlen(dir)) : NULL;
	DIR *stream = place && !place->judged ? opendir(dir) : NULL;
	struct dirent *entry;
	uint64_t print = 0;

	while (stream && (entry = readdir(stream)))
		print += print_of(entry);
	if (stream)
		closedir(stream);
	free(dir);
	if (!place)
		return true;
	if (!place->judged)
		place->still = print == place->print;
	place->judged = true;
	return place->still;
}

static int see_path(void *context, const char *path)
{
	struct stat st;

	/* A link is no file that was renamed. */
	if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	return add(context, path, st.st_ino);
}

char *places_find_matching(struct places *places, char *const *patterns, uint64_t inode)
{
	struct place *place;
	const char *path;

	if (!patterns || !patterns[0])
		return NULL;
	/* Directories begin with a slash, so no address is taken for one. */
	place = map_get(places->by_dir, &patterns, sizeof patterns);
	if (!place) {
		place = new_place(places, &patterns, sizeof patterns);
		if (!place || discover_list(patterns, see_path, place))
			return NULL;
	}
	path = map_get(place->by_inode, &inode, sizeof inode);
	return path ? strdup(path) : NULL;
}

char *places_find(struct places *places, const char *dir, uint64_t inode)
{
	const struct place *place = place_of(places, dir);
	const char *name = place ? map_get(place->by_inode, &inode, sizeof inode) : NULL;
	char *path;

	if (!name || asprintf(&path, "%s/%s", strcmp(dir, "/") == 0 ? "" : dir, name) < 0)
		return NULL;
	return path;
}

/* The first name that does not come before the prefix; `after`: nor begins with it. */
static size_t bound(const struct place *place, const char *prefix, size_t len, bool after)
{
	size_t low = 0, high = place->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strncmp(place->names[middle], prefix, len);

		if (order < 0 || (after && order == 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t places_names(struct places *places, const char *dir, const char *prefix, size_t len,
		    char *const **ret_names)
{
	const struct place *place = place_of(places, dir);
	size_t first;

	if (!place || !place->n)
		return 0;
	first = bound(place, prefix, len, false);
	*ret_names = place->names + first;
	return bound(place, prefix, len, true) - first;
}

char *places_dir_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

static char *find_beside(struct places *places, const char *path, uint64_t inode)
{
	char *dir = places_dir_of(path), *found = dir ? places_find(places, dir, inode) : NULL;

	free(dir);
	return found;
}

/* In the directories that lie beside path: an olddir is often one of them. */
static char *find_below(struct places *places, const char *path, uint64_t inode)
{
	char *dir = places_dir_of(path), *below, *found = NULL;
	const struct place *place = dir ? place_of(places, dir) : NULL;

	for (size_t i = 0; place && !found && i < place->n_below; i++) {
		if (asprintf(&below, "%s/%s", strcmp(dir, "/") == 0 ? "" : dir, place->below[i]) <
		    0)
			break;
		found = places_find(places, below, inode);
		free(below);
	}
	free(dir);
	return found;
}

/* In `rest` of each directory that lies beside dir. */
static char *find_in_others(struct places *places, const char *dir, const char *rest,
			    uint64_t inode)
{
	char *parent = places_dir_of(dir), *other, *found = NULL;
	const struct place *place = parent ? place_of(places, parent) : NULL;

	for (size_t i = 0; place && !found && i < place->n_below; i++) {
		if (asprintf(&other, "%s/%s%s", strcmp(parent, "/") == 0 ? "" : parent,
			     place->below[i], rest) < 0)
			break;
		found = places_find(places, other, inode);
		free(other);
	}
	free(parent);
	return found;
}

char *places_find_renamed(struct places *places, const char *path, uint64_t inode)
{
	char *dir = places_dir_of(path), *found = NULL;
	size_t len = dir ? strlen(dir) : 0;
	bool there = false;

	while (len > 1 && !found && !there) {
		char *rest = strndup(path + len, (size_t)(strrchr(path, '/') - (path + len)));

		if (!rest)
			break;
		found = find_in_others(places, dir, rest, inode);
		free(rest);
		len = (size_t)(strrchr(dir, '/') - dir);
		dir[len] = '\0';
		there = len && access(dir, F_OK) == 0;
	}
	free(dir);
	return found;
}

char *places_find_file(struct places *places, const char *path, const char *real, const char *went,
		       char *const *patterns, uint64_t inode)
{
	char *found = find_beside(places, path, inode);

	if (!found && real)
		found = find_beside(places, real, inode);
	if (!found && went)
		found = places_find(places, went, inode);
	if (!found)
		found = places_find_matching(places, patterns, inode);
	if (!found)
		found = find_below(places, path, inode);
	return found || !real ? found : find_below(places, real, inode);
}
