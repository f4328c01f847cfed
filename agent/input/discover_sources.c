/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wanted and what is not: the sources' patterns and excludes, and the paths that are ours.
 * The first source that wants a path gets it: by their order, that of their addition unless
 * somebody says another.
 *
 * An exclude with a slash that matches a directory ends the walk there, so that a large tree that
 * nobody wants costs no watches. Shunned paths are kept as given and as realpath(3) has them.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input/discover.h"
#include "input/discover_private.h"

void wanted_deinit(struct wanted *source)
{
	for (size_t i = 0; i < source->n_patterns; i++)
		glob_free(source->patterns[i]);
	for (size_t i = 0; i < source->n_excludes; i++)
		exclude_free(source->excludes[i]);
	free(source->patterns);
	free(source->excludes);
}

static size_t count(char *const *texts)
{
	size_t n = 0;

	while (texts && texts[n])
		n++;
	return n;
}

/* Compiles all texts. 0, GLOB_E_INVALID, -ENOMEM; wanted_deinit is due in any case. */
static int compile(struct wanted *source, char *const *paths, char *const *exclude,
		   char *ret_message, size_t len)
{
	size_t n_paths = count(paths), n_exclude = count(exclude);
	int r = 0;

	source->patterns = calloc(n_paths + 1, sizeof(struct glob *));
	source->excludes = calloc(n_exclude + 1, sizeof(struct exclude *));
	if (!source->patterns || !source->excludes)
		return -ENOMEM;
	for (size_t i = 0; i < n_paths && r == 0; i++) {
		r = glob_compile(paths[i], &source->patterns[i], ret_message, len);
		source->n_patterns = i + (r == 0);
	}
	for (size_t i = 0; i < n_exclude && r == 0; i++) {
		r = exclude_compile(exclude[i], &source->excludes[i], ret_message, len);
		source->n_excludes = i + (r == 0);
	}
	if (r == 0 && n_paths > UINT16_MAX) {
		snprintf(ret_message, len, "more than %d patterns", UINT16_MAX);
		return GLOB_E_INVALID;
	}
	return r;
}

int wanted_add(struct discover *discover, int source, char *const *paths, char *const *exclude,
	       char *ret_message, size_t len)
{
	struct wanted made = {.id = source, .rank = discover->n_sources}, *grown;
	size_t *order = reallocarray(discover->order, discover->n_sources + 1, sizeof *order);
	int r = order ? compile(&made, paths, exclude, ret_message, len) : -ENOMEM;

	if (r == 0 && discover->n_sources >= UINT16_MAX) {
		snprintf(ret_message, len, "more than %d sources", UINT16_MAX);
		r = GLOB_E_INVALID;
	}
	discover->order = order ? order : discover->order;
	grown = r ? NULL : reallocarray(discover->sources, discover->n_sources + 1, sizeof *grown);
	if (!grown) {
		wanted_deinit(&made);
		return r > 0 ? DISCOVER_E_INVALID : -ENOMEM;
	}
	discover->sources = grown;
	order[made.rank] = made.rank;
	grown[discover->n_sources++] = made;
	return 0;
}

int wanted_set(struct discover *discover, int source, char *const *paths, char *const *exclude,
	       char *ret_message, size_t len)
{
	struct wanted *old = &discover->sources[source], made = {.id = source, .rank = old->rank};
	int r = compile(&made, paths, exclude, ret_message, len);

	if (r) {
		wanted_deinit(&made);
		return r > 0 ? DISCOVER_E_INVALID : r;
	}
	wanted_deinit(old);
	*old = made;
	return 0;
}

void discover_set_order(struct discover *discover, const size_t *order)
{
	for (size_t i = 0; i < discover->n_sources; i++) {
		discover->order[i] = order[i];
		discover->sources[order[i]].rank = i;
	}
}

void discover_set_links(struct discover *discover, int source, enum reach_links links)
{
	for (size_t i = 0; i < discover->n_sources; i++)
		if (discover->sources[i].id == source)
			discover->sources[i].links = links;
}

void discover_limit(struct discover *discover, int source, size_t max)
{
	for (size_t i = 0; i < discover->n_sources; i++)
		if (discover->sources[i].id == source)
			discover->sources[i].max_directories = max;
}

