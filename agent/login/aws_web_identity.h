/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LOGIN_AWS_WEB_IDENTITY_H
#define LOGIN_AWS_WEB_IDENTITY_H

#include <stddef.h>

#include "base/result.h"

/* A role that is taken by a token of somebody whom AWS trusts, as Kubernetes gives one to a pod. */
struct aws_web_identity {
	const char *url;        /* of the Security Token Service */
	const char *role;       /* its ARN */
	const char *session;    /* a name that AWS notes down */
	const char *token_file; /* read at each call: it is replaced before the token expires */
};

enum { AWS_WEB_IDENTITY_E_FAILED = 1 };

/*
 * AssumeRoleWithWebIdentity. Blocks up to timeout_ms. 0: the three texts are the caller's, for
 * secret_free. AWS_WEB_IDENTITY_E_FAILED: ret_message (len bytes) says why. -ENOMEM.
 */
int aws_web_identity(const struct aws_web_identity *identity, int timeout_ms, char **ret_id,
		     char **ret_secret, char **ret_session, char *ret_message, size_t len)
	MUSTCHECK;

#endif
