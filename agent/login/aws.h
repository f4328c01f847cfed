/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LOGIN_AWS_H
#define LOGIN_AWS_H

#include "login/settings.h"
#include "login/token.h"

enum { AWS_E_FAILED = 1 };

/*
 * A token for the IAM of Amazon MSK: a signed address of the action kafka-cluster:Connect, valid
 * for 15 minutes. Blocks up to about timeout_ms. 0: *ret_token
 * is for token_deinit. AWS_E_FAILED with the reason in ret_message (len bytes), -ENOMEM.
 */
int aws_token(const struct login_settings *settings, int timeout_ms, struct token *ret_token,
	      char *ret_message, size_t len) MUSTCHECK;

#endif
