/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTROL_SUMS_H
#define CONTROL_SUMS_H

#include "control/condition.h"

/* Sums over files. Embedded; zeroed. */

struct sums_source {
	uint64_t files, behind, stuck, lag, in_flight;
	uint64_t lag_ms; /* of the file that is most behind; see condition_lag_ms */
};

struct sums {
	struct sums_source *sources; /* of each */
	struct sums_source all;
	uint64_t states[CONDITIONS]; /* files in each */
	uint64_t held[FILE_WAITS];   /* of those that are held, by what they wait for */
};

/* The counters of this moment, which add up. Asks all files. */
struct counters sums_counters(const struct view *view);

/* 0 or -ENOMEM. */
int sums_init(struct sums *sums, const struct view *view) MUSTCHECK;
void sums_deinit(struct sums *sums);

void sums_add(struct sums *sums, const struct view *view, const struct file *file,
	      const struct condition *condition);

#endif
