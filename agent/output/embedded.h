/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUT_EMBEDDED_H
#define OUTPUT_EMBEDDED_H

#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "flow/record.h"

/*
 * Kafka without Kafka, for `waybill demo` only: the library's mock cluster and a small reader. The
 * cluster keeps the newest 5 MB of a partition and checks nothing; it shows, it does not prove.
 */

struct embedded_topic {
	const char *name;
	int partitions;
};

/*
 * Runs a mock cluster of one broker with the topics in this process. Writes a line
 * "bootstrap.servers=HOST:PORT" to standard output and serves until standard input ends: to be
 * run in a process of its own, whose parent holds the other end of the pipe. 0, negative errno.
 */
int embedded_broker(const struct embedded_topic *topics, size_t n_topics) MUSTCHECK;

/* Reads all partitions of topics from their beginning. */
struct embedded_reader;

/* What embedded_read yields; all of it is borrowed until the next call. */
struct embedded_record {
	const char *topic;
	int32_t partition;
	int64_t offset;
	int64_t timestamp_ms;
	struct slice key;
	struct slice value;
	uint32_t n_headers;
	struct header headers[RECORD_HEADERS_MAX]; /* more than that are left out */
};

enum {
	EMBEDDED_E_NONE = 1, /* no record came in time */
};

/*
 * Blocks for up to some seconds. 0, -ENOMEM, -EIO when the cluster does not answer. The library's
 * threads inherit the signal mask.
 */
int embedded_reader_new(const char *bootstrap_servers, const char *const *topics, size_t n_topics,
			struct embedded_reader **ret_reader) MUSTCHECK;

/* The next record, waiting up to timeout_ms. 0, EMBEDDED_E_NONE. */
int embedded_read(struct embedded_reader *reader, int timeout_ms,
		  struct embedded_record *ret_record) MUSTCHECK;

/* NULL is fine. Returns NULL. */
struct embedded_reader *embedded_reader_free(struct embedded_reader *reader);

#endif
