/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An unpacker takes from 0.2 MiB (gzip) to 128 MiB, and thousands of compressed files may be found
 * at once. So few have one at a time. Whoever cannot read on, however long that lasts, loses his to
 * one who can: what he has to unpack again is time, and the others' waiting would be, too.
 *
 * Sources wait each in a line of its own. While one of another source waits, who unpacks gives way
 * after two seconds; he begins again later, for twice the time, so that however much it is comes to
 * its end at no more than twice the work. Those who gave way have one of the places only: what is
 * small never waits for them.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "files/files.h"

#define GIVE_WAY_US (2 * US_PER_S)
/* A month. */
#define TIMES_MAX 20

/* The place for those who gave way. */
#define LONG_PLACE 0

static bool is_idle(const struct file *file)
{
	return file->state != FILE_READING || file->queue == FILE_QUEUE_NONE ||
	       (file->queue == FILE_QUEUE_HELD && file->waits_for != FILE_WAITS_ROOM);
}

static bool may_have(const struct files *files, const struct unpacking *place,
		     const struct file *file)
{
	return !file->gave_way || place == &files->unpacking[LONG_PLACE];
}

/* The one of the source that waits longest and may have the place; NULL: there is none. */
static struct file *next_of(const struct files *files, const struct files_share *share,
			    const struct unpacking *place)
{
	struct file *file;

	TAILQ_FOREACH (file, &share->packed, queue_link)
		if (may_have(files, place, file))
			return file;
	return NULL;
}

/* To the next source in the round that waits; it is its own then, before it has its turn. */
static void hand_on(struct files *files, struct unpacking *place, const struct source *source)
{
	size_t n = files->n_sources + 1;
	size_t own = (size_t)(files_share_of(files, source) - files->shares);

	place->file = NULL;
	for (size_t i = 1; i <= n && !place->file; i++)
		place->file = next_of(files, &files->shares[(own + i) % n], place);
	place->since_us = 0;
	if (place->file)
		files_ready(files, place->file);
}

/* Of sources other than `own`; NULL: of all. */
static bool any_wait(const struct files *files, const struct files_share *own)
{
	for (size_t i = 0; i <= files->n_sources; i++)
		if (&files->shares[i] != own && !TAILQ_EMPTY(&files->shares[i].packed))
			return true;
	return false;
}

/* Whether it has its place still. */
static bool stays(struct files *files, struct unpacking *place, uint64_t now_us)
{
	struct file *file = place->file;

	if (!place->since_us)
		place->since_us = now_us;
	if (now_us - place->since_us < GIVE_WAY_US << file->gave_way ||
	    !any_wait(files, files_share_of(files, file->source)))
		return true;
	file->gave_way += file->gave_way < TIMES_MAX;
	file->tail.packed = packed_free(file->tail.packed);
	hand_on(files, place, file->source);
	files_hold(files, file, FILE_WAITS_UNPACKER);
	return false;
}

/* A place that is free, else one whose file cannot read on; NULL: there is none. */
static struct unpacking *find_place(struct files *files, const struct file *file)
{
	struct unpacking *found = NULL;

	for (size_t i = 0; i < FILES_UNPACKING; i++) {
		struct unpacking *place = &files->unpacking[i];

		if (!may_have(files, place, file))
			continue;
		if (!place->file || (is_idle(place->file) && (!found || found->file)))
			found = place;
	}
	return found;
}

bool files_may_unpack(struct files *files, struct file *file, uint64_t now_us)
{
	struct unpacking *place;

	for (size_t i = 0; i < FILES_UNPACKING; i++)
		if (files->unpacking[i].file == file)
			return stays(files, &files->unpacking[i], now_us);
	place = find_place(files, file);
	if (!place) {
		files_hold(files, file, FILE_WAITS_UNPACKER);
		return false;
	}
	if (place->file)
		place->file->tail.packed = packed_free(place->file->tail.packed);
	*place = (struct unpacking){file, now_us};
	return true;
}

void files_unpacked(struct files *files, struct file *file)
{
	for (size_t i = 0; i < FILES_UNPACKING; i++) {
		if (files->unpacking[i].file != file ||
		    (file->tail.packed && !any_wait(files, NULL)))
			continue;
		file->tail.packed = packed_free(file->tail.packed);
		hand_on(files, &files->unpacking[i], file->source);
	}
}

struct file *files_judged_by(const struct files *files, const struct pack_judge *judge)
{
	void *cursor = NULL;
	struct file *file;

	while (judge->id && (file = map_next(files->by_inode, &cursor)))
		if (file->id == judge->id)
			return file;
	return NULL;
}

void files_hold_against(struct files *files, struct pack_judge *judge, struct file *known)
{
	struct file *before = files_judged_by(files, judge);

	if (before && before->compared)
		before->compared--;
	content_end(&judge->known);
	judge->by_chain = false;
	judge->same = 0;
	judge->id = known ? known->id : 0;
	if (known)
		known->compared++;
}

void files_end_judge(struct files *files, struct file *file)
{
	files->n_unjudged -= file->unjudged && file->tail.packing;
	file->unjudged = false;
	if (!file->judge)
		return;
	files_hold_against(files, file->judge, NULL);
	free(file->judge);
	file->judge = NULL;
}
