/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LOGIN_EXPIRY_H
#define LOGIN_EXPIRY_H

#include <stdint.h>

#include "base/result.h"

/* When the certificates of a setting are no longer good. */
struct expiry {
	const char *setting; /* a property of librdkafka, with dots; static */
	int64_t at_s;        /* since 1970 */
	char name[128];      /* the subject of the one that it is about */
};

/* So many settings name certificates. */
#define EXPIRY_SETTINGS 5

/* The one that is opened with a password, and that. */
#define EXPIRY_KEYSTORE "ssl.keystore.location"
#define EXPIRY_PASSWORD "ssl.keystore.password"

enum {
	EXPIRY_E_NONE = 1 /* the setting names no certificate, or one that cannot be read */
};

/*
 * setting: a property of librdkafka, with dots, and its value; password: that of a keystore, or
 * NULL. Of ours (ssl.certificate.location, ssl.certificate.pem, ssl.keystore.location) the first
 * that expires counts, of authorities (ssl.ca.location, ssl.ca.pem) the last: a bundle holds some
 * that nobody needs any more. 0: *ret_expiry is filled. EXPIRY_E_NONE. -ENOMEM.
 */
int expiry_read(const char *setting, const char *value, const char *password,
		struct expiry *ret_expiry) MUSTCHECK;

#endif
