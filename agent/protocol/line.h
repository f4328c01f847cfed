/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROTOCOL_LINE_H
#define PROTOCOL_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

/* One line of an answer: {"version":1,"kind":"...", members } and LF. */

void line_begin(struct json *json, const char *kind);
void line_end(struct json *json);

/* text: any bytes; NULL is null. */
void line_text(struct json *json, const char *name, const char *text);
void line_slice(struct json *json, const char *name, struct slice text);
void line_number(struct json *json, const char *name, uint64_t number);
/* null where it is negative: not known. */
void line_natural(struct json *json, const char *name, int64_t number);
void line_bool(struct json *json, const char *name, bool value);

#endif
