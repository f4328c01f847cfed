/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of brokers and topics, and who is told. A state that lasts (no broker answers, a
 * topic is missing) is said once when it begins and once when it ends; the files wait meanwhile.
 */
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "output/kafka_private.h"

static const char *servers(const struct kafka *k)
{
	for (size_t i = 0; i < k->options->n_props; i++) {
		const char *name = k->options->props[i].name;

		if (strcmp(name, "bootstrap.servers") == 0 ||
		    strcmp(name, "metadata.broker.list") == 0)
			return k->options->props[i].value;
	}
	return "none configured";
}

void kafka_set_reachable(struct kafka *k, bool reachable, bool auth, const char *reason)
{
	k->reachable = reachable;
	if (reachable)
		k->last_error[0] = '\0';
	if (reachable && k->told_unreachable) {
		events_add(&k->events, LOG_NOTICE, "brokers-reachable", "the brokers answer again");
		k->told_unreachable = false;
	} else if (!reachable && !k->told_unreachable) {
		events_add(&k->events, auth ? LOG_ERR : LOG_WARNING,
			   auth ? "authentication" : "brokers-unreachable",
			   "no broker of kafka.bootstrap_servers (%.120s) answers: %.200s; "
			   "lines stay in their files, retrying",
			   servers(k), reason[0] ? reason : "timed out");
		k->told_unreachable = true;
	}
}

/* A topic that is not ready, said once. */
static void tell_not_ready(struct kafka *k, size_t topic, const struct topic_facts *facts)
{
	const char *name = k->options->topics[topic];
	bool denied = facts->state == TOPIC_DENIED;

	if (k->ledger.topics[topic].told || facts->state == TOPIC_UNKNOWN)
		return;
	k->ledger.topics[topic].told = true;
	events_add(&k->events, denied ? LOG_ERR : LOG_WARNING,
		   denied ? "topic-denied" : "topic-missing",
		   denied ? "topic %.200s: not authorized (%s); its files wait, retrying" :
			    "topic %.200s does not exist (%s); its files wait until it does",
		   name, facts->reason);
}

static void tell_ready(struct kafka *k, size_t topic, const struct topic_facts *facts)
{
	struct ledger_topic *t = &k->ledger.topics[topic];
	const char *name = k->options->topics[topic];

	if (t->told)
		events_add(&k->events, LOG_NOTICE, "topic-found",
			   "topic %.200s is there now, with %d partitions; its files go on", name,
			   facts->n_partitions);
	t->told = false;
	if (t->n && t->n != facts->n_partitions)
		events_add(&k->events, LOG_WARNING, "partitions-changed",
			   "topic %.200s has %d partitions now, %d before: from here on its keys "
			   "go to other partitions",
			   name, facts->n_partitions, t->n);
}

void kafka_take_facts(struct kafka *k, size_t topic, const struct topic_facts *facts)
{
	struct ledger_topic *t = &k->ledger.topics[topic];

	if (facts->state != TOPIC_READY) {
		tell_not_ready(k, topic, facts);
		/* "Later" takes nothing away from what is known. */
		if (facts->state != TOPIC_UNKNOWN)
			t->state = facts->state;
		return;
	}
	tell_ready(k, topic, facts);
	if (ledger_learn(&k->ledger, topic, facts) == 0)
		t->state = TOPIC_READY;
}
