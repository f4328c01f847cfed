/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLIENT_CALLBACKS_H
#define CLIENT_CALLBACKS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "client/denials.h"
#include "client/options.h"
#include "login/token.h"

#define CALLBACKS_CUT_MAX 384

/*
 * What threads of the library ask us, beside the loop: whether a certificate will do, and for a
 * token of SASL/OAUTHBEARER; and what they log. Embedded by the owner of an instance, at a place
 * that lasts as long as it.
 */
struct callbacks {
	struct login *login;          /* for tokens, or NULL */
	atomic_int certificate_error; /* why one was refused last, by OpenSSL's number; or 0 */
	struct library_log *log;      /* or NULL */
	bool debug; /* its lines of level debug go there, too: the user asked for them */
	/* To be ended before it numbers its batches anew, or NULL; and whether it was. */
	struct rd_kafka_s *_Atomic guarded;
	atomic_bool renumbers;
	int throttled_ms; /* see callbacks_take_throttle */
	struct denials denials;
	atomic_bool cut;            /* `cut_text` is new */
	pthread_mutex_t texts_lock; /* on both: */
	char cut_text[CALLBACKS_CUT_MAX];
	char about[TOKEN_ABOUT_MAX]; /* the token in use; "": it says nothing */
};

struct rd_kafka_s;
struct rd_kafka_conf_s;

/* Takes a reference of the options' login, and has the library call. */
void callbacks_init(struct callbacks *callbacks, const struct kafka_options *options,
		    struct rd_kafka_conf_s *conf);

/*
 * The instance is there: from now on tokens are fetched, also while its connections are idle. With
 * `guard` it ends with a fatal error before it numbers its batches anew (CALLBACKS_DEBUG tells it).
 */
void callbacks_begin(struct callbacks *callbacks, struct rd_kafka_s *rk, bool guard);

/* What the property "debug" of a guarded instance has to name. */
#define CALLBACKS_DEBUG "eos," DENIALS_DEBUG

/*
 * Fetches a token now, which new connections of the instance have. Blocks for up to
 * LOGIN_TIMEOUT_MS; what fails is told as an error of authentication. Any thread may do so. Nothing
 * where no tokens are wanted.
 */
void callbacks_fetch_token(struct callbacks *callbacks, struct rd_kafka_s *rk);

/* What the token in use says of itself, for an error text (client/words.h). */
void callbacks_about_token(struct callbacks *callbacks, char *ret_about, size_t len);

/*
 * The library's words on a connection that was cut, of which its events do not tell: the last since
 * the last call, at most CALLBACKS_CUT_MAX. False: none was. Cheap then.
 */
bool callbacks_cut(struct callbacks *callbacks, char *ret_text, size_t len);

/*
 * A broker has said that from then on it holds its answers back for so long, for a quota: in
 * milliseconds, the longest since the last call; 0: none has. It is for who fetches the reports.
 */
int callbacks_take_throttle(struct callbacks *callbacks);

/* The instance is gone. Fine without callbacks_init, if it is all 0. */
void callbacks_deinit(struct callbacks *callbacks);

#endif
