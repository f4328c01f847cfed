/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A certificate that expires stops all lines at one instant, and its date is known for a year. What
 * cannot be read is not told here: the library says what is wrong with it when it makes a producer.
 */
#include "login/expiry.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "login/crypto.h"
#include "settings/read.h"

/* Of all authorities of a distribution there are 250 KB. */
#define CERTIFICATES_MAX_BYTES ((size_t)4 << 20)

static const struct {
	const char *setting;
	bool file, authorities, keystore;
} settings[EXPIRY_SETTINGS] = {
	{"ssl.certificate.location", .file = true},
	{"ssl.certificate.pem"},
	{EXPIRY_KEYSTORE, .file = true, .keystore = true},
	{"ssl.ca.location", .file = true, .authorities = true},
	{"ssl.ca.pem", .authorities = true},
};

/* A file that a setting names, or its value itself; *ret_text is malloc'ed, or NULL. */
static int read_text(bool file, bool bytes, const char *value, char **ret_text, struct slice *ret)
{
	int r;

	*ret = slice_of(value);
	if (!file)
		return 0;
	r = bytes ? conf_read_bytes(value, CERTIFICATES_MAX_BYTES, ret_text, &ret->len) :
		    conf_read(value, CERTIFICATES_MAX_BYTES, ret_text, &ret->len);
	ret->at = *ret_text;
	return r;
}

int expiry_read(const char *setting, const char *value, const char *password, struct expiry *ret)
{
	struct expiry expiry = {0};
	struct slice certificates;
	char *text = NULL;
	size_t i = 0;
	int r;

	while (i < EXPIRY_SETTINGS && strcmp(settings[i].setting, setting) != 0)
		i++;
	if (i == EXPIRY_SETTINGS)
		return EXPIRY_E_NONE;
	r = read_text(settings[i].file, settings[i].keystore, value, &text, &certificates);
	if (r == 0 && settings[i].keystore)
		r = crypto_keystore_expiry(certificates, password, &expiry.at_s, expiry.name,
					   sizeof expiry.name);
	else if (r == 0)
		r = crypto_expiry(certificates, settings[i].authorities, &expiry.at_s, expiry.name,
				  sizeof expiry.name);
	free(text);
	if (r)
		return r > 0 ? EXPIRY_E_NONE : r;
	expiry.setting = settings[i].setting;
	*ret = expiry;
	return 0;
}
