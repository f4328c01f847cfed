/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How things are, for those who ask: read from what the loop knows anyway. The library is not
 * asked, for its answer could take a while, and what waybill acts upon is what it knows itself.
 */
#include "kafka/kafka_private.h"

static const char *const state_names[] = {
	[MAKING] = "making", [RUNNING] = "running", [DRAINING] = "draining"};

/* Whether lines wait, and the log knows: a topic of dead letters holds up none. */
static bool lines_wait(const struct kafka *k)
{
	bool wait = false;

	for (size_t i = 0; i < k->ledger.n_topics && k->waits_since_us && !wait; i++)
		wait = k->ledger.topics[i].waits_told_us && !kafka_only_letters(k, i);
	return wait && k->ledger.records;
}

/*
 * One that came a moment ago is not asked for yet, which says nothing against anybody: a reload
 * that brings a topic would be a failure of a quarter of a second to whoever asks how things are.
 */
static bool is_well(const struct kafka *k, size_t topic)
{
	const struct ledger_topic *t = &k->ledger.topics[topic];
	bool came = !t->heard && !k->told_props;

	return t->state == TOPIC_READY || came || kafka_only_letters(k, topic) ||
	       kafka_is_unused(k, topic);
}

void kafka_stats(const struct output *output, struct output_stats *ret_stats)
{
	const struct kafka *k = (const struct kafka *)output;

	*ret_stats = k->stats;
	ret_stats->records_in_flight = k->ledger.records;
	ret_stats->bytes_in_flight = k->ledger.bytes;
	/* Not up is also who answers, but takes no record. */
	ret_stats->up = k->state == RUNNING && k->reachable && (k->slowed || !lines_wait(k));
	for (size_t i = 0; i < k->ledger.n_topics; i++)
		ret_stats->up &= is_well(k, i);
	ret_stats->records_max = k->ledger.max_records;
	ret_stats->bytes_max = k->ledger.max_bytes;
	ret_stats->records_beside = ledger_beside(k->ledger.max_records, k->ledger.still_records);
	ret_stats->bytes_beside = ledger_beside(k->ledger.max_bytes, k->ledger.still_bytes);
	ret_stats->reachable = k->reachable;
	ret_stats->renewal_waits = k->renewal_waits || k->next;
	ret_stats->renewal_error = k->renewal_error;
	ret_stats->state = state_names[k->state];
	ret_stats->last_error = k->last_error[0] ? k->last_error : k->reason;
}

static bool see_topic(const struct output *output, size_t topic, struct output_topic *ret_topic)
{
	static const char *const states[] = {
		[TOPIC_UNKNOWN] = "unknown", [TOPIC_MISSING] = "missing", [TOPIC_DENIED] = "denied",
		[TOPIC_READY] = "ready",     [TOPIC_CHANGED] = "changed",
	};
	const struct ledger *ledger = &((const struct kafka *)output)->ledger;
	const struct ledger_topic *t;

	if (topic >= ledger->n_topics)
		return false;
	t = &ledger->topics[topic];
	*ret_topic = (struct output_topic){
		.state = states[t->state],
		.n_partitions = t->n_seen,
		.n_kept = (uint32_t)t->n_kept,
		.replicas = t->replicas,
		.min_insync = t->min_insync,
	};
	return true;
}

static bool see_partition(const struct output *output, size_t topic, int32_t partition,
			  uint64_t now_us, struct output_partition *ret_partition)
{
	const struct kafka *k = (const struct kafka *)output;
	const struct ledger_partition *part;

	if (topic >= k->ledger.n_topics || partition < 0 ||
	    partition >= k->ledger.topics[topic].n_seen)
		return false;
	part = &k->ledger.topics[topic].partitions[partition];
	*ret_partition = (struct output_partition){
		.leader = part->leader,
		.replicas = part->in_sync,
		.delivered = part->delivered,
		.records = part->records,
		.bytes = part->bytes,
		.quiet_us = part->records && now_us > part->progress_us ?
				    now_us - part->progress_us :
				    0,
		.held = ledger_is_held(&k->ledger, part, now_us),
		.lacks_replicas = kafka_may_lack_replicas(k, topic, partition),
	};
	return true;
}

static bool see_broker(const struct output *output, size_t index, uint64_t now_us,
		       struct output_broker *ret_broker)
{
	const struct kafka *k = (const struct kafka *)output;
	const struct broker *broker;

	if (index >= k->brokers.n)
		return false;
	broker = &k->brokers.at[index];
	*ret_broker = (struct output_broker){
		.id = broker->id,
		.address = broker->address,
		.error = broker->error_us ? broker->error : "",
		.error_age_us = broker->error_us && now_us > broker->error_us ?
					now_us - broker->error_us :
					0,
		.silent = broker->silent,
		.load = broker->load,
	};
	/* Of one that is gone it says nothing any more. */
	ret_broker->load.counted &= k->producer != NULL;
	return true;
}

static int32_t see_place(const struct output *output, const struct record *record)
{
	const struct ledger_topic *t =
		&((const struct kafka *)output)->ledger.topics[record->topic];

	if (record->partition >= 0)
		return record->partition;
	return record->key.at && t->n > 0 ? partitioner_of_key(&t->placing, record->key) : -1;
}

const struct output_views kafka_views = {see_topic, see_partition, see_broker, see_place};
