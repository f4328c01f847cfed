/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTROL_ACCEPT_H
#define CONTROL_ACCEPT_H

#include "base/json.h"
#include "protocol/request.h"
#include "view/view.h"

/*
 * The one request that changes something at once: the keys of a topic go by the number of
 * partitions that it has now. Writes the line that answers it.
 */
void accept_line(const struct view *view, const struct request *request, struct json *to);

#endif
