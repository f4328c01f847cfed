/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LOGIN_AWS_CREDENTIALS_H
#define LOGIN_AWS_CREDENTIALS_H

#include <stddef.h>

#include "base/result.h"
#include "base/slice.h"

/* Who we are to AWS. All owned; session may be NULL. */
struct aws_credentials {
	char *id, *secret, *session;
};

enum { AWS_E_NONE = 1 /* there are none; the message says where they were looked for */ };

/*
 * The first that are there: the environment, a role by web identity that the environment names, the
 * file (NULL: where the tools of AWS have it) with the profile (NULL: $AWS_PROFILE, or "default"),
 * the endpoint of a container, that of the instance. file or profile: those of the environment are
 * not meant. region: of the service that gives roles. Blocks up to about timeout_ms. 0:
 * *ret_credentials is for aws_credentials_deinit. AWS_E_NONE, -ENOMEM.
 */
int aws_credentials_find(const char *file, const char *profile, const char *region, int timeout_ms,
			 struct aws_credentials *ret_credentials, char *ret_message, size_t len)
	MUSTCHECK;

/*
 * The credentials of a profile in the text of a credentials file. 0; AWS_E_NONE: it is not there,
 * or incomplete; -ENOMEM.
 */
int aws_credentials_read(struct slice text, const char *profile,
			 struct aws_credentials *ret_credentials) MUSTCHECK;

/* Overwrites and frees. Fine twice. */
void aws_credentials_deinit(struct aws_credentials *credentials);

#endif
