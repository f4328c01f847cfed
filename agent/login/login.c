/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ways to a token. Which one it is follows from what is set: a file, a command, or the method. All
 * of it may block, and none of it knows librdkafka: client/callbacks.c calls it in a thread of the
 * library that does nothing else.
 */
#include "login/login.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "login/aws.h"
#include "login/command.h"
#include "login/oidc.h"
#include "settings/read.h"
#include "settings/secret.h"

#define FILE_SETTING "oauth.token.file"
#define COMMAND_SETTING "oauth.token.command"
#define METHOD_SETTING "sasl.oauthbearer.method"
#define P "sasl.oauthbearer."
#define TOKEN_MAX_BYTES 65536
#define COMMAND_MAX_WORDS 64

/* Of choose() alone: no token is asked for. */
#define LOGIN_E_NONE 99

enum method { METHOD_FILE, METHOD_COMMAND, METHOD_OIDC, METHOD_AWS };

struct login {
	atomic_int refs;
	enum method method;
	struct login_settings *settings;
	struct lives lives;
};

/* Which way it is. 0: *ret_method; LOGIN_E_INVALID with the message; LOGIN_E_NONE. */
static int choose(const struct login *login, enum method *ret_method, char *ret_message, size_t len)
{
	const char *method = settings_text(login->settings, METHOD_SETTING);
	bool file = settings_text(login->settings, FILE_SETTING);
	bool command = settings_text(login->settings, COMMAND_SETTING);

	if (method && strcmp(method, "default") == 0)
		method = NULL;
	if (file + command + (method != NULL) > 1) {
		snprintf(ret_message, len,
			 "oauth_token_file, oauth_token_command and sasl_oauthbearer_method: give "
			 "one of them");
		return LOGIN_E_INVALID;
	}
	if (method && strcmp(method, "oidc") != 0 && strcmp(method, "aws_msk_iam") != 0) {
		snprintf(ret_message, len,
			 "sasl_oauthbearer_method must be \"default\", \"oidc\" or "
			 "\"aws_msk_iam\"");
		return LOGIN_E_INVALID;
	}
	if (!file && !command && !method)
		return LOGIN_E_NONE;
	*ret_method = file                        ? METHOD_FILE :
		      command                     ? METHOD_COMMAND :
		      strcmp(method, "oidc") == 0 ? METHOD_OIDC :
						    METHOD_AWS;
	return 0;
}

static int check_path(const struct login *login, const char *name, char *ret_message, size_t len)
{
	const char *path = settings_text(login->settings, name);

	if (!path || path[0] == '/')
		return 0;
	snprintf(ret_message, len, "%s needs an absolute path", name);
	return LOGIN_E_INVALID;
}

static bool is_one_of(const char *text, const char *first, const char *second)
{
	return !text || strcmp(text, first) == 0 || strcmp(text, second) == 0;
}

static int check_oidc(const struct login *login, char *ret_message, size_t len)
{
	static const char bearer[] = "urn:ietf:params:oauth:grant-type:jwt-bearer";
	const char *url = settings_text(login->settings, P "token.endpoint.url");
	const char *grant = settings_text(login->settings, P "grant.type");
	bool by_jwt = grant && strcmp(grant, bearer) == 0;
	bool has_key = settings_text(login->settings, P "assertion.private.key.file") ||
		       settings_text(login->settings, P "assertion.private.key.pem") ||
		       settings_text(login->settings, P "assertion.file");
	const char *what = NULL;

	if (!url || (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0))
		what = "sasl_oauthbearer_token_endpoint_url must be given, https://...";
	else if (!is_one_of(grant, "client_credentials", bearer))
		what = "sasl_oauthbearer_grant_type must be \"client_credentials\" or "
		       "\"urn:ietf:params:oauth:grant-type:jwt-bearer\"";
	else if (!is_one_of(settings_text(login->settings, P "assertion.algorithm"), "RS256",
			    "ES256"))
		what = "sasl_oauthbearer_assertion_algorithm must be \"RS256\" or \"ES256\"";
	else if (!by_jwt && (!settings_text(login->settings, P "client.id") ||
			     !settings_text(login->settings, P "client.secret")))
		what = "sasl_oauthbearer_client_id and sasl_oauthbearer_client_secret are needed";
	else if (by_jwt && !has_key)
		what = "sasl_oauthbearer_assertion_private_key_file, _private_key_pem or _file is "
		       "needed";
	if (!what)
		return 0;
	snprintf(ret_message, len, "%s", what);
	return LOGIN_E_INVALID;
}

static int check(const struct login *login, char *ret_message, size_t len)
{
	int r = check_path(login, FILE_SETTING, ret_message, len);

	if (r == 0)
		r = check_path(login, COMMAND_SETTING, ret_message, len);
	if (r == 0 && login->method == METHOD_OIDC)
		r = check_oidc(login, ret_message, len);
	return r;
}

