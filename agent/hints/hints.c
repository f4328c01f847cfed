/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hints come in lots: what the kernel had when it was asked. The directories know all of a lot when
 * its first hint is followed, so what was read of them holds until its last one.
 */
#include "hints/hints.h"

#include <stdlib.h>

#include "follow/follow.h"
#include "hints/arrivals.h"
#include "search/places.h"

/* The hints that were told together are followed: what they tell is in the directories, too. */
static int end_lot(struct files *files, struct discover *discover, int64_t now_ms)
{
	int r = map_count(files->arrivals) ? arrivals_look(files, discover, now_ms) : 0;

	files->places = places_free(files->places);
	return r;
}

/* Something came to this path for which links wait: they may lead further now. */
static int look_at_links(struct files *files, struct discover *discover, const char *path,
			 int64_t now_ms)
{
	struct dangling *waits = dangling_take(&files->danglings, path), *next;
	int r = 0;

	for (; waits; waits = next) {
		next = waits->next;
		if (!r)
			r = follow_found(files, discover, waits->source, waits->link, waits->link,
					 now_ms);
		free(waits);
	}
	return r;
}

int hints_follow(struct files *files, struct discover *discover, const struct hint *hint,
		 int64_t now_ms)
{
	int r = arrivals_hint(files, discover, hint);

	if (!r)
		r = follow_hint(files, discover, hint, now_ms);
	if (r >= 0 && (hint->kind == HINT_MOVED || hint->kind == HINT_FOUND))
		r = look_at_links(files, discover, hint->path, now_ms);
	if (r >= 0 && !hint->more)
		r = end_lot(files, discover, now_ms);
	return r < 0 ? r : 0;
}

int hints_caught_up(struct files *files, struct discover *discover, int64_t now_ms)
{
	int r = end_lot(files, discover, now_ms);

	if (map_count(files->arrivals))
		arrivals_end(files);
	return r;
}
