/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Component by component, as a person compares them: the pattern of which most match is the
 * nearest. It is a help to read, not what decides, so fnmatch(3) is good enough; what it does not
 * know ("**", alternatives) ends the comparison there.
 */
#include "control/nearest.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

struct near {
	const char *source, *pattern;
	size_t same;              /* components from the first on */
	struct slice has, wanted; /* the first that differs; len 0: there is none any more */
};

/* The next component behind *at. */
static struct slice next(const char **at)
{
	struct slice component;

	*at += strspn(*at, "/");
	component = (struct slice){*at, strcspn(*at, "/")};
	*at += component.len;
	return component;
}

static bool matches(struct slice pattern, struct slice name)
{
	char texts[2][256];

	if (pattern.len >= sizeof texts[0] || name.len >= sizeof texts[1])
		return false;
	snprintf(texts[0], sizeof texts[0], "%.*s", (int)pattern.len, pattern.at);
	snprintf(texts[1], sizeof texts[1], "%.*s", (int)name.len, name.at);
	return fnmatch(texts[0], texts[1], FNM_PERIOD) == 0;
}

static void compare(struct near *near, const char *path)
{
	const char *pattern = near->pattern;

	do {
		near->wanted = next(&pattern);
		near->has = next(&path);
	} while (near->wanted.len && near->has.len && matches(near->wanted, near->has) &&
		 ++near->same);
}

static void put_words(const struct near *near, char *ret_words, size_t len)
{
	int n = snprintf(ret_words, len, "the nearest is \"%s\" of source %s", near->pattern,
			 near->source);

	if (n < 0 || (size_t)n >= len)
		return;
	if (near->wanted.len && near->has.len)
		snprintf(ret_words + n, len - (size_t)n,
			 ", which wants \"%.*s\" where this has \"%.*s\"", (int)near->wanted.len,
			 near->wanted.at, (int)near->has.len, near->has.at);
	else if (near->wanted.len)
		snprintf(ret_words + n, len - (size_t)n, ", which goes on with \"%.*s\"",
			 (int)near->wanted.len, near->wanted.at);
	else if (near->has.len)
		snprintf(ret_words + n, len - (size_t)n, ", which ends before \"%.*s\"",
			 (int)near->has.len, near->has.at);
}

void nearest_pattern(const struct conf *conf, const char *path, char *ret_words, size_t len)
{
	struct near best = {0};

	for (size_t i = 0; i < conf->n_sources; i++) {
		if (conf->sources[i].gone)
			continue;
		for (char **pattern = conf->patterns[i].paths; *pattern; pattern++) {
			struct near near = {.source = conf->sources[i].name, .pattern = *pattern};

			compare(&near, path);
			if (!best.pattern || near.same > best.same)
				best = near;
		}
	}
	ret_words[0] = '\0';
	if (best.pattern)
		put_words(&best, ret_words, len);
}
