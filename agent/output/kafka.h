/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUT_KAFKA_H
#define OUTPUT_KAFKA_H

#include "output/output.h"
#include "output/props.h"

/* The Kafka output: one idempotent producer, disposable, with the partition of every record named by us. */

struct kafka_options {
	const struct prop *props; /* of the `kafka` block, already checked by props_reserved; copied */
	size_t n_props;
	const char *const *topics; /* all topics that records may name; copied. record.topic indexes it */
	size_t n_topics;
	uint64_t linger_us;
	bool library_linger;      /* producer_linger = "library": no kicks of ours */
	size_t queue_records;     /* our limit; 10,000 */
	size_t queue_bytes;       /* our limit; 4 MiB */
	size_t max_line;          /* longest value; message.max.bytes is derived from it */
	uint64_t stall_us;        /* no report for so long although brokers answer: dispose; 60 s */
};

#define KAFKA_QUEUE_RECORDS 10000
#define KAFKA_QUEUE_BYTES (4u << 20)

/*
 * Starts the helper thread, which makes the first producer and asks for the topics; returns at
 * once. All signals must be blocked by the caller before (the library's threads inherit the mask).
 * 0: *ret_output is the caller's. -ENOMEM and other errno.
 */
int kafka_new(const struct kafka_options *options, struct output **ret_output) MUSTCHECK;

/*
 * Asks the library whether it takes the property: 0, or 1 with a message in ret_message (len
 * bytes, NUL-terminated), e.g. unknown property, bad value. Used by the configuration.
 */
int kafka_try_prop(const char *name, const char *value, char *ret_message, size_t len) MUSTCHECK;

/* "2.0.2", and whether it is at least 1.9.0 (below: silent loss, scenario E05). */
const char *kafka_library_version(void);
bool kafka_library_is_safe(void);

#endif
