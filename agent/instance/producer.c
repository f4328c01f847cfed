/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One instance of librdkafka's producer, and nothing that outlives it.
 *
 * The recipe in producer_new is the promise in the library's own words: idempotence and acks=all
 * (unless the user gives them up, of which the configuration warns him), no timeout of its own, a
 * queue a tenth above the most that kafka.c counts (its "queue full" is then a bug that shows),
 * batches that two a partition fit into the queue, and a linger that never ends, because kick.c
 * keeps the user's. The user's properties come between our defaults, which they may change, and
 * our rules, which they may not.
 *
 * A batch that a broker refuses for good ends the instance ("gapless"). Otherwise the library would
 * send what is queued behind the batch, out of order, and number all partitions anew under another
 * epoch: a batch in doubt, of any partition, would be sent again in such a way that Kafka cannot
 * know it. What ends takes nothing back: all that is not sent comes back, and what is in doubt says
 * so. No other setting holds for every reason of a refusal; one request in flight a broker does
 * not, since a batch in doubt is in flight no more. The instance for records that go alone has
 * nothing behind a record, nor beside it, and goes on.
 *
 * For one reason "gapless" does not hold: where several small batches are under way, the first
 * fails and is to be sent again, and the second is refused for its number. Of that the library's
 * log tells in time (client/callbacks.c).
 *
 * Headers are built by us and handed over as a list: the library frees headers that it built
 * itself twice when a partition is unknown (before 2.12.0, scenario E14).
 */
#include "instance/producer.h"

#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "client/statistics.h"
#include "client/words.h"
#include "instance/producer_private.h"
#include "pressure/ledger.h"

#define BATCH_MIN (16u << 10)
#define BATCH_MAX (128u << 10)

struct setting {
	const char *name;
	const char *value;
	bool optional; /* newer than the oldest library that we accept */
};

static const struct setting defaults[] = {
	{"enable.idempotence", "true"},
	{"compression.type", "lz4"},
	{"batch.num.messages", "10000"},
	{"socket.nagle.disable", "true"},
	{"socket.keepalive.enable", "true"},
	/*
	 * When brokers are back lines are to flow within seconds, also where those who tried before
	 * hear nothing. Not shorter: a broker that lets in few connections a second would find
	 * nobody behind any of them.
	 */
	{"reconnect.backoff.max.ms", "2000"},
	{"api.version.request.timeout.ms", "5000"},
	{"socket.connection.setup.timeout.ms", "10000", true},
	/* What lacks replicas is sent again so often: each 100 ms took 5 % of a CPU. */
	{"retry.backoff.ms", "500"},
	/*
	 * So long a frozen broker keeps what it was sent, though others lead by then. Above what
	 * most quotas make a client wait (11 s); where one takes longer, the connection is made
	 * anew.
	 */
	{"socket.timeout.ms", "15000"},
	{"topic.metadata.refresh.interval.ms", "60000"},
	{"client.id", "waybill"},
	{"enable.metrics.push", "false", true},
};

static const struct setting rules[] = {
	{"message.timeout.ms", "0"},
	{"delivery.report.only.error", "false"},
	/* So long a broker waits for replicas before it says that they are too few. */
	{"request.timeout.ms", "5000"},
};

/* A number of the kafka block, or of our defaults; or 0. */
static size_t number(const struct kafka_options *options, const char *name)
{
	const char *value = kafka_prop(options, name);

	for (size_t i = 0; !value && i < ARRAY_LEN(defaults); i++) {
		if (strcmp(defaults[i].name, name) == 0)
			value = defaults[i].value;
	}
	return value ? strtoull(value, NULL, 10) : 0;
}

uint64_t producer_answer_us(const struct kafka_options *options)
{
	return number(options, "socket.timeout.ms") * US_PER_MS;
}

size_t producer_batch_bytes(const struct kafka_options *options,
			    const struct producer_sizing *sizing)
{
	size_t partitions = sizing->partitions ? sizing->partitions : 1;
	size_t bytes = options->queue_bytes / (2 * partitions);
	size_t batch_size = number(options, "batch.size");

	if (bytes < BATCH_MIN)
		bytes = BATCH_MIN;
	if (bytes > BATCH_MAX)
		bytes = BATCH_MAX;
	if (batch_size)
		bytes = batch_size;
	if (sizing->max_message_bytes && bytes > sizing->max_message_bytes)
		bytes = sizing->max_message_bytes;
	return bytes;
}

