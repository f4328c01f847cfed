/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other end of the pipe, for the demo: what it says of delivery is what comes out here, not
 * what the agent believes.
 *
 * All partitions are assigned by hand: a group would cost seconds of joining. The mock holds back
 * an empty fetch for the whole time it may, so that time is short. Nothing here blocks for longer
 * than it is told to, so that the caller can look at its signals in between.
 */
#include "cmd/demo/consumer.h"

#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>

struct consumer {
	rd_kafka_t *rk;
	rd_kafka_message_t *message; /* of the last record */
	rd_kafka_queue_t *answers;   /* NULL: the topics were not asked for */
	const char *const *topics;
	size_t n_topics;
	int partitions; /* of each */
	char why[256];
};

static rd_kafka_t *new_handle(const char *bootstrap_servers)
{
	static const char *const settings[][2] = {
		{"group.id", "waybill-demo"},          {"enable.auto.commit", "false"},
		{"enable.auto.offset.store", "false"}, {"enable.partition.eof", "true"},
		{"fetch.wait.max.ms", "10"},           {"log_level", "0"},
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

int consumer_new(const char *bootstrap_servers, const char *const *topics, size_t n_topics,
		 int partitions, struct consumer **ret_consumer)
{
	struct consumer *consumer = calloc(1, sizeof *consumer);

	if (!consumer)
		return -ENOMEM;
	consumer->topics = topics;
	consumer->n_topics = n_topics;
	consumer->partitions = partitions;
	consumer->rk = new_handle(bootstrap_servers);
	if (!consumer->rk) {
		free(consumer);
		return -EINVAL;
	}
	rd_kafka_poll_set_consumer(consumer->rk);
	*ret_consumer = consumer;
	return 0;
}

static int ask_for_topics(struct consumer *consumer)
{
	rd_kafka_NewTopic_t **topics = calloc(consumer->n_topics, sizeof(rd_kafka_NewTopic_t *));
	size_t n = 0;
	int r = topics ? 0 : -ENOMEM;

	while (r == 0 && n < consumer->n_topics) {
		topics[n] = rd_kafka_NewTopic_new(consumer->topics[n], consumer->partitions, -1,
						  consumer->why, sizeof consumer->why);
		if (!topics[n])
			r = CONSUMER_E_REFUSED;
		else
			n++;
	}
	if (r == 0) {
		consumer->answers = rd_kafka_queue_new(consumer->rk);
		rd_kafka_CreateTopics(consumer->rk, topics, n, NULL, consumer->answers);
	}
	if (topics)
		rd_kafka_NewTopic_destroy_array(topics, n);
	free(topics);
	return r;
}

/* The first topic that was not made says why. */
static int judge(struct consumer *consumer, rd_kafka_event_t *event)
{
	const rd_kafka_CreateTopics_result_t *result = rd_kafka_event_CreateTopics_result(event);
	const rd_kafka_topic_result_t **topics = NULL;
	const char *text = rd_kafka_event_error_string(event);
	bool good = rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR;
	size_t n = 0;

	if (result)
		topics = rd_kafka_CreateTopics_result_topics(result, &n);
	for (size_t i = 0; i < n && good; i++) {
		rd_kafka_resp_err_t error = rd_kafka_topic_result_error(topics[i]);

		good = error == RD_KAFKA_RESP_ERR_NO_ERROR;
		text = rd_kafka_topic_result_error_string(topics[i]);
		if (!good && !text)
			text = rd_kafka_err2str(error);
	}
	if (!good)
		snprintf(consumer->why, sizeof consumer->why, "%s", text ? text : "no reason");
	return good ? 0 : CONSUMER_E_REFUSED;
}

int consumer_make_topics(struct consumer *consumer, int timeout_ms, const char **ret_why)
{
	rd_kafka_event_t *event;
	int r = consumer->answers ? 0 : ask_for_topics(consumer);

	if (r == 0) {
		event = rd_kafka_queue_poll(consumer->answers, timeout_ms);
		if (!event)
			return CONSUMER_E_NONE;
		r = judge(consumer, event);
		rd_kafka_event_destroy(event);
	}
	if (r == CONSUMER_E_REFUSED)
		*ret_why = consumer->why;
	return r;
}

static bool is_led(struct consumer *consumer, const char *topic, int timeout_ms)
{
	rd_kafka_topic_t *handle = rd_kafka_topic_new(consumer->rk, topic, NULL);
	const rd_kafka_metadata_t *metadata;
	bool led = false;

	if (!handle)
		return false;
	if (rd_kafka_metadata(consumer->rk, 0, handle, &metadata, timeout_ms) == 0) {
		led = metadata->topic_cnt == 1 && !metadata->topics[0].err &&
		      metadata->topics[0].partition_cnt == consumer->partitions;
		for (int i = 0; led && i < consumer->partitions; i++)
			led = metadata->topics[0].partitions[i].leader >= 0;
		rd_kafka_metadata_destroy(metadata);
	}
	rd_kafka_topic_destroy(handle);
	return led;
}

int consumer_begin(struct consumer *consumer, int timeout_ms)
{
	rd_kafka_topic_partition_list_t *list;
	int r;

	for (size_t i = 0; i < consumer->n_topics; i++) {
		if (!is_led(consumer, consumer->topics[i], timeout_ms))
			return CONSUMER_E_NONE;
	}
	list = rd_kafka_topic_partition_list_new(8);
	for (size_t i = 0; i < consumer->n_topics; i++) {
		for (int p = 0; p < consumer->partitions; p++)
			rd_kafka_topic_partition_list_add(list, consumer->topics[i], p)->offset =
				RD_KAFKA_OFFSET_BEGINNING;
	}
	r = rd_kafka_assign(consumer->rk, list) ? -EIO : 0;
	rd_kafka_topic_partition_list_destroy(list);
	return r;
}

static void take_headers(const rd_kafka_message_t *message, struct consumed *ret)
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

int consumer_read(struct consumer *consumer, int timeout_ms, struct consumed *ret_record)
{
	rd_kafka_message_t *m = rd_kafka_consumer_poll(consumer->rk, timeout_ms);
	rd_kafka_timestamp_type_t type;

	if (!m)
		return CONSUMER_E_NONE;
	if (consumer->message)
		rd_kafka_message_destroy(consumer->message);
	consumer->message = m;
	if (m->err)
		return m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF ? CONSUMER_E_END :
								    CONSUMER_E_NONE;
	*ret_record = (struct consumed){
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

struct consumer *consumer_free(struct consumer *consumer)
{
	if (!consumer)
		return NULL;
	if (consumer->message)
		rd_kafka_message_destroy(consumer->message);
	if (consumer->answers)
		rd_kafka_queue_destroy(consumer->answers);
	rd_kafka_consumer_close(consumer->rk);
	rd_kafka_destroy(consumer->rk);
	free(consumer);
	return NULL;
}
