/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUT_TERMINAL_H
#define OUTPUT_TERMINAL_H

#include "output/output.h"
#include "output/partitioner.h"

/*
 * The output that shows instead of sending: no broker, no thread, no time. Every record gets the
 * partition that Kafka's would get among so many, and is delivered at once.
 */

/*
 * Called in output_submit with the record, which is borrowed for the call, and where it would go.
 * The offset counts from 0 in each partition. partition is -1 for a record that would be held
 * because the topic has too few partitions for the rules of its partitioner.
 */
typedef void terminal_sink_fn(void *context, const struct record *record, int32_t partition,
			      int64_t offset);

struct terminal_options {
	int32_t partitions; /* of every topic; at least 1 */
	size_t n_topics;    /* record.topic is below it */
	/* Of each topic; NULL: the default for all. Borrowed until the output is freed. */
	const struct partitioner *const *partitioners;
	terminal_sink_fn *sink;
	void *context; /* handed to the sink; borrowed */
};

/* Reports that wait before there is no room for more. */
#define TERMINAL_REPORTS 256

/*
 * What goes to one partition without a key before the next one is taken: batch.size where a topic
 * has few partitions.
 */
#define TERMINAL_BATCH_BYTES ((size_t)128 << 10)

/* 0 or -ENOMEM. */
int terminal_new(const struct terminal_options *options, struct output **ret_output) MUSTCHECK;

#endif
