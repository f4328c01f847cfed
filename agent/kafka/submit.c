/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record on its way to the library: where it goes, whether it has to wait or to go alone, and
 * what it means that it was not taken. All is asked of the ledger first, so that the library's own
 * queue is never what says no.
 */
#include "kafka/kafka_private.h"

/* Of a batch of one record, beside its bytes: 61, and a few for lengths and the time. */
#define BATCH_HEAD_BYTES 80

/* The partition the record goes to, or -1 when it must wait. */
static int32_t choose_partition(struct kafka *k, const struct record *record, size_t bytes,
				uint64_t now_us)
{
	struct ledger_topic *t = &k->ledger.topics[record->topic];
	int32_t partition = record->partition;

	if (partition < 0 && !record->key.at)
		partition = ledger_pick(&k->ledger, record->topic, bytes, now_us);
	else if (partition < 0)
		partition = partitioner_of_key(&t->placing, record->key);
	if (record->partition < 0 && record->key.at)
		keys_see(&t->keys, record->key, now_us);
	if (UNLIKELY(partition < 0)) {
		kafka_no_place(k, record->topic, now_us);
		return -1;
	}
	if (UNLIKELY(ledger_is_held(&k->ledger, &t->partitions[partition], now_us))) {
		ledger_want(&k->ledger, record->topic, partition, now_us);
		return -1;
	}
	return partition;
}

/* The library did not take it. */
static int not_taken(struct kafka *k, const struct record *record, int r, uint64_t now_us)
{
	char why[384] = "the producer is dead";

	switch (r) {
	case PRODUCER_E_FULL:
		k->stats.queue_full_surprises++;
		return OUTPUT_E_FULL;
	case PRODUCER_E_TOO_LARGE:
		return OUTPUT_E_REFUSED;
	case PRODUCER_E_DEAD:
		(void)producer_is_dead(k->producer, why, sizeof why);
		kafka_died(k, why, now_us);
		return OUTPUT_E_HOLD;
	case PRODUCER_E_UNKNOWN:
		/* Wait for a new look at the topic instead of running into it with each record. */
		k->ledger.topics[record->topic].state = TOPIC_UNKNOWN;
		kafka_ask(k, now_us, 0);
		return OUTPUT_E_HOLD;
	default:
		return r;
	}
}

/*
 * By what is known of its topic a broker may refuse it, and the batch that it is in, which ends the
 * producer. Compressed it may be small enough: only the broker can tell.
 */
static bool may_be_refused(const struct ledger_topic *t, const struct record *record, size_t bytes)
{
	return (t->max_message_bytes && bytes + BATCH_HEAD_BYTES > t->max_message_bytes) ||
	       (t->compacted && !record->key.at);
}

int kafka_take(struct kafka *k, const struct record *record, void *slot, uint64_t now_us)
{
	size_t headers, bytes;
	int32_t partition;
	bool alone;
	int r;

	if (UNLIKELY(!ledger_has_room(&k->ledger)))
		return OUTPUT_E_FULL;
	if (UNLIKELY(k->state != RUNNING || k->ledger.topics[record->topic].state != TOPIC_READY))
		return OUTPUT_E_HOLD;
	if (UNLIKELY(record->partition >= k->ledger.topics[record->topic].n))
		return OUTPUT_E_PARTITION;
	headers = record_header_bytes(record);
	bytes = record->key.len + record->value.len;
	if (UNLIKELY(may_be_refused(&k->ledger.topics[record->topic], record, bytes + headers)) &&
	    !record->alone)
		return OUTPUT_E_ALONE;
	partition = choose_partition(k, record, bytes + headers, now_us);
	if (UNLIKELY(partition < 0))
		return OUTPUT_E_HOLD;
	alone = record->alone || k->ledger.topics[record->topic].doubt_gap_us;
	if (UNLIKELY(alone))
		r = kafka_send_alone(k, record, partition, slot, now_us);
	else
		r = producer_send(k->producer, record, partition, slot);
	if (UNLIKELY(r))
		return alone && r == PRODUCER_E_FULL ? OUTPUT_E_HOLD :
						       not_taken(k, record, r, now_us);
	ledger_submitted(&k->ledger, record->topic, partition, bytes, headers, now_us);
	return 0;
}
