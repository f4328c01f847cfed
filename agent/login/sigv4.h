/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LOGIN_SIGV4_H
#define LOGIN_SIGV4_H

#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

/* A request to AWS that is signed in its query ("presigned"): Signature Version 4. */
struct sigv4 {
	const char *id, *secret;
	const char *session; /* session token, or NULL */
	const char *region, *service;
	const char *host, *path;  /* path: "/..." as it is sent */
	const char *action;       /* "name=value", escaped; or NULL */
	const char *content_hash; /* of the body; hexadecimal, or "UNSIGNED-PAYLOAD" */
	int64_t time_s;           /* since 1970 */
	int valid_s;
};

/* The hash of a body that is empty. */
#define SIGV4_NO_CONTENT "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* 0: *ret_url is malloc'ed, with the signature in it, https://. -ENOMEM. */
int sigv4_presign(const struct sigv4 *request, char **ret_url) MUSTCHECK;

#endif
