/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 7515, 3.1: the header and the claims, each in base64url, a dot between them; then the
 * signature.
 */
#include "login/assertion.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "login/base64.h"
#include "login/crypto.h"

#define ID_BYTES 16

static void put_claim(struct json *json, const char *name, const char *text)
{
	if (!text)
		return;
	json_put_text(json, ",\"");
	json_put_text(json, name);
	json_put_text(json, "\":");
	json_put_string(json, slice_of(text));
}

static void put_time(struct json *json, const char *name, int64_t time_s)
{
	json_put_text(json, name);
	json_put_integer(json, time_s);
}

/* malloc'ed, in base64url. 0, -ENOMEM, -EIO. */
static int make_claims(const struct assertion *a, int64_t now_s, char **ret_text)
{
	struct arena arena = ARENA_NULL;
	struct json json = {.arena = &arena};
	unsigned char random[ID_BYTES];
	char *id = NULL;
	struct slice text;
	int r = a->with_id ? crypto_random(random, sizeof random) : 0;

	if (r == 0 && a->with_id && !(id = base64_encode(random, sizeof random)))
		r = -ENOMEM;
	put_time(&json, "{\"iat\":", now_s);
	put_time(&json, ",\"nbf\":", now_s - a->early_s);
	put_time(&json, ",\"exp\":", now_s + a->valid_s);
	put_claim(&json, "iss", a->issuer);
	put_claim(&json, "sub", a->subject);
	put_claim(&json, "aud", a->audience);
	put_claim(&json, "jti", id);
	json_put_text(&json, "}");
	if (r == 0)
		r = json_finish(&json, &text);
	if (r == 0)
		*ret_text = base64_encode(text.at, text.len);
	if (r == 0 && !*ret_text)
		r = -ENOMEM;
	free(id);
	arena_deinit(&arena);
	return r;
}

static int make_unsigned(const struct assertion *a, int64_t now_s, char **ret_text)
{
	char header[64], *first, *second = NULL;
	int n = snprintf(header, sizeof header, "{\"alg\":\"%s\",\"typ\":\"JWT\"}", a->algorithm);
	int r;

	first = base64_encode(header, (size_t)n);
	r = first ? make_claims(a, now_s, &second) : -ENOMEM;
	if (r == 0 && asprintf(ret_text, "%s.%s", first, second) < 0)
		r = -ENOMEM;
	free(first);
	free(second);
	return r;
}

int assertion_make(const struct assertion *a, int64_t now_s, char **ret_text, char *ret_message,
		   size_t len)
{
	unsigned char *signature = NULL;
	char *text = NULL, *encoded = NULL;
	size_t n;
	int r = make_unsigned(a, now_s, &text);

	if (r == 0)
		r = crypto_sign(a->algorithm, a->key, a->passphrase, slice_of(text), &signature, &n,
				ret_message, len);
	if (r == 0 && !(encoded = base64_encode(signature, n)))
		r = -ENOMEM;
	if (r == 0 && asprintf(ret_text, "%s.%s", text, encoded) < 0)
		r = -ENOMEM;
	free(text);
	free(signature);
	free(encoded);
	return r > 0 ? ASSERTION_E_INVALID : r;
}
