/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where programs that run at AWS find their credentials, in the order that its own tools have. A
 * place that is named and fails is the end of the search: what is behind it belongs to somebody
 * else, and a line shipped under another name is worse than one that waits.
 *
 * The endpoints are plain HTTP on the machine itself, so no proxy is asked; an address that the
 * environment names is taken only if it is of the loopback, of the link, or https, as the tools of
 * AWS do it. Of the instance the second version is asked (IMDSv2): a token first, then the rest.
 */
#include "login/aws_credentials.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/object.h"
#include "login/aws_web_identity.h"
#include "login/fetch.h"
#include "settings/read.h"
#include "settings/secret.h"

#define FILE_MAX_BYTES (1u << 20)
#define CONTAINER_HOST "http://169.254.170.2"
#define INSTANCE_HOST "http://169.254.169.254"
#define INSTANCE_MS 2000
#define ROLE_PATH "/latest/meta-data/iam/security-credentials/"

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static int copy(const char *id, const char *secret, const char *session,
		struct aws_credentials *ret)
{
	struct aws_credentials c = {strdup(id), strdup(secret), session ? strdup(session) : NULL};

	if (!c.id || !c.secret || (session && !c.session)) {
		aws_credentials_deinit(&c);
		return -ENOMEM;
	}
	*ret = c;
	return 0;
}

void aws_credentials_deinit(struct aws_credentials *c)
{
	secret_free(c->id);
	secret_free(c->secret);
	secret_free(c->session);
	*c = (struct aws_credentials){0};
}

/* ---- the file ---- */

static struct slice trim(struct slice s)
{
	static const char blanks[] = {' ', '\t', '\r'};

	while (s.len && memchr(blanks, s.at[0], sizeof blanks))
		s.at++, s.len--;
	while (s.len && memchr(blanks, s.at[s.len - 1], sizeof blanks))
		s.len--;
	return s;
}

/* The next line, without blanks around it. False: there is none. */
static bool next_line(struct slice *rest, struct slice *ret_line)
{
	const char *end = rest->len ? memchr(rest->at, '\n', rest->len) : NULL;
	size_t len = end ? (size_t)(end - rest->at) : rest->len;

	if (!rest->len)
		return false;
	*ret_line = trim((struct slice){rest->at, len});
	len += end != NULL;
	rest->at += len;
	rest->len -= len;
	return true;
}

static bool is_section(struct slice line, const char *profile)
{
	struct slice name = {line.at + 1, line.len - 2};

	return line.len > 2 && line.at[line.len - 1] == ']' &&
	       slice_eq(trim(name), slice_of(profile));
}

/* Keeps the value when the name is one of ours. 0 or -ENOMEM. */
static int take_pair(struct slice line, struct aws_credentials *c)
{
	const char *equals = line.len ? memchr(line.at, '=', line.len) : NULL;
	struct slice name, value;
	char **to = NULL;

	if (!equals)
		return 0;
	name = trim((struct slice){line.at, (size_t)(equals - line.at)});
	value = trim((struct slice){equals + 1, (size_t)(line.at + line.len - equals - 1)});
	if (slice_eq(name, slice_of("aws_access_key_id")))
		to = &c->id;
	else if (slice_eq(name, slice_of("aws_secret_access_key")))
		to = &c->secret;
	else if (slice_eq(name, slice_of("aws_session_token")))
		to = &c->session;
	if (!to || !value.len || !value.at[0])
		return 0;
	secret_free(*to);
	*to = strndup(value.at, value.len);
	return *to ? 0 : -ENOMEM;
}

int aws_credentials_read(struct slice text, const char *profile, struct aws_credentials *ret)
{
	struct aws_credentials c = {0};
	struct slice line;
	bool ours = false;
	int r = 0;

	while (r == 0 && next_line(&text, &line)) {
		if (line.len && line.at[0] == '[')
			ours = is_section(line, profile);
		else if (ours && line.len && line.at[0] != '#')
			r = take_pair(line, &c);
	}
	if (r == 0 && (!c.id || !c.secret))
		r = AWS_E_NONE;
	if (r)
		aws_credentials_deinit(&c);
	else
		*ret = c;
	return r;
}

/* `named`: somebody has said that they are there, so it is told when they are not. */
static int from_file(const char *path, const char *profile, bool named, struct aws_credentials *ret,
		     char *ret_message, size_t len)
{
	char words[160], *text;
	size_t n;
	int r = conf_read(path, FILE_MAX_BYTES, &text, &n);

	if (r == READ_E_FAILED && named)
		snprintf(ret_message, len, "%s %s", path,
			 conf_read_message(errno, words, sizeof words));
	if (r)
		return r < 0 ? r : AWS_E_NONE;
	r = aws_credentials_read((struct slice){text, n}, profile, ret);
	if (r == AWS_E_NONE)
		snprintf(ret_message, len,
			 "%s: profile \"%s\" has no aws_access_key_id and aws_secret_access_key",
			 path, profile);
	secret_free(text);
	return r;
}

