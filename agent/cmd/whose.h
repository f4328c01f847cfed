/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_WHOSE_H
#define CMD_WHOSE_H

#include <limits.h>

#include "conf/conf.h"

/* The source that run would give this path to, of the configuration; NULL: none, or no memory. */
const struct source *whose_path(const struct conf *conf, const char *path);

/*
 * The path that patterns are held against: absolute, and through no link but in its directory's
 * name, for a pattern names a file's own name as it is. It need not be there, its directory has to,
 * where the name is not as a pattern would have it. 0 or negative errno.
 */
int whose_name(const char *name, char ret_path[PATH_MAX]) MUSTCHECK;

#endif
