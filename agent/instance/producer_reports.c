/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes back from the library: delivery reports, errors.
 *
 * Reports are taken as events in the caller's thread: freeing messages where they are made is the
 * cheapest, and there is no callback. One event holds the reports of a whole batch; it is handed
 * out in portions and destroyed when the last one was taken, since until then its messages count
 * in the library's queue. rd_kafka_poll is never called: it would drop the reports.
 */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "base/clock.h"
#include "client/statistics.h"
#include "client/words.h"
#include "instance/producer_private.h"

/* Taken from an event at a time: a few cache lines of pointers. */
#define PORTION 64

static enum report_kind kind_of(rd_kafka_resp_err_t err)
{
	switch (err) {
	case RD_KAFKA_RESP_ERR_NO_ERROR:
	case RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER:
		return REPORT_DELIVERED;
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
	case RD_KAFKA_RESP_ERR_INVALID_RECORD:
	case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
#if RD_KAFKA_VERSION >= 0x020400ff
	case RD_KAFKA_RESP_ERR__INVALID_DIFFERENT_RECORD:
#endif
		return REPORT_REFUSED;
	default:
		return REPORT_FAILED;
	}
}

/* Errors after which the topics are asked for again. */
static bool has_moved(rd_kafka_resp_err_t err)
{
	switch (err) {
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
	case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
	case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
	case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
	case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
	case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
		return true;
	default:
		return false;
	}
}

/*
 * Whether it failed because the instance ends. A batch that a broker refused says so itself, and
 * the instance ends because of it.
 */
static bool is_gone(const struct producer *p, rd_kafka_resp_err_t err)
{
	switch (err) {
	case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
	case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
	case RD_KAFKA_RESP_ERR__FATAL:
	case RD_KAFKA_RESP_ERR__DESTROY:
		return true;
	default:
		return rd_kafka_fatal_error(p->rk, NULL, 0) != RD_KAFKA_RESP_ERR_NO_ERROR &&
		       !producer_was_refused(p);
	}
}

/*
 * What a leader was sent that is none any more is "not persisted" for the library, which means to
 * send it again in a way that Kafka knows; but this instance may end first (client/denials.c).
 */
static bool may_be_persisted(struct producer *p, const rd_kafka_message_t *m)
{
	uint64_t now_us = clock_mono_us();
	int64_t age_us = rd_kafka_message_latency(m);

	return rd_kafka_message_status(m) != RD_KAFKA_MSG_STATUS_NOT_PERSISTED ||
	       denials_may_hold(&p->callbacks.denials, rd_kafka_topic_name(m->rkt), m->partition,
				age_us < 0 ? 0 : now_us - (uint64_t)age_us);
}

/* Everything about a failure; off the fast path. */
static void convert_failure(struct producer *p, const rd_kafka_message_t *m, struct report *ret,
			    struct producer_note *ret_note)
{
	rd_kafka_resp_err_t err = m->err;

	ret->offset = -1; /* failed messages may carry a bogus one */
	ret->reason = rd_kafka_err2name(err);
	ret_note->moved = has_moved(err);
	ret_note->denied = err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
			   err == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
	ret_note->codec = err == RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE;
	if (ret->kind != REPORT_FAILED)
		return;
	ret->maybe_persisted = may_be_persisted(p, m);
	ret->producer_gone = is_gone(p, err);
}

static void convert_timestamp(const rd_kafka_message_t *m, struct report *ret)
{
	rd_kafka_timestamp_type_t type;

	ret->timestamp_ms = rd_kafka_message_timestamp(m, &type);
	ret->append_time = type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME;
	if (type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE)
		ret->timestamp_ms = -1;
}

static void convert(struct producer *p, const rd_kafka_message_t *m, struct report *ret,
		    struct producer_note *ret_note)
{
	*ret = (struct report){
		.slot = m->_private,
		.kind = kind_of(m->err),
		.topic = (uint32_t)(uintptr_t)rd_kafka_topic_opaque(m->rkt),
		.partition = m->partition,
		.offset = m->offset,
	};
	*ret_note = (struct producer_note){.bytes = (uint32_t)(m->len + m->key_len)};
	if (UNLIKELY(p->tell_timestamps))
		convert_timestamp(m, ret);
	if (UNLIKELY(ret->kind != REPORT_DELIVERED))
		convert_failure(p, m, ret, ret_note);
	else if (m->err || p->unnumbered)
		ret->offset = -1;
}

/*
 * The reports of a batch begin with this one. Where Kafka had the batch already its answer names no
 * offset, and the library counts on from that: the records have -1, 0, 1 and so on.
 */
static void begin_batch(struct producer *p, const rd_kafka_message_t *first)
{
	p->unnumbered = first->offset < 0;
	p->in_batch = true;
}

