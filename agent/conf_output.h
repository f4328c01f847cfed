/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_OUTPUT_H
#define CONF_OUTPUT_H

#include "conf.h"
#include "output/options.h"

/* What a configuration says to the Kafka output; run and check must not differ in it. */

/* Names, values and topics in *ret_options are borrowed from conf. */
void conf_kafka_options(const struct conf *conf, struct kafka_options *ret_options);

#endif
