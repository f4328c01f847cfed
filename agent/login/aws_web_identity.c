/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one request to AWS that needs no credentials: the token is who we are. It goes into the body
 * and not into the address, which proxies write down. The answer is XML of a fixed form, of which
 * five elements are wanted that hold text alone: they are looked for by name, and no XML is read.
 */
#include "login/aws_web_identity.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "login/fetch.h"
#include "settings/read.h"
#include "settings/secret.h"

#define TOKEN_MAX_BYTES 65536

/* What stands between <name> and </name>, the first time; at NULL: there is no such element. */
static struct slice element(const char *body, const char *name)
{
	char tag[64];
	const char *at, *end;

	snprintf(tag, sizeof tag, "<%s>", name);
	at = strstr(body, tag);
	if (!at)
		return SLICE_NONE;
	at += strlen(tag);
	end = strchr(at, '<');
	return end ? (struct slice){at, (size_t)(end - at)} : SLICE_NONE;
}

static char *copy_element(const char *body, const char *name)
{
	struct slice text = element(body, name);

	return text.len ? strndup(text.at, text.len) : NULL;
}

/* 0: *ret_token is for secret_free. */
static int read_token(const char *path, char **ret_token, char *ret_message, size_t len)
{
	char words[160];
	size_t n;
	int r = conf_read(path, TOKEN_MAX_BYTES, ret_token, &n);

	if (r == READ_E_FAILED)
		snprintf(ret_message, len, "%s %s", path,
			 conf_read_message(errno, words, sizeof words));
	if (r == 0)
		(*ret_token)[strcspn(*ret_token, " \t\r\n")] = '\0';
	return r > 0 ? AWS_WEB_IDENTITY_E_FAILED : r;
}

/* 0: *ret_form is for secret_free. */
static int make_form(const struct aws_web_identity *identity, const char *token, char **ret_form)
{
	char *role = fetch_escape(identity->role), *session = fetch_escape(identity->session);
	char *escaped = fetch_escape(token), *form = NULL;
	int n = -1;

	if (role && session && escaped)
		n = asprintf(&form,
			     "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=%s"
			     "&RoleSessionName=%s&WebIdentityToken=%s",
			     role, session, escaped);
	free(role);
	free(session);
	secret_free(escaped);
	if (n < 0)
		return -ENOMEM;
	*ret_form = form;
	return 0;
}

static int judge(const struct aws_web_identity *identity, long status, const char *body,
		 char **ret_id, char **ret_secret, char **ret_session, char *ret_message,
		 size_t len)
{
	struct slice code = element(body, "Code"), words = element(body, "Message");
	char *id = copy_element(body, "AccessKeyId");
	char *secret = copy_element(body, "SecretAccessKey");
	char *session = copy_element(body, "SessionToken");

	if (status == 200 && id && secret && session) {
		*ret_id = id;
		*ret_secret = secret;
		*ret_session = session;
		return 0;
	}
	secret_free(id);
	secret_free(secret);
	secret_free(session);
	snprintf(ret_message, len,
		 "%s: answers with status %ld: %.*s%s%.*s (role %.120s, token of %s)",
		 identity->url, status, code.len ? (int)(code.len < 80 ? code.len : 80) : 26,
		 code.len ? code.at : "no credentials are in it", words.len ? ", " : "",
		 (int)(words.len < 160 ? words.len : 160), words.len ? words.at : "",
		 identity->role, identity->token_file);
	return AWS_WEB_IDENTITY_E_FAILED;
}

static int ask(const struct aws_web_identity *identity, int timeout_ms, const char *form,
	       char **ret_body, long *ret_status, char *ret_message, size_t len)
{
	const struct fetch request = {
		.url = identity->url,
		.body = form,
		.timeout_ms = timeout_ms,
	};
	char why[320];
	int r = fetch(&request, ret_status, ret_body, why, sizeof why);

	if (r > 0)
		snprintf(ret_message, len, "%s: %s", identity->url, why);
	return r > 0 ? AWS_WEB_IDENTITY_E_FAILED : r;
}

int aws_web_identity(const struct aws_web_identity *identity, int timeout_ms, char **ret_id,
		     char **ret_secret, char **ret_session, char *ret_message, size_t len)
{
	char *token = NULL, *form = NULL, *body = NULL;
	long status = 0;
	int r = read_token(identity->token_file, &token, ret_message, len);

	if (r == 0)
		r = make_form(identity, token, &form);
	if (r == 0)
		r = ask(identity, timeout_ms, form, &body, &status, ret_message, len);
	if (r == 0)
		r = judge(identity, status, body, ret_id, ret_secret, ret_session, ret_message,
			  len);
	secret_free(token);
	secret_free(form);
	secret_free(body);
	return r;
}
