/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A slot keeps partition and offset from its report on, and lies in memory with the chunk of its
 * line: of a file that grows that is what was read last, of one that is quiet nothing. Below that
 * nothing is kept by line. Of a record without a key the partition is the output's choice, and no
 * room is there to keep it before its report comes; but one partition at a time is chosen for
 * those, so that often no other has records in flight.
 */
#include "view/where.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "view/condition.h"

/* Of an acknowledgement that names none: -1, in its bits. */
#define NO_OFFSET ((1ull << 48) - 1)

void where_delivered(const struct view *view, struct slot *slot, char *ret_words, size_t len)
{
	unsigned partition = slot->partition;
	uint64_t offset = slot->offset;
	char number[40] = "";
	uint32_t topic;
	int32_t ignored;
	bool known;

	ret_words[0] = '\0';
	if (slot->state != SLOT_DELIVERED)
		return;
	known = view->pipeline && pipeline_where(view->pipeline, slot, &topic, &ignored);
	if (offset != NO_OFFSET)
		snprintf(number, sizeof number, " offset %" PRIu64, offset);
	snprintf(ret_words, len, " to %s%s%spartition %u%s", known ? "topic " : "",
		 known ? condition_topic(view, topic) : "", known ? " " : "", partition, number);
}

int32_t where_in_flight(const struct view *view, size_t topic)
{
	struct output_partition part;
	int32_t only = -1;

	for (int32_t i = 0; output_partition(view->output, topic, i, view->now_us, &part); i++) {
		if (part.records && only >= 0)
			return -1;
		if (part.records)
			only = i;
	}
	return only;
}
