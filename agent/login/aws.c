/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Brokers of MSK take an OAUTHBEARER token that is the address of a request, signed by who we are,
 * with the name of the client behind the signature; base64url of all of it. Nothing is asked of
 * AWS for it but, where they are not at hand, the credentials.
 */
#include "login/aws.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "login/aws_credentials.h"
#include "login/base64.h"
#include "login/sigv4.h"
#include "settings/secret.h"

/* The longest that MSK takes. */
#define VALID_S 900

static const char *region_of(const struct login_settings *settings)
{
	static const char *const variables[] = {"AWS_REGION", "AWS_DEFAULT_REGION"};
	const char *region = settings_text(settings, "aws.region");

	for (size_t i = 0; i < ARRAY_LEN(variables) && !region; i++)
		region = getenv(variables[i]);
	return region && *region ? region : NULL;
}

static int sign(const struct aws_credentials *by, const char *region, int64_t now_s, char **ret_url)
{
	struct sigv4 request = {
		.id = by->id,
		.secret = by->secret,
		.session = by->session,
		.region = region,
		.service = "kafka-cluster",
		.path = "/",
		.action = "Action=kafka-cluster%3AConnect",
		.content_hash = SIGV4_NO_CONTENT,
		.time_s = now_s,
		.valid_s = VALID_S,
	};
	char host[128];

	snprintf(host, sizeof host, "kafka.%.64s.amazonaws.com", region);
	request.host = host;
	return sigv4_presign(&request, ret_url);
}

static int make(const struct aws_credentials *by, const char *region, struct token *ret_token)
{
	int64_t now_s = clock_real_ms() / 1000;
	char *url = NULL, *named = NULL;
	struct token token = {
		.expires_ms = (now_s + VALID_S) * 1000, .begins_ms = now_s * 1000, .dated = true};
	int r = sign(by, region, now_s, &url);

	if (r == 0 && asprintf(&named, "%s&User-Agent=waybill", url) < 0)
		r = -ENOMEM;
	if (r == 0) {
		token.text = base64_encode(named, strlen(named));
		token.principal = strdup(by->id);
		if (!token.text || !token.principal)
			r = -ENOMEM;
	}
	secret_free(url);
	secret_free(named);
	if (r)
		token_deinit(&token);
	else
		*ret_token = token;
	return r;
}

int aws_token(const struct login_settings *settings, int timeout_ms, struct token *ret_token,
	      char *ret_message, size_t len)
{
	struct aws_credentials credentials = {0};
	const char *region = region_of(settings);
	int r;

	if (!region) {
		snprintf(ret_message, len, "aws_region is not set, nor is $AWS_REGION");
		return AWS_E_FAILED;
	}
	r = aws_credentials_find(settings_text(settings, "aws.credentials.file"),
				 settings_text(settings, "aws.profile"), region, timeout_ms,
				 &credentials, ret_message, len);
	if (r > 0)
		return AWS_E_FAILED;
	if (r == 0)
		r = make(&credentials, region, ret_token);
	aws_credentials_deinit(&credentials);
	return r;
}
