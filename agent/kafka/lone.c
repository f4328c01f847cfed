/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records that go alone, through a producer of their own: those of a batch that was refused, and
 * the first record of a topic in doubt.
 *
 * A refusal ends the producer that all others go through, and would do so at each bad record. The
 * lone one survives it: of a single record in flight nothing is behind it, or beside it, whose
 * order or number could be lost. So there is one at a time of all topics together. The pipeline
 * sees to it that nothing else of the record's file is under way.
 *
 * A topic is in doubt when a broker refused a batch for what is not the batch's fault (no right, a
 * policy). What came back is not sent as a batch again before a single record got through, tried
 * after 1 s, doubling to 60: else each try would end the producer of all topics.
 *
 * The lone producer is made when it is needed, and made anew after whatever fails in it: what it
 * knows of topics may be what was wrong.
 */
#include "base/clock.h"
#include "kafka/kafka_private.h"

#define REMAKE_US US_PER_S
/* The properties were refused, or memory was short: asked again. */
#define MAKE_AGAIN_US (10 * US_PER_S)
/* So long another record waits behind a dead letter. */
#define LETTER_US (5 * US_PER_S)
#define DOUBT_MIN_US US_PER_S
#define DOUBT_MAX_US (60 * US_PER_S)

/* Orders one, unless one is ordered. */
static void make(struct kafka *k, uint64_t now_us)
{
	struct lone *lone = &k->lone;

	if (now_us < lone->not_before_us ||
	    (lone->asked_us && now_us < lone->asked_us + MAKE_AGAIN_US))
		return;
	if (lone->producer)
		producer_wake(lone->producer, -1);
	helper_make_lone(k->helper, lone->producer);
	lone->producer = NULL;
	lone->spoilt = false;
	lone->asked_us = now_us;
}

/* Those that waited for the lone producer may try again. */
static void let_go(struct kafka *k)
{
	for (size_t i = 0; i < k->ledger.n_topics; i++) {
		k->ledger.topics[i].moved += k->ledger.topics[i].waits_lone;
		k->ledger.topics[i].waits_lone = false;
	}
}

void kafka_take_lone(struct kafka *k, struct producer *producer)
{
	k->lone.producer = producer;
	k->lone.asked_us = 0;
	producer_wake(producer, k->fd);
	let_go(k);
}

void kafka_spoil_lone(struct kafka *k, uint64_t now_us)
{
	if (!k->lone.producer || k->lone.spoilt)
		return;
	k->lone.spoilt = true;
	k->lone.not_before_us = now_us + REMAKE_US;
}

/* Not its turn yet: of a topic in doubt that is not because of a suspect. */
static bool must_wait(const struct kafka *k, const struct record *record, uint64_t now_us)
{
	const struct ledger_topic *t = &k->ledger.topics[record->topic];

	if (k->lone.busy)
		return true;
	return !record->alone &&
	       (now_us < t->doubt_until_us || ledger_topic_records(&k->ledger, record->topic));
}

/* It was made before the topic came. */
static bool lacks(const struct producer *producer, size_t topic)
{
	return topic >= producer_n_topics(producer);
}

int kafka_send_alone(struct kafka *k, const struct record *record, int32_t partition, void *slot,
		     uint64_t now_us)
{
	int r;

	k->ledger.topics[record->topic].waits_lone = true;
	if (must_wait(k, record, now_us))
		return PRODUCER_E_FULL;
	if (!k->lone.producer || k->lone.spoilt || lacks(k->lone.producer, record->topic)) {
		make(k, now_us);
		return PRODUCER_E_FULL;
	}
	r = producer_send(k->lone.producer, record, partition, slot);
	k->lone.busy = r == 0;
	k->lone.topic = record->topic;
	k->lone.sent_us = now_us;
	if (r < 0 || r == 0 || r == PRODUCER_E_TOO_LARGE)
		return r;
	kafka_spoil_lone(k, now_us);
	return PRODUCER_E_FULL;
}

/*
 * Where a topic of dead letters takes nothing (it lacks replicas, a leader) its record would be in
 * the way of lines for ever, of other such topics, and of a producer that is drained. What the
 * library means to send again counts as in flight to it; so a letter that is in doubt may come
 * twice.
 */
void kafka_check_lone(struct kafka *k, uint64_t now_us)
{
	bool wanted = k->state == DRAINING;

	if (!k->lone.busy || !kafka_only_letters(k, k->lone.topic) ||
	    now_us < k->lone.sent_us + LETTER_US)
		return;
	for (size_t i = 0; i < k->ledger.n_topics; i++)
		wanted |= i != k->lone.topic && k->ledger.topics[i].waits_lone;
	if (wanted)
		producer_purge(k->lone.producer, true);
}

/* A broker refuses what is sent to the topic. */
static void doubt(struct ledger_topic *t, uint64_t now_us)
{
	uint64_t gap_us = t->doubt_gap_us ? t->doubt_gap_us * 2 : DOUBT_MIN_US;

	t->doubt_gap_us = gap_us > DOUBT_MAX_US ? DOUBT_MAX_US : gap_us;
	t->doubt_until_us = now_us + t->doubt_gap_us;
}

void kafka_doubt(struct kafka *k, const struct report *r, uint64_t now_us)
{
	struct ledger_topic *t = &k->ledger.topics[r->topic];

	/* The others of the same batch tell nothing new. */
	if (!t->doubt_gap_us)
		doubt(t, now_us);
}

void kafka_lone_reported(struct kafka *k, const struct report *r, uint64_t now_us)
{
	struct ledger_topic *t = &k->ledger.topics[r->topic];

	k->lone.busy = false;
	let_go(k);
	if (r->kind != REPORT_FAILED) {
		t->doubt_gap_us = 0;
		return;
	}
	kafka_spoil_lone(k, now_us);
	if (t->doubt_gap_us)
		doubt(t, now_us);
}
