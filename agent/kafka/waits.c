/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records that are in flight for long. The library says nothing while it tries again: not when an
 * answer was lost on an open connection (until its own time-out, half a minute and more), and not
 * when a broker refuses records for lack of replicas in sync, for as long as that lasts. So it is
 * told by their age. The brokers are asked first: if none answers that is what is told, and
 * otherwise their answer says what can be said of the reason.
 *
 * Rejected: the library's statistics, which count retries but not what for; its debug log, which
 * would tell, but costs a line for each request.
 */
#include <inttypes.h>
#include <stdio.h>
#include <syslog.h>

#include "base/clock.h"
#include "kafka/kafka_private.h"

/* Told after this part of stall_timeout: 10 s of 60. */
#define PART_OF_STALL 6
/* Told again while it lasts. */
#define AGAIN_MIN_US (60 * US_PER_S)
#define AGAIN_MAX_US (600 * US_PER_S)

static uint64_t bound_us(const struct kafka *k)
{
	return k->options->stall_us / PART_OF_STALL;
}

static bool waits(const struct kafka *k, const struct ledger_partition *part, uint64_t now_us)
{
	return part->records && now_us >= part->progress_us + bound_us(k);
}

bool kafka_may_lack_replicas(const struct kafka *k, size_t topic, int32_t partition)
{
	const struct ledger_topic *t = &k->ledger.topics[topic];
	const struct ledger_partition *part = &t->partitions[partition];

	/* A topic with fewer replicas than the setting needs only those (Kafka 4). */
	return part->leader >= 0 && part->in_sync < t->replicas &&
	       (part->in_sync < t->min_insync || !t->min_insync);
}

static const struct broker *broken_leader(const struct kafka *k,
					  const struct ledger_partition *part, uint64_t now_us)
{
	return brokers_find_broken(&k->brokers, part->leader, now_us);
}

/* Whether the partition waits for nothing but a quota, as far as is known. */
static bool is_slowed(const struct kafka *k, size_t topic, int32_t partition, uint64_t now_us)
{
	const struct ledger_partition *part = &k->ledger.topics[topic].partitions[partition];

	return brokers_hold_back(&k->brokers, now_us) && part->leader >= 0 &&
	       !broken_leader(k, part, now_us) && !kafka_may_lack_replicas(k, topic, partition);
}

/* Too few are in sync, or perhaps too few. */
static void print_replicas(const struct ledger_topic *t, const struct ledger_partition *part,
			   char *ret, size_t len)
{
	const char *are = part->in_sync == 1 ? "is" : "are";

	if (t->min_insync)
		snprintf(ret, len,
			 "%u of its %u replicas %s in sync, and min.insync.replicas of the topic "
			 "is %u: brokers refuse records (NOT_ENOUGH_REPLICAS) until those of the "
			 "other replicas are back, or the setting is lower",
			 part->in_sync, t->replicas, are, t->min_insync);
	else
		snprintf(ret, len,
			 "%u of its %u replicas %s in sync; if min.insync.replicas of the topic is "
			 "more, brokers refuse records (NOT_ENOUGH_REPLICAS) until those of the "
			 "other replicas are back (the setting is not known here: who may not "
			 "DescribeConfigs of the topic cannot ask for it)",
			 part->in_sync, t->replicas, are);
}

static void print_reason(const struct kafka *k, size_t topic, int32_t partition, uint64_t now_us,
			 char *ret, size_t len)
{
	const struct ledger_topic *t = &k->ledger.topics[topic];
	const struct ledger_partition *part = &t->partitions[partition];
	const struct broker *broken = broken_leader(k, part, now_us);

	if (part->leader < 0)
		snprintf(ret, len, "it has no leader");
	else if (broken)
		snprintf(ret, len,
			 "its leader, broker %d, advertises the address %s and is not reached "
			 "there: %.160s (advertised.listeners of the broker)",
			 broken->id, broken->address, broken->error);
	else if (kafka_may_lack_replicas(k, topic, partition))
		print_replicas(t, part, ret, len);
	else if (is_slowed(k, topic, partition, now_us))
		snprintf(ret, len,
			 "brokers slow this client down by a quota (of its client_id or its user): "
			 "they take records, and hold back their answers");
	else
		snprintf(ret, len,
			 "brokers answer other questions, but not to these records: look at broker "
			 "%d, which leads it",
			 part->leader);
}

/* The partitions of a topic that wait now. */
struct waiting {
	int32_t n, one; /* one of them, if possible one whose leader is known not to be reached */
	uint64_t records, since_us;
	bool untold; /* the log does not know of all of them */
};

static struct waiting look(const struct kafka *k, const struct ledger_topic *t, uint64_t now_us)
{
	struct waiting w = {.one = -1, .since_us = now_us};

