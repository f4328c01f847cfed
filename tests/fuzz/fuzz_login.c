/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes from files and servers on the way to a token: the token itself, base64url, extensions,
 * a credentials file, certificates. What is decoded is encoded to the same text again, and a token
 * that was taken has no byte that none has.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "login/aws_credentials.h"
#include "login/base64.h"
#include "login/crypto.h"
#include "login/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool good)
{
	if (!good)
		abort();
}

static void try_token(struct slice text)
{
	struct token token;
	char why[64];

	if (token_read(text, 1000, 1000, &token, why, sizeof why)) {
		need(strlen(why) < sizeof why);
		return;
	}
	need(*token.text && token.expires_ms > 1000 && *token.principal);
	need(!strpbrk(token.text, " \t\r\n\"\\,"));
	(void)!token_extend(&token, token.text, why, sizeof why);
	need(token.n_extensions % 2 == 0);
	token_deinit(&token);
}

static void try_base64(struct slice text)
{
	size_t len;
	char *bytes = base64_decode(text, &len), *again, *third;

	if (!bytes)
		return;
	again = base64_encode(bytes, len);
	/* Bits behind the last byte may differ, so it is compared as bytes. */
	third = base64_decode(slice_of(again), &len);
	need(third && memcmp(third, bytes, len) == 0);
	free(bytes);
	free(again);
	free(third);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = {(const char *)data, size};
	struct aws_credentials credentials;
	int64_t expires_s;
	char name[32];

	try_token(text);
	try_base64(text);
	if (aws_credentials_read(text, "default", &credentials) == 0) {
		need(*credentials.id && *credentials.secret);
		aws_credentials_deinit(&credentials);
	}
	if (crypto_expiry(text, size & 1, &expires_s, name, sizeof name) == 0)
		need(strlen(name) < sizeof name);
	return 0;
}
