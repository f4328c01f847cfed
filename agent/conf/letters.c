/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The topics to which dead letters go. They join the list behind those of all sources: one that a
 * source sends lines to is what that says of it, and of one that takes dead letters alone nothing
 * is to be said, so that it cannot contradict another source's partitioner.
 */
#include <string.h>

#include "conf/build.h"

static int build_topic(struct conf_build *build, struct source *source,
		       const struct conf_letters *letters)
{
	const char *fault = conf_topic_fault(letters->topic, strlen(letters->topic));
	int r;

	if (fault) {
		conf_problem(build->problems, letters->place, "dead_letter_topic \"%.249s\" %s",
			     letters->topic, fault);
		return 0;
	}
	r = conf_intern_topic(build->conf, source->cluster, letters->topic, strlen(letters->topic),
			      &source->letter_topic);
	return r ? r : conf_claim_letters(build, source->letter_topic, letters);
}

int conf_build_letters(struct conf_build *build)
{
	struct conf *conf = build->conf;
	int r = 0;

	for (size_t i = 0; i < conf->n_sources && r == 0; i++) {
		if (build->letters[i].topic)
			r = build_topic(build, &conf->sources[i], &build->letters[i]);
	}
	return r;
}
