/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that files use is counted by source, and given out by one rule: whoever holds more
 * than three times what is left takes no more until some of his own comes back. So nobody has to
 * say beforehand what he will need, a source that is alone in its zeal has three quarters, and one
 * that comes late always finds something. Turns go around by source first and by file then: a
 * thousand files of one source are worth one of another.
 * Of the queue of records the output says when a source has its share (output/share.h): it has no
 * turns then, until some of its records were reported.
 *
 * Rejected: an equal part for each, which is little with many sources and lies idle with most of
 * them; what is closed or given back on demand is not enough, because lines under way can be
 * neither.
 */
#include <errno.h>
#include <stdlib.h>

#include "files/files.h"

void files_see_clusters(struct files *files, size_t index)
{
	const struct source *source = &files->sources[index];

	for (unsigned k = 0; k <= source->n_also; k++)
		files->shares[index].under_way[k].part = source_cluster(source, k);
}

int files_init_shares(struct files *files)
{
	files->shares = calloc(files->n_sources + SOURCES_SPARE + 1, sizeof files->shares[0]);
	if (!files->shares)
		return -ENOMEM;
	TAILQ_INIT(&files->ready);
	for (size_t i = 0; i <= files->n_sources + SOURCES_SPARE; i++) {
		TAILQ_INIT(&files->shares[i].ready);
		TAILQ_INIT(&files->shares[i].room);
		TAILQ_INIT(&files->shares[i].packed);
		TAILQ_INIT(&files->shares[i].letters);
		TAILQ_INIT(&files->shares[i].open);
		if (i < files->n_sources)
			files_see_clusters(files, i);
	}
	return 0;
}

/* As long as its source was the only one, which sent to one cluster, nothing was counted. */
static void begin_shares(struct files *files)
{
	void *cursor = NULL;
	struct file *file;

	while ((file = map_next(files->by_inode, &cursor))) {
		files_give_share(files, file);
		file->under_way->records += file->account.in_flight;
	}
}

void files_add_source(struct files *files)
{
	files_see_clusters(files, files->n_sources++);
	if (files->n_sources == 2)
		begin_shares(files);
}

void files_halt(struct files *files, size_t source, bool halted)
{
	files->shares[source].halted = halted;
	files_turn(files, &files->shares[source]);
}

struct files_share *files_share_of(const struct files *files, const struct source *source)
{
	size_t index = ((uintptr_t)source - (uintptr_t)files->sources) / sizeof *source;

	return &files->shares[index < files->n_sources ? index : files->n_sources];
}

void files_give_share(struct files *files, struct file *file)
{
	struct files_share *share = files_share_of(files, file->source);

	if (files->n_sources < 2)
		return;
	file->account.share = &share->memory;
	file->under_way = share->under_way;
}

void files_pause(struct files *files, const struct source *source)
{
	struct files_share *share = files_share_of(files, source);

	files->n_spent += !share->spent;
	share->spent = true;
	files_turn(files, share);
}

void files_resume(struct files *files, struct files_share *share)
{
	files->n_spent -= share->spent;
	share->spent = false;
	files_turn(files, share);
}

void files_turn(struct files *files, struct files_share *share)
{
	bool wants =
		!TAILQ_EMPTY(&share->ready) && !share->spent && !share->paced && !share->halted;

	if (wants && !share->in_turn)
		TAILQ_INSERT_TAIL(&files->ready, share, turn_link);
	else if (!wants && share->in_turn)
		TAILQ_REMOVE(&files->ready, share, turn_link);
	share->in_turn = wants;
}

struct file *files_next_ready(struct files *files)
{
	struct files_share *share = TAILQ_FIRST(&files->ready);

	if (!share)
		return NULL;
	TAILQ_REMOVE(&files->ready, share, turn_link);
	TAILQ_INSERT_TAIL(&files->ready, share, turn_link);
	return TAILQ_FIRST(&share->ready);
}