static int set(rd_kafka_conf_t *conf, const char *name, const char *value, bool optional,
	       char *ret_message, size_t len)
{
	rd_kafka_conf_res_t r = rd_kafka_conf_set(conf, name, value, ret_message, len);

	if (r == RD_KAFKA_CONF_OK || (optional && r == RD_KAFKA_CONF_UNKNOWN))
		return 0;
	return PRODUCER_E_PROPS;
}

static int set_table(rd_kafka_conf_t *conf, const struct setting *table, size_t n,
		     char *ret_message, size_t len)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = set(conf, table[i].name, table[i].value, table[i].optional, ret_message, len);
	return r;
}

static int set_size(rd_kafka_conf_t *conf, const char *name, size_t value, char *ret_message,
		    size_t len)
{
	char text[24];

	snprintf(text, sizeof text, "%zu", value);
	return set(conf, name, text, false, ret_message, len);
}

/* The limits that follow from ours. */
static int set_sizes(rd_kafka_conf_t *conf, const struct kafka_options *o, char *ret_message,
		     size_t len)
{
	size_t message = kafka_message_bytes(o->max_line);
	size_t records = o->queue_records + LEDGER_RESERVE(o->queue_records);
	size_t queue = o->queue_bytes + LEDGER_RESERVE(o->queue_bytes);
	int r;

	/* One line of the longest kind must fit however small the queue is. */
	queue += queue / 10 > message ? queue / 10 : message;
	r = set_size(conf, "message.max.bytes", message, ret_message, len);
	if (r == 0)
		r = set_size(conf, "queue.buffering.max.messages", records + records / 10 + 1,
			     ret_message, len);
	if (r == 0)
		r = set_size(conf, "queue.buffering.max.kbytes", queue / 1024 + 1, ret_message,
			     len);
	return r;
}

/* Whether the instance ends before it does what Kafka cannot know again. */
static bool is_guarded(const struct kafka_options *o, bool alone)
{
	const char *idempotent = kafka_prop(o, "enable.idempotence");

	return !alone && (!idempotent || strcmp(idempotent, "true") == 0);
}

/* Its log has to tell of numbers, whatever the user wants it to tell. */
static int set_debug(rd_kafka_conf_t *conf, const struct kafka_options *o, char *ret_message,
		     size_t len)
{
	const char *debug = kafka_prop(o, "debug");
	char both[256] = CALLBACKS_DEBUG;

	if (debug && *debug)
		snprintf(both, sizeof both, "%s," CALLBACKS_DEBUG, debug);
	return set(conf, "debug", both, false, ret_message, len);
}

/* How the library sends, and what ends it. */
static int set_sending(rd_kafka_conf_t *conf, const struct kafka_options *o, bool alone,
		       char *ret_message, size_t len)
{
	size_t linger_ms = o->library_linger ? (o->linger_us + 999) / 1000 : 900000;
	int r = set_size(conf, "linger.ms", alone ? 0 : linger_ms, ret_message, len);

	if (r == 0 && is_guarded(o, alone)) {
		r = set(conf, "enable.gapless.guarantee", "true", false, ret_message, len);
		if (r == 0)
			r = set_debug(conf, o, ret_message, len);
	}
	return r;
}

/* What it counts is a long text where there are many partitions. */
static bool tells_statistics(const struct producer_sizing *sizing)
{
	return !sizing->alone && sizing->partitions <= STATISTICS_PARTITIONS_MAX;
}

static int configure(rd_kafka_conf_t *conf, const struct kafka_options *o,
		     const struct producer_sizing *sizing, size_t batch_bytes, char *ret_message,
		     size_t len)
{
	int r = set_table(conf, defaults, ARRAY_LEN(defaults), ret_message, len);

	for (size_t i = 0; i < o->n_props && r == 0; i++)
		r = set(conf, o->props[i].name, o->props[i].value, false, ret_message, len);
	if (r == 0)
		r = set_size(conf, "batch.size", batch_bytes, ret_message, len);
	if (r == 0)
		r = set_table(conf, rules, ARRAY_LEN(rules), ret_message, len);
	if (r == 0)
		r = set_sizes(conf, o, ret_message, len);
	if (r == 0)
		r = set_sending(conf, o, sizing->alone, ret_message, len);
	if (r == 0 && !tells_statistics(sizing))
		r = set(conf, "statistics.interval.ms", "0", false, ret_message, len);
	rd_kafka_conf_set_events(conf,
				 RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS);
	return r;
}

