/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a producer: when it is disposed of, how it is drained, and how its successor is taken
 * over. kafka.c opens with the states and the reasons.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/clock.h"
#include "kafka/kafka_private.h"

/* Without a report for so long, though brokers answer, what drains is purged. */
#define PURGE_AFTER_US (30 * US_PER_S)
/* The same where brokers let in its successor and not the old one, which sends nothing more. */
#define PURGE_REFUSED_US (5 * US_PER_S)
#define CHECK_EVERY_US US_PER_S
#define PROBE_GAP_US (10 * US_PER_S)
#define MAKE_BACKOFF_MIN_US (100 * US_PER_MS)
#define MAKE_BACKOFF_MAX_US (10 * US_PER_S)
/* A stall that a new producer did not cure is waited for longer, up to so many doublings. */
#define STALL_DOUBLINGS 3

/* Every move of the state goes through here. */
static void set_state(struct kafka *k, enum state state, uint64_t now_us)
{
	static const char *const names[] = {"making", "running", "draining"};
	static const enum state next[] = {RUNNING, DRAINING, MAKING};

	if (next[k->state] != state && !(k->state == DRAINING && state == RUNNING))
		abort();
	remarks_add(&k->remarks, LOG_DEBUG, "producer-state", NULL, "producer: %s -> %s",
		    names[k->state], names[state]);
	k->state = state;
	k->state_us = now_us;
	k->next_check_us = now_us;
}

void kafka_ask(struct kafka *k, uint64_t now_us, uint64_t gap_us)
{
	uint64_t at_us = now_us;

	if (k->ask_at_us && k->ask_at_us <= now_us) {
		k->asked_us = k->ask_at_us;
		k->ask_at_us = 0;
	}
	if (k->asked_us && at_us < k->asked_us + gap_us)
		at_us = k->asked_us + gap_us;
	/* One that is ordered for then does as well: its answer is newer than the reason. */
	if (k->ask_at_us && k->ask_at_us <= at_us)
		return;
	if (at_us > now_us)
		k->ask_at_us = at_us;
	else
		k->asked_us = now_us;
	helper_ask(k->helper, at_us - now_us, false);
}

void kafka_dispose(struct kafka *k, int priority, const char *cause, const char *why,
		   uint64_t now_us)
{
	if (k->state != RUNNING)
		return;
	remarks_add(
		&k->remarks, priority, cause, NULL,
		"%s; the producer is drained and replaced, lines without a receipt are sent again",
		why);
	k->stats.producers_failed += priority < LOG_NOTICE;
	k->purged = false;
	set_state(k, DRAINING, now_us);
}

void kafka_died(struct kafka *k, const char *why, uint64_t now_us)
{
	bool refused = producer_was_refused(k->producer);
	/* Behind the name that the library has for it. */
	const char *said = strstr(why, "ProduceRequest");
	char text[448];

	k->dead = true;
	if (producer_would_renumber(k->producer)) {
		snprintf(
			text, sizeof text,
			"%.300s: librdkafka would give new numbers to all batches, and Kafka could "
			"not know those again that are in doubt",
			said ? said : why);
		kafka_dispose(k, LOG_WARNING, "producer-renumbers", text, now_us);
		return;
	}
	kafka_dispose(k, refused ? LOG_WARNING : LOG_ERR,
		      refused ? "producer-refused" : "producer-fatal", refused && said ? said : why,
		      now_us);
}

