/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A topic is made by the producer that will send to it, with its login. It may be refused (no right
 * to create, a policy, more replicas than brokers): that is told with the topic's absence, and
 * tried again after 1 s, doubling to 60, until the topic is there, whoever makes it.
 */
#include "instance/plans.h"

#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define GAP_MIN_US US_PER_S
#define GAP_MAX_US (60 * US_PER_S)

void plans_deinit(struct plans *plans)
{
	free(plans->seen);
	free(plans->made);
	*plans = (struct plans){0};
}

int plans_init(struct plans *plans, size_t n_topics)
{
	plans->seen = calloc(n_topics + 1, sizeof *plans->seen);
	plans->made = calloc(n_topics + 1, sizeof *plans->made);
	plans->gap_us = GAP_MIN_US;
	if (plans->seen && plans->made)
		return 0;
	plans_deinit(plans);
	return -ENOMEM;
}

/* As the plan has it; NULL: the library does not take it. */
static rd_kafka_NewTopic_t *new_topic(const char *name, const struct topic_plan *plan,
				      char *ret_message, size_t len)
{
	rd_kafka_NewTopic_t *topic =
		rd_kafka_NewTopic_new(name, plan->partitions, plan->replicas, ret_message, len);

	for (size_t i = 0; topic && i < plan->n_config; i++)
		rd_kafka_NewTopic_set_config(topic, plan->config[i].name, plan->config[i].value);
	return topic;
}

/* The brokers' word on the one topic. True: it is there now, whoever made it. */
static bool judge(rd_kafka_event_t *event, char *ret_message, size_t len)
{
	const rd_kafka_CreateTopics_result_t *result =
		event ? rd_kafka_event_CreateTopics_result(event) : NULL;
	const rd_kafka_topic_result_t **topics;
	rd_kafka_resp_err_t err;
	const char *words;
	size_t n = 0;

	topics = result ? rd_kafka_CreateTopics_result_topics(result, &n) : NULL;
	if (n != 1) {
		snprintf(ret_message, len, "%s",
			 event ? rd_kafka_event_error_string(event) : "no answer");
		return false;
	}
	err = rd_kafka_topic_result_error(topics[0]);
	words = rd_kafka_topic_result_error_string(topics[0]);
	snprintf(ret_message, len, "%s%s%.120s", rd_kafka_err2name(err), words ? ": " : "",
		 words ? words : "");
	return !err || err == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS;
}

static bool create(struct producer *producer, const char *name, const struct topic_plan *plan,
		   int timeout_ms, char *ret_message, size_t len)
{
	rd_kafka_t *rk = producer_handle(producer);
	rd_kafka_NewTopic_t *topic = new_topic(name, plan, ret_message, len);
	rd_kafka_AdminOptions_t *options;
	rd_kafka_queue_t *queue;
	rd_kafka_event_t *event;
	char ignored[128];
	bool created;

	if (!topic)
		return false;
	options = rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
	queue = rd_kafka_queue_new(rk);
	rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, ignored, sizeof ignored);
	rd_kafka_CreateTopics(rk, &topic, 1, options, queue);
	event = rd_kafka_queue_poll(queue, timeout_ms + 1000);
	created = judge(event, ret_message, len);
	if (event)
		rd_kafka_event_destroy(event);
	rd_kafka_queue_destroy(queue);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_NewTopic_destroy(topic);
	return created;
}

void plans_see(struct plans *plans, struct topics *topics)
{
	for (size_t i = 0; plans->made && i < topics->n; i++) {
		if (topics->at[i].state != TOPIC_READY)
			continue;
		plans->seen[i] = true;
		topics->at[i].created = plans->made[i];
	}
}

void plans_told(struct plans *plans, const struct topics *topics)
{
	for (size_t i = 0; plans->made && i < topics->n; i++)
		plans->made[i] &= topics->at[i].state != TOPIC_READY;
}

static void note_refused(struct topic_facts *facts, const char *message)
{
	size_t n = strlen(facts->reason);

	snprintf(facts->reason + n, sizeof facts->reason - n, "; it could not be made: %.160s",
		 message);
}

bool plans_follow(struct plans *plans, const struct kafka_options *options,
		  struct producer *producer, struct topics *topics, int timeout_ms, uint64_t now_us)
{
	bool any = false, refused = false;
	char message[256];

	plans_see(plans, topics);
	for (size_t i = 0; options->plans && i < topics->n && now_us >= plans->at_us; i++) {
		const struct topic_plan *plan = &options->plans[i];

		if (!plan->create || plans->seen[i] || plans->made[i] ||
		    topics->at[i].state != TOPIC_MISSING)
			continue;
		plans->made[i] = create(producer, options->topics[i], plan, timeout_ms, message,
					sizeof message);
		any |= plans->made[i];
		refused |= !plans->made[i];
		if (!plans->made[i])
			note_refused(&topics->at[i], message);
	}
	if (refused) {
		plans->at_us = now_us + plans->gap_us;
		plans->gap_us = plans->gap_us * 2 > GAP_MAX_US ? GAP_MAX_US : plans->gap_us * 2;
	}
	return any;
}
