/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The account of what is in flight. The library has limits of its own, but they count payloads
 * only, are shared by all partitions, and are felt when it is too late; so we count ourselves and
 * never run into them.
 *
 * A report tells how long key and value were, but not the headers without walking them. Headers of
 * a partition are therefore given back by their average: the sum is right whenever the partition
 * is empty, and never drifts.
 *
 * Dead partitions must not stop the others (with one queue they would, within seconds), and how
 * many there are shows only when they have filled it: nothing can be taken back from the library.
 * So others get as much again: what stands still does not count, up to a second limit as large as
 * the first. And what stands still gets no more once two batches wait there, which is all that it
 * can send when it moves. The next one that dies has shown nothing yet, though. So from then on
 * shares are bounded, for all partitions alike: a quarter of what is free. However many die, each
 * takes a part of what the one before has left, and something is left. Only files whose next record
 * goes where the share is used up wait; they are told when there is room again for one of those.
 * While everything moves partitions have no shares, but sources have: one whose partitions are slow
 * would fill the queue, and another's line would wait until one of them reports, or for the second
 * after which they stand still.
 *
 * Rejected: shares of partitions at all times. Files would wait for their partitions instead of for
 * room, which costs a read and a parsed line for each try, where nobody is harmed.
 */
#include "pressure/ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/result.h"

#define LOOK_US (200 * US_PER_MS)
/* A partition has one part of so many of what is free. */
#define SHARE 4

int ledger_init(struct ledger *l, size_t n_topics, const struct partitioner *const *partitioners,
		uint64_t max_records, uint64_t max_bytes, uint64_t linger_us, uint32_t seed)
{
	*l = (struct ledger){.max_records = max_records, .max_bytes = max_bytes, .seed = seed};
	l->want_records = l->want_bytes = CLOCK_NEVER;
	kick_init(&l->gate, linger_us);
	return ledger_take_topics(l, n_topics, partitioners);
}

int ledger_take_topics(struct ledger *l, size_t n_topics,
		       const struct partitioner *const *partitioners)
{
	struct ledger_topic *grown = reallocarray(l->topics, n_topics + 1, sizeof *grown);

	if (!grown)
		return -ENOMEM;
	for (l->topics = grown; l->n_topics < n_topics; l->n_topics++) {
		const struct partitioner *partitioner =
			partitioners ? partitioners[l->n_topics] : partitioner_default();
		struct ledger_topic *t = &grown[l->n_topics];
		int r;

		*t = (struct ledger_topic){.state = TOPIC_UNKNOWN};
		r = partitioner_topic_init(&t->placing, partitioner, l->seed);
		if (r)
			return r;
	}
	return 0;
}

void ledger_deinit(struct ledger *l)
{
	for (size_t i = 0; l->topics && i < l->n_topics; i++) {
		free(l->topics[i].partitions);
		partitioner_topic_deinit(&l->topics[i].placing);
		keys_deinit(&l->topics[i].keys);
	}
	free(l->topics);
	l->topics = NULL;
}

int ledger_learn(struct ledger *l, size_t topic, const struct topic_facts *facts)
{
	struct ledger_topic *t = &l->topics[topic];
	int r;

	if (facts->n_partitions > t->n_seen) {
		size_t n = (size_t)facts->n_partitions;
		struct ledger_partition *all = realloc(t->partitions, n * sizeof *all);

		if (!all)
			return -ENOMEM;
		memset(all + t->n_seen, 0, (n - (size_t)t->n_seen) * sizeof *all);
		t->partitions = all;
		t->n_seen = facts->n_partitions;
	}
	r = partitioner_topic_resize(&t->placing, t->n_kept && t->n_kept < facts->n_partitions ?
							  t->n_kept :
							  facts->n_partitions);
	if (r)
		return r;
	t->n = facts->n_partitions;
	t->min_insync = facts->min_insync;
	t->max_message_bytes = facts->max_message_bytes;
	t->compacted = facts->compacted;
	t->replicas = facts->replicas;
	for (int32_t i = 0; i < t->n_seen; i++) {
		t->partitions[i].leader = topic_facts_leader(facts, i);
		t->partitions[i].in_sync = i < t->n ? facts->in_sync[i] : 0;
	}
	t->moved++;
	return 0;
}

uint64_t ledger_topic_records(const struct ledger *l, size_t topic)
{
	const struct ledger_topic *t = &l->topics[topic];
	uint64_t n = 0;

	for (int32_t i = 0; i < t->n_seen; i++)
		n += t->partitions[i].records;
	return n;
}

static uint64_t bytes_of(const struct ledger_partition *part)
{
	return part->bytes + part->records * LEDGER_RECORD_BYTES;
}

static uint64_t free_of(uint64_t max, uint64_t used)
{
	uint64_t all = max + LEDGER_RESERVE(max);

	return used < all ? all - used : 0;
}

static bool stands_still(const struct ledger_partition *part, uint64_t now_us)
{
	return part->records && now_us >= part->progress_us + LEDGER_HOLD_US;
}

