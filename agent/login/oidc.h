/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LOGIN_OIDC_H
#define LOGIN_OIDC_H

#include "login/settings.h"
#include "login/token.h"

enum { OIDC_E_FAILED = 1 };

/*
 * A token of a token endpoint: by the client's id and secret (RFC 6749, 4.4), or by an assertion
 * that says who it is (RFC 7523). Blocks up to about timeout_ms. 0: *ret_token
 * is for token_deinit. OIDC_E_FAILED with the reason in ret_message (len bytes), -ENOMEM.
 */
int oidc_token(const struct login_settings *settings, int timeout_ms, struct token *ret_token,
	       char *ret_message, size_t len) MUSTCHECK;

#endif
