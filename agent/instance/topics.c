/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions to the brokers about topics. waybill names the partition of every record, so it must
 * know the number of partitions before it submits; and a topic that is missing is then a state in
 * which files wait, not a failed record. All of these calls block, so only the helper thread makes
 * them, through the producer instance that will send: the library parks records of topics that an
 * instance does not know yet, and that costs their order.
 *
 * One request asks for all topics of the instance. Settings are asked apart and may be refused;
 * they only keep batches below the limit of a topic, so that refusals stay rare.
 */
#include "instance/topics.h"

#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void free_facts(struct topic_facts *facts)
{
	free(facts->leaders);
	free(facts->in_sync);
	for (size_t i = 0; facts->planned && i < facts->n_planned; i++)
		free(facts->planned[i]);
	free(facts->planned);
}

struct topics *topics_free(struct topics *topics)
{
	if (!topics)
		return NULL;
	for (size_t i = 0; i < topics->n; i++)
		free_facts(&topics->at[i]);
	brokers_deinit(&topics->leaders);
	free(topics);
	return NULL;
}

/* Whether the broker leads a partition of the topics. */
static bool leads(const struct topics *topics, int32_t broker)
{
	for (size_t t = 0; t < topics->n; t++) {
		for (int32_t p = 0; p < topics->at[t].n_partitions; p++) {
			if (topics->at[t].leaders[p] == broker)
				return true;
		}
	}
	return false;
}

static enum topic_state state_of(rd_kafka_resp_err_t err)
{
	switch (err) {
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
	case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
	case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
		return TOPIC_MISSING;
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
		return TOPIC_DENIED;
	default:
		return TOPIC_UNKNOWN;
	}
}

static int take_topic(struct topic_facts *facts, const rd_kafka_metadata_topic_t *topic)
{
	if (topic->err || topic->partition_cnt == 0) {
		facts->state = state_of(topic->err);
		snprintf(facts->reason, sizeof facts->reason, "%s", rd_kafka_err2name(topic->err));
		return 0;
	}
	facts->leaders = malloc((size_t)topic->partition_cnt * sizeof *facts->leaders);
	facts->in_sync = calloc((size_t)topic->partition_cnt, sizeof *facts->in_sync);
	if (!facts->leaders || !facts->in_sync)
		return -ENOMEM;
	facts->state = TOPIC_READY;
	facts->n_partitions = topic->partition_cnt;
	memset(facts->leaders, 0xff, (size_t)topic->partition_cnt * sizeof *facts->leaders);
	for (int i = 0; i < topic->partition_cnt; i++) {
		const rd_kafka_metadata_partition_t *p = &topic->partitions[i];

		if (p->id == 0)
			facts->replicas = (uint32_t)p->replica_cnt;
		if (p->leader < 0)
			facts->n_leaderless++;
		else if (p->id >= 0 && p->id < topic->partition_cnt)
			facts->leaders[p->id] = p->leader;
		if (p->id >= 0 && p->id < topic->partition_cnt)
			facts->in_sync[p->id] = (uint32_t)p->isr_cnt;
	}
	return 0;
}

/* Their leaders, among all brokers that are named. 0 or -ENOMEM. */
static int take_leaders(struct topics *topics, const rd_kafka_metadata_t *metadata)
{
	int r = 0;

	topics->n_brokers = metadata->broker_cnt;
	for (int b = 0; b < metadata->broker_cnt && !r; b++) {
		const rd_kafka_metadata_broker_t *broker = &metadata->brokers[b];

		if (leads(topics, broker->id))
			r = brokers_add(&topics->leaders, broker->id, broker->host, broker->port);
	}
	return r;
}

static const rd_kafka_metadata_topic_t *find(const rd_kafka_metadata_t *metadata, const char *name)
{
	for (int i = 0; i < metadata->topic_cnt; i++) {
		if (strcmp(metadata->topics[i].topic, name) == 0)
			return &metadata->topics[i];
	}
	return NULL;
}

static struct topics *new_topics(size_t n)
{
	struct topics *topics = calloc(1, sizeof *topics + n * sizeof topics->at[0]);

	if (topics)
		topics->n = n;
	return topics;
}

static void cleanup_topics(struct topics **topics)
{
	topics_free(*topics);
}

static int take_all(struct producer *producer, const rd_kafka_metadata_t *metadata,
		    struct topics **ret_topics)
{
	CLEANUP(cleanup_topics) struct topics *topics = new_topics(producer_n_topics(producer));

	if (!topics)
		return -ENOMEM;
	topics->broker = metadata->orig_broker_id;
	for (size_t i = 0; i < topics->n; i++) {
		const rd_kafka_metadata_topic_t *topic =
			find(metadata, producer_topic_name(producer, i));
		int r = topic ? take_topic(&topics->at[i], topic) : 0;

		if (r)
			return r;
		if (topics->at[i].state == TOPIC_READY)
			topics->n_ready++;
	}
	if (take_leaders(topics, metadata))
		return -ENOMEM;
	*ret_topics = topics;
	topics = NULL;
	return 0;
}

