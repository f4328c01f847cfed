/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_SAID_H
#define SUPPORT_SAID_H

#include <stddef.h>

#include "ops/log.h"

/*
 * What a log says, for tests that run in a process of their own: from said_begin on stderr is a
 * file.
 */

/* A log of level info. */
struct log *said_begin(void);

/* How often these words came so far; "\n": lines. */
size_t said_times(const char *words);

/* Frees the log, which says what it held back. Returns NULL. */
struct log *said_end(struct log *log);

#endif
