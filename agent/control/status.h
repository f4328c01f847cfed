/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTROL_STATUS_H
#define CONTROL_STATUS_H

#include "base/json.h"
#include "control/ranking.h"
#include "protocol/request.h"
#include "view/roll.h"
#include "view/sums.h"

/* How things are: waybill-control(7) has every line and member. Embedded; zeroed. */

enum status_stage {
	STATUS_AGENT,
	STATUS_CLUSTERS, /* where there are several */
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
	struct roll roll;
	struct sums sums;
	struct ranking ranking;
	uint64_t shown;
	bool known; /* what it was asked of was met */
};

/* limit: of the request. 0 or -ENOMEM: for status_deinit all the same. */
int status_init(struct status *status, const struct view *view, size_t limit) MUSTCHECK;
void status_deinit(struct status *status);

/* Writes one line or none. True: that was the last. */
bool status_line(struct status *status, const struct view *view, const struct request *request,
		 struct json *to);

#endif
