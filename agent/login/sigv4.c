/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS Signature Version 4 with the signature in the query, as "Authenticating Requests: Using Query
 * Parameters" of the documentation of AWS describes it:
 *
 *	canonical request = method, path, query, "host:" header, signed headers, hash of the body
 *	text to sign      = algorithm, time, scope, hash of the canonical request
 *	key               = HMACs of date, region, service, "aws4_request", each keyed by the last
 *
 * The query has its names in their order, and of those there are here only the action comes before
 * X-Amz-. Nothing is normalized: host, path and action are ours.
 */
#include "login/sigv4.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "login/crypto.h"
#include "login/fetch.h"
#include "settings/secret.h"

#define ALGORITHM "AWS4-HMAC-SHA256"
#define HEX_BYTES (2 * CRYPTO_HASH_BYTES + 1)

struct moment {
	char date[9];  /* 20130524 */
	char time[17]; /* 20130524T000000Z */
};

static void print_moment(int64_t time_s, struct moment *ret)
{
	time_t t = (time_t)time_s;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(ret->date, sizeof ret->date, "%Y%m%d", &tm);
	strftime(ret->time, sizeof ret->time, "%Y%m%dT%H%M%SZ", &tm);
}

static void print_hash(const unsigned char hash[CRYPTO_HASH_BYTES], char ret_hex[HEX_BYTES])
{
	for (size_t i = 0; i < CRYPTO_HASH_BYTES; i++)
		snprintf(ret_hex + 2 * i, 3, "%02x", hash[i]);
}

/* The query without the signature: malloc'ed, or NULL. */
static char *make_query(const struct sigv4 *s, const struct moment *at, const char *scope)
{
	char *id = fetch_escape(s->id), *session = s->session ? fetch_escape(s->session) : NULL;
	char *in = fetch_escape(scope), *query = NULL;
	int n = -1;

	if (id && in && (session || !s->session))
		n = asprintf(&query,
			     "%s%sX-Amz-Algorithm=" ALGORITHM "&X-Amz-Credential=%s%%2F%s"
			     "&X-Amz-Date=%s&X-Amz-Expires=%d%s%s&X-Amz-SignedHeaders=host",
			     s->action ? s->action : "", s->action ? "&" : "", id, in, at->time,
			     s->valid_s, session ? "&X-Amz-Security-Token=" : "",
			     session ? session : "");
	free(id);
	free(in);
	secret_free(session);
	return n < 0 ? NULL : query;
}

/* The text to sign: malloc'ed, or NULL. */
static char *make_text(const struct sigv4 *s, const struct moment *at, const char *scope,
		       const char *query)
{
	unsigned char hash[CRYPTO_HASH_BYTES];
	char *request, *text = NULL, hex[HEX_BYTES];
	int n = asprintf(&request, "GET\n%s\n%s\nhost:%s\n\nhost\n%s", s->path, query, s->host,
			 s->content_hash);

	if (n < 0)
		return NULL;
	n = crypto_hash(slice_of(request), hash);
	secret_free(request);
	if (n)
		return NULL;
	print_hash(hash, hex);
	n = asprintf(&text, ALGORITHM "\n%s\n%s\n%s", at->time, scope, hex);
	return n < 0 ? NULL : text;
}

/* Signs with the key that is made for this day, region and service alone. */
static int sign(const struct sigv4 *s, const char *date, const char *text, char ret_hex[HEX_BYTES])
{
	const char *parts[] = {date, s->region, s->service, "aws4_request", text};
	unsigned char key[CRYPTO_HASH_BYTES], next[CRYPTO_HASH_BYTES];
	struct slice by;
	char *first;
	int r;

	if (asprintf(&first, "AWS4%s", s->secret) < 0)
		return -ENOMEM;
	by = slice_of(first);
	r = 0;
	for (size_t i = 0; i < ARRAY_LEN(parts) && r == 0; i++) {
		r = crypto_keyed_hash(by, slice_of(parts[i]), next);
		memcpy(key, next, sizeof key);
		by = (struct slice){(const char *)key, sizeof key};
	}
	print_hash(key, ret_hex);
	explicit_bzero(key, sizeof key);
	explicit_bzero(next, sizeof next);
	secret_free(first);
	return r;
}

int sigv4_presign(const struct sigv4 *s, char **ret_url)
{
	char *scope = NULL, *query = NULL, *text = NULL, signature[HEX_BYTES];
	struct moment at;
	int r = -ENOMEM;

	print_moment(s->time_s, &at);
	if (asprintf(&scope, "%s/%s/%s/aws4_request", at.date, s->region, s->service) < 0)
		scope = NULL;
	if (scope)
		query = make_query(s, &at, scope);
	if (query)
		text = make_text(s, &at, scope, query);
	if (text)
		r = sign(s, at.date, text, signature);
	if (r == 0 && asprintf(ret_url, "https://%s%s?%s&X-Amz-Signature=%s", s->host, s->path,
			       query, signature) < 0)
		r = -ENOMEM;
	free(scope);
	secret_free(query);
	secret_free(text);
	return r;
}
