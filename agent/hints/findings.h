/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HINTS_FINDINGS_H
#define HINTS_FINDINGS_H

#include "files/files.h"
#include "input/discover.h"

/* Paths that a scan found. All zero: none. */
struct found;
struct findings {
	struct found *items;
	size_t n;
	size_t capacity;
	struct map *by_path; /* of a found */
	struct map *absent;  /* paths that generations are of, and are not there; owned */
};

/*
 * A path (copied) that the source wants, unless it has to wait for room in the table: else what is
 * found would be as many as somebody likes. 0 or -ENOMEM.
 */
int findings_add(struct findings *findings, struct files *files, int source, const char *path)
	MUSTCHECK;

/*
 * Takes in all of them, once: rotated generations that the patterns match too (app.log.1 beside
 * app.log) in one lineage, the one written first first. 0 or -ENOMEM.
 */
int findings_take_in(struct findings *findings, struct files *files, struct discover *discover,
		     int64_t now_ms) MUSTCHECK;

/* While a start goes through n paths: the watchdog is served. */
void findings_keep_alive(const struct files *files, size_t n);

void findings_deinit(struct findings *findings);

#endif
