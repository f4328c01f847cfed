/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROTOCOL_REQUEST_H
#define PROTOCOL_REQUEST_H

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
	REQUEST_LETTERS, /* which dead letters there are */
	REQUEST_ORDER,   /* how the last of the following stands */
	REQUEST_REPLAY,  /* dead letters are to be sent again */
	REQUEST_DROP,    /* or to be removed */
	REQUEST_SET,     /* a file is to be read on from a position */
	REQUEST_KINDS,   /* their number */
};

/* By what the first files are chosen. */
enum request_sort { SORT_STATE, SORT_LAG, SORT_IN_FLIGHT, SORTS };

/* So many can be asked for. */
#define REQUEST_LIMIT_MAX 1000

struct request {
	enum request_kind kind;
	char about[PATH_MAX];   /* what it is asked of: "" for all */
	char path[PATH_MAX];    /* the same as a path, where the client knows one; "" */
	uint64_t device, inode; /* of the same, if it is there for the client; inode 0: not known */
	int64_t position;       /* of a byte of the line; -1: of the file, its end */
	bool open_metrics;      /* REQUEST_METRICS: as OpenMetrics has it */
	bool content;           /* REQUEST_LETTERS: with keys, values and headers */
	uint64_t first, last;   /* of dead letters: their ids */
	uint64_t number;        /* REQUEST_ORDER: about which one; 0: the last */
	size_t limit;           /* REQUEST_STATUS: so many files, by `sort`; 0: all, in no order */
	enum request_sort sort;
	bool topics;     /* REQUEST_STATUS: with all topics, whatever it is asked of */
	char match[256]; /* REQUEST_STATUS: only files whose path holds this; "": all */
};

/* Whether it is for the agent's own user and root only: it changes something, or tells content. */
bool request_is_privileged(const struct request *request);

enum { REQUEST_E_WRONG = 1 /* request_read: ret_message says why */ };

/* The words of enum request_sort. */
extern const char *const request_sorts[SORTS];

/* The word for its kind; static. */
const char *request_name(const struct request *request);

/*
 * {"version":1,"request":"status","about":"orders"}. What is not known in it is passed over. 0 or
 * REQUEST_E_WRONG; then *ret_request is not touched.
 */
int request_read(struct slice line, struct request *ret_request, char *ret_message, size_t len)
	MUSTCHECK;

#endif
