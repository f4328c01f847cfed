/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Component by component, as a person compares them: the pattern of which most match is the
 * nearest. Of its alternatives each is compared; behind "**" the comparison goes on at the first
 * name that matches.
 */
#include "control/nearest.h"

#include <stdio.h>
#include <string.h>

#include "base/glob.h"

struct near {
	const char *source, *pattern;
	size_t same;                /* components from the first on */
	char has[256], wanted[256]; /* the first that differs; "": there is none any more */
};

/* The next component behind *at; "": there is none. */
static void next(const char **at, char ret_name[256])
{
	size_t len;

	*at += strspn(*at, "/");
	len = strcspn(*at, "/");
	snprintf(ret_name, 256, "%.*s", (int)len, *at);
	*at += len;
}

static void compare(struct near *near, const struct glob *glob, size_t alternative,
		    const char *path)
{
	size_t n = glob_n_components(glob, alternative), i = 0;
	const char *text = NULL;
	bool deep = false;

	next(&path, near->has);
	for (; i < n && *near->has; text = NULL) {
		if (glob_component(glob, alternative, i, &text) == GLOB_DEEP) {
			deep = true;
			i++;
		} else if (glob_component_match(glob, alternative, i, near->has)) {
			deep = false;
			i++;
			near->same++;
			next(&path, near->has);
		} else if (deep && path[strspn(path, "/")]) {
			next(&path, near->has);
		} else {
			break;
		}
	}
	if (i < n)
		glob_component(glob, alternative, i, &text);
	snprintf(near->wanted, sizeof near->wanted, "%s", i == n ? "" : text ?: "**");
}

static void put_words(const struct near *near, char *ret_words, size_t len)
{
	int n = snprintf(ret_words, len, "the nearest is \"%s\" of source %s", near->pattern,
			 near->source);

	if (n < 0 || (size_t)n >= len)
		return;
	if (*near->wanted && *near->has)
		snprintf(ret_words + n, len - (size_t)n,
			 ", which wants \"%s\" where this has \"%s\"", near->wanted, near->has);
	else if (*near->wanted)
		snprintf(ret_words + n, len - (size_t)n, ", which goes on with \"%s\"",
			 near->wanted);
	else if (*near->has)
		snprintf(ret_words + n, len - (size_t)n, ", which ends before \"%s\"", near->has);
}

/* Of the pattern the alternative that comes nearest, if it comes nearer than the best so far. */
static void look_at(struct near *best, const char *source, const char *pattern, const char *path)
{
	struct glob *glob;

	/* It was compiled when the configuration was read. */
	if (glob_compile(pattern, &glob, NULL, 0))
		return;
	for (size_t i = 0; i < glob_n_alternatives(glob); i++) {
		struct near near = {.source = source, .pattern = pattern};

		compare(&near, glob, i, path);
		if (!best->pattern || near.same > best->same)
			*best = near;
	}
	glob_free(glob);
}

void nearest_pattern(const struct conf *conf, const char *path, char *ret_words, size_t len)
{
	struct near best = {0};

	for (size_t i = 0; i < conf->n_sources; i++) {
		if (conf->sources[i].gone)
			continue;
		for (char **pattern = conf->patterns[i].paths; *pattern; pattern++)
			look_at(&best, conf->sources[i].name, *pattern, path);
	}
	ret_words[0] = '\0';
	if (best.pattern)
		put_words(&best, ret_words, len);
}
