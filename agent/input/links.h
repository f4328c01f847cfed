/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INPUT_LINKS_H
#define INPUT_LINKS_H

#include "input/discover.h"

/*
 * Watches every link from path, a link itself, to the file that it leads to, and that. 0;
 * LINKS_E_SHUNNED when that is our own; -ENOMEM.
 */
enum { LINKS_E_SHUNNED = 1 };
int links_follow(struct discover *discover, const char *path) MUSTCHECK;

#endif
