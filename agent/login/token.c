/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is read of a token serves one thing: that the next is fetched before this one expires, and
 * told of if there is none. Its signature is the broker's business, so nothing is verified here,
 * and what is not understood is passed on as it is.
 */
#include "login/token.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/object.h"
#include "login/base64.h"

/* RFC 6750, 2.1: what a bearer token consists of. */
static const char token_bytes[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=";

static struct slice trim(struct slice text)
{
	static const char blanks[] = {' ', '\t', '\r', '\n'};

	while (text.len && memchr(blanks, text.at[text.len - 1], sizeof blanks))
		text.len--;
	while (text.len && memchr(blanks, text.at[0], sizeof blanks))
		text.at++, text.len--;
	return text;
}

/* The part between the first two dots, decoded and read; NULL: it is no JWT. */
static struct object *claims_of(struct slice text)
{
	const char *first = memchr(text.at, '.', text.len), *second;
	struct object *claims = NULL;
	char *json, why[160];
	size_t len;

	if (!first)
		return NULL;
	first++;
	second = memchr(first, '.', text.len - (size_t)(first - text.at));
	if (!second)
		return NULL;
	json = base64_decode((struct slice){first, (size_t)(second - first)}, &len);
	if (!json)
		return NULL;
	if (object_read((struct slice){json, len}, &claims, why, sizeof why))
		claims = NULL;
	free(json);
	return claims;
}

static int check(struct slice text, char *ret_message, size_t len)
{
	if (!text.len) {
		snprintf(ret_message, len, "is empty");
		return TOKEN_E_INVALID;
	}
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] && strchr(token_bytes, text.at[i]))
			continue;
		snprintf(ret_message, len, "holds a byte that no token has, at %zu", i + 1);
		return TOKEN_E_INVALID;
	}
	return 0;
}

/* Who gave it, for whom, and until when by our clock: what a broker holds against it. */
static void describe(const struct object *claims, int64_t expires_ms, int64_t now_ms, char *ret,
		     size_t len)
{
	const char *issuer = object_text(claims, "iss"), *audience = object_text(claims, "aud");

	snprintf(ret, len, "issuer \"%.64s\", audience \"%.64s\", %lld min left by our clock",
		 issuer ? issuer : "", audience ? audience : "",
		 (long long)((expires_ms - now_ms) / 60000));
}

int token_read(struct slice text, int64_t now_ms, int64_t otherwise_ms, struct token *ret_token,
	       char *ret_message, size_t len)
{
	struct token token = {.expires_ms = now_ms + otherwise_ms};
	struct object *claims;
	const char *subject = NULL;
	int64_t expires, issued;
	int r;

	text = trim(text);
	r = check(text, ret_message, len);
	if (r)
		return r;
	claims = claims_of(text);
	if (claims) {
		subject = object_text(claims, "sub");
		expires = object_number(claims, "exp", 0);
		issued = object_number(claims, "iat", 0);
		token.dated = expires > 0 && expires < INT64_MAX / 1000;
		if (token.dated)
			token.expires_ms = expires * 1000;
		if (issued > 0 && issued < INT64_MAX / 1000)
			token.begins_ms = issued * 1000;
		describe(claims, token.expires_ms, now_ms, token.about, sizeof token.about);
	}
	token.text = strndup(text.at, text.len);
	token.principal = strdup(subject && *subject ? subject : "waybill");
	object_free(claims);
	if (!token.text || !token.principal) {
		token_deinit(&token);
		return -ENOMEM;
	}
	if (token.expires_ms <= now_ms) {
		snprintf(ret_message, len, "has expired, %lld s ago",
			 (long long)((now_ms - token.expires_ms) / 1000));
		token_deinit(&token);
		return TOKEN_E_INVALID;
	}
	*ret_token = token;
	return 0;
}

static int add_text(struct token *token, const char *at, size_t len)
{
	const char **more = realloc(token->extensions, (token->n_extensions + 1) * sizeof *more);

	if (!more)
		return -ENOMEM;
	token->extensions = more;
	more[token->n_extensions] = strndup(at, len);
	if (!more[token->n_extensions])
		return -ENOMEM;
	token->n_extensions++;
	return 0;
}

int token_extend(struct token *token, const char *extensions, char *ret_message, size_t len)
{
	int r = 0;

	while (*extensions && r == 0) {
		size_t n = strcspn(extensions, ",");
		const char *equals = memchr(extensions, '=', n);

		if (!equals || equals == extensions) {
			snprintf(ret_message, len, "extensions are name=value, parted by commas");
			return TOKEN_E_INVALID;
		}
		r = add_text(token, extensions, (size_t)(equals - extensions));
		if (r == 0)
			r = add_text(token, equals + 1, (size_t)(extensions + n - equals - 1));
		extensions += n + (extensions[n] == ',');
	}
	return r;
}

void token_deinit(struct token *token)
{
	if (token->text)
		explicit_bzero(token->text, strlen(token->text));
	for (size_t i = 0; i < token->n_extensions; i++)
		free((char *)token->extensions[i]);
	free(token->extensions);
	free(token->text);
	free(token->principal);
	*token = (struct token){0};
}
