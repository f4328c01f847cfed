/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that a pattern reaches through a symbolic link changes in places that no pattern names:
 * its own directory, where it is written and rotated, and those of further links on the way, each
 * of which may be made to lead elsewhere. All of them are watched, so that a rotation behind a link
 * is seen as soon as one in front of it. realpath(3) does not tell the links that it passes, hence
 * a walk of our own.
 */
#include "input/links.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* As the kernel has it. */
#define LINKS_MAX 40

struct walk {
	struct discover *discover;
	char done[PATH_MAX]; /* without links, "" for the root */
	char rest[PATH_MAX]; /* still to walk */
	int links;
};

/* Takes the first component out of rest. False: none is left. */
static bool next_component(struct walk *walk, char component[NAME_MAX + 1])
{
	const char *at = walk->rest + strspn(walk->rest, "/");
	size_t len = strcspn(at, "/");

	if (!len || len > NAME_MAX)
		return false;
	memcpy(component, at, len);
	component[len] = '\0';
	memmove(walk->rest, at + len, strlen(at + len) + 1);
	return true;
}

/* done is a link to target: the walk goes on there. False: it leads nowhere. */
static bool turn_off(struct walk *walk, const char *target)
{
	char rest[PATH_MAX];

	if (++walk->links > LINKS_MAX ||
	    snprintf(rest, sizeof rest, "%s/%s", target, walk->rest) >= (int)sizeof rest)
		return false;
	strcpy(walk->rest, rest);
	if (target[0] == '/')
		walk->done[0] = '\0';
	else
		*strrchr(walk->done, '/') = '\0';
	return true;
}

/* One component further. 0, -ENOENT: no further, -ENOMEM. */
static int step(struct walk *walk, const char *component)
{
	size_t len = strlen(walk->done);
	char target[PATH_MAX];
	ssize_t n;

	if (strcmp(component, ".") == 0)
		return 0;
	if (strcmp(component, "..") == 0) {
		if (len)
			*strrchr(walk->done, '/') = '\0';
		return 0;
	}
	if (snprintf(walk->done + len, sizeof walk->done - len, "/%s", component) >=
	    (int)(sizeof walk->done - len))
		return -ENOENT;
	n = readlink(walk->done, target, sizeof target - 1);
	if (n <= 0)
		return errno == EINVAL ? 0 : -ENOENT;
	target[n] = '\0';
	if (discover_follow_link(walk->discover, walk->done) == -ENOMEM)
		return -ENOMEM;
	return turn_off(walk, target) ? 0 : -ENOENT;
}

int links_follow(struct discover *discover, const char *path)
{
	struct walk walk = {.discover = discover};
	char component[NAME_MAX + 1];
	int r = 0;

	if (snprintf(walk.rest, sizeof walk.rest, "%s", path) >= (int)sizeof walk.rest)
		return 0;
	while (!r && next_component(&walk, component))
		r = step(&walk, component);
	if (r)
		return r == -ENOMEM ? r : 0;
	if (discover_shuns(discover, walk.done))
		return LINKS_E_SHUNNED;
	return discover_follow_link(discover, walk.done) == -ENOMEM ? -ENOMEM : 0;
}
