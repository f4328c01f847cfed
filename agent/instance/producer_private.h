/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INSTANCE_PRODUCER_PRIVATE_H
#define INSTANCE_PRODUCER_PRIVATE_H

#include <librdkafka/rdkafka.h>

#include "client/callbacks.h"
#include "client/header_lists.h"
#include "instance/producer.h"

/* Shared by producer.c (its life, sending) and producer_reports.c (what comes back). */

struct producer {
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	rd_kafka_event_t *event; /* partly handed out, or news not yet taken */
	rd_kafka_topic_t **topics;
	size_t n_topics;
	struct header_lists headers;
	size_t batch_bytes;
	bool tell_timestamps;
	bool tells_statistics;
	bool in_batch;   /* of `event`: its first report was taken */
	bool unnumbered; /* it names no offsets */
	struct callbacks callbacks;
};

#endif
