/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STATE_SEAL_H
#define STATE_SEAL_H

#include <stdint.h>

#include "state/rows.h"

/*
 * Checksums over the rows of the store: SQLite's pages have none, and a flipped bit in a position
 * must not be believed. The same on every machine. path and lineage must not be NULL.
 */
int64_t seal_file(const struct store_file *file);
int64_t seal_position(const struct store_file *file);
/* Of a source, or of the agent. */
int64_t seal_name(struct slice name);
int64_t seal_topic(const struct store_topic *topic);

#endif
