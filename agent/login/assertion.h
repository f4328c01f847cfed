/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LOGIN_ASSERTION_H
#define LOGIN_ASSERTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

/* A JWT that says who we are, signed by us: RFC 7523. */
struct assertion {
	const char *algorithm;                   /* "RS256" or "ES256" */
	const char *key;                         /* PEM */
	const char *passphrase;                  /* or NULL */
	const char *issuer, *subject, *audience; /* a claim that is NULL is left out */
	int64_t valid_s;                         /* from now */
	int64_t early_s; /* so long before now too, for clocks that differ */
	bool with_id;    /* a jti, different each time */
};

enum { ASSERTION_E_INVALID = 1 };

/*
 * 0: *ret_text is malloc'ed. ASSERTION_E_INVALID with ret_message (len bytes): the key is not
 * usable. -ENOMEM and other errno. now_s: since 1970.
 */
int assertion_make(const struct assertion *assertion, int64_t now_s, char **ret_text,
		   char *ret_message, size_t len) MUSTCHECK;

#endif