void kafka_not_delivered(struct kafka *k, struct report *r, const struct producer_note *note,
			 bool alone, uint64_t now_us)
{
	const char *topic = k->options->topics[r->topic];

	if (r->kind == REPORT_REFUSED && !alone)
		remarks_add(&k->remarks, LOG_NOTICE, "batch-refused", topic,
			    "topic %.200s: brokers refuse a batch (%s): its records are sent again "
			    "one at a time, which takes its time, and only what is refused alone "
			    "becomes a dead letter",
			    topic, r->reason);
	if (r->kind != REPORT_FAILED)
		return;
	/* What was refused is why it drains. */
	if (k->state == DRAINING && !producer_was_refused(k->producer))
		r->producer_gone = true;
	if (!r->producer_gone && !note->moved)
		kafka_doubt(k, r, now_us);
	/* Of a topic for them alone it is told with the letters. */
	if (note->denied && !kafka_only_letters(k, r->topic))
		remarks_add(&k->remarks, LOG_ERR, "topic-denied", topic,
			    "topic %.200s: not authorized to write (%s); its files wait, retrying",
			    topic, r->reason);
	if (note->codec)
		remarks_add(&k->remarks, LOG_ERR, "compression-refused", topic,
			    "topic %.200s: brokers cannot read the compression that "
			    "kafka.compression_type, or the topic's own, asks for (%s); %s wait, "
			    "retrying",
			    topic, r->reason, kafka_who_waits(k, r->topic));
	if (note->moved) {
		k->ledger.topics[r->topic].state = TOPIC_UNKNOWN;
		kafka_ask(k, now_us, US_PER_S);
	}
}

void kafka_renew_token(struct output *output, uint64_t now_us)
{
	struct kafka *k = (struct kafka *)output;

	kafka_spoil_lone(k, now_us);
	helper_fetch_token(k->helper);
}

static void run(struct kafka *k, struct producer *producer, uint64_t now_us)
{
	k->producer = producer;
	k->stats.producers_made++;
	k->delivered = 0;
	k->dead = false;
	k->answer_us = producer_answer_us(k->options);
	/* Those were words on a connection of the one before. */
	k->trouble = TROUBLE_NONE;
	k->last_error[0] = '\0';
	k->probed_us = 0;
	k->reported_us = now_us;
	k->all_down = false;
	brokers_stop_counting(&k->brokers);
	ledger_restart(&k->ledger, producer_batch_limit(producer));
	producer_wake(producer, k->fd);
	set_state(k, RUNNING, now_us);
}

void kafka_take_producer(struct kafka *k, struct producer *producer, uint64_t now_us)
{
	run(k, producer, now_us);
	if (k->stats.producers_made > 1)
		remarks_add(&k->remarks, LOG_NOTICE, "producer-replaced", NULL,
			    "the producer was replaced; lines without a receipt are sent again");
}

/* A producer that brokers have let in: the one in use sends what it has, and ends. */
static void take_renewed(struct kafka *k, struct producer *producer, uint64_t now_us)
{
	if (k->next)
		helper_retire(k->helper, k->next);
	k->next = NULL;
	kafka_spoil_lone(k, now_us);
	if (k->state == MAKING) {
		/* Another one is on its way, of the same properties. */
		helper_retire(k->helper, producer);
		return;
	}
	k->next = producer;
	if (k->state == DRAINING)
		return;
	k->purged = false;
	set_state(k, DRAINING, now_us);
}

static void tell_renewal(struct kafka *k, const struct helper_answer *a)
{
	if (a->renewal == RENEWAL_INVALID)
		remarks_add(&k->remarks, LOG_ERR, "renewal-invalid", NULL,
			    "what is new cannot be used: %.300s; the producer goes on as it was, "
			    "and a change of the files, or a reload, is looked at again",
			    a->renewal_reason);
	else if (a->renewal == RENEWAL_REFUSED)
		remarks_add(&k->remarks, LOG_ERR, "renewal-refused", NULL,
			    "brokers do not take what is new: %.300s; the producer goes on as it "
			    "was, trying again",
			    a->renewal_reason);
	else if (a->renewal == RENEWAL_UNREACHED)
		remarks_add(&k->remarks, LOG_ERR, "renewal-unreached", NULL,
			    "no broker answers with what is new, though they answer the producer "
			    "in use: %.300s; that one goes on as it was, trying again",
			    a->renewal_reason);
	else if (a->renewal == RENEWAL_NONE_ANSWERS)
		remarks_add(&k->remarks, LOG_ERR, "renewal-unreached", NULL,
			    "no broker answers with what is new: %.300s; nor do they answer the "
			    "producer in use, which goes on as it was; trying both again",
			    a->renewal_reason);
}

