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

static uint64_t bound_us(const struct kafka *k)
{
	return k->options->stall_us / PART_OF_STALL;
}

static bool waits(const struct kafka *k, const struct ledger_partition *part, uint64_t now_us)
{
	return part->records && now_us >= part->progress_us + bound_us(k);
}

bool kafka_lacks_replicas(const struct kafka *k, size_t topic, int32_t partition)
{
	const struct ledger_topic *t = &k->ledger.topics[topic];
	const struct ledger_partition *part = &t->partitions[partition];

	/* A topic with fewer replicas than the setting needs only those (Kafka 4). */
	return part->has_leader && part->in_sync < t->min_insync && part->in_sync < t->replicas;
}

static void print_reason(const struct kafka *k, size_t topic, int32_t partition, char *ret,
			 size_t len)
{
	const struct ledger_topic *t = &k->ledger.topics[topic];
	const struct ledger_partition *part = &t->partitions[partition];

	if (!part->has_leader)
		snprintf(ret, len, "it has no leader");
	else if (kafka_lacks_replicas(k, topic, partition))
		snprintf(ret, len,
			 "%u of its %u replicas %s in sync, and min.insync.replicas of the topic "
			 "is %u: brokers refuse records (NOT_ENOUGH_REPLICAS) until those of the "
			 "other replicas are back, or the setting is lower",
			 part->in_sync, t->replicas, part->in_sync == 1 ? "is" : "are",
			 t->min_insync);
	else
		snprintf(ret, len, "brokers answer other questions, but not to these records");
}

/* All partitions of one topic that began to wait, in one message. */
static void tell_topic(struct kafka *k, size_t topic, uint64_t now_us)
{
	struct ledger_topic *t = &k->ledger.topics[topic];
	char reason[256], others[48] = "";
	uint64_t records = 0, since_us = now_us;
	int32_t first = -1, n = 0;

	for (int32_t i = 0; i < t->n_seen; i++) {
		struct ledger_partition *part = &t->partitions[i];

		if (part->told_waiting || !waits(k, part, now_us))
			continue;
		first = n++ ? first : i;
		records += part->records;
		since_us = part->progress_us < since_us ? part->progress_us : since_us;
		part->told_waiting = true;
	}
	if (n == 0)
		return;
	if (!k->waits_since_us)
		k->waits_since_us = since_us;
	if (n > 1)
		snprintf(others, sizeof others, " and %d others", n - 1);
	print_reason(k, topic, first, reason, sizeof reason);
	remarks_add(&k->remarks, LOG_WARNING, "records-wait",
		    "topic %.80s: partition %d%s: %" PRIu64 " records wait for %" PRIu64
		    " s now; %s; nothing is lost, they are sent until they are acknowledged",
		    k->options->topics[topic], first, others, records,
		    (uint64_t)((now_us - since_us) / US_PER_S), reason);
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
	bool untold = false;

	if (k->asked_us && now_us < k->asked_us + ASK_GAP_US)
		return;
	for (size_t t = 0; t < k->ledger.n_topics; t++) {
		const struct ledger_topic *topic = &k->ledger.topics[t];

		for (int32_t i = 0; i < topic->n_seen; i++)
			untold |= !topic->partitions[i].told_waiting &&
				  waits(k, &topic->partitions[i], now_us);
	}
	if (!untold)
		return;
	k->asked_us = now_us;
	helper_ask(k->helper, 0, true);
}

void kafka_end_waits(struct kafka *k, uint64_t now_us)
{
	bool left = false;

	for (size_t t = 0; t < k->ledger.n_topics; t++) {
		struct ledger_topic *topic = &k->ledger.topics[t];

		for (int32_t i = 0; i < topic->n_seen; i++) {
			struct ledger_partition *part = &topic->partitions[i];

			part->told_waiting &= waits(k, part, now_us);
			left |= part->told_waiting;
		}
	}
	if (left)
		return;
	remarks_add(&k->remarks, LOG_NOTICE, "records-go-on",
		    "the records that waited were acknowledged, after %" PRIu64 " s",
		    (uint64_t)((now_us - k->waits_since_us) / US_PER_S));
	k->waits_since_us = 0;
}
