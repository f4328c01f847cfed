/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_RECORD_H
#define FLOW_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* More headers than this on one record are refused by the configuration. */
#define RECORD_HEADERS_MAX 32
/* A copy of a dead letter has so many beside those of its record. */
#define RECORD_HEADERS_MORE 8

struct header {
	struct slice name;
	struct slice value; /* at NULL: a null value; len 0: an empty one */
};

/* What is handed to an output; every slice is borrowed until the call returns, but see value. */
struct record {
	uint32_t topic;    /* index in the output's list of topics */
	int32_t partition; /* -1: the output's partitioner names one */
	struct slice key;  /* at NULL: a null key */
	struct slice value;
	bool value_stays; /* value stays readable and unchanged until its report: no copy is made */
	bool alone;       /* no other shares its batch, so that a refusal is its own */
	int64_t timestamp_ms;
	uint32_t n_headers;
	struct header headers[RECORD_HEADERS_MAX + RECORD_HEADERS_MORE];
};

/* The bytes of its headers. */
static inline size_t record_header_bytes(const struct record *record)
{
	size_t bytes = 0;

	for (uint32_t i = 0; i < record->n_headers; i++)
		bytes += record->headers[i].name.len + record->headers[i].value.len;
	return bytes;
}

#endif