void kafka_take_renewal(struct kafka *k, const struct helper_answer *a, uint64_t now_us)
{
	if (a->renewed)
		take_renewed(k, a->renewed, now_us);
	/* Of what is to take their place already nobody asks. */
	if (a->renewal_number != k->renewal)
		return;
	k->renewal_waits = a->renewal != RENEWAL_IN_USE;
	memcpy(k->renewal_error, a->renewal_reason, sizeof k->renewal_error);
	if (!a->renewal_told)
		tell_renewal(k, a);
}

int kafka_renew(struct output *output, const struct prop *props, size_t n_props,
		struct login *login)
{
	struct kafka *k = (struct kafka *)output;
	struct prop *copy = kafka_props_copy(props, n_props);

	if (!copy)
		return -ENOMEM;
	k->renewal_waits = true;
	k->renewal_error[0] = '\0';
	helper_renew(k->helper, copy, n_props, login_ref(login), ++k->renewal);
	return 0;
}

/*
 * While the library waits for an answer (socket.timeout.ms, and once more, when the question had to
 * wait for one before) nothing stands still for another reason.
 */
static uint64_t stall_us(const struct kafka *k)
{
	unsigned int n = k->fruitless < STALL_DOUBLINGS ? k->fruitless : STALL_DOUBLINGS;
	uint64_t least_us = 2 * k->answer_us;

	return (k->options->stall_us > least_us ? k->options->stall_us : least_us) << n;
}

static bool still_stalled(const struct kafka *k, uint32_t topic, int32_t partition, uint64_t now_us)
{
	const struct ledger_partition *part = &k->ledger.topics[topic].partitions[partition];
	uint64_t since_us = part->progress_us > part->led_us ? part->progress_us : part->led_us;

	/* While no broker answered nothing could move. */
	if (since_us < k->reached_us)
		since_us = k->reached_us;
	return part->records && now_us >= since_us + stall_us(k);
}

void kafka_take_probe(struct kafka *k, const struct helper_answer *a, uint64_t now_us)
{
	char why[384];

	if (k->state != RUNNING || !still_stalled(k, a->probe_topic, a->probe_partition, now_us))
		return;
	/* What stands still for a reason that is told is not mended by another producer. */
	if (kafka_may_lack_replicas(k, a->probe_topic, a->probe_partition) ||
	    brokers_hold_back(&k->brokers, now_us))
		return;
	if (!a->leader_answers) {
		remarks_add(
			&k->remarks, LOG_WARNING, "partition-stuck",
			k->options->topics[a->probe_topic],
			"partition %d of topic %.200s makes no progress and its leader does not "
			"answer; lines that go there wait",
			a->probe_partition, k->options->topics[a->probe_topic]);
		return;
	}
	snprintf(why, sizeof why,
		 "partition %d of topic %.200s makes no progress although its leader answers",
		 a->probe_partition, k->options->topics[a->probe_topic]);
	kafka_spoil_lone(k, now_us);
	kafka_dispose(k, LOG_ERR, "producer-stalled", why, now_us);
}

/*
 * A partition without progress: when brokers answer, ask its leader through this instance; when
 * none does there is nothing to find out.
 */
