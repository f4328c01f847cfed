/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of brokers and topics, and who is told. A state that lasts (no broker answers, a
 * topic is missing) is said once when it begins and once when it ends; the files wait meanwhile.
 */
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "base/clock.h"
#include "kafka/kafka_private.h"

/* While records wait for partitions that do not exist yet. */
#define NO_PLACE_ASK_US (2 * US_PER_S)
#define NO_PLACE_TELL_US (600 * US_PER_S)
/* Until a topic that is missing, or lacks leaders, is asked for again. */
#define MISSING_ASK_US US_PER_S
#define LEADERLESS_ASK_US (2 * US_PER_S)

void kafka_reachable(struct kafka *k, uint64_t now_us)
{
	if (!k->reachable)
		k->reached_us = now_us;
	k->reachable = true;
	k->all_down = false;
	k->silent_us = 0;
	k->last_error[0] = k->reason[0] = '\0';
	k->trouble = TROUBLE_NONE;
	if (k->told_trouble)
		remarks_add(&k->remarks, LOG_NOTICE, "brokers-reachable", NULL,
			    "the brokers answer again");
	k->told_trouble = TROUBLE_NONE;
}

/*
 * A question without an answer may have gone to the one broker that does not give any. It counts
 * when the library has no connection either, or when the next one has no answer, and no report came
 * meanwhile. While it may wait behind a quota it does not: for that the library gives up its
 * connections, too.
 */
static bool is_silence(struct kafka *k, uint64_t now_us)
{
	if (k->state != MAKING && brokers_hold_back(&k->brokers, now_us))
		return false;
	if (!k->silent_us || k->reported_us > k->silent_us) {
		k->silent_us = now_us;
		return k->state == MAKING || k->all_down;
	}
	return true;
}

void kafka_unreachable(struct kafka *k, enum trouble trouble, const char *reason, uint64_t now_us)
{
	bool refused = trouble >= TROUBLE_TLS;

	if (!is_silence(k, now_us)) {
		kafka_ask(k, now_us, US_PER_S);
		return;
	}
	k->reachable = false;
	k->trouble = TROUBLE_NONE;
	snprintf(k->reason, sizeof k->reason, "%.380s", reason);
	if (trouble == TROUBLE_NONE)
		trouble = k->told_trouble ? k->told_trouble : TROUBLE_NETWORK;
	if (trouble == k->told_trouble || !kafka_servers(k->options))
		return;
	k->told_trouble = trouble;
	remarks_add(&k->remarks, refused ? LOG_ERR : LOG_WARNING,
		    refused ? "authentication" : "brokers-unreachable", NULL,
		    "%s kafka.bootstrap_servers (%.120s) %s: %.380s; "
		    "lines stay in their files, retrying; %s",
		    refused ? "the brokers of" : "no broker of", kafka_servers(k->options),
		    refused ? "cannot be used" : "answers", reason[0] ? reason : "timed out",
		    refused ?
			    "`waybill check` tries it, too" :
			    "mend the brokers or the way to them (`waybill check` asks them, too)");
}

void kafka_tell_many(struct kafka *k, int32_t n_brokers)
{
	if (n_brokers <= BROKERS_MANY || k->told_many)
		return;
	k->told_many = true;
	remarks_add(&k->remarks, LOG_WARNING, "many-brokers", NULL,
		    "kafka.bootstrap_servers (%.120s) name %d brokers: librdkafka keeps a thread "
		    "and its memory for each, and TasksMax and MemoryMax of the unit bound them; "
		    "if the cluster has fewer, look at what answers there",
		    kafka_servers(k->options), n_brokers);
}

void kafka_no_place(struct kafka *k, size_t topic, uint64_t now_us)
{
	struct ledger_topic *t = &k->ledger.topics[topic];
	int32_t least = partitioner_least(t->placing.partitioner);

	/* Otherwise all partitions for records without a key are held. */
	if (t->n >= least)
		return;
	if (!k->place_asked)
		helper_ask(k->helper, NO_PLACE_ASK_US, false);
	k->place_asked = true;
	if (t->no_place_us && now_us < t->no_place_us + NO_PLACE_TELL_US)
		return;
	t->no_place_us = now_us;
	remarks_add(
		&k->remarks, LOG_ERR, "too-few-partitions", k->options->topics[topic],
		"topic %.200s has %d partition%s, but partitioner.rules of its sources need %d: "
		"files wait at records that have no partition to go to; add partitions to the "
		"topic, or change the rules",
		k->options->topics[topic], t->n, t->n == 1 ? "" : "s", least);
}

