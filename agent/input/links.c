/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that a pattern reaches through a symbolic link changes in places that no pattern names:
 * its own directory, where it is written and rotated, and those of further links on the way, each
 * of which may be made to lead elsewhere. All of them are watched, so that a rotation behind a link
 * is seen as soon as one in front of it.
 */
#include "input/links.h"

#include <errno.h>

static int see(void *context, const char *link)
{
	return discover_follow_link(context, link) == -ENOMEM ? -ENOMEM : 0;
}

int links_follow(struct discover *discover, const char *path, enum reach_links links,
		 char ret_real[PATH_MAX])
{
	int r = reach_walk(path, links, see, discover, ret_real);

	if (r == -ELOOP)
		return LINKS_E_REFUSED;
	if (r && r != -ENOENT)
		return r == -ENOMEM ? r : LINKS_E_NOWHERE;
	if (discover_shuns(discover, ret_real))
		return LINKS_E_SHUNNED;
	if (discover_follow_link(discover, ret_real) == -ENOMEM)
		return -ENOMEM;
	return r ? LINKS_E_MISSING : 0;
}
