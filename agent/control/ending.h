/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTROL_ENDING_H
#define CONTROL_ENDING_H

#include "base/json.h"
#include "cluster/ends.h"
#include "conf/conf.h"

/* What was told last of the certificates and tokens that end. Embedded; zeroed. */
struct ending {
	enum ends_state state;
	int64_t at_ms;
	size_t number; /* of all; 0: none was told yet */
};

/*
 * Writes a line of kind "expiry" for the one that is worst behind the one told last: over, soon,
 * and of those the next. ends: of each cluster of conf. False: that was all, nothing is written.
 */
bool ending_line(struct ending *ending, const struct conf *conf, const struct cluster_ends *ends,
		 int64_t now_ms, struct json *to);

#endif
