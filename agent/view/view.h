/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIEW_VIEW_H
#define VIEW_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "cluster/ends.h"
#include "conf/conf.h"
#include "files/files.h"
#include "input/discover.h"
#include "ops/counters.h"
#include "ops/histogram.h"
#include "output/output.h"
#include "pipeline/pipeline.h"
#include "protocol/order.h"
#include "state/letters.h"
#include "state/store.h"

struct order;

/*
 * What an answer is made from: the parts of a running agent, all borrowed, and none changed but the
 * order, and the output by REQUEST_ACCEPT. The numbers are those of `now_us`: the agent brings them
 * up to date before each turn.
 */
struct view {
	const struct conf *conf;
	const struct files *files;
	struct output *output;
	const struct cluster_ends *ends; /* of the certificates of each cluster */
	const struct letters *letters;
	const struct discover *discover;
	struct pipeline *pipeline;
	struct store *store;
	const struct counters *counters;
	const struct histogram *delays; /* from reading a line to its acknowledgement */
	struct order *order;            /* the one thing that an answer may change */
	const char *life;               /* "running", "stopping", "reloading" */
	bool has_room;                  /* more may be read */
	bool writing;                   /* the store is being written to, and must not be asked */
	bool stuck; /* it could go on and does not: what the watchdog is not fed for */
	bool reload_refused;
	uint64_t generation; /* of the configuration, since the first start of the process */
	int64_t reloaded_ms; /* when it was read last and found good, since 1970 */
	uint64_t now_us;
	int64_t now_ms; /* since 1970 */
	uint64_t uptime_us;
};

#endif
