/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_REPORT_H
#define FLOW_REPORT_H

#include <stdbool.h>
#include <stdint.h>

/* What an output says of one record, in the three classes that differ in what we do. */
enum report_kind {
	REPORT_DELIVERED, /* it is in Kafka: settle */
	/* its batch was refused for size or content: it goes alone (alone: a dead letter) */
	REPORT_REFUSED,
	REPORT_FAILED, /* anything else: the file waits, rewinds, and sends it again */
};

struct report {
	void *slot; /* as given to output_submit */
	enum report_kind kind;
	/* FAILED only: the broker may hold it already, sending again may repeat it */
	bool maybe_persisted;
	/* FAILED only: because the producer is being disposed of; no back-off needed */
	bool producer_gone;
	bool append_time; /* timestamp_ms is the broker's, not the record's own */
	uint32_t topic;
	int32_t partition;
	int64_t offset; /* -1 when not known */
	/* DELIVERED, and asked for when the output was made: ms since 1970, -1 when not known */
	int64_t timestamp_ms;
	const char *reason; /* static text, e.g. "MSG_SIZE_TOO_LARGE"; NULL when delivered */
};

#endif