/* What the topic has apart from the others. */
static int set_topic(rd_kafka_topic_conf_t *conf, const struct topic_settings *settings,
		     char *ret_message, size_t len)
{
	const struct setting table[] = {
		{"compression.type", settings->compression_type},
		{"compression.level", settings->compression_level},
		{"acks", settings->acks},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		if (*table[i].value &&
		    rd_kafka_topic_conf_set(conf, table[i].name, table[i].value, ret_message, len))
			return PRODUCER_E_PROPS;
	}
	return 0;
}

int producer_add_topics(struct producer *p, const struct kafka_options *o, char *ret_message,
			size_t len)
{
	for (size_t i = p->n_topics; i < o->n_topics; i++) {
		rd_kafka_topic_conf_t *conf = rd_kafka_default_topic_conf_dup(p->rk);

		rd_kafka_topic_conf_set_opaque(conf, (void *)(uintptr_t)i);
		if (o->topic_settings && set_topic(conf, &o->topic_settings[i], ret_message, len)) {
			rd_kafka_topic_conf_destroy(conf);
			return PRODUCER_E_PROPS;
		}
		p->topics[i] = rd_kafka_topic_new(p->rk, o->topics[i], conf);
		if (!p->topics[i]) {
			snprintf(ret_message, len, "topic %s: %s", o->topics[i],
				 rd_kafka_err2str(rd_kafka_last_error()));
			return PRODUCER_E_PROPS;
		}
		p->n_topics++;
	}
	return 0;
}

static void cleanup_producer(struct producer **producer)
{
	producer_free(*producer);
}

int producer_new(const struct kafka_options *options, const struct producer_sizing *sizing,
		 char *ret_message, size_t len, struct producer **ret_producer)
{
	CLEANUP(cleanup_producer) struct producer *p = calloc(1, sizeof *p);
	rd_kafka_conf_t *conf = p ? rd_kafka_conf_new() : NULL;
	int r;

	if (!conf)
		return -ENOMEM;
	p->tell_timestamps = options->tell_timestamps;
	p->batch_bytes = producer_batch_bytes(options, sizing);
	p->tells_statistics = tells_statistics(sizing);
	r = header_lists_init(&p->headers, options->queue_records);
	if (r == 0)
		r = configure(conf, options, sizing, p->batch_bytes, ret_message, len);
	if (r == 0) {
		callbacks_init(&p->callbacks, options, conf);
		p->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, ret_message, len);
		if (!p->rk) {
			words_mend_refusal(ret_message, len, options->props, options->n_props);
			r = PRODUCER_E_PROPS;
		}
	}
	if (r) {
		rd_kafka_conf_destroy(conf);
		return r;
	}
	p->queue = rd_kafka_queue_get_main(p->rk);
	callbacks_begin(&p->callbacks, p->rk, is_guarded(options, sizing->alone));
	/* Who sends looks into the list while topics are put behind those that he knows. */
	p->topics = calloc((options->max_topics > options->n_topics ? options->max_topics :
								      options->n_topics) +
				   1,
			   sizeof *p->topics);
	r = p->topics ? producer_add_topics(p, options, ret_message, len) : -ENOMEM;
	if (r)
		return r;
	*ret_producer = p;
	p = NULL;
	return 0;
}

struct producer *producer_free(struct producer *p)
{
	if (!p)
		return NULL;
	if (p->event)
		rd_kafka_event_destroy(p->event);
	for (size_t i = 0; i < p->n_topics; i++)
		rd_kafka_topic_destroy(p->topics[i]);
	free(p->topics);
	if (p->queue)
		rd_kafka_queue_destroy(p->queue);
	if (p->rk)
		rd_kafka_destroy(p->rk);
	header_lists_deinit(&p->headers);
	callbacks_deinit(&p->callbacks);
	free(p);
	return NULL;
}

void producer_wake(struct producer *p, int wake_fd)
{
	static const uint64_t one = 1;

	if (wake_fd < 0) {
		rd_kafka_queue_io_event_enable(p->queue, -1, NULL, 0);
		return;
	}
	rd_kafka_queue_io_event_enable(p->queue, wake_fd, &one, sizeof one);
	(void)!eventfd_write(wake_fd, 1);
}

