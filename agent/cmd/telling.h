/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_TELLING_H
#define CMD_TELLING_H

#include "base/json.h"
#include "cmd/ask.h"

/* What no agent tells: lines of an answer, made from the state. Embedded; see and context set. */
struct telling {
	ask_see *see;
	void *context;
	struct arena arena;
	struct json json;
};

/*
 * A line of that kind begins (NULL: the caller writes all of it); the caller adds its members with
 * protocol/line.h.
 */
struct json *telling_begin(struct telling *telling, const char *kind);

/* Its end, which the caller has not written: it is seen. What `see` returned, or -ENOMEM. */
int telling_end(struct telling *telling) MUSTCHECK;

/* As telling_end, for a line that has its end. */
int telling_see(struct telling *telling) MUSTCHECK;

void telling_deinit(struct telling *telling);

#endif
