/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Kafka output: one producer instance, disposable, and what is needed to dispose of it safely.
 *
 *	MAKING ── the helper hands over a producer that knows its topics ──► RUNNING
 *	RUNNING ── fatal error, or no progress although brokers answer ──► DRAINING
 *	DRAINING ── every report is in; the old one goes to the helper ──► MAKING
 *	RUNNING ── the helper hands over one of new properties ──► DRAINING ──► RUNNING with it
 *
 * There is one recovery path for any state of the library that we do not understand: take no more
 * records, wait until each one handed over was reported, replace the instance. The files then go
 * back to their committed positions. While no broker answers the wait has no limit: nothing could
 * be sent anyway, and a purge reports records as failed that a broker may hold (in a measurement it
 * cost 2,329 repeats). Only when brokers answer and reports still do not come is it purged. What is
 * queued in an instance that met a fatal error is given up at once: it would never be sent.
 *
 * "Brokers answer" is judged by questions of the helper through the same instance and, for a
 * stalled partition, by its leader; the library's own events are hints, they only lead to a
 * question. A leader that does not answer is no reason to dispose of anything: its partition is
 * held, the others go on.
 *
 * Accepted weakness: if the library never reports a record, not even after a purge, its file waits
 * until the agent is started again; giving the slot up would be a guess.
 */
#include "kafka/kafka.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "client/library_log.h"
#include "kafka/kafka_private.h"

#define REPORT_PORTION 64

static struct kafka *kafka_of(const struct output *output)
{
	return (struct kafka *)output;
}

/* A topic's limit has sunk below our batches: refusals would follow. */
static void check_batch(struct kafka *k, const struct topics *topics, uint64_t now_us)
{
	struct producer_sizing sizing = topics_sizing(topics);

	if (k->state == RUNNING && sizing.max_message_bytes &&
	    sizing.max_message_bytes < producer_batch_limit(k->producer))
		kafka_dispose(k, LOG_NOTICE, "batch-limit",
			      "max.message.bytes of a topic is now below our batches", now_us);
}

static void take_topics(struct kafka *k, struct topics *topics, uint64_t now_us)
{
	for (size_t i = 0; i < topics->n; i++)
		kafka_take_facts(k, i, &topics->at[i], now_us);
	kafka_tell_durability(k);
	brokers_take(&k->brokers, &topics->leaders);
	kafka_tell_many(k, topics->n_brokers);
	check_batch(k, topics, now_us);
	topics_free(topics);
}

/* While a producer is made the helper fetches its news, and afterwards we do. */
static void take_reach(struct kafka *k, const struct helper_answer *a, uint64_t now_us)
{
	if (a->reachable)
		kafka_reachable(k, now_us);
	else if (k->state != MAKING && k->last_error[0])
		kafka_unreachable(k, k->trouble, k->last_error, now_us);
	else
		kafka_unreachable(k, a->trouble, a->reason, now_us);
}

/* An error of one connection: the most telling since the last answer is kept. */
static void note_error(struct kafka *k, const struct producer_news *news, uint64_t now_us)
{
	brokers_note(&k->brokers, news->text, now_us);
	if (news->trouble < k->trouble)
		return;
	k->trouble = news->trouble;
	snprintf(k->last_error, sizeof k->last_error, "%.380s", news->text);
}

/* Its next producer, perhaps of the same answer, is of these. */
static void take_props(struct kafka *k, const struct helper_answer *a)
{
	helper_take_props(k->helper, a->props, a->n_props);
	/* Others may have been ordered since. */
	k->renewal_waits = a->renewal_number != k->renewal;
	k->renewal_error[0] = '\0';
}

static void take_answer(struct kafka *k, uint64_t now_us)
{
	struct helper_answer a;

	if (!helper_answer(k->helper, &a))
		return;
	if (a.props_refused && !k->told_props)
		remarks_add(&k->remarks, LOG_ERR, "kafka-properties", NULL,
			    "the library refuses the settings of the kafka block: %.300s; retrying",
			    a.reason);
	k->told_props = a.props_refused;
	if (a.props)
		take_props(k, &a);
	if (a.asked) {
		k->place_asked = false;
		if (a.reachable)
			k->answered_us = now_us;
		take_reach(k, &a, now_us);
	}
	if (a.producer)
		kafka_take_producer(k, a.producer, now_us);
	if (a.lone)
		kafka_take_lone(k, a.lone);
	if (a.renewal != RENEWAL_NONE)
		kafka_take_renewal(k, &a, now_us);
	if (a.topics)
		take_topics(k, a.topics, now_us);
	if (a.statistics)
		brokers_count(&k->brokers, a.statistics);
	free(a.statistics);
	if (a.asked && a.reachable)
		kafka_tell_waits(k, now_us);
	if (a.probed)
		kafka_take_probe(k, &a, now_us);
}

