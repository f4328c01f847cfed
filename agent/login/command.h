/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LOGIN_COMMAND_H
#define LOGIN_COMMAND_H

#include <stddef.h>

#include "base/result.h"

enum { COMMAND_E_FAILED = 1 };

/* What a command may print. */
#define COMMAND_MAX_BYTES 65536

/*
 * Runs argv (NULL-terminated, the first an absolute path) without a shell, and waits for its end.
 * 0: it ended with status 0, and what it printed, NUL behind it, is *ret_text, the caller's to
 * free. COMMAND_E_FAILED: ret_message (len bytes) says why, with the first line of what it said on
 * standard error. After timeout_ms it is killed, with all that it has started in its process group.
 * -ENOMEM.
 */
int command_run(char *const argv[], int timeout_ms, char **ret_text, char *ret_message, size_t len)
	MUSTCHECK;

#endif
