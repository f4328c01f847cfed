/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTROL_LETTER_H
#define CONTROL_LETTER_H

#include "base/json.h"
#include "protocol/request.h"
#include "state/rows.h"

/* A dead letter, as it is chosen and told: by an agent, or from its state. */

/* Whether the request is about it: by its id, and by its source, topic or path. */
bool letter_is_asked(const struct request *request, const struct store_dead_letter *letter);

/* A line of kind "letter"; with content: key, value and headers, in base64. */
void letter_put(const struct store_dead_letter *letter, bool content, struct json *to);

#endif