static void take_news(struct kafka *k, struct producer *producer, uint64_t now_us)
{
	char *counted = producer_counted(producer);
	struct producer_news news;

	if (counted)
		helper_read(k->helper, counted);
	producer_news(producer, &news);
	switch (news.kind) {
	case NEWS_FATAL:
		if (producer == k->lone.producer)
			kafka_spoil_lone(k, now_us);
		else
			kafka_died(k, news.text, now_us);
		break;
	case NEWS_AUTH:
		k->refused_us = now_us;
		note_error(k, &news, now_us);
		/* Perhaps one of several; if it is all of them, the answer will tell so. */
		if (k->reachable)
			remarks_add(&k->remarks, LOG_ERR, "authentication", NULL,
				    "a broker cannot be used: %.400s; lines for it wait, retrying",
				    news.text);
		kafka_ask(k, now_us, US_PER_S);
		break;
	case NEWS_ERROR:
		note_error(k, &news, now_us);
		kafka_ask(k, now_us, ASK_GAP_US);
		break;
	case NEWS_ALL_DOWN:
		k->all_down = true;
		if (!k->last_error[0])
			snprintf(k->last_error, sizeof k->last_error, "%.380s", news.text);
		kafka_ask(k, now_us, US_PER_S);
		break;
	case NEWS_NONE:
		break;
	}
}

static bool kafka_has_room(const struct output *output)
{
	return ledger_has_room(&kafka_of(output)->ledger);
}

static bool kafka_is_spent(struct output *output, const struct output_share *share)
{
	return ledger_is_spent(&kafka_of(output)->ledger, share);
}

static int kafka_submit(struct output *output, const struct record *record, void *slot,
			uint64_t now_us)
{
	return kafka_take(kafka_of(output), record, slot, now_us);
}

/* A new producer, facts of the topic, a report of a partition that was held: all in the ledger. */
static uint64_t kafka_moved(const struct output *output, uint32_t topic)
{
	return kafka_of(output)->ledger.topics[topic].moved;
}

/* Books reports, of a record that went alone or not; neighbours of one partition in one go. */
static void book(struct kafka *k, struct report *reports, const struct producer_note *notes,
		 size_t n, bool alone, uint64_t now_us)
{
	uint64_t before = k->delivered, run = before;
	size_t first = 0, bytes = 0;

	for (size_t i = 0; i < n; i++) {
		const struct report *r = &reports[i];

		bytes += notes[i].bytes;
		if (LIKELY(r->kind == REPORT_DELIVERED)) {
			k->delivered++;
			k->stats.reports_without_offset += r->offset < 0;
		} else {
			kafka_not_delivered(k, &reports[i], &notes[i], alone, now_us);
		}
		if (i + 1 < n && reports[i + 1].topic == r->topic &&
		    reports[i + 1].partition == r->partition)
			continue;
		ledger_reported(&k->ledger, r->topic, r->partition, (uint32_t)(i + 1 - first),
				bytes, now_us);
		ledger_delivered(&k->ledger, r->topic, r->partition, k->delivered - run);
		if (UNLIKELY(k->waits_since_us))
			kafka_note_wait(k, r->topic, r->partition, k->delivered > run);
		run = k->delivered;
		first = i + 1;
		bytes = 0;
	}
	k->reported_us = now_us;
	if (k->delivered > before && !k->reachable)
		kafka_reachable(k, now_us);
	if (UNLIKELY(k->waits_since_us) && k->delivered > before)
		kafka_end_waits(k, now_us);
}

/* What waits longer ends its connection, and on a new one brokers answer. */
static void note_throttle(struct kafka *k, uint64_t hold_us, uint64_t now_us)
{
	if (hold_us > k->answer_us)
		hold_us = k->answer_us;
	if (UNLIKELY(hold_us))
		brokers_hold(&k->brokers, now_us + hold_us + ANSWER_FRESH_US);
}

/* Up to one portion of a producer's; 0 when nothing waits. */
static size_t portion(struct kafka *k, struct producer *producer, struct report *ret_reports,
		      size_t max, uint64_t now_us)
{
	struct producer_note notes[REPORT_PORTION];
	size_t n = 0;
	bool news = true;

	while (n == 0 && news) {
		n = producer_reports(producer, ret_reports, notes,
				     max < REPORT_PORTION ? max : REPORT_PORTION, &news);
		note_throttle(k, producer_take_throttle(producer), now_us);
		if (n)
			book(k, ret_reports, notes, n, producer == k->lone.producer, now_us);
		if (n && UNLIKELY(producer == k->lone.producer))
			kafka_lone_reported(k, ret_reports, now_us);
		if (news)
			take_news(k, producer, now_us);
	}
	return n;
}