	for (int32_t i = 0; i < t->n_seen; i++) {
		const struct ledger_partition *part = &t->partitions[i];

		if (!waits(k, part, now_us))
			continue;
		if (w.n++ == 0 || (!broken_leader(k, &t->partitions[w.one], now_us) &&
				   broken_leader(k, part, now_us)))
			w.one = i;
		w.records += part->records;
		w.since_us = part->progress_us < w.since_us ? part->progress_us : w.since_us;
		w.untold |= !part->told_waiting;
	}
	return w;
}

/* Once when it begins, and with a back-off while it lasts. */
static bool is_due(const struct ledger_topic *t, const struct waiting *w, uint64_t now_us)
{
	return w->n && (w->untold || now_us >= t->waits_told_us + t->waits_gap_us);
}

static void note_told(struct kafka *k, struct ledger_topic *t, uint64_t now_us)
{
	for (int32_t i = 0; i < t->n_seen; i++)
		t->partitions[i].told_waiting |= waits(k, &t->partitions[i], now_us);
	t->waits_gap_us = t->waits_told_us ? 2 * t->waits_gap_us : AGAIN_MIN_US;
	if (t->waits_gap_us > AGAIN_MAX_US)
		t->waits_gap_us = AGAIN_MAX_US;
	t->waits_told_us = now_us;
}

/* All partitions of one topic that wait, in one message. */
static void tell_topic(struct kafka *k, size_t topic, uint64_t now_us)
{
	struct ledger_topic *t = &k->ledger.topics[topic];
	struct waiting w = look(k, t, now_us);
	char reason[640], others[48] = "";

	if (!is_due(t, &w, now_us))
		return;
	note_told(k, t, now_us);
	k->slowed = (k->slowed || !k->waits_since_us) && is_slowed(k, topic, w.one, now_us);
	if (!k->waits_since_us)
		k->waits_since_us = w.since_us;
	if (w.n > 1)
		snprintf(others, sizeof others, " and %d others", w.n - 1);
	print_reason(k, topic, w.one, now_us, reason, sizeof reason);
	remarks_add(&k->remarks, LOG_WARNING, "records-wait", k->options->topics[topic],
		    "topic %.80s: partition %d%s: %" PRIu64 " record%s for %" PRIu64
		    " s now; %s; nothing is lost, they are sent until they are acknowledged",
		    k->options->topics[topic], w.one, others, w.records,
		    w.records == 1 ? " waits" : "s wait",
		    (uint64_t)((now_us - w.since_us) / US_PER_S), reason);
}

void kafka_tell_waits(struct kafka *k, uint64_t now_us)
{
	if (k->state != RUNNING)
		return;
	for (size_t i = 0; i < k->ledger.n_topics; i++)
		tell_topic(k, i, now_us);
}

void kafka_check_waits(struct kafka *k, uint64_t now_us)
{
	bool due = false;

	if (k->asked_us && now_us < k->asked_us + ASK_GAP_US)
		return;
	for (size_t i = 0; i < k->ledger.n_topics && !due; i++) {
		struct waiting w = look(k, &k->ledger.topics[i], now_us);

		due = is_due(&k->ledger.topics[i], &w, now_us);
	}
	if (!due)
		return;
	k->asked_us = now_us;
	helper_ask(k->helper, 0, true);
}

void kafka_note_wait(struct kafka *k, size_t topic, int32_t partition, bool delivered)
{
	struct ledger_topic *t = &k->ledger.topics[topic];
	struct ledger_partition *part;

	if (partition < 0 || partition >= t->n_seen)
		return;
	part = &t->partitions[partition];
	if (delivered)
		part->told_waiting = false;
	else
		k->waits_failed |= part->told_waiting;
}

/* Whether records of the topic wait that the log knows of. Those that came back may not return. */
static bool wait_lasts(struct kafka *k, struct ledger_topic *topic, uint64_t now_us)
{
	bool here = false;

	for (int32_t i = 0; i < topic->n_seen; i++) {
		struct ledger_partition *part = &topic->partitions[i];

		if (!part->records && now_us >= part->progress_us + bound_us(k))
			part->told_waiting = false;
		here |= part->told_waiting;
	}
	return here;
}

void kafka_end_waits(struct kafka *k, uint64_t now_us)
{
	bool left = false;

	for (size_t t = 0; t < k->ledger.n_topics; t++) {
		struct ledger_topic *topic = &k->ledger.topics[t];
		bool here = wait_lasts(k, topic, now_us);

		if (!here)
			topic->waits_told_us = 0;
		left |= here;
	}
	if (left)
		return;
	remarks_add(&k->remarks, LOG_NOTICE, "records-go-on", NULL, "%s, after %" PRIu64 " s",
		    k->waits_failed ? "no records wait any more; what came back was sent again" :
				      "the records that waited were acknowledged",
		    (uint64_t)((now_us - k->waits_since_us) / US_PER_S));
	k->waits_since_us = 0;
	k->waits_failed = k->slowed = false;
}
