/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LOGIN_FETCH_H
#define LOGIN_FETCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/result.h"

enum { FETCH_E_FAILED = 1 };

/* An answer has at most so many bytes. */
#define FETCH_MAX_BYTES 65536

struct fetch {
	const char *url;           /* http:// or https:// */
	const char *method;        /* NULL: GET, or POST when there is a body */
	const char *body;          /* or NULL */
	const char *user, *secret; /* of basic authentication, or NULL */
	const char *ca_file;       /* authorities in PEM; NULL: those of the system */
	const char *headers[4];    /* "Name: value"; NULL behind the last */
	bool direct;               /* by no proxy, whatever the environment says */
	int timeout_ms;
};

/*
 * One request, without following redirections. 0: whatever the server says, *ret_status of it, and
 * *ret_body, NUL behind it, is the caller's to free. FETCH_E_FAILED: there was no answer;
 * ret_message (len bytes) says why. -ENOMEM.
 */
int fetch(const struct fetch *request, long *ret_status, char **ret_body, char *ret_message,
	  size_t len) MUSTCHECK;

/* Text as it may stand in a query or a form, RFC 3986: malloc'ed, NULL when memory is out. */
char *fetch_escape(const char *text);

#endif
