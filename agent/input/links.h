/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INPUT_LINKS_H
#define INPUT_LINKS_H

#include "input/discover.h"
#include "input/reach.h"

/*
 * Watches every link from path, a link itself, to the file that it leads to, and that, whose path
 * is *ret_real. 0; LINKS_E_MISSING: *ret_real is the first on the way that is not there, and its
 * directory is watched now; LINKS_E_NOWHERE: nothing can be reached; LINKS_E_SHUNNED: it is our
 * own; LINKS_E_REFUSED: one of the links is not to be followed; -ENOMEM.
 */
enum { LINKS_E_NOWHERE = 1, LINKS_E_SHUNNED, LINKS_E_REFUSED, LINKS_E_MISSING };
int links_follow(struct discover *discover, const char *path, enum reach_links links,
		 char ret_real[PATH_MAX]) MUSTCHECK;

#endif
