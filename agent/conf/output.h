/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_OUTPUT_H
#define CONF_OUTPUT_H

#include "client/options.h"
#include "conf/conf.h"

/* What a configuration says to the Kafka output; run and check must not differ in it. */

/* Names, values and topics in *ret_options are borrowed from conf. */
void conf_kafka_options(const struct conf *conf, struct kafka_options *ret_options);

/* What the kafka block says of a property (name with dots), or NULL; borrowed from conf. */
const char *conf_kafka_value(const struct conf *conf, const char *name);

/* "all", "1" or "0": what an acknowledgement of this topic is worth. */
const char *conf_topic_acks(const struct conf *conf, size_t topic);

#endif
