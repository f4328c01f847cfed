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
#include "output/embedded.h"

#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TIMEOUT_MS 10000

struct embedded_reader {
	rd_kafka_t *rk;
	rd_kafka_message_t *message; /* of the last record */
};

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

static rd_kafka_t *new_consumer(const char *bootstrap_servers)
{
	static const char *const settings[][2] = {
		{"group.id", "waybill-demo"},
		{"enable.auto.commit", "false"},
		{"enable.auto.offset.store", "false"},
		{"fetch.wait.max.ms", "10"},
		{"log_level", "0"},
	};
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_t *rk = NULL;
	char message[256];
	bool good = rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap_servers, message,
				      sizeof message) == RD_KAFKA_CONF_OK;

	for (size_t i = 0; i < ARRAY_LEN(settings) && good; i++)
		good = rd_kafka_conf_set(conf, settings[i][0], settings[i][1], message,
					 sizeof message) == RD_KAFKA_CONF_OK;
	if (good)
		rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, message, sizeof message);
	if (!rk)
		rd_kafka_conf_destroy(conf);
	return rk;
}

/* Adds all partitions of one topic, from the beginning. */
static int add_partitions(rd_kafka_t *rk, const char *name, rd_kafka_topic_partition_list_t *list)
{
	rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, name, NULL);
	const rd_kafka_metadata_t *metadata;
	int r = 0;

	if (!topic || rd_kafka_metadata(rk, 0, topic, &metadata, TIMEOUT_MS)) {
		r = -EIO;
		goto out;
	}
	for (int i = 0; metadata->topic_cnt && i < metadata->topics[0].partition_cnt; i++)
		rd_kafka_topic_partition_list_add(list, name, i)->offset =
			RD_KAFKA_OFFSET_BEGINNING;
	rd_kafka_metadata_destroy(metadata);
out:
	if (topic)
		rd_kafka_topic_destroy(topic);
	return r;
}

static void cleanup_reader(struct embedded_reader **reader)
{
	embedded_reader_free(*reader);
}

int embedded_reader_new(const char *bootstrap_servers, const char *const *topics, size_t n_topics,
			struct embedded_reader **ret_reader)
{
	CLEANUP(cleanup_reader) struct embedded_reader *reader = calloc(1, sizeof *reader);
	rd_kafka_topic_partition_list_t *list;
	int r = 0;

	if (!reader)
		return -ENOMEM;
	reader->rk = new_consumer(bootstrap_servers);
	if (!reader->rk)
		return -EIO;
	rd_kafka_poll_set_consumer(reader->rk);
	list = rd_kafka_topic_partition_list_new(8);
	for (size_t i = 0; i < n_topics && r == 0; i++)
		r = add_partitions(reader->rk, topics[i], list);
	if (r == 0 && rd_kafka_assign(reader->rk, list))
		r = -EIO;
	rd_kafka_topic_partition_list_destroy(list);
	if (r)
		return r;
	*ret_reader = reader;
	reader = NULL;
	return 0;
}

static void take_headers(const rd_kafka_message_t *message, struct embedded_record *ret)
{
	rd_kafka_headers_t *headers;
	const char *name;
	const void *value;
	size_t len;

	if (rd_kafka_message_headers(message, &headers))
		return;
	while (ret->n_headers < RECORD_HEADERS_MAX &&
	       rd_kafka_header_get_all(headers, ret->n_headers, &name, &value, &len) == 0) {
		ret->headers[ret->n_headers].name = slice_of(name);
		ret->headers[ret->n_headers++].value = (struct slice){value, len};
	}
}

int embedded_read(struct embedded_reader *reader, int timeout_ms,
		  struct embedded_record *ret_record)
{
	rd_kafka_message_t *m = rd_kafka_consumer_poll(reader->rk, timeout_ms);
	rd_kafka_timestamp_type_t type;

	if (!m)
		return EMBEDDED_E_NONE;
	if (reader->message)
		rd_kafka_message_destroy(reader->message);
	reader->message = m;
	if (m->err)
		return EMBEDDED_E_NONE;
	*ret_record = (struct embedded_record){
		.topic = rd_kafka_topic_name(m->rkt),
		.partition = m->partition,
		.offset = m->offset,
		.timestamp_ms = rd_kafka_message_timestamp(m, &type),
		.key = {m->key, m->key_len},
		.value = {m->payload, m->len},
	};
	take_headers(m, ret_record);
	return 0;
}

struct embedded_reader *embedded_reader_free(struct embedded_reader *reader)
{
	if (!reader)
		return NULL;
	if (reader->message)
		rd_kafka_message_destroy(reader->message);
	if (reader->rk) {
		rd_kafka_consumer_close(reader->rk);
		rd_kafka_destroy(reader->rk);
	}
	free(reader);
	return NULL;
}
