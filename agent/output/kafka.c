/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Kafka output: one producer instance, disposable, and what is needed to dispose of it safely.
 *
 *	MAKING ── the helper hands over a producer that knows its topics ──► RUNNING
 *	RUNNING ── fatal error, or no progress although brokers answer ──► DRAINING
 *	DRAINING ── every report is in; the old one goes to the helper ──► MAKING
 *
 * There is one recovery path for any state of the library that we do not understand: take no more
 * records, wait until each one handed over was reported, replace the instance. The files then go
 * back to their committed positions. While no broker answers the wait has no limit: nothing could
 * be sent anyway, and a purge reports records as failed that a broker may hold (in a measurement it
 * cost 2,329 repeats). Only when brokers answer and reports still do not come is it purged.
 *
 * "Brokers answer" is judged by questions of the helper through the same instance and, for a
 * stalled partition, by its leader; the library's own events are hints, they only lead to a
 * question. A leader that does not answer is no reason to dispose of anything: its partition is
 * held, the others go on.
 *
 * Accepted weakness: if the library never reports a record, not even after a purge, its file waits
 * until the agent is started again; giving the slot up would be a guess.
 */
#include "output/kafka.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "output/events.h"
#include "output/helper.h"
#include "output/ledger.h"

/* Without a report for so long, though brokers answer, what drains is purged. */
#define PURGE_AFTER_US (30 * US_PER_S)
/* How old an answer may be to count as "brokers answer"; above the helper's time-out. */
#define ANSWER_FRESH_US (10 * US_PER_S)
#define CHECK_EVERY_US US_PER_S
#define ASK_GAP_US (5 * US_PER_S)
#define PROBE_GAP_US (10 * US_PER_S)
#define MAKE_BACKOFF_MIN_US (100 * US_PER_MS)
#define MAKE_BACKOFF_MAX_US (10 * US_PER_S)
/* A stall that a new producer did not cure is waited for longer, up to so many doublings. */
#define STALL_DOUBLINGS 3

#define REPORT_PORTION 64

enum state {
	MAKING,
	RUNNING,
	DRAINING,
};

struct kafka {
	struct output base;
	struct helper *helper;
	const struct kafka_options *options; /* the helper's copy */
	struct producer *producer;           /* RUNNING and DRAINING */
	struct ledger ledger;
	struct events events;
	int fd;
	enum state state;
	uint64_t state_us;
	bool reachable;
	bool told_unreachable;
	bool told_props;
	bool purged;
	bool dead;             /* the instance met a fatal error: kicks are of no use */
	uint64_t answered_us;  /* the helper's last answer from a broker */
	uint64_t reported_us;  /* the last report */
	uint64_t asked_us;     /* the last question that we ordered */
	uint64_t probed_us;
	uint64_t next_check_us;
	uint64_t make_backoff_us;
	uint64_t delivered;    /* by this instance */
	unsigned int fruitless; /* instances in a row that delivered nothing */
	struct output_stats stats;
	char last_error[256];  /* the library's last words on a connection */
};

static struct kafka *kafka_of(const struct output *output)
{
	return (struct kafka *)output;
}

/* Every move of the state goes through here. */
static void set_state(struct kafka *k, enum state state, uint64_t now_us)
{
	static const char *const names[] = {"making", "running", "draining"};
	static const enum state next[] = {RUNNING, DRAINING, MAKING};

	if (next[k->state] != state)
		abort();
	events_add(&k->events, LOG_DEBUG, "producer-state", "producer: %s -> %s", names[k->state],
		   names[state]);
	k->state = state;
	k->state_us = now_us;
	k->next_check_us = now_us;
}

static void ask(struct kafka *k, uint64_t now_us, uint64_t gap_us)
{
	if (k->asked_us && now_us < k->asked_us + gap_us)
		return;
	k->asked_us = now_us;
	helper_ask(k->helper);
}

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

static void begin_disposal(struct kafka *k, int priority, const char *cause, const char *why,
			   uint64_t now_us)
{
	if (k->state != RUNNING)
		return;
	events_add(&k->events, priority, cause,
		   "%s; the producer is drained and replaced, lines without a receipt are sent again",
		   why);
	k->purged = false;
	set_state(k, DRAINING, now_us);
}

static void set_reachable(struct kafka *k, bool reachable, bool auth, const char *reason)
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
		   denied ? "topic %.200s: not authorized (%s); its files wait, retrying"
			  : "topic %.200s does not exist (%s); its files wait until it does",
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

static void take_facts(struct kafka *k, size_t topic, const struct topic_facts *facts)
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

