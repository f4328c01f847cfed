/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The demo needs a Kafka that is there in a second and gone with it, on any machine. librdkafka
 * carries a mock cluster; it runs in a process of its own, so that the agent of the demo is the
 * real one over a real connection, and that process ends when its parent does, because standard
 * input then ends.
 *
 * The reader assigns all partitions itself: a group would cost seconds of joining. The mock holds
 * back an empty fetch for the whole time it may, so that time is short.
 */
#include "cmd/demo/embedded.h"

#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <unistd.h>

static int create_topics(rd_kafka_mock_cluster_t *cluster, const struct embedded_topic *topics,
			 size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (rd_kafka_mock_topic_create(cluster, topics[i].name, topics[i].partitions, 1))
			return -EIO;
	}
	return 0;
}

/* Until the other side of standard input is closed, whatever it writes. */
static void wait_for_end(void)
{
	char ignored[64];
	ssize_t n;

	do {
		n = read(STDIN_FILENO, ignored, sizeof ignored);
	} while (n > 0 || (n < 0 && errno == EINTR));
}

int embedded_broker(const struct embedded_topic *topics, size_t n_topics)
{
	char message[256];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_mock_cluster_t *cluster;
	rd_kafka_t *rk;
	int r;

	/* Warnings about the missing bootstrap.servers are of no interest. */
	rd_kafka_conf_set(conf, "log_level", "3", message, sizeof message);
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, message, sizeof message);
	if (!rk) {
		rd_kafka_conf_destroy(conf);
		return -EIO;
	}
	cluster = rd_kafka_mock_cluster_new(rk, 1);
	r = cluster ? create_topics(cluster, topics, n_topics) : -EIO;
	if (r == 0) {
		printf("bootstrap.servers=%s\n", rd_kafka_mock_cluster_bootstraps(cluster));
		fflush(stdout);
		wait_for_end();
	}
	if (cluster)
		rd_kafka_mock_cluster_destroy(cluster);
	rd_kafka_destroy(rk);
	return r;
}
