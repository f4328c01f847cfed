/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hints come in lots: what the kernel had when it was asked. The directories know all of a lot when
 * its first hint is followed, so what was read of them holds until its last one.
 */
#include "follow/arrivals.h"
#include "follow/follow.h"
#include "follow/follow_private.h"

/* The hints that were told together are followed: what they tell is in the directories, too. */
static int end_lot(struct files *files, struct discover *discover, int64_t now_ms)
{
	int r = map_count(files->arrivals) ? arrivals_look(files, discover, now_ms) : 0;

	files->places = places_free(files->places);
	return r;
}

int follow_hint(struct files *files, struct discover *discover, const struct hint *hint,
		int64_t now_ms)
{
	int r = arrivals_hint(files, discover, hint);

	if (!r)
		r = follow_one(files, discover, hint, now_ms);
	if (r >= 0 && !hint->more)
		r = end_lot(files, discover, now_ms);
	return r < 0 ? r : 0;
}

int follow_caught_up(struct files *files, struct discover *discover, int64_t now_ms)
{
	int r = end_lot(files, discover, now_ms);

	if (map_count(files->arrivals))
		arrivals_end(files);
	return r;
}