/* A topic that is not ready, said once. */
static void tell_not_ready(struct kafka *k, size_t topic, const struct topic_facts *facts)
{
	const char *name = k->options->topics[topic];
	bool denied = facts->state == TOPIC_DENIED;
	const char *who = kafka_who_waits(k, topic);

	if (k->ledger.topics[topic].told || facts->state == TOPIC_UNKNOWN ||
	    kafka_is_unused(k, topic))
		return;
	k->ledger.topics[topic].told = true;
	remarks_add(&k->remarks, denied ? LOG_ERR : LOG_WARNING,
		    denied ? "topic-denied" : "topic-missing", name,
		    denied ? "topic %.200s: not authorized (%s); %s wait, retrying; give its user "
			     "the right to describe and to write it" :
			     "topic %.200s does not exist (%s); %s wait until it does; make it, or "
			     "correct its name",
		    name, facts->reason, who);
}

static void tell_ready(struct kafka *k, size_t topic, const struct topic_facts *facts)
{
	struct ledger_topic *t = &k->ledger.topics[topic];
	const char *name = k->options->topics[topic];

	if (t->told)
		remarks_add(&k->remarks, LOG_NOTICE, "topic-found", name,
			    "topic %.200s is there now, with %d partitions; %s go on", name,
			    facts->n_partitions, kafka_who_waits(k, topic));
	t->told = false;
	if (facts->created)
		remarks_add(&k->remarks, LOG_NOTICE, "topic-created", name,
			    "topic %.200s was not there, and was made with %d partition%s, %u "
			    "replica%s (topics)",
			    name, facts->n_partitions, facts->n_partitions == 1 ? "" : "s",
			    facts->replicas, facts->replicas == 1 ? "" : "s");
	if (t->no_place_us && facts->n_partitions >= partitioner_least(t->placing.partitioner)) {
		remarks_add(&k->remarks, LOG_NOTICE, "enough-partitions", name,
			    "topic %.200s has %d partitions now, enough for partitioner.rules; its "
			    "files go on",
			    name, facts->n_partitions);
		t->no_place_us = 0;
	}
}

/*
 * What is in flight to a leader before it moved is waited for by the library, and what lacked
 * replicas goes only when it is tried again.
 */
static void note_leaders(struct ledger_topic *t, const struct topic_facts *facts, uint64_t now_us)
{
	for (int32_t i = 0; i < t->n_seen; i++) {
		struct ledger_partition *part = &t->partitions[i];

		if (part->leader != topic_facts_leader(facts, i) ||
		    (i < facts->n_partitions && facts->in_sync[i] > part->in_sync))
			part->led_us = now_us;
	}
}

/* Of one that nothing goes to any more nobody waits for an answer: the usual questions do. */
static void ask_again(struct kafka *k, size_t topic, const struct topic_facts *facts)
{
	if (kafka_is_unused(k, topic))
		return;
	if (facts->state != TOPIC_READY)
		helper_ask(k->helper, MISSING_ASK_US, false);
	else if (facts->n_leaderless)
		helper_ask(k->helper, LEADERLESS_ASK_US, false);
}

void kafka_take_facts(struct kafka *k, size_t topic, const struct topic_facts *facts,
		      uint64_t now_us)
{
	struct ledger_topic *t = &k->ledger.topics[topic];
	bool ready;

	t->heard = true;
	ask_again(k, topic, facts);
	if (facts->state != TOPIC_READY) {
		tell_not_ready(k, topic, facts);
		/* "Later" takes nothing away from what is known. */
		if (facts->state != TOPIC_UNKNOWN)
			t->state = facts->state;
		return;
	}
	tell_ready(k, topic, facts);
	note_leaders(t, facts, now_us);
	ready = kafka_take_count(k, topic, facts->n_partitions, now_us);
	if (ledger_learn(&k->ledger, topic, facts) == 0)
		t->state = ready ? TOPIC_READY : TOPIC_CHANGED;
}
