/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LOGIN_BASE64_H
#define LOGIN_BASE64_H

#include <stddef.h>

#include "base/slice.h"

/* Base64 with the alphabet for URLs and file names, without padding: RFC 4648, 5; RFC 7515, 2. */

/* malloc'ed text, or NULL when memory is out. */
char *base64_encode(const void *at, size_t len);

/*
 * malloc'ed bytes, *ret_len of them, NUL behind them. NULL: there is something else in the text
 * (padding included), or memory is out.
 */
char *base64_decode(struct slice text, size_t *ret_len);

#endif
