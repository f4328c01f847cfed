/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LOGIN_SETTINGS_H
#define LOGIN_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/result.h"

/* The settings of a kafka block by which waybill itself fetches a token. Only read once made. */
struct login_settings;

/* One of them: its name with dots, and the value or the reference that it is fetched from. */
struct login_setting {
	const char *name;
	const char *text;
};

enum { SETTINGS_E_UNAVAILABLE = 1 };

/* True for a setting of the kafka block that is ours and not librdkafka's. */
bool login_owns(const char *name);

/* True for one of these that is a list of strings: each is a setting of that name. */
bool login_is_list(const char *name);

/* True for one of these whose value must not be printed. */
bool login_is_secret(const char *name);

/* Copies them. NULL: no memory. */
struct login_settings *settings_new(const struct login_setting *settings, size_t n);

/* Overwrites and frees. NULL is fine. Returns NULL. */
struct login_settings *settings_free(struct login_settings *settings);

/* The first of that name as it is written; NULL: it is not set. Borrowed. */
const char *settings_text(const struct login_settings *settings, const char *name);

/*
 * The value number `index` (from 0) of that name, fetched where it is a reference. 0: *ret_value is
 * for secret_free, NULL when it is not set. SETTINGS_E_UNAVAILABLE with ret_message (len bytes),
 * -ENOMEM.
 */
int settings_value(const struct login_settings *settings, const char *name, size_t index,
		   char **ret_value, char *ret_message, size_t len) MUSTCHECK;

#endif
