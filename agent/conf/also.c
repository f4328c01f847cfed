/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other places that each line of a source goes to. What one of them does not name it takes from
 * the source, so it is built as the source is, over the source's values: what is said of a topic,
 * a key or a header is judged the same, wherever it stands. Fields and rules are the source's.
 *
 * A branch is known in the state by its cluster and its topic as it is written here; so no two may
 * go to the same one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "conf/build.h"

/* By where it goes. */
static uint64_t id_of(const struct source_build *s)
{
	const char *cluster = s->build->conf->clusters[s->cluster].name;
	const char *topic = s->values.of[CONF_TOPIC].text;

	return hash_bytes(cluster, strlen(cluster)) * 31 + hash_bytes(topic, strlen(topic));
}

/* What one setting replaces of the source's, another one means. */
static void forget(struct source_build *s, const char *named, enum conf_key key)
{
	if (conf_node_find(s->group, named) && !conf_node_find(s->group, conf_options()[key].name))
		s->values.of[key] = (struct conf_value){0};
}

static void check_id(struct source_build *s, unsigned branch)
{
	const uint64_t *ids = s->source->branch_ids;
	unsigned k = 0;

	while (ids[k] != ids[branch])
		k++;
	if (k < branch)
		conf_problem(s->build->problems, s->group->place,
			     "%sthe line goes to topic \"%.64s\" already", s->label,
			     s->values.of[CONF_TOPIC].text);
}

/* s has the values of the source. 0 or -ENOMEM. */
static int build_branch(struct source_build *s, unsigned branch)
{
	struct source_branch *also = &s->source->also[branch - 1];
	int r = 0;

	conf_values_read(&s->values, s->group, CONF_IN_ALSO, s->label, s->build->problems);
	forget(s, "topic", CONF_TOPICS);
	forget(s, "topic", CONF_TOPIC_FALLBACK);
	forget(s, "value", CONF_JSON);
	forget(s, "json", CONF_VALUE);
	s->cluster = conf_find_cluster(s->build, &s->values.of[CONF_CLUSTER], s->label);
	also->cluster = s->cluster;
	if (conf_node_find(s->group, "topic_config") || s->cluster != s->source->cluster)
		r = conf_source_topic_config(s);
	if (r == 0 && conf_node_find(s->group, "partitioner"))
		r = conf_source_partitioner(s);
	if (r == 0 && s->values.of[CONF_TOPIC].text) {
		s->source->branch_ids[branch] = id_of(s);
		check_id(s, branch);
		r = conf_build_route(s, true, &also->route);
	}
	return r;
}

/* What a branch has of its own; fields are numbered for all of them. */
static void restore(struct source_build *s, const struct source_build *own)
{
	s->group = own->group;
	s->cluster = own->cluster;
	s->values = own->values;
	s->partitioner = own->partitioner;
	s->topic_settings = own->topic_settings;
	memcpy(s->label, own->label, sizeof s->label);
}

int conf_build_also(struct source_build *s)
{
	const struct conf_node *list = s->values.of[CONF_ALSO].node;
	size_t n = list ? list->n_kids : 0;
	const struct source_build own = *s;
	int r = 0;

	if (s->values.of[CONF_TOPIC].text)
		s->source->branch_ids[0] = id_of(s);
	if (n > BRANCHES_MAX - 1) {
		conf_problem(s->build->problems, list->place, "%salso must have at most %d groups",
			     s->label, BRANCHES_MAX - 1);
		n = 0;
	}
	/* A route that was not made stops the load. */
	s->source->also = n ? calloc(n, sizeof *s->source->also) : NULL;
	if (n && !s->source->also)
		return -ENOMEM;
	for (size_t i = 0; i < n && r == 0; i++) {
		s->group = list->kids[i];
		s->source->n_also++;
		snprintf(s->label + strlen(s->label), sizeof s->label - strlen(s->label),
			 "also %zu: ", i + 1);
		r = build_branch(s, (unsigned)i + 1);
		restore(s, &own);
	}
	return r;
}
