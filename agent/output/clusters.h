/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUT_CLUSTERS_H
#define OUTPUT_CLUSTERS_H

#include <stddef.h>
#include <stdint.h>

#include "output/output.h"

/* One of several outputs that are seen as one. */
struct clusters_part {
	struct output *output;
	const char *name;       /* what remarks and views call it; borrowed, as topics */
	const uint32_t *topics; /* of each of its own topics: the index in the whole */
	size_t n_topics;
};

/*
 * Several outputs as one, whose topics are those of all. One that is full is OUTPUT_E_HOLD, and
 * output_is_spent of those whose share names it (output_share.part), so the others go on; FULL is
 * only what all of them are. n_topics: of all. 0: *ret_output, and the outputs, which are freed
 * with it. -ENOMEM or another errno: they stay the caller's.
 */
int clusters_new(const struct clusters_part *parts, size_t n, size_t n_topics,
		 struct output **ret_output) MUSTCHECK;

/*
 * The part of that index has so many topics by now, and the whole n_all: new ones stand behind the
 * others, also in the list that clusters_new was given. 0 or -ENOMEM.
 */
int clusters_take_topics(struct output *output, size_t part, size_t n_topics, size_t n_all)
	MUSTCHECK;

#endif
