/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLIENT_CALLBACKS_H
#define CLIENT_CALLBACKS_H

#include <stdatomic.h>

#include "client/options.h"

/*
 * What threads of the library ask us, beside the loop: whether a certificate will do, and for a
 * token of SASL/OAUTHBEARER. Embedded by the owner of an instance, at a place that lasts as long as
 * it.
 */
struct callbacks {
	struct login *login;          /* for tokens, or NULL */
	atomic_int certificate_error; /* why one was refused last, by OpenSSL's number; or 0 */
};

struct rd_kafka_s;
struct rd_kafka_conf_s;

/* Takes a reference of the options' login, and has the library call. */
void callbacks_init(struct callbacks *callbacks, const struct kafka_options *options,
		    struct rd_kafka_conf_s *conf);

/* The instance is there: from now on tokens are fetched, also while its connections are idle. */
void callbacks_begin(const struct callbacks *callbacks, struct rd_kafka_s *rk);

/*
 * Fetches a token now, which new connections of the instance have. Blocks for up to
 * LOGIN_TIMEOUT_MS; what fails is told as an error of authentication. Any thread may do so. Nothing
 * where no tokens are wanted.
 */
void callbacks_fetch_token(const struct callbacks *callbacks, struct rd_kafka_s *rk);

/* The instance is gone. Fine without callbacks_init, if it is all 0. */
void callbacks_deinit(struct callbacks *callbacks);

#endif
