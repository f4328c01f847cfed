/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_SECRET_H
#define SETTINGS_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/result.h"

/* Values that stand elsewhere: "file:/path", "credential:ID" (of systemd), "env:NAME". */

/* Longest value, enough for a PEM chain. */
#define SECRET_MAX 65536

enum {
	SECRET_E_UNAVAILABLE = 1, /* the message says what is missing, never the value */
};

/* True when the text is such a reference. */
bool secret_is_reference(const char *text);

/*
 * Fetches the value of a reference; one line end at its end is taken off. 0: *ret_value is the
 * caller's, for secret_free. SECRET_E_UNAVAILABLE: ret_message is filled (len bytes). -ENOMEM.
 */
int secret_fetch(const char *reference, char **ret_value, char *ret_message, size_t len) MUSTCHECK;

/*
 * The path of the file behind a "file:" or "credential:" reference, malloc'ed; NULL for "env:", for
 * what is no reference, without $CREDENTIALS_DIRECTORY, and when memory is out.
 */
char *secret_path(const char *reference);

/*
 * True when every user of the machine can read the file in which the value stands: the one that a
 * "file:" reference names or, for a value that is no reference, the configuration file itself.
 */
bool secret_is_exposed(const char *text, const char *configuration);

/* Overwrites and frees. NULL is fine. Returns NULL. */
char *secret_free(char *value);

#endif
