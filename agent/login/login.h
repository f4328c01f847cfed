/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LOGIN_LOGIN_H
#define LOGIN_LOGIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/result.h"
#include "login/life.h"
#include "login/settings.h"
#include "login/token.h"

/*
 * How to come by a token for SASL/OAUTHBEARER, and the tokens. Set once, then only read, but for
 * what is known of the last token: several threads may hold and use one.
 */
struct login;

enum {
	LOGIN_E_INVALID = 1, /* the settings do not go together; the message says why */
	LOGIN_E_FAILED,      /* no token now; the message says why */
};

/* No token takes longer to come by. */
#define LOGIN_TIMEOUT_MS 10000

/*
 * All settings of a kafka block that are ours (copied). 0: *ret_login has one reference, and is
 * NULL when they ask for no token. LOGIN_E_INVALID with the reason in ret_message (len bytes),
 * -ENOMEM.
 */
int login_new(const struct login_setting *settings, size_t n, char *ret_message, size_t len,
	      struct login **ret_login) MUSTCHECK;

/* One reference more. NULL is fine. Returns login. */
struct login *login_ref(struct login *login);

/* Drops one; frees with the last. NULL is fine. Returns NULL. */
struct login *login_unref(struct login *login);

/* The file that the tokens are in; NULL: there is none, they come from elsewhere. Borrowed. */
const char *login_file(const struct login *login);

/* The setting, with dots, that says where they come from; static. */
const char *login_setting(const struct login *login);

/*
 * A token that is valid now. Blocks up to about LOGIN_TIMEOUT_MS. 0: *ret_token is for
 * token_deinit. LOGIN_E_FAILED with the reason in ret_message (len bytes, no secret in it),
 * -ENOMEM.
 */
int login_token(struct login *login, struct token *ret_token, char *ret_message, size_t len)
	MUSTCHECK;

/* How long the last token is good that anybody fetched, and why there was none since. */
void login_life(struct login *login, struct life *ret_life);

#endif
