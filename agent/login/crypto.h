/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LOGIN_CRYPTO_H
#define LOGIN_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"

/* What of OpenSSL is needed: a hash and its keyed form, a signature, the dates of a certificate. */

#define CRYPTO_HASH_BYTES 32

enum { CRYPTO_E_INVALID = 1 /* the message says what is wrong */ };

/* SHA-256. 0 or -ENOMEM. */
int crypto_hash(struct slice text, unsigned char ret_hash[CRYPTO_HASH_BYTES]) MUSTCHECK;

/* HMAC-SHA-256 (RFC 2104). 0 or -ENOMEM. */
int crypto_keyed_hash(struct slice key, struct slice text,
		      unsigned char ret_hash[CRYPTO_HASH_BYTES]) MUSTCHECK;

/* So many random bytes, unpredictable. 0 or -EIO. */
int crypto_random(void *ret_bytes, size_t len) MUSTCHECK;

/*
 * Signs as JWS has it (RFC 7518): "RS256" or "ES256", by a private key in PEM, which may have a
 * passphrase (or NULL). 0: *ret_signature (malloc'ed) has *ret_len bytes. CRYPTO_E_INVALID with
 * ret_message (len bytes): the key is unreadable, or not one for the algorithm. -ENOMEM.
 */
int crypto_sign(const char *algorithm, const char *pem, const char *passphrase, struct slice text,
		unsigned char **ret_signature, size_t *ret_len, char *ret_message, size_t len)
	MUSTCHECK;

/*
 * When the first (or with `last` the last) of the certificates in a PEM text expires, in seconds
 * since 1970, and the name of its subject (one line, len bytes, shortened). 0; CRYPTO_E_INVALID:
 * there is no certificate in it.
 */
int crypto_expiry(struct slice pem, bool last, int64_t *ret_expires_s, char *ret_name, size_t len)
	MUSTCHECK;

/*
 * The same of the first in a keystore (PKCS#12): the certificate of its key, and those beside it,
 * by which it was signed. password: NULL where it has none. CRYPTO_E_INVALID also: it cannot be
 * read, by that password.
 */
int crypto_keystore_expiry(struct slice keystore, const char *password, int64_t *ret_expires_s,
			   char *ret_name, size_t len) MUSTCHECK;

#endif