/* ---- endpoints ---- */

/* What an endpoint answered. */
static int read_answer(const char *body, const char *url, struct aws_credentials *ret,
		       char *ret_message, size_t len)
{
	struct object *answer = NULL;
	char why[160];
	const char *id = NULL, *secret = NULL;
	int r = object_read(slice_of(body), &answer, why, sizeof why);

	if (r == 0) {
		id = object_text(answer, "AccessKeyId");
		secret = object_text(answer, "SecretAccessKey");
	}
	if (id && secret)
		r = copy(id, secret, object_text(answer, "Token"), ret);
	else
		snprintf(ret_message, len, "%s: no credentials in the answer", url);
	r = id && secret ? r : AWS_E_NONE;
	object_free(answer);
	return r;
}

/* One request of an endpoint: 0 only with status 200. */
static int ask(const struct fetch *request, char **ret_body, char *ret_message, size_t len)
{
	char why[256], *body = NULL;
	long status = 0;
	int r = fetch(request, &status, &body, why, sizeof why);

	if (r == 0 && status != 200) {
		snprintf(why, sizeof why, "answers with status %ld", status);
		secret_free(body);
		r = FETCH_E_FAILED;
	}
	if (r > 0)
		snprintf(ret_message, len, "%s: %s", request->url, why);
	else if (r == 0)
		*ret_body = body;
	return r < 0 ? r : r ? AWS_E_NONE : 0;
}

/* Whether the credentials may be asked for there: the token that goes with it is a secret. */
static bool is_trusted(const char *url)
{
	static const char *const hosts[] = {
		"http://127.0.0.1", "http://localhost",      "http://[::1]",
		CONTAINER_HOST,     "http://169.254.170.23", "http://[fd00:ec2::23]",
	};

	if (strncmp(url, "https://", 8) == 0)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		size_t n = strlen(hosts[i]);

		if (strncmp(url, hosts[i], n) == 0 && (url[n] == ':' || url[n] == '/'))
			return true;
	}
	return false;
}

/* "Authorization: ..." from the environment or the file that it names; NULL: none. 0, errors. */
static int make_authorization(char **ret_header, char *ret_message, size_t len)
{
	const char *path = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *token = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	char words[160], *text = NULL;
	size_t n;
	int r = path ? conf_read(path, FETCH_MAX_BYTES, &text, &n) : 0;

	*ret_header = NULL;
	if (r == READ_E_FAILED) {
		snprintf(ret_message, len, "%s %s", path,
			 conf_read_message(errno, words, sizeof words));
		return AWS_E_NONE;
	}
	if (text)
		text[strcspn(text, "\r\n")] = '\0';
	if (r == 0 && (text || token) &&
	    asprintf(ret_header, "Authorization: %s", text ? text : token) < 0)
		r = -ENOMEM;
	secret_free(text);
	return r;
}

static int from_container(const char *url, int timeout_ms, struct aws_credentials *ret,
			  char *ret_message, size_t len)
{
	struct fetch request = {.url = url, .direct = true, .timeout_ms = timeout_ms};
	char *authorization = NULL, *body = NULL;
	int r;

	if (!is_trusted(url)) {
		snprintf(ret_message, len,
			 "$AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor of this host");
		return AWS_E_NONE;
	}
	r = make_authorization(&authorization, ret_message, len);
	request.headers[0] = authorization;
	if (r == 0)
		r = ask(&request, &body, ret_message, len);
	if (r == 0)
		r = read_answer(body, url, ret, ret_message, len);
	secret_free(authorization);
	secret_free(body);
	return r;
}

/* The role of the instance, then its credentials; each with the token. */
static int ask_instance(const char *host, const char *token, struct aws_credentials *ret,
			char *ret_message, size_t len)
{
	struct fetch request = {.direct = true, .timeout_ms = INSTANCE_MS, .headers = {token}};
	char *list = NULL, *role = NULL, *body = NULL;
	int r = asprintf(&list, "%s" ROLE_PATH, host) < 0 ? -ENOMEM : 0;

	request.url = list;
	if (r == 0)
		r = ask(&request, &body, ret_message, len);
	if (r == 0) {
		body[strcspn(body, "\r\n")] = '\0';
		r = asprintf(&role, "%s%s", list, body) < 0 ? -ENOMEM : 0;
		secret_free(body);
		body = NULL;
	}
	request.url = role;
	if (r == 0)
		r = ask(&request, &body, ret_message, len);
	if (r == 0)
		r = read_answer(body, role, ret, ret_message, len);
	free(list);
	free(role);
	secret_free(body);
	return r;
}

