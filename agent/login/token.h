/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LOGIN_TOKEN_H
#define LOGIN_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"

#define TOKEN_ABOUT_MAX 224

/* A token of SASL/OAUTHBEARER (RFC 7628), with what it says of itself. */
struct token {
	char *text;
	char *principal;
	int64_t expires_ms;          /* CLOCK_REALTIME */
	int64_t begins_ms;           /* when it was issued, if it says so; or 0 */
	bool dated;                  /* expires_ms was told, and is no guess of ours */
	const char **extensions;     /* name, value, name, ...: of KIP-342; owned */
	size_t n_extensions;         /* of these strings */
	char about[TOKEN_ABOUT_MAX]; /* what a JWT says of itself, in words; "": it is none */
};

enum { TOKEN_E_INVALID = 1 };

/* So long one is taken for valid that does not say until when it is. */
#define TOKEN_OPAQUE_MS 60000

/*
 * Takes a token as it is handed around: blanks around it are left out. Of a JWT (RFC 7519) `exp`,
 * `iat` and `sub` are read, unverified: brokers verify. Any other is valid for `otherwise_ms` from
 * now, and is of the principal "waybill". 0: *ret_token is for token_deinit. TOKEN_E_INVALID: it is
 * empty, holds what no token does, or has expired; ret_message (len bytes) says so. -ENOMEM.
 */
int token_read(struct slice text, int64_t now_ms, int64_t otherwise_ms, struct token *ret_token,
	       char *ret_message, size_t len) MUSTCHECK;

/*
 * Adds extensions, "name=value,name=value". 0, TOKEN_E_INVALID with ret_message, -ENOMEM. The token
 * is for token_deinit in any case.
 */
int token_extend(struct token *token, const char *extensions, char *ret_message, size_t len)
	MUSTCHECK;

/* Overwrites and frees. Fine twice. */
void token_deinit(struct token *token);

#endif
