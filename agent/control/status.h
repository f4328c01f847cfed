/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTROL_STATUS_H
#define CONTROL_STATUS_H

#include "base/json.h"
#include "control/ending.h"
#include "control/ranking.h"
#include "protocol/request.h"
#include "view/sums.h"

/* How things are: waybill-control(7) has every line and member. Embedded; zeroed. */

enum status_stage {
	STATUS_AGENT,
	STATUS_CLUSTERS, /* where there are several */
	STATUS_ENDS,
	STATUS_TOPICS,
	STATUS_BROKERS,
	STATUS_FILES,
	STATUS_RANKED,
	STATUS_SOURCES,
	STATUS_END,
};

struct status {
	enum status_stage stage;
	size_t next; /* cluster, topic, broker or source */
	int32_t next_partition;
	struct ending ending;
	struct map_walk walk;
	struct sums sums;
	struct ranking ranking;
	uint64_t shown;
	bool known;        /* what it was asked of was met */
	size_t topic_len;  /* of that: the bytes of a topic's name, if it is one, */
	int32_t partition; /* and behind that the number of a partition; -1: there is none */
	bool of_topic;     /* it is one */
	bool only_one;     /* of the topic that is told: this partition */
	unsigned work;     /* of the last line, in steps over a file that nobody asks for */
};

/* 0 or -ENOMEM: for status_deinit all the same. */
int status_init(struct status *status, const struct view *view, const struct request *request)
	MUSTCHECK;
void status_deinit(struct status *status);

/* Writes one line or none. True: that was the last. */
bool status_line(struct status *status, const struct view *view, const struct request *request,
		 struct json *to);

#endif