size_t producer_reports(struct producer *p, struct report *ret_reports,
			struct producer_note *ret_notes, size_t max, bool *ret_news)
{
	const rd_kafka_message_t *messages[PORTION];
	size_t n = 0, got;

	*ret_news = false;
	while (n < max) {
		/* Before the events: what they tell of the next try is newer. */
		if (!p->event && atomic_load(&p->callbacks.cut)) {
			*ret_news = true;
			break;
		}
		if (!p->event)
			p->event = rd_kafka_queue_poll(p->queue, 0);
		if (!p->event)
			break;
		if (rd_kafka_event_type(p->event) != RD_KAFKA_EVENT_DR) {
			*ret_news = true;
			break;
		}
		got = rd_kafka_event_message_array(p->event, messages,
						   max - n < PORTION ? max - n : PORTION);
		if (!p->in_batch && got)
			begin_batch(p, messages[0]);
		for (size_t i = 0; i < got; i++) {
			convert(p, messages[i], &ret_reports[n], &ret_notes[n]);
			n++;
			header_lists_take(&p->headers, messages[i]);
		}
		if (got == 0) {
			rd_kafka_event_destroy(p->event);
			p->event = NULL;
			p->in_batch = false;
		}
	}
	return n;
}

uint64_t producer_take_throttle(struct producer *p)
{
	return (uint64_t)callbacks_take_throttle(&p->callbacks) * US_PER_MS;
}

/*
 * A client's certificate that the broker refuses is told by a TLS alert after the handshake, which
 * the library takes for an end of the connection: only OpenSSL's words in its text are left.
 */
static enum trouble trouble_of(rd_kafka_resp_err_t err, const char *text)
{
	switch (err) {
	case RD_KAFKA_RESP_ERR__AUTHENTICATION:
	case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
	case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
		return TROUBLE_LOGIN;
	case RD_KAFKA_RESP_ERR__SSL:
		return TROUBLE_TLS;
	case RD_KAFKA_RESP_ERR__RESOLVE:
		return TROUBLE_NAME;
	case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
		return TROUBLE_NONE;
	default:
		return strstr(text, "SSL alert number") ? TROUBLE_TLS : TROUBLE_NETWORK;
	}
}

/* Every answer about the cluster brings its id: the library asks for it first of all. */
static bool is_answered(struct producer *p)
{
	char *cluster = rd_kafka_clusterid(p->rk, 0);
	bool answered = cluster;

	if (cluster)
		rd_kafka_mem_free(p->rk, cluster);
	return answered;
}

/* Of an error whose text is there. */
static void judge_error(struct producer *p, rd_kafka_resp_err_t err, struct producer_news *ret)
{
	char about[TOKEN_ABOUT_MAX];
	struct words_known known = {.token = about, .answered = is_answered(p)};

	ret->kind = NEWS_ERROR;
	ret->priority = LOG_WARNING;
	ret->trouble = trouble_of(err, ret->text);
	callbacks_about_token(&p->callbacks, about, sizeof about);
	known.certificate = atomic_load(&p->callbacks.certificate_error);
	words_mend(ret->text, sizeof ret->text, &known);
	if (ret->trouble >= TROUBLE_TLS) {
		ret->kind = NEWS_AUTH;
		ret->priority = LOG_ERR;
	}
}

static void convert_error(struct producer *p, struct producer_news *ret)
{
	rd_kafka_resp_err_t err = rd_kafka_event_error(p->event);

	snprintf(ret->text, sizeof ret->text, "%s", rd_kafka_event_error_string(p->event));
	judge_error(p, err, ret);
	if (rd_kafka_event_error_is_fatal(p->event) || err == RD_KAFKA_RESP_ERR__FATAL) {
		ret->kind = NEWS_FATAL;
		ret->priority = LOG_ERR;
		producer_is_dead(p, ret->text, sizeof ret->text);
	} else if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
		ret->kind = NEWS_ALL_DOWN;
	}
}

void producer_news(struct producer *p, struct producer_news *ret)
{
	ret->kind = NEWS_NONE;
	ret->priority = LOG_DEBUG;
	ret->trouble = TROUBLE_NONE;
	ret->text[0] = '\0';
	if (!p->event) {
		if (callbacks_cut(&p->callbacks, ret->text, sizeof ret->text))
			judge_error(p, RD_KAFKA_RESP_ERR__TRANSPORT, ret);
		return;
	}
	if (rd_kafka_event_type(p->event) == RD_KAFKA_EVENT_ERROR)
		convert_error(p, ret);
	rd_kafka_event_destroy(p->event);
	p->event = NULL;
}

char *producer_counted(const struct producer *p)
{
	if (!p->event || rd_kafka_event_type(p->event) != RD_KAFKA_EVENT_STATS)
		return NULL;
	return statistics_cut(rd_kafka_event_stats(p->event));
}
