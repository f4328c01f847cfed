/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUT_OPTIONS_H
#define OUTPUT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output/props.h"

/* What the Kafka output is told; below all of its modules, which each take what they need. */
struct kafka_options {
	const struct prop
		*props; /* of the `kafka` block, already checked by props_reserved; copied */
	size_t n_props;
	const char *const
		*topics; /* all topics that records may name; copied. record.topic indexes it */
	size_t n_topics;
	uint64_t linger_us;
	bool library_linger;  /* producer_linger = "library": no kicks of ours */
	size_t queue_records; /* our limit; 10,000 */
	size_t queue_bytes;   /* our limit; 4 MiB */
	size_t max_line;      /* longest value; message.max.bytes is derived from it */
	uint64_t stall_us;    /* no report for so long although brokers answer: dispose; 60 s */
};

#define KAFKA_QUEUE_RECORDS 10000
#define KAFKA_QUEUE_BYTES (4u << 20)

#endif
