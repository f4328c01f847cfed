/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_KINDS_LOGFMT_PRIVATE_H
#define PARSERS_KINDS_LOGFMT_PRIVATE_H

#include <stdbool.h>

#include "base/slice.h"

/* A pair while it is read. */
struct logfmt_pair {
	struct slice name, value;
	bool escaped;
};

/* The pair at *at, which is passed over. False: *at is the byte that does not fit. */
bool logfmt_take_pair(const char **at, const char *end, struct logfmt_pair *ret_pair);

#endif
