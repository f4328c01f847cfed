/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTROL_EXPLAIN_H
#define CONTROL_EXPLAIN_H

#include "base/json.h"
#include "protocol/request.h"
#include "view/view.h"

/* Writes one line: where a line of a file is on its way, and what it waits for. */
void explain_line(const struct view *view, const struct request *request, struct json *to);

#endif