int topics_ask(struct producer *producer, int timeout_ms, char *ret_message, size_t len,
	       struct topics **ret_topics)
{
	const rd_kafka_metadata_t *metadata;
	rd_kafka_resp_err_t err =
		rd_kafka_metadata(producer_handle(producer), 0, NULL, &metadata, timeout_ms);
	int r;

	if (err) {
		/* A controller of KRaft speaks Kafka, and knows no topics. */
		snprintf(ret_message, len, "%s",
			 err == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE ?
				 "what answers there takes no clients: it may be the port of a "
				 "controller; name that of a broker" :
				 rd_kafka_err2str(err));
		return TOPICS_E_UNREACHABLE;
	}
	r = take_all(producer, metadata, ret_topics);
	rd_kafka_metadata_destroy(metadata);
	return r;
}

static uint32_t number(const char *text)
{
	unsigned long long value = text ? strtoull(text, NULL, 10) : 0;

	return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

/* The narrower of two limits, where 0 is one that is not known. */
static void narrow(uint64_t *limit, const char *text)
{
	unsigned long long value = text ? strtoull(text, NULL, 10) : 0;

	if (value && (!*limit || value < *limit))
		*limit = value;
}

/* Before Kafka 3.6 one limit holds for both directions; until 4.0 it is there beside the two. */
static void take_time_setting(struct topic_facts *facts, const char *name, const char *value)
{
	bool both = strcmp(name, "message.timestamp.difference.max.ms") == 0;

	if (strcmp(name, "message.timestamp.type") == 0)
		facts->append_time = value && strcmp(value, "LogAppendTime") == 0;
	if (both || strcmp(name, "message.timestamp.before.max.ms") == 0)
		narrow(&facts->max_past_ms, value);
	if (both || strcmp(name, "message.timestamp.after.max.ms") == 0)
		narrow(&facts->max_future_ms, value);
}

static void take_setting(struct topic_facts *facts, const rd_kafka_ConfigEntry_t *entry)
{
	const char *name = rd_kafka_ConfigEntry_name(entry);

	if (strcmp(name, "max.message.bytes") == 0)
		facts->max_message_bytes = number(rd_kafka_ConfigEntry_value(entry));
	else if (strcmp(name, "min.insync.replicas") == 0)
		facts->min_insync = number(rd_kafka_ConfigEntry_value(entry));
	else if (strcmp(name, "cleanup.policy") == 0 && rd_kafka_ConfigEntry_value(entry))
		facts->compacted = strstr(rd_kafka_ConfigEntry_value(entry), "compact");
	else
		take_time_setting(facts, name, rd_kafka_ConfigEntry_value(entry));
}

/* What a plan names is kept as it is. Where memory is out it is not known. */
static void take_planned(struct topic_facts *facts, const struct topic_plan *plan,
			 const rd_kafka_ConfigEntry_t *entry)
{
	const char *value = rd_kafka_ConfigEntry_value(entry);

	if (!facts->planned)
		facts->planned = calloc(plan->n_config + 1, sizeof *facts->planned);
	facts->n_planned = facts->planned ? plan->n_config : 0;
	for (size_t i = 0; value && i < facts->n_planned; i++) {
		if (!facts->planned[i] &&
		    strcmp(plan->config[i].name, rd_kafka_ConfigEntry_name(entry)) == 0)
			facts->planned[i] = strdup(value);
	}
}

static void take_settings(struct producer *producer, rd_kafka_event_t *event,
			  const struct topic_plan *plans, struct topics *topics)
{
	const rd_kafka_DescribeConfigs_result_t *result =
		rd_kafka_event_DescribeConfigs_result(event);
	const rd_kafka_ConfigResource_t **resources;
	size_t n = 0;

	if (!result || rd_kafka_event_error(event))
		return;
	resources = rd_kafka_DescribeConfigs_result_resources(result, &n);
	for (size_t i = 0; i < n; i++) {
		size_t n_entries = 0;
		const rd_kafka_ConfigEntry_t **entries =
			rd_kafka_ConfigResource_configs(resources[i], &n_entries);
		const char *name = rd_kafka_ConfigResource_name(resources[i]);

		for (size_t t = 0; t < topics->n; t++) {
			if (strcmp(producer_topic_name(producer, t), name) != 0)
				continue;
			for (size_t e = 0; e < n_entries; e++) {
				take_setting(&topics->at[t], entries[e]);
				if (plans && plans[t].planned)
					take_planned(&topics->at[t], &plans[t], entries[e]);
			}
		}
	}
}

/*
 * Asks a broker (-1: any) for the n resources; the answer comes to the queue. Its time-out holds,
 * as that of a question about offsets does not (librdkafka 2.0).
 */
static void send_question(struct producer *producer, rd_kafka_ConfigResource_t **resources,
			  size_t n, int32_t broker, int timeout_ms, rd_kafka_queue_t *queue)
{
	rd_kafka_t *rk = producer_handle(producer);
	rd_kafka_AdminOptions_t *options =
		rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
	char message[128];

	rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, message, sizeof message);
	if (broker >= 0)
		rd_kafka_AdminOptions_set_broker(options, broker, message, sizeof message);
	rd_kafka_DescribeConfigs(rk, resources, n, options, queue);
	rd_kafka_AdminOptions_destroy(options);
}

