/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHECKPOINT_KEPT_TOPICS_H
#define CHECKPOINT_KEPT_TOPICS_H

#include "output/output.h"
#include "state/store.h"

/* What the state remembers of topics, and whether it is what the output goes by. */
struct kept_topics {
	const char *const *names; /* borrowed, as `output` */
	size_t n;
	const struct output *output;
	uint32_t *stored;    /* partitions of each, as the state has it; 0: not */
	uint32_t *under_way; /* of the batch under way; 0: nothing of that topic */
};

/*
 * Takes what the store has of these topics; names are borrowed. before, or one of them, may be
 * NULL: a name that a topic had before, which counts where the store has none of its present one.
 * There is no output yet, which may want to know. 0, -ENOMEM, -EIO; in any case fit for
 * kept_topics_deinit.
 */
int kept_topics_init(struct kept_topics *kept, const char *const *names, const char *const *before,
		     size_t n, struct store *store) MUSTCHECK;

/*
 * There are so many by now: those that came stand behind the others in the list of names. No batch
 * is under way, and nobody writes to the store. 0, -ENOMEM, -EIO.
 */
int kept_topics_take(struct kept_topics *kept, size_t n, struct store *store) MUSTCHECK;
void kept_topics_deinit(struct kept_topics *kept);

/* Whether the output goes by another number than is stored. */
bool kept_topics_due(const struct kept_topics *kept);

/* Those that are due, into room for kept->n; returns their number. */
size_t kept_topics_fill(struct kept_topics *kept, struct store_topic *ret_topics);

/* The batch with them has ended. */
void kept_topics_done(struct kept_topics *kept, bool written);

#endif
