/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is secret stands here as it is written, and a reference is followed each time a token is
 * fetched: a client's secret that was replaced is the new one from then on.
 */
#include "login/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "settings/secret.h"

#define P "sasl.oauthbearer."

struct login_settings {
	size_t n;
	struct login_setting at[];
};

/* What is ours. A method is what it is for, where it is for one alone. */
static const struct {
	const char *name;
	bool secret, list;
} names[] = {
	{"oauth.token.file"},
	{"oauth.token.command", .list = true},
	{P "method"},
	{P "client.id"},
	{P "client.secret", .secret = true},
	{P "scope"},
	{P "extensions"},
	{P "token.endpoint.url"},
	{P "grant.type"},
	{P "assertion.algorithm"},
	{P "assertion.file"},
	{P "assertion.private.key.file"},
	{P "assertion.private.key.pem", .secret = true},
	{P "assertion.private.key.passphrase", .secret = true},
	{P "assertion.claim.aud"},
	{P "assertion.claim.iss"},
	{P "assertion.claim.sub"},
	{P "assertion.claim.exp.seconds"},
	{P "assertion.claim.nbf.seconds"},
	{P "assertion.claim.jti.include"},
	{"https.ca.location"},
	{"aws.region"},
	{"aws.profile"},
	{"aws.credentials.file"},
};

static size_t find(const char *name)
{
	size_t i = 0;

	while (i < ARRAY_LEN(names) && strcmp(names[i].name, name) != 0)
		i++;
	return i;
}

bool login_owns(const char *name)
{
	return find(name) < ARRAY_LEN(names);
}

bool login_is_list(const char *name)
{
	size_t i = find(name);

	return i < ARRAY_LEN(names) && names[i].list;
}

bool login_is_secret(const char *name)
{
	size_t i = find(name);

	return i < ARRAY_LEN(names) && names[i].secret;
}

struct login_settings *settings_new(const struct login_setting *from, size_t n)
{
	struct login_settings *s = calloc(1, sizeof *s + n * sizeof s->at[0]);

	for (size_t i = 0; s && i < n; i++) {
		s->at[i].name = strdup(from[i].name);
		s->at[i].text = strdup(from[i].text);
		s->n++;
		if (!s->at[i].name || !s->at[i].text)
			return settings_free(s);
	}
	return s;
}

struct login_settings *settings_free(struct login_settings *s)
{
	for (size_t i = 0; s && i < s->n; i++) {
		free((char *)s->at[i].name);
		secret_free((char *)s->at[i].text);
	}
	free(s);
	return NULL;
}

const char *settings_text(const struct login_settings *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++) {
		if (strcmp(s->at[i].name, name) == 0)
			return s->at[i].text;
	}
	return NULL;
}

int settings_value(const struct login_settings *s, const char *name, size_t index, char **ret_value,
		   char *ret_message, size_t len)
{
	const char *text = NULL;
	char why[320];
	int r;

	for (size_t i = 0; i < s->n && !text; i++) {
		if (strcmp(s->at[i].name, name) == 0 && index-- == 0)
			text = s->at[i].text;
	}
	*ret_value = NULL;
	if (!text)
		return 0;
	if (!secret_is_reference(text)) {
		*ret_value = strdup(text);
		return *ret_value ? 0 : -ENOMEM;
	}
	r = secret_fetch(text, ret_value, why, sizeof why);
	if (r > 0)
		snprintf(ret_message, len, "%s: %s", name, why);
	return r > 0 ? SETTINGS_E_UNAVAILABLE : r;
}
