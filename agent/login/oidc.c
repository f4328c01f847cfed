/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings have the names that librdkafka's own OIDC has, where it is built with it: what is
 * written for another client is right here. It is not used even there, for then the token would be
 * fetched in another way with each version of the library, and its errors be told in another.
 *
 * What the server says is not repeated but for its error code and description (RFC 6749, 5.2).
 */
#include "login/oidc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/object.h"
#include "login/assertion.h"
#include "login/fetch.h"
#include "settings/read.h"
#include "settings/secret.h"

#define JWT_BEARER "urn:ietf:params:oauth:grant-type:jwt-bearer"
#define P "sasl.oauthbearer."
#define VALID_S 300
#define EARLY_S 60
#define OPAQUE_S 60
#define KEY_MAX_BYTES 65536

static int64_t number(const struct login_settings *settings, const char *name, int64_t otherwise)
{
	const char *text = settings_text(settings, name);

	return text ? strtoll(text, NULL, 10) : otherwise;
}

/* The key, from a file or from a setting. 0: *ret_pem is for secret_free. */
static int read_key(const struct login_settings *settings, char **ret_pem, char *ret_message,
		    size_t len)
{
	const char *path = settings_text(settings, P "assertion.private.key.file");
	char words[160];
	size_t n;
	int r;

	if (!path)
		return settings_value(settings, P "assertion.private.key.pem", 0, ret_pem,
				      ret_message, len);
	r = conf_read(path, KEY_MAX_BYTES, ret_pem, &n);
	if (r == READ_E_FAILED)
		snprintf(ret_message, len, "%s %s", path,
			 conf_read_message(errno, words, sizeof words));
	return r > 0 ? OIDC_E_FAILED : r;
}

static int make_assertion(const struct login_settings *settings, char **ret_text, char *ret_message,
			  size_t len)
{
	const char *algorithm = settings_text(settings, P "assertion.algorithm");
	const char *with_id = settings_text(settings, P "assertion.claim.jti.include");
	char *key = NULL, *passphrase = NULL;
	struct assertion a = {
		.algorithm = algorithm ? algorithm : "RS256",
		.issuer = settings_text(settings, P "assertion.claim.iss"),
		.subject = settings_text(settings, P "assertion.claim.sub"),
		.audience = settings_text(settings, P "assertion.claim.aud"),
		.valid_s = number(settings, P "assertion.claim.exp.seconds", VALID_S),
		.early_s = number(settings, P "assertion.claim.nbf.seconds", EARLY_S),
		.with_id = with_id && strcmp(with_id, "true") == 0,
	};
	int r = read_key(settings, &key, ret_message, len);

	if (r == 0)
		r = settings_value(settings, P "assertion.private.key.passphrase", 0, &passphrase,
				   ret_message, len);
	a.key = key;
	a.passphrase = passphrase;
	if (r == 0)
		r = assertion_make(&a, clock_real_ms() / 1000, ret_text, ret_message, len);
	secret_free(key);
	secret_free(passphrase);
	return r > 0 ? OIDC_E_FAILED : r;
}

/* One that somebody else makes, and puts into a file; else ours. */
static int get_assertion(const struct login_settings *settings, char **ret_text, char *ret_message,
			 size_t len)
{
	const char *path = settings_text(settings, P "assertion.file");
	char words[160];
	size_t n;
	int r;

	if (!path)
		return make_assertion(settings, ret_text, ret_message, len);
	r = conf_read(path, KEY_MAX_BYTES, ret_text, &n);
	if (r == READ_E_FAILED)
		snprintf(ret_message, len, "%s %s", path,
			 conf_read_message(errno, words, sizeof words));
	if (r == 0)
		(*ret_text)[strcspn(*ret_text, " \t\r\n")] = '\0';
	return r > 0 ? OIDC_E_FAILED : r;
}

