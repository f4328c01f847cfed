/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the brokers say of themselves. That one of them answers is no sign that lines arrive: they
 * go to the leaders, at the addresses that those advertise. And a topic that is missing is made
 * with a command that is copied from here, so it has to be one that works on this cluster. What
 * a topic is to be (topics) is compared with what it is; it is altered by nobody here.
 */
#include <stdio.h>
#include <string.h>

#include "cmd/check/kafka.h"

/* A record outlives two of its brokers; more replicas than brokers are refused. */
#define REPLICAS_GOOD 3

void check_judge_missing(struct check_report *report, struct conf_place place, const char *topic,
			 int32_t n_brokers, bool letters)
{
	int replicas = n_brokers > 0 && n_brokers < REPLICAS_GOOD ? n_brokers : REPLICAS_GOOD;

	check_find(report, CHECK_ERROR, place,
		   "topic \"%s\" does not exist\n"
		   "Its %s wait until it is there; others go on.\n"
		   "Make it:\n  kafka-topics --bootstrap-server %s --create --topic %s "
		   "--partitions 6 --replication-factor %d",
		   topic, check_who_waits(letters), check_servers(report), topic, replicas);
}

/* "6 partitions, 3 replicas": what is not said is the brokers' matter. */
static void print_plan(const struct topic_plan *plan, char *ret, size_t len)
{
	char partitions[48] = "the brokers' number of partitions", replicas[48] = "of replicas";

	if (plan->partitions > 0)
		snprintf(partitions, sizeof partitions, "%d partition%s", plan->partitions,
			 plan->partitions == 1 ? "" : "s");
	if (plan->replicas > 0)
		snprintf(replicas, sizeof replicas, "%d replica%s", plan->replicas,
			 plan->replicas == 1 ? "" : "s");
	else if (plan->partitions > 0)
		snprintf(replicas, sizeof replicas, "the brokers' number of replicas");
	snprintf(ret, len, "%s, %s", partitions, replicas);
}

void check_judge_to_make(struct check_report *report, struct conf_place place, const char *topic,
			 const struct topic_plan *plan)
{
	char text[128];

	print_plan(plan, text, sizeof text);
	check_find(report, CHECK_NOTE, place,
		   "topic \"%s\" does not exist: run makes it (%s), if it may CREATE it", topic,
		   text);
}

static void tell_number(struct check_report *report, struct conf_place place, const char *topic,
			const char *what, long is, long wanted)
{
	if (wanted > 0 && is > 0 && is != wanted)
		check_find(report, CHECK_WARNING, place,
			   "topic \"%s\": %s is %ld, wanted is %ld (topics)\n"
			   "What is there is never altered: change the topic, or the setting.",
			   topic, what, is, wanted);
}

void check_judge_plan(struct check_report *report, struct conf_place place, const char *topic,
		      const struct topic_facts *facts, const struct topic_plan *plan)
{
	tell_number(report, place, topic, "the number of its partitions", facts->n_partitions,
		    plan->partitions);
	tell_number(report, place, topic, "the number of its replicas", facts->replicas,
		    plan->replicas);
	for (size_t i = 0; i < plan->n_config; i++) {
		const char *name = plan->config[i].name, *wanted = plan->config[i].value;
		const char *is = i < facts->n_planned ? facts->planned[i] : NULL;

		if (is && strcmp(is, wanted) != 0)
			check_find(report, CHECK_WARNING, place,
				   "topic \"%s\": %s is \"%s\", wanted is \"%s\" (topics)\n"
				   "What is there is never altered; it is changed with:\n"
				   "  kafka-configs --bootstrap-server %s --alter --topic %s "
				   "--add-config %s=%s",
				   topic, name, is, wanted, check_servers(report), topic, name,
				   wanted);
		else if (!is && facts->min_insync)
			check_find(report, CHECK_WARNING, place,
				   "topic \"%s\": the brokers know no setting %s (topics)", topic,
				   name);
	}
}

static int32_t count_led(const struct topic_facts *facts, int32_t broker)
{
	int32_t n = 0;

	for (int32_t i = 0; i < facts->n_partitions; i++)
		n += facts->leaders[i] == broker;
	return n;
}

void check_judge_leader(struct check_report *report, struct conf_place place, const char *topic,
			const struct topic_facts *facts, const struct broker *broker)
{
	int32_t n = broker->silent ? count_led(facts, broker->id) : 0;

	if (n)
		check_find(
			report, CHECK_ERROR, place,
			"topic \"%s\": broker %d, which leads %d of its %d partitions, is not "
			"reached at %s: %s\n"
			"That is the address which the broker advertises (advertised.listeners); "
			"those of bootstrap_servers are only asked for it.\n"
			"Lines for these partitions wait, and files with them.\n"
			"Mend the broker's advertised.listeners, or make the address reachable "
			"from here: name, route, firewall.",
			topic, (int)broker->id, (int)n, (int)facts->n_partitions, broker->address,
			broker->error_us ? broker->error : "no answer");
}

void check_judge_cluster(struct check_report *report, struct conf_place place, int32_t n_brokers)
{
	if (n_brokers > BROKERS_MANY)
		check_find(
			report, CHECK_WARNING, place,
			"%d brokers are named: librdkafka keeps a thread and its memory for each\n"
			"TasksMax and MemoryMax of the unit bound them.\n"
			"If the cluster has fewer, look at what answers at bootstrap_servers.",
			(int)n_brokers);
}