static int send_result(rd_kafka_error_t *error)
{
	rd_kafka_resp_err_t code = rd_kafka_error_code(error);

	rd_kafka_error_destroy(error);
	switch (code) {
	case RD_KAFKA_RESP_ERR__QUEUE_FULL:
		return PRODUCER_E_FULL;
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
		return PRODUCER_E_TOO_LARGE;
	case RD_KAFKA_RESP_ERR__FATAL:
		return PRODUCER_E_DEAD;
	default:
		return PRODUCER_E_UNKNOWN;
	}
}

int producer_send(struct producer *p, const struct record *record, int32_t partition, void *slot)
{
	rd_kafka_vu_t v[8];
	rd_kafka_headers_t *headers = NULL;
	rd_kafka_error_t *error;
	size_t n = 0;

	v[n].vtype = RD_KAFKA_VTYPE_RKT;
	v[n++].u.rkt = p->topics[record->topic];
	v[n].vtype = RD_KAFKA_VTYPE_PARTITION;
	v[n++].u.i32 = partition;
	v[n].vtype = RD_KAFKA_VTYPE_VALUE;
	/* An empty line is an empty value: a null one would be a tombstone. */
	v[n].u.mem.ptr = (void *)(record->value.at ? record->value.at : "");
	v[n++].u.mem.size = record->value.len;
	v[n].vtype = RD_KAFKA_VTYPE_OPAQUE;
	v[n++].u.ptr = slot;
	v[n].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
	v[n++].u.i64 = record->timestamp_ms;
	if (!record->value_stays) {
		v[n].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
		v[n++].u.i = RD_KAFKA_MSG_F_COPY;
	}
	if (record->key.at) {
		v[n].vtype = RD_KAFKA_VTYPE_KEY;
		v[n].u.mem.ptr = (void *)record->key.at;
		v[n++].u.mem.size = record->key.len;
	}
	if (record->n_headers) {
		headers = header_lists_fill(&p->headers, record);
		if (!headers)
			return -ENOMEM;
		v[n].vtype = RD_KAFKA_VTYPE_HEADERS;
		v[n++].u.headers = headers;
	}
	error = rd_kafka_produceva(p->rk, v, n);
	if (LIKELY(!error))
		return 0;
	if (headers)
		header_lists_put(&p->headers, headers);
	return send_result(error);
}

void producer_kick(struct producer *p)
{
	rd_kafka_flush(p->rk, 1);
}

void producer_purge(struct producer *p, bool in_flight)
{
	rd_kafka_purge(p->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_NON_BLOCKING |
				      (in_flight ? RD_KAFKA_PURGE_F_INFLIGHT : 0));
}

bool producer_is_dead(const struct producer *p, char *ret_text, size_t len)
{
	char text[352]; /* that of a number names last what was refused before */
	rd_kafka_resp_err_t err = rd_kafka_fatal_error(p->rk, text, sizeof text);

	if (err)
		snprintf(ret_text, len, "%s: %s", rd_kafka_err2name(err), text);
	return err != RD_KAFKA_RESP_ERR_NO_ERROR;
}

bool producer_was_refused(const struct producer *p)
{
	return rd_kafka_fatal_error(p->rk, NULL, 0) == RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE;
}

bool producer_would_renumber(const struct producer *p)
{
	return atomic_load(&p->callbacks.renumbers);
}

void producer_set_password(struct producer *p, const struct kafka_options *options)
{
	const char *name = kafka_prop(options, "sasl.username");
	const char *password = kafka_prop(options, "sasl.password");
	rd_kafka_error_t *error = NULL;

	if (name && password)
		error = rd_kafka_sasl_set_credentials(p->rk, name, password);
	if (error)
		rd_kafka_error_destroy(error);
}

void producer_fetch_token(struct producer *p)
{
	if (p)
		callbacks_fetch_token(&p->callbacks, p->rk);
}

size_t producer_batch_limit(const struct producer *p)
{
	return p->batch_bytes;
}

bool producer_fits(const struct producer *p, const struct kafka_options *options,
		   const struct producer_sizing *sizing)
{
	return producer_batch_bytes(options, sizing) == p->batch_bytes &&
	       tells_statistics(sizing) == p->tells_statistics;
}

size_t producer_n_topics(const struct producer *p)
{
	return p->n_topics;
}

const char *producer_topic_name(const struct producer *p, size_t topic)
{
	return rd_kafka_topic_name(p->topics[topic]);
}

struct rd_kafka_s *producer_handle(const struct producer *p)
{
	return p->rk;
}