int login_new(const struct login_setting *settings, size_t n, char *ret_message, size_t len,
	      struct login **ret_login)
{
	struct login *login = calloc(1, sizeof *login);
	int r = -ENOMEM;

	if (!login)
		return r;
	login->refs = 1;
	lives_init(&login->lives);
	login->settings = settings_new(settings, n);
	if (login->settings)
		r = choose(login, &login->method, ret_message, len);
	if (r == 0)
		r = check(login, ret_message, len);
	if (r)
		login = login_unref(login);
	if (r == 0 || r == LOGIN_E_NONE)
		*ret_login = login;
	return r == LOGIN_E_NONE ? 0 : r;
}

struct login *login_ref(struct login *login)
{
	if (login)
		atomic_fetch_add(&login->refs, 1);
	return login;
}

struct login *login_unref(struct login *login)
{
	if (!login || atomic_fetch_sub(&login->refs, 1) > 1)
		return NULL;
	settings_free(login->settings);
	lives_deinit(&login->lives);
	free(login);
	return NULL;
}

const char *login_file(const struct login *login)
{
	return settings_text(login->settings, FILE_SETTING);
}

const char *login_setting(const struct login *login)
{
	static const char *const names[] = {
		[METHOD_FILE] = FILE_SETTING,
		[METHOD_COMMAND] = COMMAND_SETTING,
		[METHOD_OIDC] = METHOD_SETTING,
		[METHOD_AWS] = METHOD_SETTING,
	};

	return names[login->method];
}

void login_life(struct login *login, struct life *ret_life)
{
	lives_last(&login->lives, ret_life);
}

/* A text that is to be a token; `from` is where it came from. */
static int read_token(const char *text, const char *from, struct token *ret_token,
		      char *ret_message, size_t len)
{
	char why[128];
	int r = token_read(slice_of(text), clock_real_ms(), TOKEN_OPAQUE_MS, ret_token, why,
			   sizeof why);

	if (r > 0)
		snprintf(ret_message, len, "%s: the token %s", from, why);
	return r > 0 ? LOGIN_E_FAILED : r;
}

static int file_token(const struct login *login, struct token *ret_token, char *ret_message,
		      size_t len)
{
	const char *path = settings_text(login->settings, FILE_SETTING);
	char words[160], *text;
	size_t n;
	int r = conf_read(path, TOKEN_MAX_BYTES, &text, &n);

	if (r == READ_E_FAILED) {
		snprintf(ret_message, len, "%s %s", path,
			 conf_read_message(errno, words, sizeof words));
		return LOGIN_E_FAILED;
	}
	if (r)
		return r;
	r = read_token(text, path, ret_token, ret_message, len);
	secret_free(text);
	return r;
}

static int command_token(const struct login *login, struct token *ret_token, char *ret_message,
			 size_t len)
{
	char *argv[COMMAND_MAX_WORDS + 1] = {0}, why[320], *text = NULL;
	size_t n = 0;
	int r = 0;

	do {
		r = settings_value(login->settings, COMMAND_SETTING, n, &argv[n], ret_message, len);
	} while (r == 0 && argv[n] && ++n < COMMAND_MAX_WORDS);
	if (r == 0)
		r = command_run(argv, LOGIN_TIMEOUT_MS, &text, why, sizeof why);
	if (r == COMMAND_E_FAILED) {
		snprintf(ret_message, len, "%s %s", argv[0], why);
		r = LOGIN_E_FAILED;
	}
	if (r == 0)
		r = read_token(text, argv[0], ret_token, ret_message, len);
	for (size_t i = 0; i < n; i++)
		free(argv[i]);
	secret_free(text);
	return r;
}

int login_token(struct login *login, struct token *ret_token, char *ret_message, size_t len)
{
	const char *extensions = settings_text(login->settings, P "extensions");
	struct token token = {0};
	int r;

	switch (login->method) {
	case METHOD_FILE:
		r = file_token(login, &token, ret_message, len);
		break;
	case METHOD_COMMAND:
		r = command_token(login, &token, ret_message, len);
		break;
	case METHOD_OIDC:
		r = oidc_token(login->settings, LOGIN_TIMEOUT_MS, &token, ret_message, len);
		break;
	default:
		r = aws_token(login->settings, LOGIN_TIMEOUT_MS, &token, ret_message, len);
	}
	if (r == 0 && extensions)
		r = token_extend(&token, extensions, ret_message, len);
	if (r) {
		token_deinit(&token);
		if (r > 0)
			lives_note_trouble(&login->lives, ret_message);
		return r < 0 ? r : LOGIN_E_FAILED;
	}
	lives_note(&login->lives, &token, clock_real_ms());
	*ret_token = token;
	return 0;
}
