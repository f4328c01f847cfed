/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hints come in lots: what the kernel had when it was asked. The directories know all of a lot when
 * its first hint is followed, so what was read of them holds until its last one.
 */
#include "hints/hints.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "files/doze.h"
#include "follow/follow.h"
#include "hints/arrivals.h"
#include "search/places.h"
#include "search/rotated.h"

/* A lot ends after so long, where there are other sources. */
#define LOT_US US_PER_S

struct made {
	const struct files *files;
	const char *path;
};

/* A base that rotation gives the name to: whether it came before, now or long ago. */
static bool see_base(void *context, const char *base, enum rotated kind)
{
	const struct made *made = context;
	char path[PATH_MAX];
	size_t n = rotated_beside(made->path, base, path);

	return kind >= ROTATED_NUMBERED && n &&
	       (map_get(made->files->arrivals, path, n) ||
		map_get(made->files->by_lineage, path, n));
}

/*
 * A name that nobody wants may be a copy of one that came before it, which is taken in behind the
 * hints that were told together. What was there before the other one is none. 0 or -ENOMEM.
 */
static int remember_made(struct files *files, const struct hint *hint)
{
	struct made made = {files, hint->path};

	if (files->n_made == FILES_MADE_MAX ||
	    !rotated_bases(strrchr(hint->path, '/') + 1, see_base, &made))
		return 0;
	files->made[files->n_made] = strdup(hint->path);
	return files->made[files->n_made++] ? 0 : -ENOMEM;
}

static int look_at_made(struct files *files, struct discover *discover, int64_t now_ms)
{
	int r = 0;

	while (files->n_made) {
		char *path = files->made[--files->n_made];
		struct hint hint = {.kind = HINT_MADE, .source = -1, .path = path};

		if (!r && path)
			r = follow_hint(files, discover, &hint, now_ms);
		free(path);
	}
	return r;
}

/* The hints that were told together are followed: what they tell is in the directories, too. */
static int end_lot(struct files *files, struct discover *discover, int64_t now_ms)
{
	int r = map_count(files->arrivals) ? arrivals_look(files, discover, now_ms) : 0;

	if (!r)
		r = look_at_made(files, discover, now_ms);
	files_unlook(&files->looked);
	files->lot_us = 0;
	return r;
}

/*
 * Whether there are no more that were told together with this one. One owner can see to it that
 * there are always more, and new files of others would wait for the end of that.
 */
static bool is_last(struct files *files, const struct hint *hint)
{
	uint64_t now_us;

	if (!hint->more)
		return true;
	if (files->n_sources < 2)
		return false;
	now_us = clock_mono_us();
	if (!files->lot_us)
		files->lot_us = now_us;
	return now_us - files->lot_us > LOT_US;
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
	int r;

	if (hint->kind == HINT_NONE)
		return 0;
	/* Whatever a look finds as it was costs no more than that. */
	if (hint->kind <= HINT_MOVED && doze_passes(files, hint->path))
		return is_last(files, hint) ? end_lot(files, discover, now_ms) : 0;
	r = arrivals_hint(files, discover, hint);
	if (!r && hint->kind == HINT_MADE)
		r = remember_made(files, hint);
	else if (!r)
		r = follow_hint(files, discover, hint, now_ms);
	if (r >= 0 && (hint->kind == HINT_MOVED || hint->kind == HINT_FOUND))
		r = look_at_links(files, discover, hint->path, now_ms);
	if (r >= 0 && is_last(files, hint))
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
