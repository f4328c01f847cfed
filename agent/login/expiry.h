/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LOGIN_EXPIRY_H
#define LOGIN_EXPIRY_H

#include <stdint.h>

#include "base/result.h"

/* When the certificates of a setting are no longer good. */
struct expiry {
	int64_t at_s;   /* since 1970 */
	char name[128]; /* the subject of the one that it is about */
};

enum {
	EXPIRY_E_NONE = 1 /* the setting names no certificate, or one that cannot be read in PEM */
};

/*
 * setting: a property of librdkafka, with dots, and its value. Of ours (ssl.certificate.location,
 * ssl.certificate.pem) the first that expires counts, of authorities (ssl.ca.location, ssl.ca.pem)
 * the last: a bundle holds some that nobody needs any more. 0: *ret_expiry is filled.
 * EXPIRY_E_NONE.
 * -ENOMEM.
 */
int expiry_read(const char *setting, const char *value, struct expiry *ret_expiry) MUSTCHECK;

#endif