/* A topic's limit has sunk below our batches: refusals would follow. */
static void check_batch(struct kafka *k, const struct topics *topics, uint64_t now_us)
{
	struct producer_sizing sizing = topics_sizing(topics);

	if (k->state == RUNNING && sizing.max_message_bytes &&
	    sizing.max_message_bytes < producer_batch_limit(k->producer))
		begin_disposal(k, LOG_NOTICE, "batch-limit",
			       "max.message.bytes of a topic is now below our batches", now_us);
}

static void take_topics(struct kafka *k, struct topics *topics, uint64_t now_us)
{
	for (size_t i = 0; i < topics->n; i++)
		take_facts(k, i, &topics->at[i]);
	check_batch(k, topics, now_us);
	topics_free(topics);
}

static void take_producer(struct kafka *k, struct producer *producer, uint64_t now_us)
{
	k->producer = producer;
	k->stats.producers_made++;
	k->delivered = 0;
	k->dead = false;
	k->probed_us = 0;
	k->reported_us = now_us;
	ledger_restart(&k->ledger, producer_batch_limit(producer));
	producer_wake(producer, k->fd);
	set_state(k, RUNNING, now_us);
	if (k->stats.producers_made > 1)
		events_add(&k->events, LOG_NOTICE, "producer-replaced",
			   "the producer was replaced; lines without a receipt are sent again");
}

static uint64_t stall_us(const struct kafka *k)
{
	unsigned int n = k->fruitless < STALL_DOUBLINGS ? k->fruitless : STALL_DOUBLINGS;

	return k->options->stall_us << n;
}

static bool still_stalled(const struct kafka *k, uint32_t topic, int32_t partition, uint64_t now_us)
{
	const struct ledger_partition *part = &k->ledger.topics[topic].partitions[partition];

	return part->records && now_us >= part->progress_us + stall_us(k);
}

static void take_probe(struct kafka *k, const struct helper_answer *a, uint64_t now_us)
{
	char why[384];

	if (k->state != RUNNING || !still_stalled(k, a->probe_topic, a->probe_partition, now_us))
		return;
	if (!a->leader_answers) {
		events_add(&k->events, LOG_WARNING, "partition-stuck",
			   "partition %d of topic %.200s makes no progress and its leader does not "
			   "answer; lines that go there wait",
			   a->probe_partition, k->options->topics[a->probe_topic]);
		return;
	}
	snprintf(why, sizeof why,
		 "partition %d of topic %.200s makes no progress although its leader answers",
		 a->probe_partition, k->options->topics[a->probe_topic]);
	begin_disposal(k, LOG_ERR, "producer-stalled", why, now_us);
}

static void take_answer(struct kafka *k, uint64_t now_us)
{
	struct helper_answer a;

	if (!helper_answer(k->helper, &a))
		return;
	if (a.props_refused && !k->told_props)
		events_add(&k->events, LOG_ERR, "kafka-properties",
			   "the library refuses the settings of the kafka block: %.300s; retrying",
			   a.reason);
	k->told_props = a.props_refused;
	if (a.asked) {
		if (a.reachable)
			k->answered_us = now_us;
		set_reachable(k, a.reachable, a.auth,
			      k->state != MAKING && k->last_error[0] ? k->last_error : a.reason);
	}
	if (a.producer)
		take_producer(k, a.producer, now_us);
	if (a.topics)
		take_topics(k, a.topics, now_us);
	if (a.probed)
		take_probe(k, &a, now_us);
}

static void take_news(struct kafka *k, uint64_t now_us)
{
	struct producer_news news;

	producer_news(k->producer, &news);
	switch (news.kind) {
	case NEWS_FATAL:
		k->dead = true;
		begin_disposal(k, LOG_ERR, "producer-fatal", news.text, now_us);
		break;
	case NEWS_AUTH:
		events_add(&k->events, LOG_ERR, "authentication", "%.400s; lines wait, retrying",
			   news.text);
		ask(k, now_us, US_PER_S);
		break;
	case NEWS_ERROR:
		snprintf(k->last_error, sizeof k->last_error, "%.250s", news.text);
		ask(k, now_us, ASK_GAP_US);
		break;
	case NEWS_ALL_DOWN:
		if (!k->last_error[0])
			snprintf(k->last_error, sizeof k->last_error, "%.250s", news.text);
		ask(k, now_us, US_PER_S);
		break;
	case NEWS_LOG:
		events_add(&k->events, LOG_DEBUG, "library", "%s", news.text);
		break;
	}
}

static bool kafka_has_room(const struct output *output)
{
	return ledger_has_room(&kafka_of(output)->ledger);
}

