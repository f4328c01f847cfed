/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_DEMO_CONSUMER_H
#define CMD_DEMO_CONSUMER_H

#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "flow/record.h"

/*
 * A small consumer for `waybill demo`: it reads all partitions of some topics from their beginning,
 * and makes the topics where they are not. It commits nothing and is in no group.
 */
struct consumer;

/* What consumer_read yields; all of it is borrowed until the next call. */
struct consumed {
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
	CONSUMER_E_NONE = 1, /* nothing came in time: ask again */
	CONSUMER_E_END,      /* one partition was read to its present end */
	CONSUMER_E_REFUSED,  /* the brokers say no */
};

/*
 * Of topics that have `partitions` each; their names are borrowed as long as the consumer lives.
 * Asks nobody yet. 0, -ENOMEM, -EINVAL when the library does not take bootstrap_servers. Its
 * threads inherit the signal mask.
 */
int consumer_new(const char *bootstrap_servers, const char *const *topics, size_t n_topics,
		 int partitions, struct consumer **ret_consumer) MUSTCHECK;

/*
 * Makes the topics, with the brokers' default of replicas (Kafka 2.4 or newer): once to ask, and
 * then again for the answer. 0; CONSUMER_E_NONE after timeout_ms; CONSUMER_E_REFUSED with the
 * brokers' reason, borrowed until the consumer is freed; -ENOMEM.
 */
int consumer_make_topics(struct consumer *consumer, int timeout_ms, const char **ret_why) MUSTCHECK;

/*
 * Begins to read once all partitions have a leader. 0; CONSUMER_E_NONE when that is not so within
 * timeout_ms; -EIO.
 */
int consumer_begin(struct consumer *consumer, int timeout_ms) MUSTCHECK;

/*
 * The next record, waiting up to timeout_ms. 0, CONSUMER_E_NONE, CONSUMER_E_END (again whenever
 * the end of a partition that has grown is reached).
 */
int consumer_read(struct consumer *consumer, int timeout_ms, struct consumed *ret_record) MUSTCHECK;

/* NULL is fine. Returns NULL. */
struct consumer *consumer_free(struct consumer *consumer);

#endif
