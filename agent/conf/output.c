/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From struct conf to the options of the Kafka output. A file of its own and not a part of the
 * agent's start, because check asks the brokers with the same options and makes no agent.
 */
#include "conf/output.h"

#include <string.h>

#include "base/clock.h"

void conf_kafka_options(const struct conf *conf, struct kafka_options *ret_options)
{
	struct kafka_options options = {
		.props = conf->props,
		.n_props = conf->n_props,
		.login = conf->login,
		.topics = (const char *const *)conf->topics,
		.n_topics = conf->n_topics,
		.partitioners = conf->topic_partitioners,
		.topic_settings = conf->topic_settings,
		.on_change = conf->on_partition_change,
		.linger_us = conf->linger_ms * US_PER_MS,
		.library_linger = conf->library_linger,
		.queue_records = KAFKA_QUEUE_RECORDS,
		.queue_bytes = KAFKA_QUEUE_BYTES,
		.stall_us = conf->stall_timeout_ms * US_PER_MS,
	};

	for (size_t i = 0; i < conf->n_sources; i++)
		if (source_longest(&conf->sources[i]) > options.max_line)
			options.max_line = source_longest(&conf->sources[i]);
	*ret_options = options;
}

const char *conf_kafka_value(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->n_props; i++) {
		if (strcmp(conf->props[i].name, name) == 0)
			return conf->props[i].value;
	}
	return NULL;
}

const char *conf_topic_acks(const struct conf *conf, size_t topic)
{
	const char *acks = conf->topic_settings[topic].acks;

	if (!*acks)
		acks = conf_kafka_value(conf, "acks");
	return acks && strcmp(acks, "-1") != 0 ? acks : "all";
}