static int shun_text(struct discover *discover, const char *path)
{
	char **grown = reallocarray(discover->shunned, discover->n_shunned + 1, sizeof *grown);
	size_t len = strlen(path);

	if (!grown)
		return -ENOMEM;
	discover->shunned = grown;
	while (len > 1 && path[len - 1] == '/')
		len--;
	grown[discover->n_shunned] = strndup(path, len);
	if (!grown[discover->n_shunned])
		return -ENOMEM;
	discover->n_shunned++;
	return 0;
}

int discover_shun(struct discover *discover, const char *dir)
{
	char real[PATH_MAX];
	int r = shun_text(discover, dir);

	if (r == 0 && realpath(dir, real) && strcmp(real, dir) != 0)
		r = shun_text(discover, real);
	return r;
}

bool discover_shuns(const struct discover *discover, const char *path)
{
	return walk_shuns(discover, path);
}

bool wanted_excludes(const struct wanted *source, const char *path, bool directory)
{
	for (size_t i = 0; i < source->n_excludes; i++)
		if (directory ? exclude_match_directory(source->excludes[i], path) :
				exclude_match(source->excludes[i], path))
			return true;
	return false;
}

bool walk_shuns(const struct discover *discover, const char *path)
{
	for (size_t i = 0; i < discover->n_shunned; i++) {
		size_t len = strlen(discover->shunned[i]);

		if (strncmp(path, discover->shunned[i], len) == 0 &&
		    (path[len] == '/' || path[len] == '\0'))
			return true;
	}
	return false;
}

/* Whether the path, or a directory on the way to it, is excluded. */
static bool excluded_on_the_way(const struct wanted *source, const char *path)
{
	char upto[PATH_MAX];
	size_t len = strlen(path);

	if (len >= sizeof upto || wanted_excludes(source, path, false))
		return true;
	memcpy(upto, path, len + 1);
	for (char *slash = strrchr(upto, '/'); slash && slash > upto; slash = strrchr(upto, '/')) {
		*slash = '\0';
		if (wanted_excludes(source, upto, true))
			return true;
	}
	return false;
}

int discover_wants(const struct discover *discover, const char *path)
{
	if (walk_shuns(discover, path))
		return -1;
	for (size_t i = 0; i < discover->n_sources; i++) {
		const struct wanted *source = &discover->sources[discover->order[i]];

		for (size_t k = 0; k < source->n_patterns; k++)
			if (glob_match(source->patterns[k], path) &&
			    !excluded_on_the_way(source, path))
				return source->id;
	}
	return -1;
}

int discover_excluded(const struct discover *discover, const char *path)
{
	for (size_t i = 0; i < discover->n_sources; i++) {
		const struct wanted *source = &discover->sources[discover->order[i]];

		for (size_t k = 0; k < source->n_patterns; k++)
			if (glob_match(source->patterns[k], path) &&
			    excluded_on_the_way(source, path))
				return source->id;
	}
	return -1;
}

/* Whether the alternative's components begin with those of dir, all of them literal. */
static bool begins_with(const struct glob *glob, size_t alternative, const char *dir)
{
	size_t n = glob_n_components(glob, alternative), i = 0;
	const char *text;

	for (; i < n && *(dir += strspn(dir, "/")); i++) {
		size_t len = strcspn(dir, "/");

		if (glob_component(glob, alternative, i, &text) != GLOB_LITERAL ||
		    strlen(text) != len || strncmp(text, dir, len) != 0)
			return false;
		dir += len;
	}
	return i < n;
}

bool discover_names(const struct discover *discover, const char *dir)
{
	for (size_t i = 0; i < discover->n_sources; i++) {
		const struct wanted *source = &discover->sources[i];

		for (size_t k = 0; k < source->n_patterns; k++)
			for (size_t a = 0; a < glob_n_alternatives(source->patterns[k]); a++)
				if (begins_with(source->patterns[k], a, dir))
					return true;
	}
	return false;
}

bool discover_excludes(const struct discover *discover, int source, const char *path)
{
	if (walk_shuns(discover, path))
		return true;
	for (size_t i = 0; i < discover->n_sources; i++)
		if (discover->sources[i].id == source)
			return excluded_on_the_way(&discover->sources[i], path);
	return false;
}