static void check_stall(struct kafka *k, uint64_t now_us)
{
	size_t topic;
	int32_t partition;

	if (now_us < stall_us(k) ||
	    !ledger_find_stalled(&k->ledger, now_us - stall_us(k), &topic, &partition))
		return;
	kafka_ask(k, now_us, ASK_GAP_US);
	if (!k->reachable || now_us < k->reached_us + stall_us(k) ||
	    now_us > k->answered_us + ANSWER_FRESH_US ||
	    (k->probed_us && now_us < k->probed_us + PROBE_GAP_US) ||
	    k->ledger.topics[topic].partitions[partition].leader < 0)
		return;
	k->probed_us = now_us;
	k->ledger.topics[topic].partitions[partition].probed_us = now_us;
	helper_probe(k->helper, (uint32_t)topic, partition,
		     k->ledger.topics[topic].partitions[partition].leader);
}

void kafka_give_up(struct output *output)
{
	struct kafka *k = (struct kafka *)output;

	if (k->producer)
		producer_purge(k->producer, true);
	if (k->lone.producer)
		producer_purge(k->lone.producer, true);
}

/* As for a stall: one of several brokers that answers no more is waited for. */
static uint64_t purge_us(const struct kafka *k)
{
	return 2 * k->answer_us > PURGE_AFTER_US ? 2 * k->answer_us : PURGE_AFTER_US;
}

/* Purges when brokers have answered long enough, and lately, and no report came. */
static void check_drain(struct kafka *k, uint64_t now_us)
{
	uint64_t quiet_us = k->reported_us > k->state_us ? k->reported_us : k->state_us;
	bool refused = k->next && k->refused_us >= k->state_us;
	uint64_t after_us = refused ? PURGE_REFUSED_US : purge_us(k);

	kafka_ask(k, now_us, ASK_GAP_US);
	/*
	 * After a fatal error the library empties its queue once and sends nothing more: what comes
	 * in behind that, a record handed over at that moment or one to be sent again, would wait.
	 */
	if (k->dead)
		producer_purge(k->producer, false);
	if (k->purged || now_us < quiet_us + after_us || !k->reachable ||
	    k->answered_us < quiet_us || now_us > k->answered_us + ANSWER_FRESH_US)
		return;
	remarks_add(&k->remarks, LOG_ERR, "producer-purged", NULL,
		    "the producer gives no reports although brokers answer; its queue is given up, "
		    "some lines may be repeated");
	kafka_give_up(&k->base);
	k->purged = true;
}

/* All reports are in: the old instance goes to the helper, which makes a new one first. */
static void finish_drain(struct kafka *k, uint64_t now_us)
{
	struct producer *old = k->producer, *next = k->next;

	if (next) {
		producer_wake(old, -1);
		helper_retire(k->helper, old);
		k->next = NULL;
		run(k, next, now_us);
		remarks_add(&k->remarks, LOG_NOTICE, "renewed", NULL,
			    "the producer was replaced by one with what is new");
		return;
	}
	if (k->delivered) {
		k->fruitless = 0;
		k->make_backoff_us = 0;
	} else {
		k->fruitless++;
		k->make_backoff_us *= 2;
		if (k->make_backoff_us < MAKE_BACKOFF_MIN_US)
			k->make_backoff_us = MAKE_BACKOFF_MIN_US;
		if (k->make_backoff_us > MAKE_BACKOFF_MAX_US)
			k->make_backoff_us = MAKE_BACKOFF_MAX_US;
	}
	producer_wake(old, -1);
	k->producer = NULL;
	k->last_error[0] = '\0';
	set_state(k, MAKING, now_us);
	helper_make(k->helper, old, k->make_backoff_us);
}

void kafka_check(struct kafka *k, uint64_t now_us)
{
	if (k->state == DRAINING && k->ledger.records == 0)
		finish_drain(k, now_us);
	if (k->state == MAKING || now_us < k->next_check_us)
		return;
	k->next_check_us = now_us + CHECK_EVERY_US;
	if (k->state == DRAINING)
		check_drain(k, now_us);
	kafka_check_lone(k, now_us);
	if (k->state == RUNNING && k->ledger.records) {
		kafka_check_waits(k, now_us);
		check_stall(k, now_us);
	}
}