/* Adds "&name=text" to a form; text NULL: nothing. 0 or -ENOMEM. */
static int add(char **form, const char *name, const char *text)
{
	char *escaped = text ? fetch_escape(text) : NULL, *longer;
	int n;

	if (!text)
		return 0;
	n = escaped ? asprintf(&longer, "%s%s%s=%s", *form ? *form : "", *form ? "&" : "", name,
			       escaped) :
		      -1;
	secret_free(escaped);
	if (n < 0)
		return -ENOMEM;
	secret_free(*form);
	*form = longer;
	return 0;
}

static int make_form(const struct login_settings *settings, const char *grant, char **ret_form,
		     char *ret_message, size_t len)
{
	char *assertion = NULL;
	int r = add(ret_form, "grant_type", grant);

	if (r == 0 && strcmp(grant, JWT_BEARER) == 0)
		r = get_assertion(settings, &assertion, ret_message, len);
	if (r == 0)
		r = add(ret_form, "assertion", assertion);
	if (r == 0)
		r = add(ret_form, "scope", settings_text(settings, P "scope"));
	secret_free(assertion);
	return r;
}

/* What the server answered, as a token or as a reason. */
static int judge(const struct object *answer, long status, struct token *ret_token,
		 char *ret_message, size_t len)
{
	const char *text = object_text(answer, "access_token");
	const char *error = object_text(answer, "error");
	const char *words = object_text(answer, "error_description");
	int64_t valid_s = object_number(answer, "expires_in", 0);
	bool dated = valid_s > 0 && valid_s <= INT32_MAX;
	char why[128];
	int r;

	if (status != 200 || !text) {
		snprintf(ret_message, len, "answers with status %ld: %.80s%s%.160s", status,
			 error ? error : "there is no access_token in it", words ? ", " : "",
			 words ? words : "");
		return OIDC_E_FAILED;
	}
	if (!dated)
		valid_s = OPAQUE_S;
	r = token_read(slice_of(text), clock_real_ms(), valid_s * 1000, ret_token, why, sizeof why);
	if (r == 0)
		ret_token->dated |= dated;
	if (r > 0)
		snprintf(ret_message, len, "gives a token that %s", why);
	return r > 0 ? OIDC_E_FAILED : r;
}

static int ask(const struct login_settings *settings, int timeout_ms, const char *secret,
	       const char *form, struct token *ret_token, char *ret_message, size_t len)
{
	struct fetch request = {
		.url = settings_text(settings, P "token.endpoint.url"),
		.body = form,
		.user = settings_text(settings, P "client.id"),
		.secret = secret,
		.ca_file = settings_text(settings, "https.ca.location"),
		.headers = {"Accept: application/json"},
		.timeout_ms = timeout_ms,
	};
	struct object *answer = NULL;
	char why[320], *body = NULL;
	long status = 0;
	int r;

	r = fetch(&request, &status, &body, why, sizeof why);
	if (r == 0)
		r = object_read(slice_of(body), &answer, why, sizeof why);
	if (r > 0 && body)
		snprintf(why, sizeof why, "answers with status %ld and no JSON object", status);
	if (r == 0)
		r = judge(answer, status, ret_token, why, sizeof why);
	if (r > 0)
		snprintf(ret_message, len, "%s: %s", request.url, why);
	object_free(answer);
	secret_free(body);
	return r > 0 ? OIDC_E_FAILED : r;
}

int oidc_token(const struct login_settings *settings, int timeout_ms, struct token *ret_token,
	       char *ret_message, size_t len)
{
	const char *grant = settings_text(settings, P "grant.type");
	char *form = NULL, *secret = NULL;
	int r;

	r = make_form(settings, grant ? grant : "client_credentials", &form, ret_message, len);
	if (r == 0)
		r = settings_value(settings, P "client.secret", 0, &secret, ret_message, len);
	if (r == 0)
		r = ask(settings, timeout_ms, secret, form, ret_token, ret_message, len);
	secret_free(form);
	secret_free(secret);
	return r;
}
