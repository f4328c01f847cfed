/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library asks for a token when it is made, and again after four fifths of each one's life; of
 * one that could not be had it asks again after ten seconds. It does so through a queue of its own,
 * which its background thread serves: that thread does nothing else, so it may wait for a server,
 * and the loop never does. A failure comes back as an error of authentication, told like any other.
 *
 * About each certificate it asks having asked OpenSSL. Nothing is decided here: only the reason is
 * kept, which the library's own message has not.
 */
#include "client/callbacks.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>

#include "client/words.h"
#include "login/login.h"

void callbacks_fetch_token(const struct callbacks *c, rd_kafka_t *rk)
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

/* Unless the user wants none verified. */
static bool verifies(const struct kafka_options *o)
{
	for (size_t i = 0; i < o->n_props; i++) {
		if (strcmp(o->props[i].name, "enable.ssl.certificate.verification") == 0 &&
		    strcmp(o->props[i].value, "true") != 0)
			return false;
	}
	return true;
}

void callbacks_init(struct callbacks *c, const struct kafka_options *options, rd_kafka_conf_t *conf)
{
	c->login = login_ref(options->login);
	rd_kafka_conf_set_opaque(conf, c);
	/* A library without TLS takes no callback, and needs none. */
	if (verifies(options))
		(void)rd_kafka_conf_set_ssl_cert_verify_cb(conf, on_certificate);
	if (!c->login)
		return;
	rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf, on_token_wanted);
	rd_kafka_conf_enable_sasl_queue(conf, 1);
}

void callbacks_begin(const struct callbacks *c, rd_kafka_t *rk)
{
	rd_kafka_error_t *error = c->login ? rd_kafka_sasl_background_callbacks_enable(rk) : NULL;

	/* Another mechanism than OAUTHBEARER has no queue, and wants no token. */
	if (error)
		rd_kafka_error_destroy(error);
}

void callbacks_deinit(struct callbacks *c)
{
	c->login = login_unref(c->login);
}
