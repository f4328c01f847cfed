/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_WHOSE_H
#define CMD_WHOSE_H

#include "conf/conf.h"

/* The source that run would give this path to, of the configuration; NULL: none, or no memory. */
const struct source *whose_path(const struct conf *conf, const char *path);

#endif
