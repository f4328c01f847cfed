/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A topic that came keeps its number for as long as the process lives, and so its place in the
 * producer, also when nothing goes there any more: to Kafka a producer that forgot a topic and took
 * it up again would begin anew with its numbers, and what it sends then would be taken for what was
 * sent before. So there is an end of the room, and a restart in place behind it; of a topic that is
 * not used nobody is told.
 *
 * The lists are as long as they can become from the beginning on: who has them need not be told.
 */
#include "change/live_topics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int make_lists(struct conf *conf, size_t room)
{
	conf->topics = calloc(room, sizeof *conf->topics);
	conf->topic_keys = calloc(room, sizeof *conf->topic_keys);
	conf->topic_clusters = calloc(room, sizeof *conf->topic_clusters);
	conf->cluster_names = calloc(room, sizeof *conf->cluster_names);
	conf->topic_settings = calloc(room, sizeof *conf->topic_settings);
	conf->topic_partitioners = calloc(room, sizeof *conf->topic_partitioners);
	conf->plans = calloc(room, sizeof *conf->plans);
	conf->n_topics = 0;
	return conf->topics && conf->topic_keys && conf->topic_clusters && conf->cluster_names &&
			       conf->topic_settings && conf->topic_partitioners && conf->plans ?
		       0 :
		       -ENOMEM;
}

static int make_lists_of(struct cluster *cluster, size_t room)
{
	cluster->n_topics = 0;
	cluster->numbers = calloc(room, sizeof *cluster->numbers);
	cluster->topics = calloc(room, sizeof *cluster->topics);
	cluster->partitioners = calloc(room, sizeof *cluster->partitioners);
	cluster->topic_settings = calloc(room, sizeof *cluster->topic_settings);
	cluster->plans = calloc(room, sizeof *cluster->plans);
	return cluster->numbers && cluster->topics && cluster->partitioners &&
			       cluster->topic_settings && cluster->plans ?
		       0 :
		       -ENOMEM;
}

/* The cluster's own of what was just put at the end of all. */
static void add_to_cluster(struct conf *conf, struct cluster *cluster)
{
	size_t number = conf->n_topics, n = cluster->n_topics++;

	cluster->numbers[n] = (uint32_t)number;
	cluster->topics[n] = conf->topics[number];
	cluster->partitioners[n] = conf->topic_partitioners[number];
	cluster->topic_settings[n] = conf->topic_settings[number];
	cluster->plans[n] = conf->plans[number];
}

/* Puts a topic of `from` behind the others. 0 or -ENOMEM. */
static int add(struct live_topics *topics, struct conf *conf, struct conf *from, size_t index)
{
	size_t number = conf->n_topics;
	struct cluster *cluster = &conf->clusters[from->topic_clusters[index]];

	conf->topics[number] = strdup(from->topics[index]);
	conf->topic_keys[number] = strdup(from->topic_keys[index]);
	if (!conf->topics[number] || !conf->topic_keys[number]) {
		free(conf->topics[number]);
		free(conf->topic_keys[number]);
		return -ENOMEM;
	}
	conf->topic_clusters[number] = from->topic_clusters[index];
	conf->cluster_names[number] = cluster->name;
	conf->topic_settings[number] = from->topic_settings[index];
	conf->topic_partitioners[number] = from->topic_partitioners[index];
	if (from->plans)
		conf->plans[number] = from->plans[index];
	/* Most have neither, and no configuration is kept for their sake. */
	if (conf->topic_partitioners[number] != partitioner_default() ||
	    conf->plans[number].n_config)
		topics->owners[number] = conf_ref(from);
	else
		conf->plans[number].config = NULL;
	add_to_cluster(conf, cluster);
	conf->n_topics++;
	return 0;
}

int live_topics_init(struct live_topics *topics, struct conf *conf, struct conf *base)
{
	size_t room = base->n_topics + TOPICS_SPARE;
	struct cluster *clusters = calloc(base->n_clusters, sizeof *clusters);
	int r = make_lists(conf, room);

	conf->max_topics = room;
	conf->clusters = clusters;
	conf->n_clusters = 0;
	topics->owners = calloc(room, sizeof(struct conf *));
	if (!clusters || !topics->owners)
		return -ENOMEM;
	for (; conf->n_clusters < base->n_clusters && !r; conf->n_clusters++) {
		clusters[conf->n_clusters] = base->clusters[conf->n_clusters];
		r = make_lists_of(&clusters[conf->n_clusters], room);
	}
	for (size_t i = 0; i < base->n_topics && !r; i++)
		r = add(topics, conf, base, i);
	return r;
}

void live_topics_deinit(struct live_topics *topics, struct conf *conf)
{
	for (size_t i = 0; i < conf->n_topics; i++) {
		free(conf->topics[i]);
		free(conf->topic_keys[i]);
		conf_unref(topics->owners[i]);
	}
	for (size_t i = 0; i < conf->n_clusters; i++) {
		free(conf->clusters[i].numbers);
		free(conf->clusters[i].topics);
		free(conf->clusters[i].partitioners);
		free(conf->clusters[i].topic_settings);
		free(conf->clusters[i].plans);
	}
	free(conf->clusters);
	free(conf->topics);
	free(conf->topic_keys);
	free(conf->topic_clusters);
	free(conf->cluster_names);
	free(conf->topic_settings);
	free(conf->topic_partitioners);
	free(conf->plans);
	free(topics->owners);
}

int live_topics_take(struct live_topics *topics, struct conf *conf, struct conf *next,
		     const struct plan *plan)
{
	int r = 0;

	/* The plan has numbered them in this order. */
	for (size_t i = 0; i < next->n_topics && !r; i++) {
		if (plan->topics[i] >= conf->n_topics)
			r = add(topics, conf, next, i);
	}
	return r;
}

/* ---- what goes there ---- */

static void see_lines(struct conf *conf, const struct route *route)
{
	size_t n;
	const uint32_t *numbers = route_topics(route, &n);

	for (size_t i = 0; i < n; i++) {
		conf->topic_settings[numbers[i]].letters = false;
		conf->topic_settings[numbers[i]].unused = false;
	}
}

static void see_source(struct conf *conf, const struct source *source)
{
	for (unsigned k = 0; k <= source->n_also; k++)
		see_lines(conf, source_route(source, k));
	if (source->letter_topic != SOURCE_NO_TOPIC)
		conf->topic_settings[source->letter_topic].unused = false;
}

void live_topics_see_use(struct conf *conf)
{
	for (size_t i = 0; i < conf->n_topics; i++)
		conf->topic_settings[i].letters = conf->topic_settings[i].unused = true;
	for (size_t i = 0; i < conf->n_sources; i++) {
		if (!conf->sources[i].gone)
			see_source(conf, &conf->sources[i]);
	}
	for (size_t i = 0; i < conf->n_clusters; i++) {
		struct cluster *cluster = &conf->clusters[i];

		for (size_t k = 0; k < cluster->n_topics; k++)
			cluster->topic_settings[k] = conf->topic_settings[cluster->numbers[k]];
	}
}
