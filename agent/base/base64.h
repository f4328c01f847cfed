/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/json.h"

/* Any bytes as a JSON string that holds them in base64 (RFC 4648, 4). bytes.at == NULL: null. */
void base64_put(struct json *json, struct slice bytes);

#endif
