/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTROL_REQUEST_H
#define CONTROL_REQUEST_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"

/* What a client of the control socket may ask: one JSON object in a line. */

/* Of requests and answers alike. It rises when what was there changes, not when there is more. */
#define CONTROL_VERSION 1

/* A longer line is no request: room for a name whose every byte is escaped, and some. */
#define REQUEST_MAX (6 * 4096 + 512)

enum request_kind {
	REQUEST_STATUS,
	REQUEST_METRICS,
	REQUEST_EXPLAIN,
	REQUEST_ACCEPT,
	REQUEST_KINDS, /* their number */
};

struct request {
	enum request_kind kind;
	char about[PATH_MAX]; /* what it is asked of: "" for all */
	char path[PATH_MAX];  /* the same as a path, where the client knows one; "" */
	int64_t position;     /* REQUEST_EXPLAIN: of a byte of the line; -1: of the file */
	bool open_metrics;    /* REQUEST_METRICS: as OpenMetrics has it */
};

enum { REQUEST_E_WRONG = 1 /* request_read: ret_message says why */ };

/*
 * {"version":1,"request":"status","about":"orders"}. What is not known in it is passed over. 0 or
 * REQUEST_E_WRONG; then *ret_request is not touched.
 */
int request_read(struct slice line, struct request *ret_request, char *ret_message, size_t len)
	MUSTCHECK;

#endif