static size_t header_bytes(const struct record *record)
{
	size_t bytes = 0;

	for (uint32_t i = 0; i < record->n_headers; i++)
		bytes += record->headers[i].name.len + record->headers[i].value.len;
	return bytes;
}

/* The partition the record goes to, or -1 when it must wait. */
static int32_t choose_partition(struct kafka *k, const struct record *record, size_t bytes,
				uint64_t now_us)
{
	struct ledger_topic *t = &k->ledger.topics[record->topic];
	int32_t partition = record->partition;

	if (partition >= t->n)
		return -1;
	if (partition < 0 && !record->key.at)
		return ledger_pick(&k->ledger, record->topic, bytes, now_us);
	if (partition < 0)
		partition = partitioner_of_key(record->key, t->n);
	if (UNLIKELY(ledger_is_held(&k->ledger, &t->partitions[partition], now_us)))
		return -1;
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
		k->dead = true;
		(void)producer_is_dead(k->producer, why, sizeof why);
		begin_disposal(k, LOG_ERR, "producer-fatal", why, now_us);
		return OUTPUT_E_HOLD;
	case PRODUCER_E_UNKNOWN:
		/* Wait for a new look at the topic instead of running into it with each record. */
		k->ledger.topics[record->topic].state = TOPIC_UNKNOWN;
		ask(k, now_us, 0);
		return OUTPUT_E_HOLD;
	default:
		return r;
	}
}

static int kafka_submit(struct output *output, const struct record *record, void *slot,
			uint64_t now_us)
{
	struct kafka *k = kafka_of(output);
	size_t headers, bytes;
	int32_t partition;
	int r;

	if (UNLIKELY(!ledger_has_room(&k->ledger)))
		return OUTPUT_E_FULL;
	if (UNLIKELY(k->state != RUNNING ||
		     k->ledger.topics[record->topic].state != TOPIC_READY))
		return OUTPUT_E_HOLD;
	headers = header_bytes(record);
	bytes = record->key.len + record->value.len;
	partition = choose_partition(k, record, bytes + headers, now_us);
	if (UNLIKELY(partition < 0))
		return OUTPUT_E_HOLD;
	r = producer_send(k->producer, record, partition, slot);
	if (UNLIKELY(r))
		return not_taken(k, record, r, now_us);
	ledger_submitted(&k->ledger, record->topic, partition, bytes, headers, now_us);
	return 0;
}

static void count_failure(struct kafka *k, struct producer_report *r, uint64_t now_us)
{
	const char *topic = k->options->topics[r->report.topic];

	if (r->report.kind != REPORT_FAILED)
		return;
	if (k->state == DRAINING)
		r->report.producer_gone = true;
	if (r->denied)
		events_add(&k->events, LOG_ERR, "topic-denied",
			   "topic %.200s: not authorized to write (%s); its files wait, retrying",
			   topic, r->report.reason);
	if (r->moved) {
		k->ledger.topics[r->report.topic].state = TOPIC_UNKNOWN;
		ask(k, now_us, US_PER_S);
	}
}

/* Books reports; neighbours of one partition in one go. */
static void book(struct kafka *k, struct producer_report *reports, size_t n, uint64_t now_us)
{
	uint64_t before = k->delivered;
	size_t first = 0, bytes = 0;

	for (size_t i = 0; i < n; i++) {
		const struct report *r = &reports[i].report;

		bytes += reports[i].bytes;
		if (LIKELY(r->kind == REPORT_DELIVERED)) {
			k->delivered++;
			k->stats.reports_without_offset += r->offset < 0;
		} else {
			count_failure(k, &reports[i], now_us);
		}
		if (i + 1 < n && reports[i + 1].report.topic == r->topic &&
		    reports[i + 1].report.partition == r->partition)
			continue;
		ledger_reported(&k->ledger, r->topic, r->partition, (uint32_t)(i + 1 - first),
				bytes, now_us);
		first = i + 1;
		bytes = 0;
	}
	k->reported_us = now_us;
	if (k->delivered > before && !k->reachable)
		set_reachable(k, true, false, "");
}