/* Asks, and waits for the one answer; NULL: none came. */
static rd_kafka_event_t *ask_settings(struct producer *producer,
				      rd_kafka_ConfigResource_t **resources, size_t n,
				      int32_t broker, int timeout_ms)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_new(producer_handle(producer));
	rd_kafka_event_t *event;

	send_question(producer, resources, n, broker, timeout_ms, queue);
	event = rd_kafka_queue_poll(queue, timeout_ms + 1000);
	rd_kafka_queue_destroy(queue);
	return event;
}

void topics_ask_settings(struct producer *producer, int timeout_ms, const struct topic_plan *plans,
			 struct topics *topics)
{
	rd_kafka_ConfigResource_t **resources =
		calloc(topics->n_ready ? topics->n_ready : 1, sizeof(rd_kafka_ConfigResource_t *));
	rd_kafka_event_t *event = NULL;
	size_t n = 0;

	for (size_t i = 0; resources && i < topics->n; i++) {
		if (topics->at[i].state == TOPIC_READY)
			resources[n++] = rd_kafka_ConfigResource_new(
				RD_KAFKA_RESOURCE_TOPIC, producer_topic_name(producer, i));
	}
	if (n) {
		/* The default, the controller, may be one that we cannot reach. */
		event = ask_settings(producer, resources, n, topics->broker, timeout_ms);
		rd_kafka_ConfigResource_destroy_array(resources, n);
	}
	free(resources);
	if (!event)
		return;
	take_settings(producer, event, plans, topics);
	rd_kafka_event_destroy(event);
}

/* Errors without a word from the broker. One that does not know the question has been asked. */
static bool is_silence(rd_kafka_resp_err_t err)
{
	switch (err) {
	case RD_KAFKA_RESP_ERR__TIMED_OUT:
	case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
	case RD_KAFKA_RESP_ERR__TRANSPORT:
	case RD_KAFKA_RESP_ERR__RESOLVE:
	case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
	case RD_KAFKA_RESP_ERR__SSL:
	case RD_KAFKA_RESP_ERR__AUTHENTICATION:
		return true;
	default:
		return false;
	}
}

bool topics_any_answers(struct producer *producer, size_t topic, const int32_t *brokers, size_t n,
			int timeout_ms)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_new(producer_handle(producer));
	rd_kafka_ConfigResource_t *resource = rd_kafka_ConfigResource_new(
		RD_KAFKA_RESOURCE_TOPIC, producer_topic_name(producer, topic));
	bool answered = false;

	for (size_t i = 0; i < n; i++)
		send_question(producer, &resource, 1, brokers[i], timeout_ms, queue);
	for (size_t i = 0; i < n && !answered; i++) {
		rd_kafka_event_t *event = rd_kafka_queue_poll(queue, timeout_ms + 1000);

		answered = event && !is_silence(rd_kafka_event_error(event));
		if (event)
			rd_kafka_event_destroy(event);
	}
	rd_kafka_queue_destroy(queue);
	rd_kafka_ConfigResource_destroy(resource);
	return answered;
}

void topics_keep_settings(struct topics *topics, const struct topics *older)
{
	for (size_t i = 0; i < topics->n && older && i < older->n; i++) {
		topics->at[i].max_message_bytes = older->at[i].max_message_bytes;
		topics->at[i].min_insync = older->at[i].min_insync;
		topics->at[i].compacted = older->at[i].compacted;
	}
}

struct producer_sizing topics_sizing(const struct topics *topics)
{
	struct producer_sizing sizing = {0};

	for (size_t i = 0; topics && i < topics->n; i++) {
		const struct topic_facts *facts = &topics->at[i];

		if (facts->state != TOPIC_READY)
			continue;
		sizing.partitions += (uint32_t)facts->n_partitions;
		if (facts->max_message_bytes &&
		    (!sizing.max_message_bytes ||
		     facts->max_message_bytes < sizing.max_message_bytes))
			sizing.max_message_bytes = facts->max_message_bytes;
	}
	return sizing;
}