static int from_instance(const char *host, struct aws_credentials *ret, char *ret_message,
			 size_t len)
{
	struct fetch request = {
		.method = "PUT",
		.headers = {"X-aws-ec2-metadata-token-ttl-seconds: 60"},
		.direct = true,
		.timeout_ms = INSTANCE_MS,
	};
	char *url = NULL, *token = NULL, *header = NULL;
	int r = asprintf(&url, "%s/latest/api/token", host) < 0 ? -ENOMEM : 0;

	request.url = url;
	if (r == 0)
		r = ask(&request, &token, ret_message, len);
	if (r == 0 && asprintf(&header, "X-aws-ec2-metadata-token: %s", token) < 0)
		r = -ENOMEM;
	if (r == 0)
		r = ask_instance(host, header, ret, ret_message, len);
	free(url);
	secret_free(token);
	secret_free(header);
	return r;
}

static int from_web_identity(const char *region, int timeout_ms, struct aws_credentials *ret,
			     char *ret_message, size_t len)
{
	const char *url = variable("AWS_ENDPOINT_URL_STS"), *role = variable("AWS_ROLE_ARN");
	const char *session = variable("AWS_ROLE_SESSION_NAME");
	bool china = strncmp(region, "cn-", 3) == 0;
	struct aws_credentials c = {0};
	char regional[128];
	int r;

	snprintf(regional, sizeof regional, "https://sts.%.64s.amazonaws.com%s/", region,
		 china ? ".cn" : "");
	if (!role || (url && !is_trusted(url))) {
		snprintf(ret_message, len, "%s",
			 role ? "$AWS_ENDPOINT_URL_STS is neither https nor of this host" :
				"$AWS_WEB_IDENTITY_TOKEN_FILE is set, and $AWS_ROLE_ARN is not");
		return AWS_E_NONE;
	}
	r = aws_web_identity(&(struct aws_web_identity){url ? url : regional, role,
							session ? session : "waybill",
							variable("AWS_WEB_IDENTITY_TOKEN_FILE")},
			     timeout_ms, &c.id, &c.secret, &c.session, ret_message, len);
	if (r == 0)
		*ret = c;
	return r > 0 ? AWS_E_NONE : r;
}

static int from_endpoints(int timeout_ms, struct aws_credentials *ret, char *ret_message,
			  size_t len)
{
	const char *relative = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
	const char *off = variable("AWS_EC2_METADATA_DISABLED");
	const char *host = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
	char url[512];

	if (relative) {
		snprintf(url, sizeof url, CONTAINER_HOST "%s", relative);
		return from_container(url, timeout_ms, ret, ret_message, len);
	}
	if (full)
		return from_container(full, timeout_ms, ret, ret_message, len);
	if (off && strcasecmp(off, "true") == 0) {
		snprintf(ret_message, len,
			 "no credentials in the environment, in a file or of a container, and "
			 "$AWS_EC2_METADATA_DISABLED is set");
		return AWS_E_NONE;
	}
	snprintf(url, sizeof url, "%s", host ? host : INSTANCE_HOST);
	url[strlen(url) - (url[strlen(url) - 1] == '/')] = '\0';
	return from_instance(url, ret, ret_message, len);
}

int aws_credentials_find(const char *file, const char *profile, const char *region, int timeout_ms,
			 struct aws_credentials *ret, char *ret_message, size_t len)
{
	const char *id = variable("AWS_ACCESS_KEY_ID"), *home = variable("HOME");
	const char *secret = variable("AWS_SECRET_ACCESS_KEY");
	bool named = file || profile || variable("AWS_SHARED_CREDENTIALS_FILE") ||
		     variable("AWS_PROFILE");
	char path[4096] = "";
	int r = AWS_E_NONE;

	if (id && secret && !file && !profile)
		return copy(id, secret, variable("AWS_SESSION_TOKEN"), ret);
	if (variable("AWS_WEB_IDENTITY_TOKEN_FILE") && !file && !profile)
		return from_web_identity(region, timeout_ms, ret, ret_message, len);
	if (!file)
		file = variable("AWS_SHARED_CREDENTIALS_FILE");
	if (!profile)
		profile = variable("AWS_PROFILE");
	if (!file && home)
		snprintf(path, sizeof path, "%s/.aws/credentials", home);
	snprintf(ret_message, len, "no home directory with credentials");
	if (file || *path)
		r = from_file(file ? file : path, profile ? profile : "default", named, ret,
			      ret_message, len);
	if (r != AWS_E_NONE || named)
		return r;
	return from_endpoints(timeout_ms, ret, ret_message, len);
}