/* As many as it can have under way and ready behind that. The library counts without headers. */
static bool has_batches(const struct ledger *l, const struct ledger_partition *part, unsigned int n)
{
	return part->bytes - part->header_bytes >= n * l->batch_bytes;
}

bool ledger_is_held(const struct ledger *l, const struct ledger_partition *part, uint64_t now_us)
{
	bool still = stands_still(part, now_us);

	if (LIKELY(!l->still_records && !still))
		return false;
	return (still && has_batches(l, part, 2)) ||
	       part->records * SHARE > free_of(l->max_records, l->records) ||
	       bytes_of(part) * SHARE > free_of(l->max_bytes, l->bytes);
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Its share would have to be so large. */
static void note_want(struct ledger *l, const struct ledger_partition *part)
{
	l->want_records = min_u64(l->want_records, part->records * SHARE);
	l->want_bytes = min_u64(l->want_bytes, bytes_of(part) * SHARE);
}

void ledger_want(struct ledger *l, size_t topic, int32_t partition, uint64_t now_us)
{
	struct ledger_partition *part = &l->topics[topic].partitions[partition];

	part->wanted = true;
	if (!stands_still(part, now_us))
		note_want(l, part);
}

/* Those of the topic that may take records again are told, and the others wanted on. */
static void look_at_wanted(struct ledger *l, struct ledger_topic *t, uint64_t now_us)
{
	bool any = false;

	for (int32_t i = 0; i < t->n_seen; i++) {
		struct ledger_partition *part = &t->partitions[i];

		if (!part->wanted)
			continue;
		if (ledger_is_held(l, part, now_us)) {
			if (!stands_still(part, now_us))
				note_want(l, part);
			continue;
		}
		part->wanted = false;
		any = true;
	}
	t->moved += any;
}

/* A partition moved: it, or others for which there is more room now, may take records again. */
static void release_wanted(struct ledger *l, struct ledger_topic *t, struct ledger_partition *part,
			   uint64_t now_us)
{
	if (part->wanted && !ledger_is_held(l, part, now_us)) {
		part->wanted = false;
		t->moved++;
	}
	if (free_of(l->max_records, l->records) < l->want_records ||
	    free_of(l->max_bytes, l->bytes) < l->want_bytes)
		return;
	l->want_records = l->want_bytes = CLOCK_NEVER;
	for (size_t i = 0; i < l->n_topics; i++)
		look_at_wanted(l, &l->topics[i], now_us);
}

bool ledger_is_spent(struct ledger *l, const struct output_share *share)
{
	uint64_t records = l->records < l->max_records ? l->max_records - l->records : 0;
	uint64_t bytes = l->bytes < l->max_bytes ? l->max_bytes - l->bytes : 0;

	if (l->still_records || !output_share_is_spent(share, LEDGER_RECORD_BYTES, records, bytes))
		return false;
	l->turned_away = true;
	return true;
}

/* None stands still any more: there are no shares now. */
static void end_shares(struct ledger *l)
{
	for (size_t t = 0; t < l->n_topics; t++)
		l->topics[t].moved++;
}

uint64_t ledger_look(struct ledger *l, uint64_t now_us)
{
	uint64_t before = l->still_records;

	if (now_us < l->look_us)
		return before || !ledger_has_room(l) ? l->look_us : CLOCK_NEVER;
	l->look_us = now_us + LOOK_US;
	l->still_records = l->still_bytes = 0;
	for (size_t t = 0; t < l->n_topics && l->records; t++) {
		for (int32_t i = 0; i < l->topics[t].n_seen; i++) {
			const struct ledger_partition *part = &l->topics[t].partitions[i];

			if (!stands_still(part, now_us))
				continue;
			l->still_records += part->records;
			l->still_bytes += bytes_of(part);
		}
	}
	if (before && !l->still_records)
		end_shares(l);
	return l->still_records || !ledger_has_room(l) ? l->look_us : CLOCK_NEVER;
}

/* What the partitioner asks for records without a key. */
struct picking {
	const struct ledger *ledger;
	const struct ledger_topic *topic;
	uint64_t now_us;
	bool lively; /* only one that moves */
};

static bool pick_elsewhere(const void *context, int32_t partition)
{
	const struct picking *p = context;
	const struct ledger_partition *part = &p->topic->partitions[partition];

	return part->leader < 0 || (p->lively && stands_still(part, p->now_us)) ||
	       ledger_is_held(p->ledger, part, p->now_us);
}

int32_t ledger_pick(struct ledger *l, size_t topic, size_t bytes, uint64_t now_us)
{
	struct ledger_topic *t = &l->topics[topic];
	struct picking picking = {l, t, now_us, l->still_records > 0};
	int32_t picked =
		partitioner_of_null(&t->placing, bytes, l->batch_bytes, pick_elsewhere, &picking);

	if (picked < 0 && picking.lively) {
		picking.lively = false;
		picked = partitioner_of_null(&t->placing, bytes, l->batch_bytes, pick_elsewhere,
					     &picking);
	}
	for (int32_t i = 0; picked < 0 && i < t->n; i++)
		ledger_want(l, topic, i, now_us);
	return picked;
}

void ledger_submitted(struct ledger *l, size_t topic, int32_t partition, size_t bytes,
		      size_t header_bytes, uint64_t now_us)
{
	struct ledger_partition *part = &l->topics[topic].partitions[partition];

	if (part->records++ == 0)
		part->progress_us = now_us;
	part->bytes += bytes + header_bytes;
	part->header_bytes += header_bytes;
	l->records++;
	l->bytes += bytes + header_bytes + LEDGER_RECORD_BYTES;
	kick_submitted(&l->gate, &part->kick, has_batches(l, part, 1), now_us);
}

/* For a report that names no partition we know: the sums must still come out. */
static int32_t any_busy(const struct ledger_topic *t)
{
	for (int32_t i = 0; i < t->n_seen; i++) {
		if (t->partitions[i].records)
			return i;
	}
	return 0;
}

void ledger_reported(struct ledger *l, size_t topic, int32_t partition, uint32_t n, size_t bytes,
		     uint64_t now_us)
{
	struct ledger_topic *t = &l->topics[topic];
	struct ledger_partition *part;
	uint64_t headers, all;

	if (UNLIKELY(partition < 0 || partition >= t->n_seen))
		partition = any_busy(t);
	part = &t->partitions[partition];
	if (UNLIKELY(n > part->records))
		n = (uint32_t)part->records;
	if (n == 0)
		return;
	l->turned_away = false;
	headers = part->header_bytes * n / part->records;
	all = bytes + headers;
	if (all > part->bytes || n == part->records)
		all = part->bytes;
	part->header_bytes -= headers;
	part->bytes -= all;
	part->records -= n;
	part->progress_us = now_us;
	l->records -= n;
	l->bytes -= all + (uint64_t)n * LEDGER_RECORD_BYTES;
	release_wanted(l, t, part, now_us);
	kick_reported(&l->gate, &part->kick, n, has_batches(l, part, 1), now_us);
}

bool ledger_kick_due(struct ledger *l, uint64_t now_us)
{
	kick_full(&l->gate, l->turned_away || !ledger_has_room(l), now_us);
	if (LIKELY(!kick_look(&l->gate, now_us)))
		return false;
	kick_scan_begin(&l->gate);
	for (size_t t = 0; t < l->n_topics; t++) {
		for (int32_t i = 0; i < l->topics[t].n_seen; i++)
			kick_scan_add(&l->gate, &l->topics[t].partitions[i].kick);
	}
	return kick_scan_end(&l->gate, now_us);
}

void ledger_urge(struct ledger *l, uint64_t now_us)
{
	for (size_t t = 0; t < l->n_topics; t++) {
		for (int32_t i = 0; i < l->topics[t].n_seen; i++)
			kick_urge(&l->gate, &l->topics[t].partitions[i].kick, now_us);
	}
}

void ledger_kicked(struct ledger *l, uint64_t now_us)
{
	kick_done(&l->gate, now_us);
	for (size_t t = 0; t < l->n_topics; t++) {
		partitioner_move_on(&l->topics[t].placing);
		for (int32_t i = 0; i < l->topics[t].n_seen; i++)
			kick_done_partition(&l->gate, &l->topics[t].partitions[i].kick, now_us);
	}
}

/* So that one of which nothing new can be learned does not hide the others. */
static bool is_better(const struct ledger_partition *part, const struct ledger_partition *than)
{
	if (!than || (part->leader < 0) != (than->leader < 0))
		return !than || part->leader >= 0;
	return part->probed_us < than->probed_us;
}

bool ledger_find_stalled(const struct ledger *l, uint64_t before_us, size_t *ret_topic,
			 int32_t *ret_partition)
{
	const struct ledger_partition *best = NULL;

	for (size_t t = 0; t < l->n_topics; t++) {
		for (int32_t i = 0; i < l->topics[t].n_seen; i++) {
			const struct ledger_partition *part = &l->topics[t].partitions[i];

			if (!part->records || part->progress_us > before_us ||
			    !is_better(part, best))
				continue;
			best = part;
			*ret_topic = t;
			*ret_partition = i;
		}
	}
	return best != NULL;
}

void ledger_restart(struct ledger *l, uint64_t batch_bytes)
{
	l->batch_bytes = batch_bytes;
	l->still_records = l->still_bytes = 0;
	l->turned_away = false;
	l->want_records = l->want_bytes = CLOCK_NEVER;
	kick_init(&l->gate, l->gate.linger_us);
	for (size_t t = 0; t < l->n_topics; t++) {
		l->topics[t].moved++;
		partitioner_move_on(&l->topics[t].placing);
		for (int32_t i = 0; i < l->topics[t].n_seen; i++)
			l->topics[t].partitions[i].kick = (struct kick_partition){0};
	}
}
