/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A topic that grew while no agent ran is no other than one that grew under it: its keys go to
 * other partitions. So the number that keys go by is in the state, in the transactions of the
 * checkpoints.
 */
#include "checkpoint/kept_topics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What is looked for: names may be NULL, for nothing. */
struct wanted {
	const char *const *names;
	struct kept_topics *kept;
};

static void see(void *context, const struct store_topic *topic)
{
	const struct wanted *wanted = context;

	for (size_t i = 0; i < wanted->kept->n; i++) {
		if (wanted->names[i] && strcmp(wanted->names[i], topic->name) == 0)
			wanted->kept->stored[i] = topic->partitions;
	}
}

int kept_topics_init(struct kept_topics *kept, const char *const *names, const char *const *before,
		     size_t n, struct store *store)
{
	struct wanted now = {names, kept}, then = {before, kept};
	int r = 0;

	*kept = (struct kept_topics){
		.names = names,
		.n = n,
		.stored = calloc(n + 1, sizeof *kept->stored),
		.under_way = calloc(n + 1, sizeof *kept->under_way),
	};
	if (!kept->stored || !kept->under_way)
		return -ENOMEM;
	if (before)
		r = store_topics(store, see, &then);
	return r ? r : store_topics(store, see, &now);
}

/* Room for n; what is new is zero. 0 or -ENOMEM. */
static int grow(uint32_t **list, size_t before, size_t n)
{
	uint32_t *grown = reallocarray(*list, n + 1, sizeof *grown);

	if (!grown)
		return -ENOMEM;
	memset(grown + before, 0, (n + 1 - before) * sizeof *grown);
	*list = grown;
	return 0;
}

int kept_topics_take(struct kept_topics *kept, size_t n, struct store *store)
{
	struct wanted wanted = {kept->names, kept};
	int r = grow(&kept->stored, kept->n, n);

	if (!r)
		r = grow(&kept->under_way, kept->n, n);
	if (r || n == kept->n)
		return r;
	/* Of those before the store has what we have of it. */
	kept->n = n;
	return store_topics(store, see, &wanted);
}

void kept_topics_deinit(struct kept_topics *kept)
{
	free(kept->stored);
	free(kept->under_way);
	*kept = (struct kept_topics){0};
}

/* The number that is to be stored of the topic; 0: none. */
static uint32_t due(const struct kept_topics *kept, size_t i)
{
	struct output_topic topic;

	if (!kept->output || !output_topic(kept->output, i, &topic))
		return 0;
	return topic.n_kept != kept->stored[i] ? topic.n_kept : 0;
}

bool kept_topics_due(const struct kept_topics *kept)
{
	for (size_t i = 0; i < kept->n; i++) {
		if (due(kept, i))
			return true;
	}
	return false;
}

size_t kept_topics_fill(struct kept_topics *kept, struct store_topic *ret_topics)
{
	size_t n = 0;

	for (size_t i = 0; i < kept->n; i++) {
		kept->under_way[i] = due(kept, i);
		if (kept->under_way[i])
			ret_topics[n++] = (struct store_topic){kept->names[i], kept->under_way[i]};
	}
	return n;
}

void kept_topics_done(struct kept_topics *kept, bool written)
{
	for (size_t i = 0; i < kept->n; i++) {
		if (written && kept->under_way[i])
			kept->stored[i] = kept->under_way[i];
		kept->under_way[i] = 0;
	}
}