static size_t kafka_reports(struct output *output, struct report *ret_reports, size_t max,
			    uint64_t now_us)
{
	struct kafka *k = kafka_of(output);
	eventfd_t ignored;
	size_t n = 0, got;

	/* First clear, then look: what comes in between makes it readable again. */
	(void)!eventfd_read(k->fd, &ignored);
	if (UNLIKELY(k->lone.producer != NULL))
		n = portion(k, k->lone.producer, ret_reports, max, now_us);
	while (k->producer && n < max) {
		got = portion(k, k->producer, ret_reports + n, max - n, now_us);
		if (got == 0)
			break;
		n += got;
	}
	/* The library writes only when its queue was empty, so a rest must keep us readable. */
	if (n == max || helper_waits(k->helper))
		(void)!eventfd_write(k->fd, 1);
	return n;
}

static void kick_now(struct kafka *k, uint64_t now_us)
{
	if (k->dead)
		return;
	producer_kick(k->producer);
	k->stats.kicks++;
	ledger_kicked(&k->ledger, now_us);
}

static void kafka_kick(struct output *output, uint64_t now_us)
{
	struct kafka *k = kafka_of(output);

	if (!k->producer || !k->ledger.records)
		return;
	kick_now(k, now_us);
	ledger_urge(&k->ledger, now_us);
}

static uint64_t kafka_service(struct output *output, uint64_t now_us)
{
	struct kafka *k = kafka_of(output);
	uint64_t next_us, look_us;

	take_answer(k, now_us);
	kafka_check(k, now_us);
	next_us = look_us = ledger_look(&k->ledger, now_us);
	if (k->producer && !k->dead && !k->options->library_linger) {
		if (ledger_kick_due(&k->ledger, now_us))
			kick_now(k, now_us);
		next_us = k->ledger.gate.next_us < look_us ? k->ledger.gate.next_us : look_us;
	}
	if (k->state == DRAINING || (k->state == RUNNING && k->ledger.records)) {
		if (k->next_check_us < next_us)
			next_us = k->next_check_us;
	}
	return next_us;
}

static int kafka_next_remark(struct output *output, struct output_remark *ret_remark)
{
	struct kafka *k = kafka_of(output);

	if (remarks_next(&k->remarks, ret_remark) == 0)
		return 0;
	return library_log_remark(helper_log(k->helper), ret_remark) ? 0 : 1;
}

static int kafka_fd(const struct output *output)
{
	return kafka_of(output)->fd;
}

static struct output *kafka_free(struct output *output)
{
	struct kafka *k = kafka_of(output);

	if (k->producer)
		producer_wake(k->producer, -1);
	if (k->lone.producer)
		producer_wake(k->lone.producer, -1);
	if (k->next)
		helper_retire(k->helper, k->next);
	if (k->helper)
		helper_free(k->helper, k->producer, k->lone.producer);
	else if (k->fd >= 0)
		close(k->fd);
	ledger_deinit(&k->ledger);
	brokers_deinit(&k->brokers);
	free(k);
	return NULL;
}

static const struct output_ops kafka_ops = {
	.has_room = kafka_has_room,
	.is_spent = kafka_is_spent,
	.submit = kafka_submit,
	.moved = kafka_moved,
	.reports = kafka_reports,
	.service = kafka_service,
	.kick = kafka_kick,
	.give_up = kafka_give_up,
	.accept = kafka_accept,
	.next_remark = kafka_next_remark,
	.fd = kafka_fd,
	.stats = kafka_stats,
	.free = kafka_free,
	.views = &kafka_views,
};

static void cleanup_kafka(struct kafka **k)
{
	if (*k)
		kafka_free(&(*k)->base);
}

/* Of those from `from` on the state knows, perhaps, what their keys go by. */
static void take_kept(struct kafka *k, const struct kafka_options *options, size_t from)
{
	for (size_t i = from; options->kept && i < options->n_topics; i++)
		k->ledger.topics[i].n_kept = (int32_t)options->kept[i];
}

int kafka_take_topics(struct output *output, const struct kafka_options *options)
{
	struct kafka *k = kafka_of(output);
	size_t before = k->ledger.n_topics;
	int r = ledger_take_topics(&k->ledger, options->n_topics, options->partitioners);

	if (r)
		return r;
	take_kept(k, options, before);
	return helper_take_topics(k->helper, options);
}

int kafka_new(const struct kafka_options *options, struct output **ret_output)
{
	CLEANUP(cleanup_kafka) struct kafka *k = calloc(1, sizeof *k);
	int r;

	if (!k)
		return -ENOMEM;
	k->base.ops = &kafka_ops;
	k->state = MAKING;
	k->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (k->fd < 0)
		return -errno;
	r = ledger_init(&k->ledger, options->n_topics, options->partitioners,
			options->queue_records, options->queue_bytes, options->linger_us,
			(uint32_t)getpid());
	if (r)
		return r;
	r = helper_new(options, k->fd, &k->helper);
	if (r)
		return r;
	k->options = helper_options(k->helper);
	take_kept(k, options, 0);
	k->answer_us = producer_answer_us(k->options);
	*ret_output = &k->base;
	k = NULL;
	return 0;
}
