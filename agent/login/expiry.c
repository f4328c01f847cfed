/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A certificate that expires stops all lines at one instant, and its date is known for a year. A
 * keystore (PKCS#12) is not looked into: its password would be wanted for it.
 */
#include "login/expiry.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "login/crypto.h"
#include "settings/read.h"

/* Of all authorities of a distribution there are 250 KB. */
#define PEM_MAX_BYTES ((size_t)4 << 20)

static const struct {
	const char *setting;
	bool file, authorities;
} settings[] = {
	{"ssl.certificate.location", .file = true},
	{"ssl.certificate.pem"},
	{"ssl.ca.location", .file = true, .authorities = true},
	{"ssl.ca.pem", .authorities = true},
};

int expiry_read(const char *setting, const char *value, struct expiry *ret)
{
	struct slice pem = slice_of(value);
	char *text = NULL;
	size_t i = 0;
	int r = 0;

	while (i < ARRAY_LEN(settings) && strcmp(settings[i].setting, setting) != 0)
		i++;
	if (i == ARRAY_LEN(settings))
		return EXPIRY_E_NONE;
	if (settings[i].file) {
		r = conf_read(value, PEM_MAX_BYTES, &text, &pem.len);
		pem.at = text;
	}
	if (r == 0)
		r = crypto_expiry(pem, settings[i].authorities, &ret->at_s, ret->name,
				  sizeof ret->name);
	free(text);
	return r > 0 ? EXPIRY_E_NONE : r;
}