/* Up to one portion; 0 when nothing waits. */
static size_t portion(struct kafka *k, struct report *ret_reports, size_t max, uint64_t now_us)
{
	struct producer_report reports[REPORT_PORTION];
	size_t n = 0;
	bool news = true;

	while (n == 0 && news) {
		n = producer_reports(k->producer, reports,
				     max < REPORT_PORTION ? max : REPORT_PORTION, &news);
		if (n)
			book(k, reports, n, now_us);
		if (news)
			take_news(k, now_us);
	}
	for (size_t i = 0; i < n; i++)
		ret_reports[i] = reports[i].report;
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
	while (k->producer && n < max) {
		got = portion(k, ret_reports + n, max - n, now_us);
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
	ask(k, now_us, ASK_GAP_US);
	if (!k->reachable || now_us > k->answered_us + ANSWER_FRESH_US ||
	    (k->probed_us && now_us < k->probed_us + PROBE_GAP_US) ||
	    !k->ledger.topics[topic].partitions[partition].has_leader)
		return;
	k->probed_us = now_us;
	helper_probe(k->helper, (uint32_t)topic, partition);
}

/* Purges when brokers have answered long enough, and lately, and no report came. */
static void check_drain(struct kafka *k, uint64_t now_us)
{
	uint64_t quiet_us = k->reported_us > k->state_us ? k->reported_us : k->state_us;

	ask(k, now_us, ASK_GAP_US);
	if (k->purged || now_us < quiet_us + PURGE_AFTER_US || !k->reachable ||
	    k->answered_us < quiet_us || now_us > k->answered_us + ANSWER_FRESH_US)
		return;
	events_add(&k->events, LOG_ERR, "producer-purged",
		   "the producer gives no reports although brokers answer; its queue is given up, "
		   "some lines may be repeated");
	producer_purge(k->producer);
	k->purged = true;
}

/* All reports are in: the old instance goes to the helper, which makes a new one first. */
static void finish_drain(struct kafka *k, uint64_t now_us)
{
	struct producer *old = k->producer;

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

static void check(struct kafka *k, uint64_t now_us)
{
	if (k->state == DRAINING && k->ledger.records == 0)
		finish_drain(k, now_us);
	if (k->state == MAKING || now_us < k->next_check_us)
		return;
	k->next_check_us = now_us + CHECK_EVERY_US;
	if (k->state == DRAINING)
		check_drain(k, now_us);
	else if (k->ledger.records)
		check_stall(k, now_us);
}

static uint64_t kafka_service(struct output *output, uint64_t now_us)
{
	struct kafka *k = kafka_of(output);
	uint64_t next_us = CLOCK_NEVER;

	take_answer(k, now_us);
	check(k, now_us);
	if (k->producer && !k->dead && !k->options->library_linger) {
		if (ledger_kick_due(&k->ledger, now_us))
			kick_now(k, now_us);
		next_us = k->ledger.gate.next_us;
	}
	if (k->state == DRAINING || (k->state == RUNNING && k->ledger.records)) {
		if (k->next_check_us < next_us)
			next_us = k->next_check_us;
	}
	return next_us;
}

static int kafka_next_event(struct output *output, struct output_event *ret_event)
{
	return events_next(&kafka_of(output)->events, ret_event);
}

static int kafka_fd(const struct output *output)
{
	return kafka_of(output)->fd;
}

static void kafka_stats(const struct output *output, struct output_stats *ret_stats)
{
	const struct kafka *k = kafka_of(output);

	*ret_stats = k->stats;
	ret_stats->records_in_flight = k->ledger.records;
	ret_stats->bytes_in_flight = k->ledger.bytes;
	ret_stats->up = k->state == RUNNING && k->reachable;
	for (size_t i = 0; i < k->ledger.n_topics; i++)
		ret_stats->up &= k->ledger.topics[i].state == TOPIC_READY;
}

static struct output *kafka_free(struct output *output)
{
	struct kafka *k = kafka_of(output);

	if (k->producer)
		producer_wake(k->producer, -1);
	if (k->helper)
		helper_free(k->helper, k->producer);
	else if (k->fd >= 0)
		close(k->fd);
	ledger_deinit(&k->ledger);
	free(k);
	return NULL;
}

static const struct output_ops kafka_ops = {
	.has_room = kafka_has_room,
	.submit = kafka_submit,
	.reports = kafka_reports,
	.service = kafka_service,
	.kick = kafka_kick,
	.next_event = kafka_next_event,
	.fd = kafka_fd,
	.stats = kafka_stats,
	.free = kafka_free,
};

static void cleanup_kafka(struct kafka **k)
{
	if (*k)
		kafka_free(&(*k)->base);
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
	r = ledger_init(&k->ledger, options->n_topics, options->queue_records,
			options->queue_bytes, options->linger_us, (uint32_t)getpid());
	if (r)
		return r;
	r = helper_new(options, k->fd, &k->helper);
	if (r)
		return r;
	k->options = helper_options(k->helper);
	*ret_output = &k->base;
	k = NULL;
	return 0;
}
