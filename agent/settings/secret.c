/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A password in the configuration file is a password in every backup and pasted snippet, so it may
 * stand elsewhere. The value is fetched when the configuration is loaded and held in memory, as
 * librdkafka holds it too: overwriting our copy when it is freed shortens its life, no more.
 * Messages name the reference, never the value.
 */
#include "settings/secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "settings/read.h"

static const char file_prefix[] = "file:", credential_prefix[] = "credential:",
		  env_prefix[] = "env:";

/* What follows the prefix, or NULL. */
static const char *after(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

bool secret_is_reference(const char *text)
{
	return after(text, file_prefix) || after(text, credential_prefix) ||
	       after(text, env_prefix);
}

/* Takes the line end off that editors and echo put behind a password. */
static void chomp(char *text, size_t len)
{
	if (len && text[len - 1] == '\n')
		text[--len] = '\0';
	if (len && text[len - 1] == '\r')
		text[--len] = '\0';
}

static int from_file(const char *path, char **ret_value, char *ret_message, size_t message_len)
{
	char *text, words[160];
	size_t len;
	int r;

	if (path[0] != '/') {
		snprintf(ret_message, message_len, "file: needs an absolute path");
		return SECRET_E_UNAVAILABLE;
	}
	r = conf_read(path, SECRET_MAX, &text, &len);
	if (r == READ_E_FAILED) {
		snprintf(ret_message, message_len, "%s %s", path,
			 conf_read_message(errno, words, sizeof words));
		return SECRET_E_UNAVAILABLE;
	}
	if (r)
		return r;
	chomp(text, len);
	if (!*text) {
		free(text);
		snprintf(ret_message, message_len, "%s is empty", path);
		return SECRET_E_UNAVAILABLE;
	}
	*ret_value = text;
	return 0;
}

static int from_credential(const char *id, char **ret_value, char *ret_message, size_t len)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char *path;
	int r;

	if (!*id || strchr(id, '/')) {
		snprintf(ret_message, len, "credential: needs the name of a credential");
		return SECRET_E_UNAVAILABLE;
	}
	if (!dir) {
		snprintf(ret_message, len,
			 "$CREDENTIALS_DIRECTORY is not set: the systemd unit needs "
			 "LoadCredential=%s:PATH",
			 id);
		return SECRET_E_UNAVAILABLE;
	}
	if (asprintf(&path, "%s/%s", dir, id) < 0)
		return -ENOMEM;
	r = from_file(path, ret_value, ret_message, len);
	free(path);
	return r;
}

char *secret_path(const char *reference)
{
	const char *path = after(reference, file_prefix);
	const char *id = after(reference, credential_prefix),
		   *dir = getenv("CREDENTIALS_DIRECTORY");
	char *text;

	if (path)
		return strdup(path);
	if (!id || !dir || asprintf(&text, "%s/%s", dir, id) < 0)
		return NULL;
	return text;
}

static int from_env(const char *name, char **ret_value, char *ret_message, size_t len)
{
	const char *value = *name ? getenv(name) : NULL;

	if (!value || !*value) {
		snprintf(ret_message, len, "the environment variable %s is %s", name,
			 value ? "empty" : "not set");
		return SECRET_E_UNAVAILABLE;
	}
	*ret_value = strdup(value);
	return *ret_value ? 0 : -ENOMEM;
}

int secret_fetch(const char *reference, char **ret_value, char *ret_message, size_t len)
{
	const char *rest;

	if ((rest = after(reference, file_prefix)))
		return from_file(rest, ret_value, ret_message, len);
	if ((rest = after(reference, credential_prefix)))
		return from_credential(rest, ret_value, ret_message, len);
	if ((rest = after(reference, env_prefix)))
		return from_env(rest, ret_value, ret_message, len);
	snprintf(ret_message, len, "is not a reference");
	return SECRET_E_UNAVAILABLE;
}

bool secret_is_exposed(const char *text, const char *configuration)
{
	const char *path = secret_is_reference(text) ? after(text, file_prefix) : configuration;
	struct stat st;

	return path && stat(path, &st) == 0 && (st.st_mode & S_IROTH);
}

char *secret_free(char *value)
{
	if (value)
		explicit_bzero(value, strlen(value));
	free(value);
	return NULL;
}
