/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library asks for a token when it is made, and again after four fifths of each one's life; of
 * one that could not be had it asks again after ten seconds. It does so through a queue of its own,
 * which its background thread serves: that thread does nothing else, so it may wait for a server,
 * and the loop never does. A failure comes back as an error of authentication, told like any other.
 *
 * A broker with a quota answers at once and says for how long it will read nothing more from that
 * connection, so what is sent meanwhile has no answer before. Nothing else tells it from one that
 * hangs. It is told in the thread that fetches reports, before the reports of that answer.
 *
 * About each certificate it asks having asked OpenSSL. Nothing is decided here: only the reason is
 * kept, which the library's own message has not.
 *
 * It logs from the thread in which something happens, and three things can be met there only. Of a
 * connection that the other side ended a newer library (2.11.1) logs, but makes no event, and who
 * waits for the brokers wants to know why; an older one does both, which is no harm. What a leader
 * answers that is none any more is kept in client/denials.c.
 *
 * And when a batch is refused for its number, because the one before it failed, the library numbers
 * all that it has anew, under another epoch. A batch in doubt, of any partition, would then be sent
 * again in such a way that Kafka cannot know it (the library's issue 4953). Of that it tells
 * nobody, but it logs that it has met such a batch before it begins, in the thread that handles the
 * answer and holding no lock; an instance with a fatal error sends nothing more, and what is in
 * doubt comes back and says so. Should another version log it otherwise, nothing is lost but that.
 */
#include "client/callbacks.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "base/clock.h"
#include "client/library_log.h"
#include "client/words.h"
#include "login/login.h"

static void note_token(struct callbacks *c, const struct token *token)
{
	pthread_mutex_lock(&c->texts_lock);
	memcpy(c->about, token->about, sizeof c->about);
	pthread_mutex_unlock(&c->texts_lock);
}

void callbacks_about_token(struct callbacks *c, char *ret_about, size_t len)
{
	ret_about[0] = '\0';
	if (!c->login)
		return;
	pthread_mutex_lock(&c->texts_lock);
	snprintf(ret_about, len, "%s", c->about);
	pthread_mutex_unlock(&c->texts_lock);
}

bool callbacks_cut(struct callbacks *c, char *ret_text, size_t len)
{
	if (!atomic_load(&c->cut))
		return false;
	pthread_mutex_lock(&c->texts_lock);
	snprintf(ret_text, len, "%s", c->cut_text);
	atomic_store(&c->cut, false);
	pthread_mutex_unlock(&c->texts_lock);
	return true;
}

/* What is worse it tells by events, and what is less is no fault. */
static void note_cut(struct callbacks *c, int level, const char *facility, const char *text)
{
	const char *words = strncmp(text, "[thrd:", 6) == 0 ? strstr(text, "]: ") : NULL;

	if (level <= LOG_ERR || level >= LOG_DEBUG || strcmp(facility, "FAIL") != 0)
		return;
	pthread_mutex_lock(&c->texts_lock);
	snprintf(c->cut_text, sizeof c->cut_text, "%s", words ? words + 3 : text);
	atomic_store(&c->cut, true);
	pthread_mutex_unlock(&c->texts_lock);
}

void callbacks_fetch_token(struct callbacks *c, rd_kafka_t *rk)
{
	char why[480];
	struct token token;
	int r;

	if (!c->login)
		return;
	r = login_token(c->login, &token, why, sizeof why);
	if (r < 0)
		snprintf(why, sizeof why, "%s", strerror(-r));
	if (r) {
		rd_kafka_oauthbearer_set_token_failure(rk, why);
		return;
	}
	note_token(c, &token);
	if (rd_kafka_oauthbearer_set_token(rk, token.text, token.expires_ms, token.principal,
					   token.extensions, token.n_extensions, why, sizeof why))
		rd_kafka_oauthbearer_set_token_failure(rk, why);
	token_deinit(&token);
}

static void on_token_wanted(rd_kafka_t *rk, const char *config, void *opaque)
{
	(void)config;
	callbacks_fetch_token(opaque, rk);
}

static int on_certificate(rd_kafka_t *rk, const char *name, int32_t id, int *error, int depth,
			  const char *bytes, size_t size, char *ret_text, size_t len, void *opaque)
{
	struct callbacks *c = opaque;

	(void)rk, (void)name, (void)id, (void)depth, (void)bytes, (void)size;
	if (!*error)
		return 1;
	atomic_store(&c->certificate_error, *error);
	snprintf(ret_text, len, "%s", words_certificate(*error));
	return 0;
}

/* Facilities of its log: a batch behind a failed one, and one whose producer is not known. */
static bool tells_new_numbers(const char *facility)
{
	return strcmp(facility, "ERRSEQ") == 0 || strcmp(facility, "UNKPID") == 0;
}

static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	struct callbacks *c = rk ? rd_kafka_opaque(rk) : NULL;
	rd_kafka_t *guarded;

	if (!c)
		return;
	if (c->log && (c->debug || level < LOG_DEBUG))
		library_log_note(c->log, facility, text);
	note_cut(c, level, facility, text);
	denials_note(&c->denials, facility, text, clock_mono_us());
	guarded = atomic_load(&c->guarded);
	if (guarded && tells_new_numbers(facility) && !atomic_exchange(&c->renumbers, true))
		rd_kafka_test_fatal_error(guarded, RD_KAFKA_RESP_ERR__INCONSISTENT, text);
}

static void on_throttle(rd_kafka_t *rk, const char *name, int32_t id, int ms, void *opaque)
{
	struct callbacks *c = opaque;

	(void)rk, (void)name, (void)id;
	if (ms > c->throttled_ms)
		c->throttled_ms = ms;
}

int callbacks_take_throttle(struct callbacks *c)
{
	int ms = c->throttled_ms;

	c->throttled_ms = 0;
	return ms;
}

/* Whether the user gives the property a value, and another one than this. */
static bool is_other(const struct kafka_options *o, const char *name, const char *value)
{
	for (size_t i = 0; i < o->n_props; i++) {
		if (strcmp(o->props[i].name, name) == 0 && strcmp(o->props[i].value, value) != 0)
			return true;
	}
	return false;
}

void callbacks_init(struct callbacks *c, const struct kafka_options *options, rd_kafka_conf_t *conf)
{
	c->login = login_ref(options->login);
	pthread_mutex_init(&c->texts_lock, NULL);
	denials_init(&c->denials);
	c->log = options->log;
	c->debug = is_other(options, "debug", "");
	rd_kafka_conf_set_opaque(conf, c);
	rd_kafka_conf_set_log_cb(conf, on_log);
	rd_kafka_conf_set_throttle_cb(conf, on_throttle);
	/* Unless the user wants none verified. A library without TLS takes no callback. */
	if (!is_other(options, "enable.ssl.certificate.verification", "true"))
		(void)rd_kafka_conf_set_ssl_cert_verify_cb(conf, on_certificate);
	if (!c->login)
		return;
	rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf, on_token_wanted);
	rd_kafka_conf_enable_sasl_queue(conf, 1);
}

void callbacks_begin(struct callbacks *c, rd_kafka_t *rk, bool guard)
{
	rd_kafka_error_t *error = c->login ? rd_kafka_sasl_background_callbacks_enable(rk) : NULL;

	atomic_store(&c->guarded, guard ? rk : NULL);
	/* Another mechanism than OAUTHBEARER has no queue, and wants no token. */
	if (error)
		rd_kafka_error_destroy(error);
}

void callbacks_deinit(struct callbacks *c)
{
	c->login = login_unref(c->login);
	denials_deinit(&c->denials);
}
