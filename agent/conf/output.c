/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From struct conf to the options of the Kafka output. A file of its own and not a part of the
 * agent's start, because check asks the brokers with the same options and makes no agent.
 */
#include "conf/output.h"

#include <string.h>

#include "base/clock.h"

size_t conf_longest_line(const struct conf *conf, size_t cluster)
{
	size_t longest = 0;

	for (size_t i = 0; i < conf->n_sources; i++) {
		const struct source *source = &conf->sources[i];

		for (unsigned k = 0; k <= source->n_also; k++) {
			if (source_cluster(source, k) == cluster &&
			    source_longest(source) > longest)
				longest = source_longest(source);
		}
	}
	return longest;
}

void conf_kafka_options(const struct conf *conf, const struct cluster *cluster,
			struct kafka_options *ret_options)
{
	struct kafka_options options = {
		.props = cluster->props,
		.n_props = cluster->n_props,
		.login = cluster->login,
		.topics = cluster->topics,
		.n_topics = cluster->n_topics,
		.max_topics = conf->max_topics,
		.partitioners = cluster->partitioners,
		.topic_settings = cluster->topic_settings,
		.plans = cluster->plans,
		.on_change = conf->on_partition_change,
		.linger_us = conf->linger_ms * US_PER_MS,
		.library_linger = conf->library_linger,
		.queue_records = KAFKA_QUEUE_RECORDS,
		.queue_bytes = KAFKA_QUEUE_BYTES,
		.max_line = conf_longest_line(conf, (size_t)(cluster - conf->clusters)),
		.stall_us = conf->stall_timeout_ms * US_PER_MS,
	};

	*ret_options = options;
}

const struct cluster *conf_topic_cluster(const struct conf *conf, size_t topic)
{
	return &conf->clusters[conf->topic_clusters[topic]];
}

bool conf_topic_is_unused(const struct conf *conf, size_t topic)
{
	return conf->topic_settings && conf->topic_settings[topic].unused;
}

const char *conf_topic_name(const struct conf *conf, size_t topic)
{
	return conf->n_clusters > 1 ? conf->topic_keys[topic] : conf->topics[topic];
}

/* n_clusters: there is no such source. */
static size_t cluster_of_source(const struct conf *conf, const char *source)
{
	for (size_t i = 0; source && i < conf->n_sources; i++) {
		if (strcmp(conf->sources[i].name, source) == 0)
			return conf->sources[i].cluster;
	}
	return conf->n_clusters;
}

size_t conf_find_topic(const struct conf *conf, const char *source, const char *name,
		       bool *ret_several)
{
	size_t cluster = cluster_of_source(conf, source), found = conf->n_topics, n = 0;

	for (size_t i = 0; name && i < conf->n_topics; i++) {
		bool own = cluster == conf->n_clusters || conf->topic_clusters[i] == cluster;

		/* One that is named with its cluster may be of any. */
		if (!(own && strcmp(conf->topics[i], name) == 0) &&
		    !((own || strchr(name, '/')) && strcmp(conf_topic_name(conf, i), name) == 0))
			continue;
		found = i;
		n++;
	}
	*ret_several = n > 1;
	return n == 1 ? found : conf->n_topics;
}

const char *conf_topic_acks(const struct conf *conf, size_t topic)
{
	const char *acks = conf->topic_settings[topic].acks;

	if (!*acks)
		acks = cluster_value(conf_topic_cluster(conf, topic), "acks");
	return acks && strcmp(acks, "-1") != 0 ? acks : "all";
}
