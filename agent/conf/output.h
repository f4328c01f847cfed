/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_OUTPUT_H
#define CONF_OUTPUT_H

#include "client/options.h"
#include "conf/conf.h"

/* What a configuration says to the Kafka output; run and check must not differ in it. */

/* Bytes of the longest line that may be sent to the cluster of that index. */
size_t conf_longest_line(const struct conf *conf, size_t cluster);

/* Of one cluster of conf. Names, values and topics in *ret_options are borrowed from both. */
void conf_kafka_options(const struct conf *conf, const struct cluster *cluster,
			struct kafka_options *ret_options);

/* The cluster that a topic of conf is of. */
const struct cluster *conf_topic_cluster(const struct conf *conf, size_t topic);

/* Whether nothing goes to a topic of conf any more, since a reload: it is not told of. */
bool conf_topic_is_unused(const struct conf *conf, size_t topic);

/* What a topic of conf is called: "TOPIC", or "CLUSTER/TOPIC" where there are several clusters. */
const char *conf_topic_name(const struct conf *conf, size_t topic);

/*
 * The topic of that name, or that conf_topic_name gives; n_topics: there is none, or in several
 * clusters, which *ret_several says. `source`: the name of the one whose cluster is meant; NULL, or
 * that of none: any.
 */
size_t conf_find_topic(const struct conf *conf, const char *source, const char *name,
		       bool *ret_several);

/* "all", "1" or "0": what an acknowledgement of this topic is worth. */
const char *conf_topic_acks(const struct conf *conf, size_t topic);

#endif
